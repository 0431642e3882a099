"""Blocks, bandwidth, routine and notices, with a clock that the test moves, or real time where waits are."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from agent.domain.errors import Blocked, Interrupted, Transient
from agent.platforms.clock import SystemClock
from agent.protocol.settings import Values
from agent.protocol.types import Agent, Backup, Counts, Library, Problem, Run, Snapshot
from agent.state import State
from agent.work import routine
from agent.work.blocks import SOON_AGAIN_S, SOON_S, Block, Blocks
from agent.work.journey.bandwidth import Bandwidth
from agent.work.notices import Notices
from agent.work.routine import Daily, Routine
from tests.fakes.clock import FakeClock

# --- blocks ----------------------------------------------------------------------------------------------------------


class Shed:
    """Blocks whose destination fails as long as `error` is set."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.error: Exception | None = Blocked("server_unreachable")
        self.looks = 0
        self.before: Callable[[], None] = lambda: None
        self.told: list[dict[str, Block]] = []
        self.blocks = Blocks(self.clock, self._probe, self.told.append)

    def _probe(self, _: str) -> None:
        self.looks += 1
        self.before()
        if self.error is not None:
            raise self.error


@pytest.fixture
def shed(expected_log: object) -> Shed:
    assert callable(expected_log)
    expected_log("is blocked", at_least=0)
    return Shed()


def test_a_dead_server_costs_a_look_now_and_then_and_not_one_for_every_file(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("server_unreachable"))
    waits = []
    for _ in range(6):
        wait_s = shed.blocks.mend("d")
        assert wait_s is not None
        waits.append(round(wait_s))
        shed.clock.advance(wait_s)
    assert waits == [30, 60, 120, 240, 300, 300]
    assert shed.looks == 5


def test_it_opens_with_the_first_look_that_succeeds(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("server_unreachable"))
    shed.error = None
    assert shed.blocks.mend("d") is not None
    shed.clock.advance(31)
    assert shed.blocks.mend("d") is None
    assert shed.told[-1] == {}
    assert shed.blocks.mend("d") is None
    assert shed.looks == 1


def test_a_destination_that_is_removed_under_a_look_leaves_no_problem(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("server_unreachable"))
    shed.clock.advance(31)
    shed.before = lambda: shed.blocks.forget("d")
    assert shed.blocks.mend("d") is None
    assert shed.told[-1] == {}


def test_a_look_that_is_cut_short_is_no_problem_of_its_own(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("server_unreachable"))
    shed.clock.advance(31)
    shed.error = Interrupted("stop")
    assert shed.blocks.mend("d") == SOON_AGAIN_S
    assert shed.told[-1]["d"].problem.code == "server_unreachable"
    shed.error = None
    assert shed.blocks.mend("d") is None


def test_a_person_or_a_new_network_makes_it_look_at_once(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("signed_out"))
    shed.error = None
    shed.blocks.look_again()
    assert shed.blocks.mend("d") is None


def test_what_is_wrong_may_change_and_since_when_stays(shed: Shed) -> None:
    shed.blocks.shut("d", Blocked("server_unreachable"))
    first = shed.told[-1]["d"].since_at
    shed.clock.advance(31)
    shed.error = Transient("server_error", status=500)
    shed.blocks.mend("d")
    assert (shed.told[-1]["d"].problem.code, shed.told[-1]["d"].since_at) == ("server_error", first)


def look_that_opens_after_s(shed: Shed) -> float:
    """How long it stays shut by a problem that no look finds."""
    shed.error = None
    wait_s = shed.blocks.mend("d")
    assert wait_s is not None
    shed.clock.advance(wait_s)
    assert shed.blocks.mend("d") is None
    return wait_s


def test_what_only_uploads_meet_is_tried_ever_more_seldom(shed: Shed) -> None:
    waits = []
    for _ in range(6):
        shed.blocks.shut("d", Blocked("not_immich"))  # a proxy's page in place of an answer to uploads
        waits.append(look_that_opens_after_s(shed))
        shed.clock.advance(1)
    assert waits == [30, 60, 120, 240, 300, 300]


@pytest.mark.parametrize(("asked_s", "waited_s"), [(10, 30), (120, 120), (86_400, 3_600)])
def test_a_server_that_asks_to_be_left_alone_is_left_alone_for_an_hour_at_most(
    shed: Shed, asked_s: float, waited_s: float
) -> None:
    shed.blocks.shut("d", Blocked.by(Transient("server_unavailable", retry_after_s=asked_s)))
    assert look_that_opens_after_s(shed) == waited_s


def test_another_problem_a_later_one_or_a_persons_wish_begins_anew(shed: Shed) -> None:
    for code, later_s in (("not_immich", 1), ("signed_out", 1), ("not_immich", SOON_S), ("not_immich", 1)):
        shed.blocks.shut("d", Blocked(code))
        assert look_that_opens_after_s(shed) == 30
        shed.clock.advance(later_s)
    shed.blocks.look_again()
    shed.blocks.shut("d", Blocked("not_immich"))
    assert look_that_opens_after_s(shed) == 30


def test_a_server_that_comes_and_goes_is_looked_for_as_soon_each_time(shed: Shed) -> None:
    for _ in range(3):
        shed.blocks.shut("d", Blocked("server_unreachable"))
        assert look_that_opens_after_s(shed) == 30


# --- bandwidth -------------------------------------------------------------------------------------------------------


def pieces(size: int, count: int) -> Iterator[bytes]:
    return (bytes(size) for _ in range(count))


@pytest.mark.parametrize("senders", [1, 3])
def test_the_limit_is_kept_within_ten_percent(senders: int) -> None:
    limit = 2_000_000
    clock = FakeClock()
    bandwidth = Bandwidth(clock, lambda: limit)
    bandwidth._rest.set()  # no wait takes real time; each look at what is asked for meanwhile lets some pass
    each = 3_000_000 // senders
    began_s = clock.monotonic_s()
    sending = [bandwidth.paced(pieces(each // 4, 4), lambda: clock.advance(0.005)) for _ in range(senders)]
    while sending:
        sending = [one for one in sending if next(one, None) is not None]
    rate = 3_000_000 / (clock.monotonic_s() - began_s)
    assert 0.9 * limit <= rate <= 1.12 * limit


def test_without_a_limit_the_bytes_pass_as_they_are() -> None:
    given = [b"a" * 10, b"b" * 20]
    assert list(Bandwidth(FakeClock(), lambda: 0).paced(iter(given), lambda: None)) == given


def test_nothing_is_lost_or_changed_by_the_limit() -> None:
    bandwidth = Bandwidth(SystemClock(), lambda: 50_000_000)
    given = [bytes([n]) * 100_000 for n in range(5)]
    assert b"".join(bandwidth.paced(iter(given), lambda: None)) == b"".join(given)


def test_a_hold_is_obeyed_while_waiting_for_the_limit() -> None:
    bandwidth = Bandwidth(SystemClock(), lambda: 1_000)
    began_s = time.monotonic()

    def check() -> None:
        if time.monotonic() - began_s > 0.3:
            raise Interrupted("hold")

    with pytest.raises(Interrupted):
        list(bandwidth.paced(pieces(100_000, 1), check))
    assert time.monotonic() - began_s < 20  # and not the hundred seconds that it takes to send


# --- routine ---------------------------------------------------------------------------------------------------------


class Desk:
    """A routine that writes down what it did."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.done: list[str] = []
        self.last_at: int | None = None
        daily = Daily("check", lambda: self.last_at, self._check)
        self.routine = Routine(
            self.clock,
            [daily],
            lambda: self.done.append("look"),
            lambda: self.done.append("gap"),
            lambda back_ms: self.done.append(f"back {back_ms // 1000} s"),
        )

    def _check(self) -> None:
        self.done.append("check")
        self.last_at = self.clock.now_at()

    def look(self) -> list[str]:
        self.done.clear()
        self.routine.look()
        return self.done


def test_what_is_due_once_a_day_is_done_once_a_day() -> None:
    desk = Desk()
    assert desk.look() == ["look", "check"]
    assert desk.look() == ["look"]
    desk.clock.advance(86_399)
    assert desk.look() == ["look"]
    desk.clock.advance(1)
    assert desk.look() == ["look", "check"]


def test_a_clock_set_back_a_day_does_not_stop_it() -> None:
    desk = Desk()
    desk.look()
    desk.clock.set_back(86_400)
    assert desk.look() == ["back 86400 s", "look", "check"]
    assert desk.look() == ["look"]


@pytest.mark.parametrize("error", [Blocked("disk_full"), KeyError("a bug")])
def test_what_fails_once_comes_round_again(
    error: Exception, monkeypatch: pytest.MonkeyPatch, expected_log: Callable[..., None]
) -> None:
    expected_log("what comes round by itself")
    monkeypatch.setattr(routine, "LOOK_EVERY_S", 0.01)
    again = threading.Event()
    looks: list[Exception] = []

    def look() -> None:
        if looks:
            again.set()
            return
        looks.append(error)
        raise error

    made = Routine(FakeClock(), [], look, lambda: None, lambda _: None)
    made.start()
    assert again.wait(20)
    made.stop()


def test_who_calls_is_not_kept_waiting_and_a_wake_up_that_failed_comes_round_again(
    expected_log: Callable[..., None],
) -> None:
    expected_log("what comes round by itself")
    woken, again = threading.Event(), threading.Event()

    def wake() -> None:
        if woken.is_set():
            again.set()
        else:
            woken.set()
            raise Blocked("disk_full")

    made = Routine(FakeClock(), [], lambda: None, wake, lambda _: None)
    made.start()
    made.call(has_woken=True)
    assert woken.wait(20)
    made.call()
    assert again.wait(20)
    made.stop()


def test_a_gap_in_the_wall_clock_is_a_wake_up() -> None:
    desk = Desk()
    desk.look()
    desk.clock.set_back(-7_200)
    assert desk.look()[:2] == ["gap", "look"]
    assert desk.look() == ["look"]


# --- notices ---------------------------------------------------------------------------------------------------------


class Hall:
    """Notices over a state."""

    def __init__(self, **values: object) -> None:
        self.state = State(Snapshot(0, Agent("0", 1, 0, "running"), Backup("safe", enabled=True)))
        self.values = Values(**values)  # type: ignore[arg-type]
        self.notices = Notices(self.state, lambda: self.values)

    def failed(self, number: int) -> None:
        problems = (Problem("files_failed", "error", 5, {"count": number}),) if number else ()
        counts = Counts(total=10, safe=10 - number, failed=number)
        self.state.update(
            backup=Backup("attention", enabled=True, failed_since=5 if number else None),
            problems=problems,
            library=Library(counts),
        )

    def shown(self) -> list[str]:
        return [one.code for one in self.state.snapshot().notices]


def test_errors_within_the_grace_are_not_told_and_beyond_it_once() -> None:
    hall = Hall()
    hall.failed(2)
    assert hall.shown() == []
    hall.failed(3)
    assert hall.shown() == ["files_failed"]
    hall.notices.dismiss("error")
    assert hall.shown() == []
    hall.failed(4)
    assert hall.shown() == [], "dismissed, it is not told again"
    hall.failed(0)
    hall.failed(3)
    assert hall.shown() == ["files_failed"], "until it had healed"


def test_progress_is_one_notice_updated_in_place() -> None:
    hall = Hall()
    for completed in (1, 2):
        hall.state.update(run=Run(1, 0, 9, completed, 0, "a", 10, 9, 1, 1))
    (total,) = hall.state.snapshot().notices
    assert (total.kind, total.progress, total.max) == ("total", 2, 9)
    hall.state.update(run=None)
    assert hall.shown() == []


def test_done_stays_until_it_was_seen() -> None:
    hall = Hall()
    hall.notices.finished(completed=62, ended_at=9)
    hall.state.update(run=None, library=Library(Counts(total=62, safe=62)))
    (done,) = hall.state.snapshot().notices
    assert (done.kind, done.args) == ("done", {"count": 62})
    hall.notices.dismiss("done")
    assert hall.shown() == []
