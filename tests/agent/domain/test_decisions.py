"""The small decisions, each as a table: light, backoff, schedule, constraints, bandwidth, problems, notices."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.domain import backoff, notices
from agent.domain.bandwidth import limit_bytes_s
from agent.domain.constraints import Conditions, person_holds, world_holds
from agent.domain.facts import HostFacts
from agent.domain.light import decide
from agent.domain.problems import CATALOGUE, visible
from agent.domain.schedule import is_open, next_opening
from agent.protocol.settings import BandwidthWindow, FolderRules, Values, Window
from agent.protocol.types import Counts, Problem, Run, Transfer

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def at(clock: str, days: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=days, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("told", "light"),
    [
        ({"must_act": True, "in_flight": True, "paused": True}, "attention"),
        ({"paused": True}, "paused"),
        ({"paused": True, "in_flight": True}, "working"),
        ({"in_flight": True}, "working"),
        ({"enabled": False, "counts": Counts(total=3, queued=3)}, "off"),
        ({"enabled": False, "asked": True, "counts": Counts(total=3, queued=3)}, "waiting"),
        ({"enabled": False, "paused": True}, "off"),
        ({"counts": Counts(total=3, queued=1, safe=2)}, "waiting"),
        ({"counts": Counts(total=3, safe=3)}, "safe"),
        ({"counts": Counts(total=3, safe=1, deleted_at_destination=1, in_trash=1)}, "safe"),
        ({}, "safe"),
    ],
)
def test_the_light_is_the_first_that_holds(told: dict[str, object], light: str) -> None:
    usual: dict[str, object] = {
        "must_act": False,
        "paused": False,
        "in_flight": False,
        "enabled": True,
        "asked": False,
        "counts": Counts(),
    }
    assert decide(**(usual | told)) == light  # type: ignore[arg-type]


def test_waiting_doubles_with_every_failed_try_and_is_bounded() -> None:
    steady = [backoff.delay_s(attempt, 0.5) for attempt in range(1, 12)]
    assert steady[:3] == [15, 30, 60]
    assert steady[-1] == backoff.LONGEST_S
    assert backoff.delay_s(1, 0.0) < backoff.delay_s(1, 0.999) <= 15 * 1.25
    assert backoff.delay_s(1, 0.5, retry_after_s=500) == 500
    assert backoff.delay_s(10_000, 0.5) == backoff.LONGEST_S


def test_a_blocked_destination_is_looked_at_seldom_but_never_given_up() -> None:
    assert [backoff.probe_s(n) for n in (0, 1, 2, 3, 4, 50)] == [30, 30, 60, 120, 240, 300]


NIGHT = Window("22:00", "06:00")
OFFICE = Window("09:00", "17:00", ("mon", "tue", "wed", "thu", "fri"))


@pytest.mark.parametrize(
    ("window", "moment", "open_"),
    [
        (NIGHT, at("23:00"), True),
        (NIGHT, at("05:59"), True),
        (NIGHT, at("06:00"), False),
        (NIGHT, at("21:59"), False),
        (Window("22:00", "06:00", ("mon",)), at("05:00", 1), True),
        (Window("22:00", "06:00", ("mon",)), at("05:00", 0), False),
        (OFFICE, at("09:00"), True),
        (OFFICE, at("17:00"), False),
        (OFFICE, at("10:00", 5), False),
        (Window("00:00", "00:00"), at("13:00"), True),
    ],
)
def test_a_window_is_open(window: Window, moment: datetime, open_: bool) -> None:
    assert is_open((window,), moment) is open_


def test_the_next_opening_is_found_over_the_weekend() -> None:
    assert next_opening((OFFICE,), at("18:00", 4)) == at("09:00", 7)
    assert next_opening((NIGHT, OFFICE), at("08:00")) == at("09:00")
    assert next_opening((), at("08:00")) is None


ON_BATTERY = HostFacts(on_battery=True, battery_percent=41)
METERED = HostFacts(network_metered=True, network_kind="cellular", online=True, network_name="Phone")


@pytest.mark.parametrize(
    ("facts", "values", "crosses", "rules", "held_by"),
    [
        (HostFacts(), Values(require_charging=True), True, None, []),
        (ON_BATTERY, Values(), True, None, []),
        (ON_BATTERY, Values(require_charging=True), True, None, ["charging"]),
        (ON_BATTERY, Values(require_charging=True), True, FolderRules(require_charging="no"), []),
        (ON_BATTERY, Values(), True, FolderRules(require_charging="yes"), ["charging"]),
        (HostFacts(on_battery=True, battery_percent=19), Values(), False, None, ["battery_floor"]),
        (HostFacts(on_battery=False, battery_percent=3), Values(), False, None, []),
        (HostFacts(on_battery=True, battery_percent=None), Values(), False, None, []),
        (HostFacts(battery_saver=True), Values(), False, None, ["battery_saver"]),
        (HostFacts(battery_saver=True), Values(pause_on_battery_saver=False), False, None, []),
        (METERED, Values(), True, None, ["unmetered_network"]),
        (METERED, Values(), False, None, []),
        (METERED, Values(require_unmetered_network=False), True, None, []),
        (METERED, Values(), True, FolderRules(require_unmetered="no"), []),
        (
            METERED,
            Values(require_unmetered_network=False),
            True,
            FolderRules(require_unmetered="yes"),
            ["unmetered_network"],
        ),
        (METERED, Values(require_unmetered_network=False, network_kinds=("wifi",)), True, None, ["network_kind"]),
        (HostFacts(), Values(network_kinds=("wifi",), allowed_networks=("Home",)), True, None, []),
        (HostFacts(network_name="Cafe"), Values(allowed_networks=("Home",)), True, None, ["allowed_networks"]),
        (HostFacts(network_name="Home"), Values(allowed_networks=("Home",)), True, None, []),
        (HostFacts(online=False, network_metered=True), Values(), True, None, ["offline"]),
        (HostFacts(online=False), Values(), False, None, []),
        (HostFacts(), Values(schedule=(NIGHT,)), False, None, ["schedule"]),
    ],
)
def test_what_the_world_holds_back(
    facts: HostFacts, values: Values, crosses: bool, rules: FolderRules | None, held_by: list[str]
) -> None:
    conditions = Conditions(facts, at("12:00"), enabled=True, paused=False, paused_until=None)
    found = world_holds(values, conditions, crosses_network=crosses, rules=rules)
    assert [hold.constraint for hold in found] == held_by


def test_a_hold_tells_its_present_value_and_what_would_lift_it() -> None:
    conditions = Conditions(
        HostFacts(on_battery=True, battery_percent=12), at("12:00"), enabled=True, paused=False, paused_until=None
    )
    (floor,) = world_holds(Values(), conditions, crosses_network=False)
    assert floor.args == {"percent": 12, "floor": 20}
    (window,) = world_holds(Values(schedule=(NIGHT,), battery_floor_percent=0), conditions, crosses_network=False)
    assert window.args == {"opens_at": round(at("22:00").timestamp() * 1000)}


def test_what_a_person_switched_off_is_listed() -> None:
    conditions = Conditions(HostFacts(), at("12:00"), enabled=False, paused=True, paused_until=5)
    assert [(hold.constraint, hold.args) for hold in person_holds(conditions)] == [
        ("backup_off", {}),
        ("paused", {"until_at": 5}),
    ]


def test_the_timetable_goes_before_the_general_limit() -> None:
    values = Values(
        bandwidth_limit_bytes_s=100,
        bandwidth_timetable=(BandwidthWindow("22:00", "06:00", 0), BandwidthWindow("08:00", "09:00", 50)),
    )
    assert [limit_bytes_s(values, at(clock)) for clock in ("23:00", "05:00", "08:30", "12:00")] == [0, 0, 50, 100]


def test_a_short_outage_is_not_told_and_an_explained_problem_is_hidden() -> None:
    away = Problem("server_unreachable", "warning", 1_000)
    lost = Problem("connection_lost", "warning", 1_000)
    signed_out = Problem("signed_out", "error", 1_000)
    assert visible((away, signed_out), 6_000) == (signed_out,)
    assert visible((away, signed_out), 11_000) == (away, signed_out)
    assert visible((away, lost), 30_000) == (away,)
    assert all(kind.hidden_by is None or kind.hidden_by in CATALOGUE for kind in CATALOGUE.values())


RUN = Run(1, 0, 100, 5, 0, "a.jpg", 42, 1000, 420, 10)
FLIGHT = Transfer("a.jpg", "d", 100, 42, 10)


def test_total_progress_is_on_and_single_progress_off_by_default() -> None:
    (total,) = notices.progress(Values(), RUN, [FLIGHT])
    assert (total.kind, total.progress, total.max, total.is_detail) == ("total", 5, 100, False)
    assert notices.progress(Values(total_progress=False), RUN, [FLIGHT]) == []
    single = notices.progress(Values(single_progress=True), RUN, [FLIGHT])[1]
    assert (single.kind, single.progress, single.max, single.is_detail) == ("single", 42, 100, True)


def test_failed_uploads_are_told_only_beyond_the_grace() -> None:
    assert notices.errors(Values(), [], 2, 7) == []
    (told,) = notices.errors(Values(), [], 3, 7)
    assert (told.kind, told.args, told.raised_at, told.action) == ("error", {"count": 3}, 7, "activity")
    assert notices.errors(Values(error_grace_uploads=0), [], 1, 7)


def test_a_problem_that_needs_a_person_is_told_and_one_that_passes_is_not() -> None:
    told = notices.errors(
        Values(), [Problem("signed_out", "error", 9, blocks="d"), Problem("server_unreachable", "warning", 9)], 0, None
    )
    assert [(one.kind, one.code) for one in told] == [("action", "signed_out")]


def test_done_is_told_once_something_was_done() -> None:
    assert notices.done(Values(), completed=0, ended_at=1) is None
    assert notices.done(Values(notify_done=False), completed=5, ended_at=1) is None
    told = notices.done(Values(), completed=5, ended_at=1)
    assert told is not None
    assert told.args == {"count": 5}
