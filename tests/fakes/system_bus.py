"""A private system bus whose services (NetworkManager, UPower, logind, power profiles) are mocked by python-dbusmock.

The mocks run under the system's own Python (Debian's python3-dbusmock): the package does not build everywhere.
`private_bus` gives one, or skips the test with its reason.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

LIMIT_S = 10.0
SYSTEM_PYTHON = "/usr/bin/python3"
NM = ("org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager")
UPOWER = ("org.freedesktop.UPower", "/org/freedesktop/UPower")
LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>"""


class Bus:
    """A private system bus, and the mocked services on it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bus"
        config = folder / "bus.conf"
        config.write_text(CONFIG.format(path=self.path))
        self._running: list[subprocess.Popen[bytes]] = []
        self._daemon: subprocess.Popen[bytes] | None = None
        self._config = config
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.path}"}
        self.up()

    def up(self) -> None:
        self._daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._daemon.stdout is not None
        with self._daemon.stdout as told:
            assert told.readline()

    def down(self) -> None:
        for process in [*self._running, *([self._daemon] if self._daemon else [])]:
            process.kill()
            process.wait(LIMIT_S)
        self._running.clear()
        self._daemon = None
        self.path.unlink(missing_ok=True)

    def mock(self, template: str, name: str) -> subprocess.Popen[bytes]:
        """Start a mocked service and wait until it is on the bus."""
        process = subprocess.Popen(
            [SYSTEM_PYTHON, "-m", "dbusmock", "--system", "--template", template],
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._running.append(process)
        subprocess.run(["gdbus", "wait", "--system", "--timeout=10", name], env=self.env, check=True)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait(LIMIT_S)
        self._running.remove(process)

    def call(self, service: tuple[str, str], method: str, *args: str) -> str:
        """A method of a service, by its mock's own interface where it has no name of its own."""
        name, path = service
        method = method if "." in method else f"org.freedesktop.DBus.Mock.{method}"
        argv = ["gdbus", "call", "--system", "-d", name, "-o", path, "-m", method, "--", *args]
        return subprocess.run(argv, env=self.env, check=True, capture_output=True, text=True).stdout

    def network(self, metered: int = 2, kind: str = "802-3-ethernet", more: str = "", *, first: bool = False) -> None:
        """What NetworkManager says from now on; its mock has no such properties by itself."""
        if first:
            missing = '"Metered": <uint32 0>, "PrimaryConnectionType": <"">, "PrimaryConnection": <objectpath "/">'
            self.call(NM, "AddProperties", NM[0], f"{{{missing}}}")
        values = f'"Metered": <uint32 {metered}>, "PrimaryConnectionType": <"{kind}">{more}'
        self.call(NM, "UpdateProperties", NM[0], f"{{{values}}}")

    def primary(self, path: str) -> None:
        """Another main connection."""
        self.call(NM, "org.freedesktop.DBus.Properties.Set", NM[0], "PrimaryConnection", f"<objectpath '{path}'>")


@contextmanager
def private_bus(folder: Path) -> Iterator[Bus]:
    """A bus for the length of a test; skips where the machine has no D-Bus or no mocks."""
    for program in ("dbus-daemon", "gdbus", SYSTEM_PYTHON):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if subprocess.run([SYSTEM_PYTHON, "-c", "import dbusmock"], check=False, capture_output=True).returncode:
        pytest.skip("python3-dbusmock is not installed")
    made = Bus(folder)
    try:
        yield made
    finally:
        made.down()
