"""What is kept of the past of the queue, and how far ahead work may lie."""

import pytest

from agent.domain.errors import Transient
from agent.store import job_history, jobs
from agent.store.db import Database
from agent.store.jobs import NewJob, Open

NOW = 1_795_000_000_000
DAY_MS = 86_400_000


def add(ledger: Database, *, at: int = NOW, run_after: int = 0) -> int:
    with ledger.write() as tx:
        return jobs.enqueue(tx, NewJob("scan", {}, run_after=run_after), at)


def claim(ledger: Database, at: int) -> None:
    with ledger.write() as tx:
        jobs.claim(tx, "local", Open(everyone=True), "boot", at, files=1, size_bytes=1)


def run_after(ledger: Database, job_id: int) -> int:
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    return row.run_after


PUBLISHED = (
    "id",
    "job_key",
    "payload",
    "status",
    "attempts",
    "max_attempts",
    "last_attempt_at",
    "last_error",
    "priority",
    "created_at",
    "updated_at",
)


def test_the_table_begins_with_the_published_columns(ledger: Database) -> None:
    columns = [row["name"] for row in ledger.read().execute("PRAGMA table_info(background_service_jobs)")]
    assert tuple(columns[: len(PUBLISHED)]) == PUBLISHED


def test_what_ended_long_ago_goes_and_what_failed_or_waits_stays_however_old(ledger: Database) -> None:
    long_ago, lately = NOW - job_history.KEEP_MS - 1, NOW - job_history.KEEP_MS + 1
    ids = {}
    for name, at in (("old done", long_ago), ("old cancelled", long_ago), ("old failed", long_ago), ("done", lately)):
        ids[name] = add(ledger, at=at)
        claim(ledger, at)
        with ledger.write() as tx:
            if "done" in name:
                jobs.complete(tx, ids[name], at)
            elif "failed" in name:
                jobs.fail(tx, ids[name], "no", at)
            else:
                jobs.cancel(tx, ids[name], at)
    ids["old running"] = add(ledger, at=long_ago)
    claim(ledger, long_ago)
    ids["old waiting"] = add(ledger, at=long_ago)
    with ledger.write() as tx:
        assert job_history.prune(tx, keep=100, now_at=NOW) == 2
    left = {row.id for row in job_history.page(ledger.read(), status=None, before=None, limit=100)}
    assert left == {ids[name] for name in ("old failed", "done", "old running", "old waiting")}


@pytest.mark.parametrize(
    ("waits_ms", "then_ms"), [(-5, -5), (0, 0), (60_000, 60_000), (DAY_MS, DAY_MS), (DAY_MS + 1, 0), (9 * DAY_MS, 0)]
)
def test_what_only_a_wrong_clock_can_have_put_off_is_due(ledger: Database, waits_ms: int, then_ms: int) -> None:
    job_id = add(ledger, run_after=NOW + waits_ms)
    with ledger.write() as tx:
        assert job_history.bring_near(tx, NOW, farthest_ms=DAY_MS) == (waits_ms > DAY_MS)
    assert run_after(ledger, job_id) == NOW + then_ms


def test_what_waits_for_one_thing_is_due_when_that_may_be_there(ledger: Database) -> None:
    waiting = {}
    for code in ("waits_for_route", "waits_for_room", "timeout"):
        waiting[code] = add(ledger)
        claim(ledger, NOW)
        with ledger.write() as tx:
            jobs.give_back(tx, [waiting[code]], NOW, run_after=NOW + 900_000, error=str(Transient(code, size=5)))
    with ledger.write() as tx:
        assert job_history.make_due(tx, NOW + 5, waits_for="waits_for_route") == 1
        assert job_history.make_due(tx, NOW + 6, waits_for="waits_for_route") == 0
    assert {code: run_after(ledger, one) - NOW for code, one in waiting.items()} == {
        "waits_for_route": 5,
        "waits_for_room": 900_000,
        "timeout": 900_000,
    }


def test_a_clock_that_is_set_back_makes_nothing_wait_longer(ledger: Database) -> None:
    due, soon, later = (add(ledger, run_after=NOW + wait_ms) for wait_ms in (-DAY_MS - 1, 30_000, 3_600_000))
    back = NOW - DAY_MS
    with ledger.write() as tx:
        assert job_history.follow_clock(tx, back, DAY_MS) == 2
    assert run_after(ledger, due) == NOW - DAY_MS - 1
    assert run_after(ledger, soon) == back + 30_000
    assert run_after(ledger, later) == back + 3_600_000
