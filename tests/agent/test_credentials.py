"""Secrets in a file, in a real keyring daemon, and in keyrings that are absent, locked or waiting for a person."""

import gc
import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.core
import pytest
from keyring.errors import KeyringLocked

from agent.credentials import Credentials
from agent.domain.errors import Blocked

LIMIT_S = 10.0


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "secrets.json"


@pytest.fixture
def credentials(secrets_file: Path) -> Credentials:
    return Credentials("default", secrets_file)


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    """Whatever keyring a test chooses is forgotten after it."""
    before = keyring.core._keyring_backend
    yield
    keyring.core._keyring_backend = before


def problem(call: Callable[[], object]) -> str:
    with pytest.raises(Blocked) as caught:
        call()
    return caught.value.code


# --- The file --------------------------------------------------------------------------------------------------------


def test_a_secret_in_the_file_survives_and_is_for_its_user_alone(credentials: Credentials, secrets_file: Path) -> None:
    credentials.set("a1b2", 'gehe"im 🔑', "file")
    credentials.set("c3d4", "other", "file")
    again = Credentials("default", secrets_file)
    assert again.get("a1b2", "file") == 'gehe"im 🔑'
    assert stat.S_IMODE(secrets_file.stat().st_mode) == 0o600
    assert [found.name for found in secrets_file.parent.iterdir()] == ["secrets.json"]


def test_a_secret_can_be_replaced_and_deleted(credentials: Credentials) -> None:
    credentials.set("a1b2", "one", "file")
    credentials.set("a1b2", "two", "file")
    assert credentials.get("a1b2", "file") == "two"
    credentials.delete("a1b2", "file")
    credentials.delete("a1b2", "file")
    assert problem(lambda: credentials.get("a1b2", "file")) == "secret_missing"


def test_a_file_that_others_could_read_is_closed_again(
    credentials: Credentials, secrets_file: Path, expected_log: Callable[..., None]
) -> None:
    expected_log("others could read")
    credentials.set("a1b2", "one", "file")
    secrets_file.chmod(0o644)
    assert credentials.get("a1b2", "file") == "one"
    assert stat.S_IMODE(secrets_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"a1b2": 5}', b"\xff"])
def test_a_broken_file_is_a_problem_and_is_kept_beside_the_new_one(
    credentials: Credentials, secrets_file: Path, content: bytes, expected_log: Callable[..., None]
) -> None:
    expected_log("cannot be read; signing in again")
    secrets_file.parent.mkdir()
    secrets_file.write_bytes(content)
    secrets_file.chmod(0o600)
    assert problem(lambda: credentials.get("a1b2", "file")) == "secret_missing"
    assert secrets_file.read_bytes() == content
    credentials.set("a1b2", "one", "file")
    assert credentials.get("a1b2", "file") == "one"
    assert secrets_file.with_name("secrets.json.broken").read_bytes() == content


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file is in the way")
    credentials = Credentials("default", tmp_path / "home" / "secrets.json")
    assert problem(lambda: credentials.set("a1b2", "one", "file")) == "home_unwritable"


def test_many_threads_lose_no_secret(credentials: Credentials) -> None:
    threads = [threading.Thread(target=credentials.set, args=(f"d{n}", str(n), "file")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert [credentials.get(f"d{n}", "file") for n in range(20)] == [str(n) for n in range(20)]


# --- No keyring ------------------------------------------------------------------------------------------------------


def test_without_a_keyring_nothing_is_kept_anywhere(credentials: Credentials, secrets_file: Path) -> None:
    assert problem(lambda: credentials.set("a1b2", "one", "keyring")) == "keyring_absent"
    assert problem(lambda: credentials.get("a1b2", "keyring")) == "keyring_absent"
    assert not secrets_file.exists()


@pytest.mark.parametrize(
    "module", ["keyrings.alt.file", "keyring.backends.null", "keyring.backends.fail", "somebody.elses"]
)
def test_a_store_that_is_not_the_systems_own_counts_as_none(credentials: Credentials, module: str) -> None:
    kept = Plain(module)
    keyring.set_keyring(kept)
    assert problem(lambda: credentials.set("a1b2", "one", "keyring")) == "keyring_absent"
    assert not kept.secrets


# --- Keyrings with moods (in place of the systems' own, which cannot be commanded here) ------------------------------


class Plain(keyring.backend.KeyringBackend):
    """Keeps secrets in memory under the name of another module; without a priority, so never chosen by itself."""

    def __init__(self, module: str = "keyring.backends.SecretService") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.secrets: dict[tuple[str, str], str] = {}
        self.reads = 0
        self.__class__ = type("Keyring", (type(self),), {"__module__": module})

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.secrets.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


class Prompting(Plain):
    """Waits for a person, as a locked keyring with a screen does."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        assert self.answered.wait(LIMIT_S)
        return super().get_password(service, username)


class Broken(Plain):
    """Fails in a way of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error


def test_entries_carry_the_home_and_the_destination(secrets_file: Path) -> None:
    kept = Plain()
    keyring.set_keyring(kept)
    Credentials("0123abcd", secrets_file).set("a1b2", "one", "keyring")
    assert kept.secrets == {("safelight:0123abcd", "a1b2"): "one"}
    assert problem(lambda: Credentials("default", secrets_file).get("a1b2", "keyring")) == "secret_missing"


def test_the_keyring_is_asked_once(secrets_file: Path) -> None:
    kept = Plain()
    kept.secrets["safelight:default", "a1b2"] = "one"
    keyring.set_keyring(kept)
    credentials = Credentials("default", secrets_file)
    assert [credentials.get("a1b2", "keyring") for _ in range(3)] == ["one"] * 3
    assert kept.reads == 1
    credentials.delete("a1b2", "keyring")
    credentials.delete("a1b2", "keyring")
    assert problem(lambda: credentials.get("a1b2", "keyring")) == "secret_missing"


def test_a_prompt_that_nobody_answers_blocks_for_a_bounded_time_and_only_once(secrets_file: Path) -> None:
    kept = Prompting()
    kept.secrets["safelight:default", "a1b2"] = "one"
    keyring.set_keyring(kept)
    credentials = Credentials("default", secrets_file, time_limit_s=0.05)
    assert problem(lambda: credentials.get("a1b2", "keyring")) == "keyring_locked"
    credentials._time_limit_s = LIMIT_S
    began_s = time.monotonic()
    assert problem(lambda: credentials.get("a1b2", "keyring")) == "keyring_locked"
    assert time.monotonic() - began_s < LIMIT_S / 2
    question = credentials._asked["a1b2"]
    kept.answered.set()
    question.future.result(LIMIT_S)
    assert credentials.get("a1b2", "keyring") == "one"
    assert kept.reads == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyringLocked("locked"), "keyring_locked"), (OSError("the bus is gone"), "keyring_absent")],
)
def test_a_keyring_that_fails_is_a_problem_that_may_pass(
    secrets_file: Path, error: Exception, code: str, expected_log: Callable[..., None]
) -> None:
    expected_log("the keyring failed: OSError", at_least=0)
    keyring.set_keyring(Broken(error))
    credentials = Credentials("default", secrets_file)
    assert problem(lambda: credentials.get("a1b2", "keyring")) == code
    working = Plain()
    working.secrets["safelight:default", "a1b2"] = "one"
    keyring.set_keyring(working)
    assert credentials.get("a1b2", "keyring") == "one"


leaks = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

# --- The real thing --------------------------------------------------------------------------------------------------


class Session:
    """A private session bus with a gnome-keyring-daemon, in a home of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"], stdout=subprocess.PIPE
        )
        assert self._bus.stdout is not None
        with self._bus.stdout as told:
            address = told.readline().decode().strip()
        self._env = {"HOME": str(folder), "PATH": os.environ["PATH"], "DBUS_SESSION_BUS_ADDRESS": address}
        self._daemon: subprocess.Popen[bytes] | None = None
        for name, value in self._env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("DISPLAY", raising=False)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")

    def start(self, *, unlocked: bool) -> None:
        """Run the daemon, with its first keyring open or shut."""
        argv = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        self._daemon = subprocess.Popen(
            [*argv, "--unlock"] if unlocked else argv,
            env=self._env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdin is not None
        with self._daemon.stdin as password:
            password.write(b"testpass" if unlocked else b"")
        # the bus starts nothing here by itself, so its own answer tells when the daemon is there
        wait = ["gdbus", "wait", "--session", "--timeout=10", "org.freedesktop.secrets"]
        subprocess.run(wait, env=self._env, check=True)
        keyring.core.init_backend()

    def kill(self) -> None:
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait(LIMIT_S)
        self._daemon = None

    def end(self) -> None:
        if self._daemon is not None:
            self.kill()
        self._bus.kill()
        self._bus.wait(LIMIT_S)
        gc.collect()  # keyring leaves its connection open where it raises; see `leaks`


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    for program in ("dbus-daemon", "gnome-keyring-daemon", "gdbus"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    made = Session(tmp_path, monkeypatch)
    yield made
    made.end()


@pytest.mark.dbus
@leaks
def test_a_real_keyring_keeps_secrets_over_restarts_of_the_agent(session: Session, secrets_file: Path) -> None:
    session.start(unlocked=True)
    first = Credentials("default", secrets_file)
    assert problem(lambda: first.get("a1b2", "keyring")) == "secret_missing"
    secret = "gehe'im 🔑 " + "x" * 5_000
    first.set("a1b2", secret, "keyring")
    assert Credentials("default", secrets_file).get("a1b2", "keyring") == secret
    assert problem(lambda: Credentials("other", secrets_file).get("a1b2", "keyring")) == "secret_missing"
    first.delete("a1b2", "keyring")
    first.delete("a1b2", "keyring")
    assert problem(lambda: Credentials("default", secrets_file).get("a1b2", "keyring")) == "secret_missing"
    assert not secrets_file.exists()


@pytest.mark.dbus
@leaks
def test_a_real_keyring_that_is_locked_says_so_and_works_once_it_is_open(session: Session, secrets_file: Path) -> None:
    session.start(unlocked=True)
    Credentials("default", secrets_file).set("a1b2", "one", "keyring")
    session.kill()
    session.start(unlocked=False)
    credentials = Credentials("default", secrets_file)
    assert problem(lambda: credentials.get("a1b2", "keyring")) == "keyring_locked"
    session.kill()
    session.start(unlocked=True)
    assert credentials.get("a1b2", "keyring") == "one"


@pytest.mark.dbus
@leaks
def test_a_known_secret_needs_no_keyring_any_more(
    session: Session, secrets_file: Path, expected_log: Callable[..., None]
) -> None:
    expected_log("the keyring failed", at_least=0)
    session.start(unlocked=True)
    credentials = Credentials("default", secrets_file)
    credentials.set("a1b2", "one", "keyring")
    session.kill()
    assert credentials.get("a1b2", "keyring") == "one"
    assert problem(lambda: Credentials("default", secrets_file).get("a1b2", "keyring")) == "keyring_absent"
