"""The gate: what may run now, and which holds say why the rest waits."""

import pytest

from agent.domain.facts import HostFacts
from agent.protocol.settings import DestinationSetting, FolderRules, FolderSetting, Settings, Values
from agent.store.intent import Pause
from agent.store.jobs import CACHE_LANE, LOCAL_LANE
from agent.work.folders import Folders
from agent.work.gate import Gate
from tests.fakes.clock import FakeClock

METERED = HostFacts(network_metered=True, network_kind="cellular", online=True)


def settings(*, enabled: bool = True, **values: object) -> Settings:
    return Settings(
        values=Values(background_backup=enabled, **values),  # type: ignore[arg-type]
        destinations=(
            DestinationSetting("away1", "immich", "Immich", "https://photos.example.org/api"),
            DestinationSetting("here1", "folder", "Drive", "/media/drive"),
        ),
        folders=(
            FolderSetting("/plain"),
            FolderSetting("/eager", rules=FolderRules(require_unmetered="no")),
        ),
    )


class House:
    """A gate with its surroundings."""

    def __init__(self, **values: object) -> None:
        self.clock = FakeClock()
        self.changes = 0
        self.folders = Folders()
        chosen = settings(**values)  # type: ignore[arg-type]
        self.folders.replace(chosen, {b"/plain": 1, b"/eager": 2})
        self.gate = Gate(self.clock, self.folders, chosen, self._changed)
        self.gate.tell(crossing=frozenset({"away1"}))

    def _changed(self) -> None:
        self.changes += 1

    def open(self, lane: str, folder: int = 1, group: int | None = None) -> bool:
        return self.gate.passing(lane).allows(folder, group)

    def holds(self) -> list[tuple[str, str | None, str | None]]:
        return [(hold.constraint, hold.destination, hold.folder) for hold in self.gate.holds()]


def test_with_nothing_against_it_everything_is_open() -> None:
    house = House()
    assert house.gate.passing("away1").everyone
    assert house.holds() == []


def test_switched_off_only_what_a_person_asked_for_passes() -> None:
    house = House(enabled=False)
    house.gate.tell(groups={7: "off"})
    assert not house.open("away1")
    assert house.open("away1", group=7)
    assert house.open(LOCAL_LANE), "looking at folders goes on"
    assert house.holds() == [("backup_off", None, None)]


def test_a_metered_network_holds_only_what_crosses_it() -> None:
    house = House()
    house.gate.tell(facts=METERED)
    assert not house.open("away1")
    assert house.open("here1")
    assert ("unmetered_network", "away1", None) in house.holds()


def test_a_folder_may_override_the_constraint() -> None:
    house = House()
    house.gate.tell(facts=METERED)
    assert house.open("away1", folder=2)
    assert not house.open("away1", folder=1)
    strict = House(require_unmetered_network=False)
    strict.gate.tell(facts=METERED)
    assert strict.open("away1", folder=1)


def test_what_waits_by_other_rules_than_those_in_force_waits_until_they_are_applied() -> None:
    house = House()
    house.folders.replace(settings(), {b"/plain": 1, b"/eager": 2}, {1: "by other rules"})
    house.gate.tell(groups={7: "off"})
    assert [house.open("away1", folder=1), house.open("away1", folder=1, group=7)] == [False, False]
    assert house.open("away1", folder=2), "it was never compared: nothing waits by other rules"
    assert house.open(LOCAL_LANE)
    plain = house.folders.get(1)
    assert plain is not None
    house.folders.judge(plain)
    assert house.gate.passing("away1").everyone


def test_a_request_passes_off_but_not_power_and_network_unless_it_says_anyway() -> None:
    house = House(enabled=False)
    house.gate.tell(facts=METERED, groups={7: "off", 8: "all"})
    assert not house.open("away1", folder=1, group=7)
    assert house.open("away1", folder=2, group=7)
    assert house.open("away1", folder=1, group=8)
    assert house.open("here1", folder=1, group=7)


def test_anyway_passes_a_pause_too_but_never_what_is_blocked_or_asleep() -> None:
    house = House()
    house.gate.tell(pause=Pause(None), groups={7: "off", 8: "all"})
    assert (house.open("here1", group=7), house.open("here1", group=8)) == (False, True)
    house.gate.tell(blocked={"here1": "destination_missing"})
    assert not house.open("here1", group=8)
    assert house.holds() == [("paused", None, None), ("blocked", "here1", None)]
    house.gate.tell(blocked={}, asleep=True)
    assert not house.open("here1", group=8)


def test_a_pause_ends_by_itself() -> None:
    house = House()
    house.gate.tell(pause=Pause(house.clock.now_at() + 60_000))
    assert not house.open("here1")
    assert house.gate.next_change_at() == house.clock.now_at() + 60_000
    house.clock.advance(60)
    assert house.open("here1")
    assert house.gate.paused() is None


def test_a_settings_file_that_cannot_be_read_is_a_hold_that_says_so() -> None:
    house = House()
    house.gate.tell(trouble="line 3")
    assert not house.open("here1")
    assert house.holds() == [("settings_unreadable", None, None)]
    house.gate.tell(trouble="none")
    assert house.open("here1")


def test_a_full_drive_holds_only_itself() -> None:
    house = House()
    house.gate.tell(low_disks={"here1": 5})
    assert (house.open("here1"), house.open("away1")) == (False, True)
    (hold,) = [hold for hold in house.gate.holds() if hold.constraint == "free_disk"]
    assert hold.args == {"free_bytes": 5, "needed_bytes": 500_000_000}


@pytest.mark.parametrize("again", [{"facts": HostFacts()}, {"pause": "none"}, {"groups": {}}, {"blocked": {}}])
def test_news_that_is_none_disturbs_nobody(again: dict[str, object]) -> None:
    house = House()
    before = (house.gate.generation, house.changes)
    house.gate.tell(**again)  # type: ignore[arg-type]
    assert (house.gate.generation, house.changes) == before


def test_pictures_are_made_while_power_permits_whatever_backup_and_network_say() -> None:
    house = House(enabled=False)
    house.gate.tell(facts=METERED)
    assert house.gate.passing(CACHE_LANE).everyone
    for facts in (HostFacts(on_battery=True, battery_percent=5), HostFacts(battery_saver=True)):
        house.gate.tell(facts=facts)
        assert not house.open(CACHE_LANE)
    house.gate.tell(facts=HostFacts(), pause=Pause(None))
    assert not house.open(CACHE_LANE)
    house.gate.tell(pause="none", asleep=True)
    assert not house.open(CACHE_LANE)


def test_what_lies_on_a_disk_that_does_not_answer_waits_even_where_a_person_asked_for_it_whatever_holds() -> None:
    house = House()
    house.gate.tell(silent=lambda: frozenset({1}), groups={7: "all"})
    assert not house.open("away1", 1)
    assert not house.open("away1", 1, 7)
    assert house.open("away1", 2)
    assert house.open(LOCAL_LANE, 1), "to look whether it answers"
    house.gate.tell(silent=frozenset)
    assert house.open("away1", 1)
