"""Whether a tray icon would be seen: asked of a real D-Bus, with and without a watcher on it."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from agent.platforms.tray_host import tray_is_hosted

pytestmark = [
    pytest.mark.dbus,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is one"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed"),
]


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A private session bus, and a display that nobody serves."""
    with subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("DISPLAY", ":987")
        yield address
        daemon.terminate()


def test_a_watcher_on_the_bus_hosts_icons_and_none_does_not(bus: str) -> None:
    from jeepney import message_bus
    from jeepney.io.blocking import Proxy, open_dbus_connection

    assert tray_is_hosted() is False
    with open_dbus_connection(bus) as connection:
        Proxy(message_bus, connection).RequestName("org.kde.StatusNotifierWatcher")
        assert tray_is_hosted() is True


def test_without_a_desktop_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert tray_is_hosted() is None


@pytest.mark.parametrize("address", ["", "unix:path=/nowhere/bus", "nonsense"])
def test_a_desktop_without_a_bus_hosts_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert tray_is_hosted() is False
