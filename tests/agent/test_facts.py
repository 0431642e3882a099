"""The computer's facts merged from what the system signals and what must be looked at."""

import json
import queue
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, cast

import psutil
import pytest

from agent import facts as facts_module
from agent.domain.facts import HostFacts
from agent.facts import HostWatch, free_disk_bytes, memory_of, own_addresses
from agent.platforms import Platform, current
from agent.platforms.base import Handle

LIMIT_S = 10.0


class Battery(NamedTuple):
    """The shape of psutil's answer."""

    percent: float
    secsleft: int
    power_plugged: bool | None


class System:
    """Power and network under a test's control, in the place of an operating system."""

    def __init__(self, first: HostFacts | None) -> None:
        self._first = first
        self.report: Callable[[HostFacts], None] = lambda _facts: None
        self.sleep: Callable[[bool], None] | None = None
        self.stopped = False

    def watch_facts(
        self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None = None
    ) -> Handle:
        self.report, self.sleep = on_change, on_sleep
        if self._first is not None:
            on_change(self._first)
        return self

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def battery(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Battery | None]:
    """What psutil finds: the last of this list, which a test may add to."""
    (tmp_path / "BAT0").mkdir()
    monkeypatch.setattr(facts_module, "POWER_SUPPLIES", tmp_path)
    found: list[Battery | None] = [None]
    monkeypatch.setattr(psutil, "sensors_battery", lambda: found[-1], raising=False)
    monkeypatch.setattr(facts_module, "POLL_S", 0.01)
    return found


@pytest.fixture
def told() -> "queue.SimpleQueue[HostFacts]":
    return queue.SimpleQueue()


@pytest.fixture
def begin(told: "queue.SimpleQueue[HostFacts]") -> Iterator[Callable[[System], HostWatch]]:
    made: list[HostWatch] = []

    def start(system: System) -> HostWatch:
        watch = HostWatch(cast("Platform", system), told.put)
        made.append(watch)
        watch.start()
        return watch

    yield start
    for one in made:
        one.stop()


Begin = Callable[[System], HostWatch]
Told = queue.SimpleQueue[HostFacts]


def test_what_the_system_signals_is_passed_on_once(battery: list[Battery | None], begin: Begin, told: Told) -> None:
    system = System(HostFacts(network_metered=True, on_battery=False))
    watch = begin(system)
    assert watch.facts == HostFacts(network_metered=True, on_battery=False)
    system.report(HostFacts(network_metered=True, on_battery=False))
    system.report(HostFacts(network_metered=False, on_battery=False))
    assert [told.get_nowait() for _ in range(2)] == [
        HostFacts(network_metered=True, on_battery=False),
        HostFacts(network_metered=False, on_battery=False),
    ]
    assert told.empty()


def test_the_battery_is_looked_at_only_where_the_system_signals_nothing(
    battery: list[Battery | None], begin: Begin, told: Told
) -> None:
    battery.append(Battery(56.4, 100, power_plugged=False))
    watch = begin(System(HostFacts(on_battery=False)))
    assert watch._poll is None
    watch = begin(System(HostFacts(network_kind="wifi")))
    told.get(timeout=LIMIT_S)
    told.get(timeout=LIMIT_S)
    assert told.get(timeout=LIMIT_S) == HostFacts(network_kind="wifi", on_battery=True, battery_percent=56)
    battery.append(Battery(55.0, 100, power_plugged=None))
    assert told.get(timeout=LIMIT_S) == HostFacts(network_kind="wifi", on_battery=None, battery_percent=55)


def test_a_computer_without_a_battery_is_not_polled(battery: list[Battery | None], begin: Begin) -> None:
    assert begin(System(HostFacts()))._poll is None


def test_where_the_systems_list_of_power_supplies_is_empty_no_battery_is_looked_for(
    battery: list[Battery | None], begin: Begin, tmp_path: Path
) -> None:
    battery.append(Battery(56.4, 100, power_plugged=False))
    (tmp_path / "BAT0").rmdir()
    assert begin(System(HostFacts(network_kind="ethernet"))).facts == HostFacts(network_kind="ethernet")


def test_a_system_that_says_nothing_does_not_hold_up_the_start(
    battery: list[Battery | None], begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_module, "FIRST_REPORT_S", 0.01)
    assert begin(System(None)).facts == HostFacts()


def test_nothing_is_told_after_the_stop(battery: list[Battery | None], begin: Begin, told: Told) -> None:
    system = System(HostFacts(on_battery=False))
    begin(system).stop()
    assert system.stopped
    told.get_nowait()
    system.report(HostFacts(on_battery=True))
    assert told.empty()


def test_the_real_system_starts_and_stops(told: Told) -> None:
    watch = HostWatch(current(), told.put)
    watch.start()
    assert isinstance(watch.facts, HostFacts)
    watch.stop()


def test_the_memory_of_a_process_is_told_while_it_lives() -> None:
    argv = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # in its first moment a process is hardly there
        told = memory_of(child.pid) or 0
        child.kill()
    assert told > 100_000
    assert memory_of(child.pid) is None


def test_the_own_addresses_are_those_that_others_on_the_network_see() -> None:
    argv = ["ip", "-json", "address"]
    if shutil.which(argv[0]) is None:
        pytest.skip("ip is not installed")
    listed = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    told = {one["local"] for device in listed for one in device["addr_info"] if one["scope"] == "global"}
    assert own_addresses() == told


def test_free_space_is_told_for_folders_that_are_yet_to_be_made(tmp_path: Path) -> None:
    expected = shutil.disk_usage(tmp_path).free
    for path in (tmp_path, tmp_path / "not" / "yet", bytes(tmp_path / "\udcff")):
        assert abs(free_disk_bytes(path) - expected) < 100_000_000
