"""The Debian package in a clean Debian: installed by apt, run by a real user manager, updated, removed.

The package is the one in dist/ (`make package`); where there is none, or where the machine does not allow a root of its
own with a user manager in it, the reason is shown. `make test TEST_ARGS="-m slow tests/packaging"` runs it.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packaging import debian_root, user_manager
from tests.packaging.debian_root import in_root
from tests.packaging.user_manager import UserManager

ROOT = Path(__file__).resolve().parents[2]
SAFELIGHT = "/usr/bin/safelight"
UNITS = Path("usr/lib/systemd/user")
USER, HOME = "ada", Path("/home/ada")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def package() -> Path:
    found = sorted((ROOT / "dist").glob("safelight_*.deb"), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip("no package in dist/: run make package first")
    return found[-1]


@pytest.fixture(scope="module")
def system(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A clean Debian with a user, and our package installed by apt."""
    if reason := debian_root.why_not() or user_manager.why_not():
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("debian")
    root.chmod(0o755)
    if reason := debian_root.copy_of_debian(root):
        pytest.skip(reason)
    in_root(root, "useradd", "--create-home", "--shell", "/bin/sh", USER)
    shutil.copyfile(package, root / "tmp" / package.name)
    in_root(root, "apt-get", "-qq", "update")
    in_root(root, "apt-get", "-qq", "install", "--yes", "--no-install-recommends", f"/tmp/{package.name}")
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def session(system: Path) -> Iterator[UserManager]:
    """Ada has logged in."""
    with user_manager.user_manager(USER, HOME, system) as manager:
        yield manager


def until(is_so: Callable[[], bool], limit_s: float = 30) -> None:
    """Wait for the system, which has no event for us."""
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s, "it did not come to be"
        time.sleep(0.2)


def status(session: UserManager) -> dict[str, object]:
    found: dict[str, object] = json.loads(session.run(SAFELIGHT, "status", "--json").stdout)
    return found


def pid(session: UserManager) -> int:
    return int(session.show("safelight.service", "MainPID"))


def test_the_package_from_the_first_login_to_the_last(system: Path, session: UserManager, package: Path) -> None:
    installed_units_are_sound_and_not_yet_enabled(system, session)
    the_service_is_registered_and_started(session)
    a_killed_agent_is_started_again(session)
    a_told_agent_stays_stopped(session)
    the_timer_fires(session)
    pictures_wait_in_the_queue(session)
    an_update_keeps_the_queue_and_restarts_the_agent(system, session, package)
    removing_leaves_the_data_alone(system, session)


def installed_units_are_sound_and_not_yet_enabled(system: Path, session: UserManager) -> None:
    units = [str(Path("/") / UNITS / name) for name in ("safelight.service", "safelight-cache.timer")]
    verified = session.run("systemd-analyze", "--user", "verify", *units)
    assert verified.stderr == ""
    assert session.run("systemctl", "--user", "is-enabled", "safelight", check=False).stdout.strip() == "disabled"
    in_root(system, "test", "-f", "/usr/share/applications/safelight.desktop")


def the_service_is_registered_and_started(session: UserManager) -> None:
    shown = json.loads(session.run(SAFELIGHT, "service", "install", "--json").stdout)
    assert shown["registered"] is True
    assert [one["code"] for one in shown["findings"]] in ([], ["service_not_lingering"])
    assert shown["agent"]["where"] == "/usr/lib/systemd/user/safelight.service"  # the package's own, no copy of it
    assert shown["agent"]["command"] == ["/usr/lib/safelight/safelight", "run"]
    assert shown["agent"]["pid"] == shown["agent_pid"] == pid(session)
    assert shown["tray"]["command"] == ["/usr/lib/safelight/safelight-tray"]
    assert session.show("safelight.service", "NoNewPrivileges") == "yes"
    nice = session.run("sh", "-c", f"cut -d' ' -f19 /proc/{pid(session)}/stat").stdout
    assert nice.strip() == "10"


def a_killed_agent_is_started_again(session: UserManager) -> None:
    before = pid(session)
    session.run("sh", "-c", f"kill -9 {before}")
    until(lambda: pid(session) not in {0, before} and session.show("safelight.service", "SubState") == "running")
    assert session.show("safelight.service", "NRestarts") == "1"
    assert status(session)["agent"]["pid"] == pid(session)  # type: ignore[index]


def a_told_agent_stays_stopped(session: UserManager) -> None:
    session.run(SAFELIGHT, "stop")
    assert session.show("safelight.service", "ActiveState") == "inactive"
    assert session.run(SAFELIGHT, "status", check=False).returncode == 3
    session.run(SAFELIGHT, "start")
    assert session.show("safelight.service", "ActiveState") == "active"


def the_timer_fires(session: UserManager) -> None:
    assert session.show("safelight-cache.timer", "ActiveState") == "active"
    folder = HOME / ".config/systemd/user/safelight-cache.timer.d"
    quick = "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/2\nRandomizedDelaySec=0\nAccuracySec=100ms\n"
    session.run("mkdir", "-p", folder)
    session.run("tee", folder / "quick.conf", stdin=quick)
    session.run("systemctl", "--user", "daemon-reload")
    session.run("systemctl", "--user", "restart", "safelight-cache.timer")
    until(lambda: session.show("safelight-cache.service", "ExecMainStartTimestampMonotonic") != "0")
    until(lambda: session.show("safelight-cache.service", "ActiveState") in {"inactive", "failed"})
    assert session.show("safelight-cache.service", "Result") == "success"
    session.run("systemctl", "--user", "stop", "safelight-cache.timer")
    session.run("rm", folder / "quick.conf")
    session.run("systemctl", "--user", "daemon-reload")
    session.run("systemctl", "--user", "start", "safelight-cache.timer")


def pictures_wait_in_the_queue(session: UserManager) -> None:
    session.run("sh", "-c", "mkdir -p ~/Pictures ~/Copies")
    session.run(
        "sh", "-c", "for i in 1 2 3; do printf '\\377\\330\\377\\340%s\\377\\331' photo$i > ~/Pictures/$i.jpg; done"
    )
    session.run(SAFELIGHT, "pause")
    session.run(SAFELIGHT, "destination", "add", "folder", HOME / "Copies")
    session.run(SAFELIGHT, "folder", "add", HOME / "Pictures")
    session.run(SAFELIGHT, "enable")
    until(lambda: queued(session) == 3)


def queued(session: UserManager) -> int:
    counts: dict[str, int] = status(session)["counts"]  # type: ignore[assignment]
    return counts["queued"]


def an_update_keeps_the_queue_and_restarts_the_agent(system: Path, session: UserManager, package: Path) -> None:
    newer = repacked(system, package, "99.0")
    before = pid(session)
    session.run_as_root("dpkg", "--install", newer)
    until(lambda: pid(session) not in {0, before} and session.show("safelight.service", "SubState") == "running")
    assert in_root(system, "dpkg-query", "-W", "-f", "${Version}", "safelight").stdout == "99.0"
    assert queued(session) == 3
    session.run(SAFELIGHT, "resume")
    session.run(SAFELIGHT, "backup", "--wait", "--anyway")
    copies = session.run("find", HOME / "Copies", "-name", "*.jpg").stdout.splitlines()
    assert len(copies) == 3


def removing_leaves_the_data_alone(system: Path, session: UserManager) -> None:
    session.run_as_root("apt-get", "-qq", "remove", "--yes", "safelight")
    assert session.run("pgrep", "-f", "/usr/lib/safelight", check=False).stdout == ""
    left = in_root(
        system, "sh", "-c", "ls -d /usr/lib/safelight /usr/bin/safelight* /usr/lib/systemd/user/safelight*", check=False
    )
    assert left.stdout == ""
    assert session.show("safelight.service", "LoadState") == "not-found"
    in_root(system, "test", "-f", f"{HOME}/.local/share/safelight/safelight.db")
    in_root(system, "test", "-f", f"{HOME}/Pictures/1.jpg")
    in_root(system, "apt-get", "-qq", "purge", "--yes", "safelight")


def repacked(system: Path, package: Path, version: str) -> str:
    """The same package as a later version, for an update."""
    folder = system / "tmp/repack"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder], check=True)
    control = folder / "DEBIAN/control"
    lines = [
        f"Version: {version}" if line.startswith("Version:") else line for line in control.read_text().splitlines()
    ]
    control.write_text("\n".join(lines) + "\n")
    made = system / "tmp/newer.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", folder, made], check=True, capture_output=True
    )
    shutil.rmtree(folder)
    return "/tmp/newer.deb"
