"""The lanes: what a handler is given, and what its error makes of the job. Real threads on a real ledger."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from agent.domain.errors import Blocked, Interrupted, Rejected, Transient
from agent.protocol.settings import Settings, Values
from agent.protocol.types import JobRow
from agent.store import groups, job_history, jobs
from agent.store.db import Database
from agent.store.intent import Pause
from agent.store.jobs import Claimed, NewJob
from agent.work.folders import Folders
from agent.work.gate import Gate
from agent.work.worker import Handler, Lane, Scope
from tests.fakes.clock import FakeClock

LANE = "away1"
PATIENCE_S = 10


class Shop:
    """One lane with a gate, a ledger and whatever handlers a test gives it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.database = Database(folder / "safelight.db")
        settings = Settings(values=Values(background_backup=True))
        self.gate = Gate(self.clock, Folders(), settings, self._recheck)
        self.handlers: dict[str, Handler] = {}
        self.blocked: list[Blocked] = []
        self.idle = threading.Event()
        self.lane = Lane(
            LANE,
            self.database,
            self.clock,
            self.gate,
            lambda _, key: self.handlers.get(key),
            "boot",
            on_blocked=lambda _, problem: self.blocked.append(problem),
            on_idle=lambda _: self.idle.set(),
        )

    def _recheck(self) -> None:
        self.lane.recheck()

    def add(self, key: str = "upload", **more: object) -> int:
        with self.database.write() as tx:
            return jobs.enqueue(tx, NewJob(key, {"n": 1}, lane=LANE, **more), self.clock.now_at())  # type: ignore[arg-type]

    def run(self) -> None:
        """Until nothing more can be done."""
        if not self.lane._thread.is_alive():
            self.lane.start()
        self.idle.clear()
        self.lane.kick()
        assert self.idle.wait(PATIENCE_S)

    def job(self, job_id: int) -> JobRow:
        row = job_history.show(self.database.read(), job_id)
        assert row is not None
        return row

    def close(self) -> None:
        self.lane.stop()
        assert not self.lane._thread.is_alive() or self.lane.join(PATIENCE_S)
        self.database.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.close()


def raising(error: Exception) -> Handler:
    def handle(_scope: Scope, _batch: Sequence[Claimed]) -> None:
        raise error

    return handle


def test_a_handler_gets_its_payload_a_ledger_and_a_scope_of_its_own_on_a_thread_of_the_lane(shop: Shop) -> None:
    scopes: list[Scope] = []
    threads: list[str] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        scopes.append(scope)
        threads.append(threading.current_thread().name)
        with scope.database.write() as tx:
            for job in batch:
                scope.check(job)
                scope.complete(tx, job, {"said": job.payload["n"]})

    shop.handlers["upload"] = shop.handlers["sync"] = handle
    first, second = shop.add("upload"), shop.add("sync")
    shop.run()
    assert [shop.job(one).status for one in (first, second)] == ["COMPLETED", "COMPLETED"]
    assert shop.job(first).result == {"said": 1}
    assert scopes[0] is not scopes[1]
    assert [scope.ended for scope in scopes] == [{first}, {second}]
    assert set(threads) == {f"lane-{LANE}"}


def test_a_batch_grows_with_the_pace_of_its_destination_so_that_it_never_lasts_long(shop: Shop) -> None:
    sizes: list[int] = []
    pace_s = 0.01

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        sizes.append(len(batch))
        shop.clock.advance(pace_s * len(batch))
        with scope.database.write() as tx:
            for job in batch:
                scope.complete(tx, job)

    shop.handlers["upload"] = handle
    for _ in range(1_000):
        shop.add()
    shop.run()
    assert sizes == [100, 400, 400, 100]
    pace_s = 2.0
    for _ in range(300):
        shop.add()
    shop.run()
    assert sizes[4:] == [300], "the line became slow in the middle of it"
    for _ in range(150):
        shop.add()
    shop.run()
    assert sizes[5:] == [100, 50]


def _ask_anew(shop: Shop, scope: Scope) -> int:
    """A person says 'back up now' while the upload is under way; the request."""
    with scope.database.write() as tx:
        group = groups.begin(tx, "backup", "all", shop.clock.now_at())
        wish = NewJob(
            "upload", {"n": 1}, lane=LANE, unique_key="upload:1", group_id=group, run_after=shop.clock.now_at()
        )
        jobs.enqueue_all(tx, [wish], shop.clock.now_at(), again=False)
        groups.scanned(tx, group)
    return group


def test_a_request_counts_a_job_that_ran_already_when_it_was_made(shop: Shop) -> None:
    rows: list[int] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        rows.append(_ask_anew(shop, scope))
        with scope.database.write() as tx:
            scope.complete(tx, batch[0])

    shop.handlers["upload"] = handle
    shop.add(unique_key="upload:1")
    shop.run()
    told = groups.show(shop.database.read(), rows[0], {})
    assert told is not None
    assert (told.total, told.completed, told.finished) == (1, 1, True)


@pytest.mark.parametrize("error", [Transient("timeout", retry_after_s=3_600), Rejected("too_large_for_server")])
def test_what_fails_while_a_person_asks_for_it_is_tried_again_at_once_and_no_longer_when_nobody_does(
    shop: Shop, error: Transient | Rejected
) -> None:
    rows: list[int] = []
    tries: list[int | None] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        tries.append(batch[0].group_id)
        if not rows:
            rows.append(_ask_anew(shop, scope))
            raise error
        with scope.database.write() as tx:
            scope.complete(tx, batch[0])

    shop.handlers["upload"] = handle
    job_id = shop.add(unique_key="upload:1")
    shop.run()
    assert tries == [None, rows[0]]
    assert shop.job(job_id).status == "COMPLETED"
    told = groups.show(shop.database.read(), rows[0], {})
    assert told is not None
    assert (told.total, told.completed, told.failed, told.finished) == (1, 1, 0, True)


@pytest.mark.parametrize(
    ("error", "status", "attempts", "interruptions", "said"),
    [
        (Transient("timeout"), "PENDING", 1, 0, "timeout()"),
        (Rejected("rejected"), "FAILED", 1, 0, "rejected()"),
        (Blocked("server_unreachable"), "PENDING", 0, 1, None),
        (Interrupted("hold"), "PENDING", 0, 1, None),
    ],
)
def test_each_fate_makes_of_a_job_what_it_says(
    shop: Shop, error: Exception, status: str, attempts: int, interruptions: int, said: str | None
) -> None:
    calls = []

    def handle(_scope: Scope, _batch: Sequence[Claimed]) -> None:
        calls.append(1)
        shop.gate.tell(asleep=True)  # so that it is not claimed again at once
        raise error

    shop.handlers["upload"] = handle
    job_id = shop.add()
    shop.run()
    row = shop.job(job_id)
    assert (row.status, row.attempts, row.interruptions, row.last_error) == (status, attempts, interruptions, said)
    assert shop.blocked == ([error] if isinstance(error, Blocked) else [])
    assert len(calls) == 1


def test_what_may_pass_is_tried_as_often_as_was_asked_and_then_fails(shop: Shop) -> None:
    shop.handlers["upload"] = raising(Transient("timeout"))
    job_id = shop.add(max_attempts=3)
    for attempts in (1, 2):
        shop.run()
        row = shop.job(job_id)
        assert (row.status, row.attempts) == ("PENDING", attempts)
        assert row.run_after > shop.clock.now_at(), "it waits"
        shop.run()
        assert shop.job(job_id).attempts == attempts, "and is not tried while it does"
        shop.clock.advance(3_600)
    shop.run()
    assert (shop.job(job_id).status, shop.job(job_id).attempts) == ("FAILED", 3)


def test_a_bug_fails_its_job_and_the_lane_goes_on(shop: Shop, expected_log: Callable[..., None]) -> None:
    expected_log("met a bug")
    shop.handlers["upload"] = raising(KeyError("oops"))
    shop.handlers["sync"] = _complete
    broken, sound = shop.add("upload", priority=1), shop.add("sync")
    shop.run()
    assert (shop.job(broken).status, shop.job(broken).last_error) == ("FAILED", "bug(detail='KeyError')")
    assert shop.job(sound).status == "COMPLETED"


@pytest.mark.parametrize(("end", "reason"), [("a bug", "bug(detail='KeyError')"), ("given up", None)])
def test_a_request_whose_look_ends_without_success_is_called_off_and_says_why(
    shop: Shop, expected_log: Callable[..., None], end: str, reason: str | None
) -> None:
    expected_log("met a bug", at_least=0)
    shop.handlers["scan"] = raising(KeyError("oops"))
    with shop.database.write() as tx:
        request = groups.begin(tx, "backup", "off", 1)
    look = shop.add("scan", group_id=request)
    if end == "a bug":
        shop.run()
    else:
        with shop.database.write() as tx:
            assert groups.give_up(tx, look, 1)
    row = groups.show(shop.database.read(), request, {})
    assert row is not None
    assert (row.scanning, row.finished, row.cancelled, row.reason) == (False, True, True, reason)
    assert request not in groups.unfinished(shop.database.read())


@pytest.mark.parametrize("error", [OverflowError("too large"), Rejected("refused")])
def test_what_fails_a_whole_batch_fails_alone_the_next_time_and_its_neighbours_go_through(
    shop: Shop, expected_log: Callable[..., None], error: Exception
) -> None:
    expected_log("met a bug", at_least=0)
    batches: list[int] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        batches.append(len(batch))
        if poison in {job.id for job in batch}:
            raise error
        _complete(scope, batch)

    shop.handlers["upload"] = handle
    sound, poison, more = shop.add(), shop.add(), shop.add()
    shop.run()
    assert batches == [3, 1, 1, 1]
    assert [shop.job(one).status for one in (sound, poison, more)] == ["COMPLETED", "FAILED", "COMPLETED"]
    assert [shop.job(one).attempts for one in (sound, poison, more)] == [1, 1, 1]


def _complete(scope: Scope, batch: Sequence[Claimed]) -> None:
    with scope.database.write() as tx:
        for job in batch:
            scope.complete(tx, job)


def test_a_job_of_a_kind_that_nobody_handles_fails_and_names_it(shop: Shop) -> None:
    job_id = shop.add("nonsense")
    shop.run()
    assert (shop.job(job_id).status, shop.job(job_id).last_error) == ("FAILED", "job_key_unknown(key='nonsense')")


def test_what_is_held_in_the_middle_goes_back_and_goes_on_untouched(shop: Shop) -> None:
    done: list[int] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        for job in batch:
            scope.check(job)
            with scope.database.write() as tx:
                scope.complete(tx, job)
            done.append(job.id)
            if len(done) == 2:
                shop.gate.tell(pause=Pause(None))

    shop.handlers["upload"] = handle
    ids = [shop.add() for _ in range(5)]
    shop.run()
    assert done == ids[:2]
    assert [shop.job(one).attempts for one in ids] == [1, 1, 0, 0, 0]
    shop.gate.tell(pause="none")
    shop.run()
    assert done == ids


def test_a_stop_gives_back_what_was_not_begun(shop: Shop) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)
        for job in batch:
            scope.check(job)
        _complete(scope, batch)

    shop.handlers["upload"] = handle
    job_id = shop.add()
    shop.lane.start()
    assert begun.wait(PATIENCE_S)
    shop.lane.stop()
    go_on.set()
    assert shop.lane.join(PATIENCE_S)
    assert (shop.job(job_id).status, shop.job(job_id).attempts) == ("PENDING", 0)


def test_a_lane_that_is_stopped_leaves_no_problem_behind(shop: Shop) -> None:
    def handle(_scope: Scope, _batch: Sequence[Claimed]) -> None:
        shop.lane.stop()
        raise Blocked("server_unreachable")

    shop.handlers["upload"] = handle
    shop.add()
    shop.lane.start()
    assert shop.lane.join(PATIENCE_S)
    assert shop.blocked == []


def test_a_cancel_in_the_moment_of_the_claim_is_heard(shop: Shop) -> None:
    went: list[str] = []

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        try:
            scope.check(batch[0])
            went.append("on")
        except Interrupted as reason:
            went.append(reason.code)
            raise

    class Canceller(logging.Handler):
        """Hears that a job was claimed, as soon as it was."""

        def emit(self, record: logging.LogRecord) -> None:
            if record.msg.endswith("took %d jobs of %s, from %d on"):
                with shop.database.write() as tx:
                    groups.give_up(tx, job, shop.clock.now_at())
                shop.lane.cancel(job)

    shop.handlers["upload"] = handle
    job = shop.add()
    told = logging.getLogger("agent.work.worker")
    canceller, level = Canceller(), told.level
    told.addHandler(canceller)
    told.setLevel(logging.DEBUG)
    try:
        shop.run()
    finally:
        told.removeHandler(canceller)
        told.setLevel(level)
    assert went == ["cancel"]
    assert shop.job(job).status == "CANCELLED"
