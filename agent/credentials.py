"""Secrets of destinations: in the system's keyring, or, where a person chose so, in a file that only they can read.

A keyring may be absent, locked, or waiting for a person at a prompt; so it is asked in a thread with a time limit, and
what it gave is kept in memory. It is never replaced by a plain file silently. Owns keyring, which is imported late: it
is slow. All methods may block up to the time limit and may be called from any thread; all raise `Blocked` with
`keyring_absent`, `keyring_locked`, `secret_missing`, and for the file `disk_full` or `home_unwritable`.
"""

import contextlib
import errno
import json
import logging
import stat
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from agent.domain.errors import Blocked
from agent.platforms.disk import replace_file

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

log = logging.getLogger(__name__)

Store = Literal["keyring", "file"]

TIME_LIMIT_S: Final = 10.0
#: The stores of the systems themselves. Everything else (a plain file, a null store) would keep a secret worse than a
#: person expects, or not at all, and counts as no keyring.
_TRUSTED = ("SecretService", "libsecret", "kwallet", "Windows", "macOS")


class Credentials:
    """The secrets of one home. Entries carry the home's id, so that two homes never meet."""

    def __init__(self, home_id: str, secrets_file: Path, *, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._service = f"safelight:{home_id}"
        self._file = _SecretsFile(secrets_file)
        self._time_limit_s = time_limit_s
        self._guard = threading.Lock()
        self._known: dict[str, str] = {}
        self._asked: dict[str, _Question] = {}

    def get(self, destination_id: str, store: Store) -> str:
        """The secret of a destination."""
        if store == "file":
            found = self._file.read().get(destination_id)
        else:
            found = self._known.get(destination_id) or self._ask(destination_id)
        if found is None:
            raise Blocked("secret_missing", destination=destination_id)
        return found

    def set(self, destination_id: str, secret: str, store: Store) -> None:
        """Keep a secret, durably when this returns."""
        if store == "file":
            self._file.change(destination_id, secret)
            return
        self._answer(_Question(lambda: _keyring().set_password(self._service, destination_id, secret)))
        with self._guard:
            self._known[destination_id] = secret

    def delete(self, destination_id: str, store: Store) -> None:
        """Forget a secret; one that is not there is fine."""
        if store == "file":
            self._file.change(destination_id, None)
            return
        with self._guard:
            self._known.pop(destination_id, None)
        self._answer(_Question(lambda: _delete(self._service, destination_id)))

    def _ask(self, destination_id: str) -> str | None:
        """Ask the keyring, or join a question that still waits for a person at its prompt."""
        with self._guard:
            question = self._asked.get(destination_id)
            if question is None:
                question = _Question(lambda: self._look(destination_id))
                self._asked[destination_id] = question
        try:
            return self._answer(question)
        finally:
            if question.future.done():
                with self._guard:
                    self._asked.pop(destination_id, None)

    def _look(self, destination_id: str) -> str | None:
        """In the question's thread: an answer that comes too late for who asked is kept for who asks next."""
        found = _keyring().get_password(self._service, destination_id)
        if found:
            with self._guard:
                self._known[destination_id] = found
        return found

    def _answer(self, question: "_Question") -> str | None:
        try:
            # One question waits for a person; whoever comes after need not wait the same time again.
            error = question.future.exception(0 if question.late else self._time_limit_s)
        except NotYet:
            question.late = True
            raise Blocked("keyring_locked") from None
        if error is not None:
            raise _translated(error) from error
        return question.future.result()


class _Question:
    """A call of the keyring in a thread of its own; a hung one is left behind."""

    def __init__(self, call: Callable[[], str | None]) -> None:
        self.future: Future[str | None] = Future()
        self.late = False
        threading.Thread(target=self._run, args=(call,), name="keyring", daemon=True).start()

    def _run(self, call: Callable[[], str | None]) -> None:
        try:
            self.future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            self.future.set_exception(error)


def _keyring() -> "KeyringBackend":
    """The system's own keyring; `NoKeyringError` where there is none."""
    import keyring
    import keyring.core
    from keyring.errors import NoKeyringError

    found = _trusted(keyring.get_keyring())
    if found is None:
        # Chosen once and for all at import; the session's services may have come up since.
        keyring.core.init_backend()
        found = _trusted(keyring.get_keyring())
    if found is None:
        raise NoKeyringError("the system offers no keyring")
    return found


def _trusted(backend: "KeyringBackend") -> "KeyringBackend | None":
    """The backend, or of a chain its first, that belongs to the system."""
    for one in getattr(backend, "backends", (backend,)):
        module = type(one).__module__
        if module.startswith("keyring.backends.") and module.split(".")[2] in _TRUSTED:
            found: KeyringBackend = one
            return found
    return None


def _delete(service: str, destination_id: str) -> None:
    from keyring.errors import PasswordDeleteError

    with contextlib.suppress(PasswordDeleteError):  # there is none
        _keyring().delete_password(service, destination_id)


def _translated(error: BaseException) -> Blocked:
    """The fate of a keyring's error; backends raise whatever their system raised."""
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    if isinstance(error, KeyringLocked):
        return Blocked("keyring_locked")
    if not isinstance(error, InitError | NoKeyringError):
        log.warning("the keyring failed: %s: %s", type(error).__name__, error)
    return Blocked("keyring_absent")


class _SecretsFile:
    """The file of who chose `--store file`: one JSON object of destination id and secret."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()

    def read(self) -> dict[str, str]:
        """All secrets that can be read; a broken file holds none, and the log says so."""
        found = self._parse()
        if found is None:
            log.warning("%s cannot be read; signing in again makes it anew", self._path)
        return found or {}

    def change(self, destination_id: str, secret: str | None) -> None:
        """Set or remove one secret. A broken file is kept beside the new one."""
        with self._guard:
            found = self._parse()
            secrets = dict(found or {})
            if secrets.get(destination_id) == secret:
                return
            if secret is None:
                del secrets[destination_id]
            else:
                secrets[destination_id] = secret
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                if found is None:
                    self._path.replace(self._path.with_name(self._path.name + ".broken"))
                replace_file(self._path, json.dumps(secrets, indent=1).encode())
            except OSError as error:
                full = error.errno in {errno.ENOSPC, errno.EDQUOT}
                raise Blocked("disk_full" if full else "home_unwritable", path=str(self._path)) from error

    def _parse(self) -> dict[str, str] | None:
        """The file's content, None where it is broken."""
        try:
            mode = self._path.stat().st_mode
            text = self._path.read_text("utf-8")
            found = json.loads(text)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):  # not UTF-8 and not JSON are both of the latter
            return None
        if stat.S_IMODE(mode) & 0o077:
            log.warning("others could read %s; it is private again", self._path)
            with contextlib.suppress(OSError):
                self._path.chmod(0o600)
        if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
            return None
        return found
