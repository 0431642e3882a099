"""The facts of a Linux computer, on a private system bus with mocked services."""

import queue
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.domain.facts import HostFacts
from agent.platforms.base import Handle
from tests.fakes.system_bus import LIMIT_S, LOGIND, NM, UPOWER, Bus, private_bus

if not sys.platform.startswith("linux"):
    pytest.skip("Linux alone has D-Bus", allow_module_level=True)

from agent.platforms import current, linux_signals

pytestmark = pytest.mark.dbus


class Watched:
    """What the watcher reported."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[HostFacts] = queue.SimpleQueue()
        self.sleeps: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.handle: Handle = current().watch_facts(self._told.put, self.sleeps.put)

    def next(self) -> HostFacts:
        return self._told.get(timeout=LIMIT_S)

    def until(self, fits: Callable[[HostFacts], bool]) -> HostFacts:
        """The first report that fits; a burst of signals may come as several."""
        while not fits(found := self.next()):
            pass
        return found


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    with private_bus(tmp_path) as made:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={made.path}")
        yield made


@pytest.fixture
def watch(bus: Bus) -> Iterator[Callable[[], Watched]]:
    made: list[Watched] = []

    def begin() -> Watched:
        made.append(Watched())
        return made[-1]

    yield begin
    for one in made:
        one.handle.stop()


def test_services_that_are_not_there_leave_everything_unknown(watch: Callable[[], Watched]) -> None:
    assert watch().next() == HostFacts()


def test_without_a_bus_everything_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    watched = Watched()
    assert watched.next() == HostFacts()
    watched.handle.stop()
    watched.handle.stop()


def test_the_network_is_read_and_its_changes_are_heard(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("networkmanager", NM[0])
    bus.network(first=True)
    watched = watch()
    first = watched.next()
    assert (first.network_metered, first.network_kind, first.online) == (False, "ethernet", True)
    bus.network(metered=1, kind="gsm")
    assert watched.until(lambda facts: facts.network_kind == "cellular").network_metered is True
    bus.network(metered=4, kind="802-11-wireless")
    assert watched.until(lambda facts: facts.network_kind == "wifi").network_metered is False
    bus.network(metered=0, kind="team")
    assert watched.until(lambda facts: facts.network_kind == "other").network_metered is None


@pytest.mark.parametrize(
    ("state", "connectivity", "online"),
    [(70, 4, True), (60, 3, True), (50, 0, True), (70, 2, False), (20, 1, False), (20, 0, False), (0, 0, None)],
)
def test_online_means_that_a_network_can_be_used(
    bus: Bus, watch: Callable[[], Watched], state: int, connectivity: int, online: bool | None
) -> None:
    bus.mock("networkmanager", NM[0])
    bus.network(first=True, more=f', "State": <uint32 {state}>, "Connectivity": <uint32 {connectivity}>')
    assert watch().next().online is online


def test_the_name_of_the_wifi_is_told_also_below_a_vpn(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("networkmanager", NM[0])
    device = bus.call(NM, "AddWiFiDevice", "wifi0", "wlan0", "100").split("'")[1]
    point = bus.call(
        NM, "AddAccessPoint", device, "ap0", "Zuhause", "00:11:22:33:44:55", "2", "2400", "54", "80", "0x100"
    )
    saved = bus.call(NM, "AddWiFiConnection", device, "saved", "Zuhause", "wpa-psk").split("'")[1]
    active = bus.call(NM, "AddActiveConnection", f"['{device}']", saved, point.split("'")[1], "active0", "2").split(
        "'"
    )[1]
    bus.call((NM[0], active), "UpdateProperties", NM[0] + ".Connection.Active", '{"Type": <"802-11-wireless">}')
    bus.network(first=True, kind="802-11-wireless")
    bus.primary(active)
    watched = watch()
    assert watched.until(lambda facts: facts.network_kind == "wifi").network_name == "Zuhause"
    bus.primary("/")
    bus.network(kind="wireguard")
    assert watched.until(lambda facts: facts.network_kind == "vpn").network_name == "Zuhause"


def test_the_battery_is_read_and_its_changes_are_heard(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("upower", UPOWER[0])
    bus.call(UPOWER, "SetupDisplayDevice", "2", "2", "77.4", "50", "100", "10", "0", "0", "true", "'icon'", "1")
    watched = watch()
    first = watched.next()
    assert (first.on_battery, first.battery_percent) == (False, 77)
    bus.call(UPOWER, "UpdateProperties", UPOWER[0], '{"OnBattery": <true>}')
    assert watched.next().on_battery is True
    display = (UPOWER[0], "/org/freedesktop/UPower/devices/DisplayDevice")
    bus.call(display, "UpdateProperties", UPOWER[0] + ".Device", '{"Percentage": <19.0>}')
    assert watched.next().battery_percent == 19


def test_a_computer_without_a_battery_has_no_charge(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("upower", UPOWER[0])
    first = watch().next()
    assert (first.on_battery, first.battery_percent) == (False, None)


def test_the_battery_saver_is_heard(bus: Bus, watch: Callable[[], Watched]) -> None:
    service = ("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles")
    bus.mock("power_profiles_daemon", service[0])
    watched = watch()
    assert watched.next().battery_saver is False
    bus.call(service, "UpdateProperties", service[0], '{"ActiveProfile": <"power-saver">}')
    assert watched.next().battery_saver is True


def test_sleep_is_heard_before_and_after(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("logind", LOGIND[0])
    watched = watch()
    watched.next()
    for asleep in ("true", "false"):
        manager = LOGIND[0] + ".Manager"
        bus.call(LOGIND, "EmitSignal", manager, "PrepareForSleep", "b", f"[<{asleep}>]")
    assert [watched.sleeps.get(timeout=LIMIT_S) for _ in range(2)] == [True, False]


def test_a_service_that_comes_late_is_heard_and_one_that_ends_is_unknown_again(
    bus: Bus, watch: Callable[[], Watched]
) -> None:
    watched = watch()
    assert watched.next().on_battery is None
    upower = bus.mock("upower", UPOWER[0])
    assert watched.next().on_battery is False
    bus.end(upower)
    assert watched.next().on_battery is None


def test_a_bus_that_ends_leaves_everything_unknown_until_it_is_back(
    bus: Bus, watch: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linux_signals, "_RETRY_S", (0.05,))
    bus.mock("upower", UPOWER[0])
    watched = watch()
    assert watched.next().on_battery is False
    bus.down()
    assert watched.next() == HostFacts()
    bus.up()
    bus.mock("upower", UPOWER[0])
    assert watched.next().on_battery is False


def test_nothing_is_told_after_the_stop(bus: Bus, watch: Callable[[], Watched]) -> None:
    bus.mock("upower", UPOWER[0])
    watched = watch()
    watched.next()
    watched.handle.stop()
    bus.call(UPOWER, "UpdateProperties", UPOWER[0], '{"OnBattery": <true>}')
    with pytest.raises(queue.Empty):
        watched._told.get_nowait()
