"""Power and network hold work back and let it go again, on a real D-Bus with mocked services and with a real agent.

The promise is two seconds, for a hold to stop what runs and for its end to let it go on. The server's address is
written so that the agent does not take it for this machine, to which no network constraint applies.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.platforms.base import places
from agent.protocol.destination import DestinationAddresses
from agent.protocol.methods import DestinationAddImmich, JobsList
from agent.protocol.types import Snapshot
from tests import pictures
from tests.fakes.immich.addresses import Address
from tests.fakes.system_bus import LOGIND, UPOWER, Bus, private_bus
from tests.seam.places import ServerPlace
from tests.seam.rig import Rig

pytestmark = pytest.mark.dbus

PROMISE_S = 2.0
#: What pictures, processes and disks may add to it.
GRACE_S = 1.5


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    with private_bus(tmp_path) as made:
        yield made


@pytest.fixture
def stage(rig: Rig, bus: Bus) -> Rig:
    """A rig whose agent lives on that bus, with a server that seems to be far away and a folder that is near."""
    rig.environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={bus.path}"
    return rig


def far_server(rig: Rig) -> ServerPlace:
    """The stand-in under an address that the agent does not know to be this machine."""
    place = rig.server(add=False)
    url = place.server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
    rig.call("destination.add_immich", DestinationAddImmich(url, name=place.name, api_key=place.key, store="file"))
    return place


def two_addresses(rig: Rig, bus: Bus, *, body_limit: int | None = None) -> tuple[ServerPlace, Address]:
    """A server at home, its public address as the next, and a computer with a network that has a name."""
    bus.mock("networkmanager", "org.freedesktop.NetworkManager")
    bus.network(kind="802-11-wireless", first=True)
    rig.ready(destinations=("server",))
    place = rig.places["server"]
    assert isinstance(place, ServerPlace)
    public = place.server.address(body_limit=body_limit)
    rig.call("destination.set_addresses", DestinationAddresses("server", (place.server.url, public.url)))
    return place, public


def held(now: Snapshot) -> set[str]:
    return {hold.constraint for hold in now.holds}


def within_promise(rig: Rig, condition: Callable[[Snapshot], object], what: str) -> None:
    began_s, idle_s = time.monotonic(), kept_waiting_s(rig.pid)
    rig.wait(condition, what)
    took_s = time.monotonic() - began_s
    assert took_s - max(0.0, kept_waiting_s(rig.pid) - idle_s) < PROMISE_S + GRACE_S


def kept_waiting_s(pid: int) -> float:
    """How long the agent and this process were ready and others ran: that says how loaded the machine is."""
    waited_ns = 0
    for number in (pid, os.getpid()):
        for schedule in Path(f"/proc/{number}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # a thread that has ended meanwhile
                waited_ns += int(schedule.read_text().split()[1])
    return waited_ns / 1_000_000_000


def battery(bus: Bus, *, on_battery: bool, percent: float = 80.0) -> None:
    bus.call(
        UPOWER, "org.freedesktop.DBus.Mock.UpdateProperties", UPOWER[0], f'{{"OnBattery": <{str(on_battery).lower()}>}}'
    )
    bus.call(
        (UPOWER[0], "/org/freedesktop/UPower/devices/DisplayDevice"),
        "org.freedesktop.DBus.Mock.UpdateProperties",
        "org.freedesktop.UPower.Device",
        f'{{"Percentage": <{percent}>, "Type": <uint32 2>, "IsPresent": <true>}}',
    )


def test_a_metered_network_holds_the_far_server_and_not_the_near_folder(stage: Rig, bus: Bus) -> None:
    bus.mock("networkmanager", "org.freedesktop.NetworkManager")
    bus.network(metered=1, kind="gsm", first=True)
    stage.ready(destinations=("folder",))
    server = far_server(stage)
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    stage.wait(lambda now: "unmetered_network" in held(now) and now.library.counts.queued == 1, "the hold")
    folder = stage.places["folder"]
    stage.wait(lambda _: folder.arrived(), "the copy that goes on without a network")
    assert not server.server.assets
    bus.network(metered=2, kind="802-3-ethernet")
    within_promise(stage, lambda _: server.server.assets, "the upload once the network costs nothing")
    stage.wait_safe(1)
    stage.assert_arrived()


def test_a_network_that_becomes_metered_stops_what_runs(stage: Rig, bus: Bus) -> None:
    bus.mock("networkmanager", "org.freedesktop.NetworkManager")
    bus.network(metered=2, first=True)
    stage.ready(destinations=())
    server = far_server(stage)
    server.server.faults.throttle(2_000_000)
    pictures.bulk(stage.pictures, 6, 3_000_000)
    stage.wait(lambda now: now.transfers, "a transfer")
    bus.network(metered=1, kind="gsm")
    within_promise(stage, lambda now: not now.transfers and not now.jobs.running, "the stop")
    sent = server.server.counters.bytes_received
    waiting = stage.call("jobs.list", JobsList("PENDING")).rows
    assert waiting
    assert all(job.attempts == 0 for job in waiting), "a hold is no attempt"
    assert server.server.counters.bytes_received == sent
    server.server.faults.clear()
    bus.network(metered=2)
    stage.wait_safe(6)
    assert len(server.server.assets) == 6


def test_anyway_passes_the_network_once(stage: Rig, bus: Bus) -> None:
    bus.mock("networkmanager", "org.freedesktop.NetworkManager")
    bus.network(metered=1, kind="gsm", first=True)
    stage.ready(destinations=())
    server = far_server(stage)
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    stage.wait(lambda now: now.library.counts.queued == 1, "the file")
    assert stage.safelight("backup", "--wait").returncode == 4
    assert stage.safelight("backup", "--wait", "--anyway").returncode == 0
    stage.wait_safe(1)
    stage.write("b.jpg", b"\xff\xd8" + b"b" * 5000)
    stage.wait(lambda now: now.library.counts.queued == 1 and "unmetered_network" in held(now), "held again")
    assert len(server.server.assets) == 1


def test_the_charger_is_waited_for_where_that_was_asked(stage: Rig, bus: Bus) -> None:
    bus.mock("upower", "org.freedesktop.UPower")
    battery(bus, on_battery=True)
    stage.start()
    stage.set("require_charging", value=True)
    stage.set("trigger_delay_s", 0)
    stage.folder()
    stage.watch()
    stage.enable()
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    now = stage.wait(lambda now: "charging" in held(now) and now.library.counts.queued == 1, "the hold")
    assert now.backup.light == "waiting"
    battery(bus, on_battery=False)
    within_promise(stage, lambda now: now.library.counts.safe == 1, "the copy on the charger")


def test_a_low_battery_holds_everything_and_says_how_low(stage: Rig, bus: Bus) -> None:
    bus.mock("upower", "org.freedesktop.UPower")
    battery(bus, on_battery=True, percent=12)
    stage.ready(destinations=("folder",))
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    now = stage.wait(lambda now: "battery_floor" in held(now) and now.library.counts.queued == 1, "the hold")
    (hold,) = now.holds
    assert (hold.args["percent"], hold.args["floor"]) == (12, 20)
    battery(bus, on_battery=True, percent=35)
    within_promise(stage, lambda now: now.library.counts.safe == 1, "the copy above the floor")


def test_before_sleep_everything_stands_still_and_afterwards_goes_on_without_a_storm(stage: Rig, bus: Bus) -> None:
    bus.mock("logind", "org.freedesktop.login1")
    stage.ready(destinations=())
    server = far_server(stage)
    server.server.faults.throttle(1_000_000)
    pictures.bulk(stage.pictures, 4, 2_000_000)
    stage.wait(lambda now: now.transfers, "a transfer")
    bus.call(LOGIND, "EmitSignal", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", "[<true>]")
    within_promise(stage, lambda now: not now.transfers and not now.jobs.running, "the standstill")
    server.server.faults.clear()
    failures = server.server.counters.statuses.copy()
    bus.call(LOGIND, "EmitSignal", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", "[<false>]")
    stage.wait_safe(4)
    assert len(server.server.assets) == 4
    assert not [key for key in server.server.counters.statuses if key not in failures and key[1] >= 400]


def test_a_computer_that_comes_home_takes_the_address_at_home_at_once(stage: Rig, bus: Bus) -> None:
    server, public = two_addresses(stage, bus)
    stage.write("home.jpg", b"\xff\xd8" + b"a" * 5000)
    stage.wait_safe(1)
    before = public.requests
    server.server.main.refuse()
    stage.write("away.jpg", b"\xff\xd8" + b"b" * 5000)
    stage.wait_safe(2)
    assert public.requests > before
    server.server.main.accept()
    before = public.requests
    stage.write("near.jpg", b"\xff\xd8" + b"c" * 5000)
    stage.wait_safe(3)
    assert public.requests > before, "the address at home rests"
    bus.network(kind="802-3-ethernet")
    before = public.requests
    stage.write("back.jpg", b"\xff\xd8" + b"d" * 5000)
    stage.wait_safe(4)
    assert public.requests == before


def test_a_film_that_only_the_address_at_home_takes_goes_as_soon_as_the_computer_is_there(stage: Rig, bus: Bus) -> None:
    server, _ = two_addresses(stage, bus, body_limit=1_000_000)
    server.server.main.refuse()
    stage.write("photo.jpg", b"\xff\xd8" + b"a" * 5000)
    stage.wait_safe(1)
    stage.write("film.mp4", b"\0\0\0\x18ftypmp42" + b"b" * 2_000_000)
    stage.wait(lambda _: _waits_for_route(stage), "the film that waits")
    server.server.main.accept()
    bus.network(kind="802-3-ethernet")
    within_promise(stage, lambda now: now.library.counts.safe == 2, "the film at home")


def _waits_for_route(stage: Rig) -> bool:
    listed = stage.call("jobs.list", JobsList("PENDING")).rows
    return any((job.last_error or "").startswith("waits_for_route") and job.run_after for job in listed)


def test_a_ledger_that_is_busy_at_waking_up_makes_nobody_deaf_for_the_network(stage: Rig, bus: Bus) -> None:
    bus.mock("logind", "org.freedesktop.login1")
    bus.mock("networkmanager", "org.freedesktop.NetworkManager")
    bus.network(first=True)
    stage.ready(destinations=())
    server = far_server(stage)
    other = sqlite3.connect(places(stage.home).database_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    bus.call(LOGIND, "EmitSignal", "org.freedesktop.login1.Manager", "PrepareForSleep", "b", "[<false>]")
    bus.network(metered=1)
    within_promise(stage, lambda now: "unmetered_network" in held(now), "the hold")
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    other.execute("ROLLBACK")
    other.close()
    bus.network(metered=2)
    stage.wait_safe(1)
    assert len(server.server.assets) == 1


def test_a_system_that_tells_nothing_holds_nothing(stage: Rig) -> None:
    stage.start()
    stage.set("trigger_delay_s", 0)
    stage.set("require_charging", value=True)
    far_server(stage)
    stage.watch()
    stage.enable()
    stage.write("a.jpg", b"\xff\xd8" + b"a" * 5000)
    stage.wait_safe(1)
    assert stage.snapshot().holds == ()
