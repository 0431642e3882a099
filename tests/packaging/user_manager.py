"""A real systemd user manager, without having booted systemd: in namespaces of its own, on this system or in a root.

Needs root, and a cgroup2 hierarchy that a child may be made in. Whoever asks for one on a machine without gets the
reason from `why_not`. Commands are run beside the manager, as its user, with the environment that a login would give.
"""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_suffix(".sh")
_BEGIN_S = 30.0


def why_not() -> str | None:
    """Why there can be no user manager here; None where there can."""
    if getattr(os, "geteuid", int)() != 0 or os.sep != "/":
        return "a user manager in namespaces needs root"
    missing = [tool for tool in ("unshare", "nsenter", "setpriv", "systemctl") if shutil.which(tool) is None]
    if missing or not Path("/lib/systemd/systemd").exists():
        return f"not installed: {', '.join(missing) or 'systemd'}"
    if _hierarchy() is None:
        return "there is no writable cgroup2 hierarchy"
    tried = subprocess.run(["unshare", "-m", "-p", "-f", "-C", "-i", "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else f"namespaces cannot be made: {tried.stderr.decode().strip()}"


def _hierarchy() -> Path | None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _device, folder, kind, options, *_ = line.split()
        if kind == "cgroup2" and "rw" in options.split(",") and os.access(folder, os.W_OK):
            return Path(folder)
    return None


@dataclass
class UserManager:
    """The manager that runs; `home` as its user sees it."""

    process: subprocess.Popen[bytes]
    user: str
    uid: int
    home: Path
    root: Path

    def run(self, *command: str | Path, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command as the user, with what a login session has."""
        runtime = f"/run/user/{self.uid}"
        as_user = [
            *("setpriv", "--reuid", str(self.uid), "--regid", str(self.uid), "--init-groups"),
            *("env", "-i", f"HOME={self.home}", f"USER={self.user}", "LANG=C.UTF-8", "PATH=/usr/bin:/bin"),
            *(f"XDG_RUNTIME_DIR={runtime}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus"),
        ]
        return self.run_as_root(*as_user, *command, stdin=stdin, check=check)

    def run_as_root(
        self, *command: str | Path, stdin: str = "", check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root where the manager runs, with the caller's environment but for the way to programs."""
        ended = subprocess.run(
            [
                *("nsenter", "-t", str(self.first), "-m", "-p", "-C", "-i"),
                *("chroot", str(self.root), "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
                *map(str, command),
            ],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        return ended

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "--user", "show", "--value", f"--property={name}", unit).stdout.strip()

    @property
    def first(self) -> int:
        """The first process of the namespaces."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])


@contextlib.contextmanager
def user_manager(user: str, home: Path, root: Path = Path("/")) -> Iterator[UserManager]:
    """Run the manager of a user of the system below `root`, until the block ends."""
    hierarchy = _hierarchy()
    assert hierarchy is not None
    group = hierarchy / f"safelight-test-{os.getpid()}"
    group.mkdir()
    uid = int(subprocess.run(["chroot", root, "id", "-u", user], capture_output=True, check=True).stdout)

    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    process = subprocess.Popen(
        [
            *("unshare", "-m", "-p", "-f", "-C", "-i", "--mount-proc", "--kill-child"),
            *("sh", SCRIPT, root, user, home),
        ],
        preexec_fn=enter,  # noqa: PLW1509 - no thread of ours runs here
        stderr=subprocess.PIPE,
    )
    manager = UserManager(process, user, uid, home, root)
    try:
        _wait_until_it_answers(manager)
        yield manager
    finally:
        process.kill()
        process.communicate()
        _remove(group)


def _wait_until_it_answers(manager: UserManager) -> None:
    until_s = time.monotonic() + _BEGIN_S
    while True:
        with contextlib.suppress(OSError, IndexError, AssertionError):
            if "running" in manager.run("systemctl", "--user", "is-system-running").stdout:
                return
        if manager.process.poll() is not None:
            raise RuntimeError(f"the manager ended: {manager.process.communicate()[1].decode()}")
        assert time.monotonic() < until_s, "the manager does not answer"
        time.sleep(0.1)


def _remove(group: Path) -> None:
    """The cgroup and its children, as soon as the kernel has let go of the last process."""
    until_s = time.monotonic() + 10
    for folder in [*sorted((one for one in group.rglob("*") if one.is_dir()), reverse=True), group]:
        while folder.exists():
            try:
                folder.rmdir()
            except OSError:
                if time.monotonic() > until_s:
                    return
                time.sleep(0.05)
