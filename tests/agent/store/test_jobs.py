"""The queue: what is written is done, once, in order of urgency, whatever comes between."""

from collections.abc import Callable

import pytest

from agent.store import groups, job_history, jobs
from agent.store.db import Database
from agent.store.jobs import Claimed, NewJob, Open

EVERYONE = Open(everyone=True)
NOW = 1_795_000_000_000


def add(ledger: Database, **fields: object) -> int:
    with ledger.write() as tx:
        return jobs.enqueue(tx, NewJob(**({"key": "scan", "payload": {}} | fields)), NOW)  # type: ignore[arg-type]


def take(
    ledger: Database,
    *,
    lane: str = "local",
    passing: Open = EVERYONE,
    at: int = NOW,
    files: int = 100,
    size_bytes: int = 10**9,
    boot: str = "boot-1",
) -> list[Claimed]:
    with ledger.write() as tx:
        return jobs.claim(tx, lane, passing, boot, at, files=files, size_bytes=size_bytes)


def status(ledger: Database, job_id: int) -> str:
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    return row.status


def test_the_urgent_one_goes_first_and_equals_go_in_turn(ledger: Database) -> None:
    first, second, urgent = add(ledger), add(ledger), add(ledger, priority=5)
    assert [job.id for job in take(ledger)] == [urgent, first, second]


def test_asking_twice_is_one_job_and_hurries_it(ledger: Database) -> None:
    first = add(ledger, unique_key="u", run_after=NOW + 1000)
    assert take(ledger) == []
    assert add(ledger, unique_key="u", run_after=NOW, priority=7) == first
    (job,) = take(ledger)
    row = job_history.show(ledger.read(), job.id)
    assert row is not None
    assert (row.priority, row.run_after) == (7, NOW)


def test_asked_for_again_while_it_runs_it_runs_once_more(ledger: Database) -> None:
    job_id = add(ledger, unique_key="u")
    take(ledger)
    assert add(ledger, unique_key="u") == job_id
    with ledger.write() as tx:
        jobs.complete(tx, job_id, NOW)
    assert status(ledger, job_id) == "PENDING"
    assert [job.id for job in take(ledger)] == [job_id]
    with ledger.write() as tx:
        jobs.complete(tx, job_id, NOW)
    assert status(ledger, job_id) == "COMPLETED"
    assert add(ledger, unique_key="u") != job_id


def test_asked_for_again_without_news_while_it_runs_it_does_not_run_twice(ledger: Database) -> None:
    job_id = add(ledger, unique_key="u")
    take(ledger)
    with ledger.write() as tx:
        assert jobs.enqueue(tx, NewJob("scan", {}, unique_key="u"), NOW, again=False) == job_id
        jobs.complete(tx, job_id, NOW)
    assert status(ledger, job_id) == "COMPLETED"


def test_a_batch_is_of_one_key_and_bounded_in_files_and_bytes(ledger: Database) -> None:
    for _ in range(5):
        add(ledger, weight_bytes=40)
    add(ledger, key="upload")
    assert len(take(ledger, files=2)) == 2
    assert len(take(ledger, size_bytes=80)) == 2
    assert len(take(ledger, size_bytes=1)) == 1, "a job larger than the bound goes alone"
    assert [job.key for job in take(ledger)] == ["upload"]


def test_a_job_that_is_not_due_waits_and_says_when(ledger: Database) -> None:
    add(ledger, run_after=NOW + 500)
    assert jobs.next_due_at(ledger.read(), "local") == NOW + 500
    assert take(ledger) == []
    assert len(take(ledger, at=NOW + 500)) == 1
    assert jobs.next_due_at(ledger.read(), "local") is None


def test_lanes_do_not_take_each_others_jobs(ledger: Database) -> None:
    add(ledger, lane="nas")
    assert take(ledger, lane="immich") == []
    assert len(take(ledger, lane="nas")) == 1


@pytest.mark.parametrize(
    ("passing", "taken"),
    [
        (Open(), []),
        (Open(everyone=True), ["plain-1", "plain-2", "asked-1", "asked-2", "nowhere"]),
        (Open(folders=frozenset({1})), ["plain-1", "asked-1"]),
        (Open(asked_groups=frozenset({9}), asked_folders=frozenset({2})), ["asked-2"]),
        (Open(passing_groups=frozenset({9})), ["asked-1", "asked-2"]),
        (Open(everyone=True, silent_folders=frozenset({1})), ["plain-2", "asked-2", "nowhere"]),
        (Open(passing_groups=frozenset({9}), silent_folders=frozenset({1, 3})), ["asked-2"]),
        (Open(folders=frozenset({2}), passing_groups=frozenset({9})), ["plain-2", "asked-1", "asked-2"]),
    ],
)
def test_the_claim_takes_exactly_what_the_gate_lets_through(ledger: Database, passing: Open, taken: list[str]) -> None:
    places = {"plain-1": (1, None), "plain-2": (2, None), "asked-1": (1, 9), "asked-2": (2, 9), "nowhere": (None, None)}
    for name, (folder, group) in places.items():
        add(ledger, payload={"name": name}, folder_id=folder, group_id=group)
    found = take(ledger, passing=passing)
    assert [job.payload["name"] for job in found] == taken
    assert [name for name, place in places.items() if passing.allows(*place)] == taken


def test_a_failed_try_counts_and_waits(ledger: Database) -> None:
    job_id = add(ledger)
    take(ledger)
    with ledger.write() as tx:
        jobs.retry_later(tx, job_id, "away", NOW + 60_000, NOW)
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    assert (row.status, row.attempts, row.last_error) == ("PENDING", 1, "away")
    assert row.last_attempt_at == jobs.iso(NOW)
    assert take(ledger) == []


def test_news_that_came_during_a_failed_try_does_not_wait_for_the_next_one(ledger: Database) -> None:
    job_id = add(ledger, unique_key="u")
    take(ledger)
    with ledger.write() as tx:
        jobs.enqueue(tx, NewJob("scan", {}, unique_key="u", run_after=NOW), NOW)
        jobs.retry_later(tx, job_id, "away", NOW + 60_000, NOW)
    assert [one.id for one in take(ledger)] == [job_id]


def test_an_interruption_is_no_attempt(ledger: Database) -> None:
    job_id = add(ledger)
    take(ledger)
    with ledger.write() as tx:
        jobs.give_back(tx, [job_id], NOW)
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    assert (row.status, row.attempts, row.interruptions) == ("PENDING", 0, 1)


def test_what_a_dead_agent_had_claimed_returns_at_once_and_ten_deaths_set_a_row_aside(ledger: Database) -> None:
    job_id = add(ledger)
    for death in range(jobs.DEATHS_LIMIT):
        assert len(take(ledger, boot=f"boot-{death}")) == 1
        with ledger.write() as tx:
            jobs.recover(tx, f"boot-{death + 1}", NOW)
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    assert (row.status, row.attempts, row.last_error) == ("FAILED", 0, "set_aside")


def test_holds_never_set_a_row_aside(ledger: Database) -> None:
    job_id = add(ledger)
    for _ in range(50):
        take(ledger)
        with ledger.write() as tx:
            jobs.give_back(tx, [job_id], NOW)
    take(ledger)
    with ledger.write() as tx:
        jobs.recover(tx, "another", NOW)
    assert status(ledger, job_id) == "PENDING"


def test_the_agents_own_claims_are_left_alone_by_its_recovery(ledger: Database) -> None:
    job_id = add(ledger)
    take(ledger, boot="mine")
    with ledger.write() as tx:
        assert jobs.recover(tx, "mine", NOW) == 0
    assert status(ledger, job_id) == "RUNNING"


@pytest.mark.parametrize(
    ("change", "ended"),
    [
        (lambda tx, one: jobs.cancel(tx, one, NOW), "CANCELLED"),
        (lambda tx, one: jobs.fail(tx, one, "no", NOW), "FAILED"),
    ],
)
def test_an_ended_job_can_be_tried_again_from_the_start(
    ledger: Database, change: Callable[..., object], ended: str
) -> None:
    job_id = add(ledger)
    take(ledger)
    with ledger.write() as tx:
        change(tx, job_id)
    assert status(ledger, job_id) == ended
    with ledger.write() as tx:
        assert jobs.retry(tx, job_id, NOW)
        assert not jobs.retry(tx, job_id, NOW)
    assert status(ledger, job_id) == "PENDING"


def test_a_cancelled_job_stays_cancelled_when_its_handler_comes_back(ledger: Database) -> None:
    job_id = add(ledger)
    take(ledger)
    with ledger.write() as tx:
        assert jobs.cancel(tx, job_id, NOW)
        jobs.give_back(tx, [job_id], NOW)
        jobs.complete(tx, job_id, NOW)
    assert status(ledger, job_id) == "CANCELLED"


def test_the_running_totals_are_the_counts(ledger: Database) -> None:
    for index in range(6):
        add(ledger, lane="a" if index % 2 else "b", weight_bytes=10)
    taken = take(ledger, lane="a")
    with ledger.write() as tx:
        jobs.complete(tx, taken[0].id, NOW)
        jobs.fail(tx, taken[1].id, "no", NOW)
        groups.cancel_lane(tx, "b")
    shown = {key: pair for key, pair in job_history.counts(ledger.read()).items() if pair[0]}
    counted = {
        (row[0], row[1]): (row[2], row[3])
        for row in ledger.read().execute(
            "SELECT lane, status, count(*), sum(weight) FROM background_service_jobs GROUP BY lane, status"
        )
    }
    assert shown == counted == {("a", "COMPLETED"): (1, 10), ("a", "FAILED"): (1, 10), ("a", "RUNNING"): (1, 10)}


def test_history_is_pruned_but_never_what_failed_or_waits(ledger: Database) -> None:
    ids = [add(ledger) for _ in range(10)]
    take(ledger, files=6)
    with ledger.write() as tx:
        for job_id in ids[:5]:
            jobs.complete(tx, job_id, NOW)
        jobs.fail(tx, ids[5], "no", NOW)
        assert job_history.prune(tx, keep=7, now_at=NOW) == 3
    left = [row.id for row in job_history.page(ledger.read(), status=None, before=None, limit=100)]
    assert left == list(reversed(ids[3:]))


def test_a_request_knows_how_far_it_is_and_what_of_it_is_held(ledger: Database) -> None:
    with ledger.write() as tx:
        group = groups.begin(tx, "backup", "off", NOW)
    for folder in (1, 1, 2):
        add(ledger, key="upload", lane="d", folder_id=folder, group_id=group, weight_bytes=5)
    shut = {"d": Open(asked_groups=frozenset({group}), asked_folders=frozenset({1}))}
    with ledger.write() as tx:
        groups.scanned(tx, group)
    row = groups.show(ledger.read(), group, shut)
    assert row is not None
    assert (row.total, row.outstanding, row.held, row.finished) == (3, 3, 1, False)
    taken = take(ledger, lane="d", passing=shut["d"])
    with ledger.write() as tx:
        for job in taken:
            jobs.complete(tx, job.id, NOW)
            groups.progress(tx, job.id, completed=1, failed=0, bytes_done=5)
    row = groups.show(ledger.read(), group, shut)
    assert row is not None
    assert (row.completed, row.outstanding, row.held, row.bytes_done) == (2, 1, 1, 10)
    assert groups.unfinished(ledger.read()) == {group: "off"}
    with ledger.write() as tx:
        groups.close_all(tx, NOW)
    assert groups.unfinished(ledger.read()) == {}
    assert [job.group_id for job in take(ledger, lane="d")] == [None]


@pytest.mark.parametrize(("claimed_for", "asked_by"), [(None, 7), (6, 7)])
def test_what_a_person_asks_for_while_its_attempt_fails_does_not_wait_for_the_next_one(
    ledger: Database, claimed_for: int | None, asked_by: int
) -> None:
    job_id = add(ledger, unique_key="u", group_id=claimed_for)
    (job,) = take(ledger)
    wish = NewJob("scan", {}, unique_key="u", run_after=NOW, group_id=asked_by)
    with ledger.write() as tx:
        jobs.enqueue_all(tx, [wish], NOW, again=False)
        jobs.retry_later(tx, job.id, "away", NOW + 60_000, NOW, group_id=job.group_id)
    assert [(one.id, one.attempts) for one in take(ledger)] == [(job_id, 1)]
    with ledger.write() as tx:
        jobs.retry_later(tx, job.id, "away", NOW + 60_000, NOW, group_id=asked_by)
    assert take(ledger) == [], "nobody asked during this one"


def test_a_request_that_was_called_off_meanwhile_hurries_nothing(ledger: Database) -> None:
    with ledger.write() as tx:
        group = groups.begin(tx, "backup", "off", NOW)
    add(ledger, key="upload", group_id=group)
    (job,) = take(ledger)
    with ledger.write() as tx:
        groups.close_all(tx, NOW)
        jobs.retry_later(tx, job.id, "away", NOW + 60_000, NOW, group_id=job.group_id)
    assert take(ledger) == []


def test_what_failed_for_good_while_a_person_asked_for_it_is_tried_again_and_counted_at_its_end(
    ledger: Database,
) -> None:
    with ledger.write() as tx:
        group = groups.begin(tx, "backup", "off", NOW)
    job_id = add(ledger, key="upload", unique_key="u", weight_bytes=5, max_attempts=1)
    (job,) = take(ledger)
    wish = NewJob("upload", {}, unique_key="u", run_after=NOW, group_id=group, weight_bytes=5)
    with ledger.write() as tx:
        jobs.enqueue_all(tx, [wish], NOW, again=False)
        groups.scanned(tx, group)
        assert not jobs.fail(tx, job_id, "too large", NOW, group_id=job.group_id)
        groups.progress(tx, job_id, completed=0, failed=1, bytes_done=5)
    row = groups.show(ledger.read(), group, {})
    assert row is not None
    assert (row.total, row.failed, row.outstanding, row.finished) == (1, 0, 1, False)
    (again,) = take(ledger)
    assert (again.id, again.attempts, again.group_id) == (job_id, 0, group)
    with ledger.write() as tx:
        assert jobs.fail(tx, job_id, "too large", NOW, group_id=again.group_id)
        groups.progress(tx, job_id, completed=0, failed=1, bytes_done=5)
    row = groups.show(ledger.read(), group, {})
    assert row is not None
    assert (row.total, row.failed, row.bytes_done, row.finished) == (1, 1, 5, True)


def test_only_changes_under_our_hands_count_as_such(ledger: Database) -> None:
    job_id = add(ledger)
    for changed in (False, False, True, False):
        take(ledger)
        with ledger.write() as tx:
            jobs.give_back(tx, [job_id], NOW, changed=changed)
    assert [job.changes for job in take(ledger)] == [1]
