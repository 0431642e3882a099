"""The queue: the table `background_service_jobs`.

Functions over one transaction. A claim takes the rows that the gate lets through; an end writes what became of them.
A hold, a stop or a crash gives a row back untouched but for `interruptions`; `attempts` counts only tries that had
their chance.
"""

import functools
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from itertools import chain, islice
from typing import NamedTuple

from agent.protocol.wire import as_json, from_json
from agent.record import Record, replace
from agent.store.db import Row, Tx, placeholders

LOCAL_LANE = "local"
#: Pictures for the library; apart from the local lane, so that no scan waits for them.
CACHE_LANE = "cache"
#: Lanes that are no destination's.
OWN_LANES = frozenset({LOCAL_LANE, CACHE_LANE})
#: A row that died with the agent this often is set aside: it may be what kills it.
DEATHS_LIMIT = 10
#: From so many deaths on it is claimed alone.
SUSPECT_DEATHS = 3


class NewJob(NamedTuple):
    """Work to be written down."""

    key: str
    payload: dict[str, object]
    lane: str = LOCAL_LANE
    folder_id: int | None = None
    group_id: int | None = None
    priority: int = 0
    run_after: int = 0
    unique_key: str | None = None
    weight_bytes: int = 0
    max_attempts: int = 3


class Claimed(Record, frozen=True):
    """A job in a handler's hands."""

    id: int
    key: str
    payload: dict[str, object]
    folder_id: int | None
    group_id: int | None
    attempts: int
    max_attempts: int
    weight_bytes: int
    changes: int = 0


class Open(Record, frozen=True):
    """What the gate lets through in a lane.

    `everyone`: all jobs. Else those of `folders`; those of `asked_groups` in `asked_folders` (a person asked, power and
    network permit); those of `passing_groups` (a person asked for it whatever holds). Never those of
    `silent_folders`, whose disks do not answer.
    """

    everyone: bool = False
    folders: frozenset[int] = frozenset()
    asked_groups: frozenset[int] = frozenset()
    asked_folders: frozenset[int] = frozenset()
    passing_groups: frozenset[int] = frozenset()
    silent_folders: frozenset[int] = frozenset()

    def allows(self, folder_id: int | None, group_id: int | None) -> bool:
        """Whether one job may run."""
        return folder_id not in self.silent_folders and (
            self.everyone
            or folder_id in self.folders
            or group_id in self.passing_groups
            or (group_id in self.asked_groups and folder_id in self.asked_folders)
        )


@functools.lru_cache(maxsize=8)  # what belongs together is written at one moment
def iso(at: int) -> str:
    """Epoch milliseconds as the published columns write time."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ROW = "(?, ?, 'PENDING', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#: Rows in one statement, which the index and the totals are then opened for once.
_ROWS = 50


@functools.cache
def _enqueue(rows: int) -> str:
    """The statement for so many jobs; its last value says whether one that runs is to run again."""
    return f"""
INSERT INTO background_service_jobs
    (job_key, payload, status, max_attempts, priority, created_at, updated_at,
     lane, folder_id, group_id, run_after, unique_key, weight)
VALUES {", ".join([_ROW] * rows)}
ON CONFLICT (unique_key) WHERE status IN ('PENDING', 'RUNNING') DO UPDATE SET
    run_again = CASE WHEN status = 'RUNNING' AND ? THEN 1 ELSE run_again END,
    run_after = CASE WHEN status = 'RUNNING' THEN excluded.run_after ELSE min(run_after, excluded.run_after) END,
    priority = max(priority, excluded.priority),
    group_id = coalesce(excluded.group_id, group_id),
    updated_at = excluded.updated_at
"""


def enqueue(tx: Tx, job: NewJob, now_at: int, *, again: bool = True) -> int:
    """Write a job; one that waits under the same unique key is hurried instead. Returns its id.

    One that runs already runs once more afterwards, unless `again` is False: nothing is new that it does not know.
    """
    (job_id,) = tx.execute(f"{_enqueue(1)} RETURNING id", (*_values(job, iso(now_at)), again)).fetchone()
    return int(job_id)


def enqueue_all(tx: Tx, many: Iterable[NewJob], now_at: int, *, again: bool = True) -> None:
    """The same for many at once, faster, for whoever does not need their ids."""
    at = iso(now_at)
    waiting = iter(many)
    while some := [_values(job, at) for job in islice(waiting, _ROWS)]:
        tx.execute(_enqueue(len(some)), (*chain.from_iterable(some), again))


def _values(job: NewJob, at: str) -> tuple[object, ...]:
    return (
        job.key,
        as_json(job.payload).decode(),
        job.max_attempts,
        job.priority,
        at,
        at,
        job.lane,
        job.folder_id,
        job.group_id,
        job.run_after,
        job.unique_key,
        job.weight_bytes,
    )


def claim(tx: Tx, lane: str, passing: Open, boot_id: str, now_at: int, *, files: int, size_bytes: int) -> list[Claimed]:
    """Take the most urgent ready jobs of one key in a lane: at most so many, and at most so many bytes (but one).

    A row that was there at some deaths comes alone, so that what kills the agent takes no neighbours with it.
    """
    where, args = _passing(passing)
    rows = tx.execute(
        "SELECT id, job_key, payload, folder_id, group_id, attempts, max_attempts, weight, changes, deaths"
        " FROM background_service_jobs WHERE status = 'PENDING' AND lane = ? AND run_after <= ?"
        f" AND {where} ORDER BY priority DESC, run_after, id LIMIT ?",
        (lane, now_at, *args, files),
    ).fetchall()
    taken: list[Claimed] = []
    total = 0
    for row in rows:
        total += row["weight"]
        is_suspect = row["deaths"] >= SUSPECT_DEATHS
        if taken and (row["job_key"] != taken[0].key or total > size_bytes or is_suspect):
            break
        taken.append(_claimed(row))
        if is_suspect:
            break
    if taken:
        ids = [job.id for job in taken]
        tx.execute(
            "UPDATE background_service_jobs SET status = 'RUNNING', boot_id = ?, progress = 0, run_again = 0,"
            f" updated_at = ? WHERE id IN ({placeholders(len(ids))})",
            (boot_id, iso(now_at), *ids),
        )
    return taken


def _passing(passing: Open) -> tuple[str, list[int]]:
    """`Open.allows` as SQL."""
    if passing.silent_folders:
        where, args = _passing(replace(passing, silent_folders=frozenset()))
        silent = f"coalesce(folder_id, 0) NOT IN ({placeholders(len(passing.silent_folders))})"
        return f"({silent} AND {where})", [*passing.silent_folders, *args]
    if passing.everyone:
        return "1", []
    parts = [
        f"folder_id IN ({placeholders(len(passing.folders))})",
        f"group_id IN ({placeholders(len(passing.passing_groups))})",
        (
            f"group_id IN ({placeholders(len(passing.asked_groups))})"
            f" AND folder_id IN ({placeholders(len(passing.asked_folders))})"
        ),
    ]
    args = [*passing.folders, *passing.passing_groups, *passing.asked_groups, *passing.asked_folders]
    return f"({' OR '.join(parts)})", args


def _claimed(row: Row) -> Claimed:
    return Claimed(
        row["id"],
        row["job_key"],
        from_json(row["payload"]) if row["payload"] else {},
        row["folder_id"],
        row["group_id"],
        row["attempts"],
        row["max_attempts"],
        row["weight"],
        row["changes"],
    )


#: The least `run_after` of a lane, by its few distinct priorities: some steps in the index, however long the queue.
_NEXT_DUE = """
WITH RECURSIVE levels (priority) AS (
    SELECT max(priority) FROM background_service_jobs WHERE status = 'PENDING' AND lane = ?1
    UNION ALL
    SELECT (SELECT max(j.priority) FROM background_service_jobs j
            WHERE j.status = 'PENDING' AND j.lane = ?1 AND j.priority < levels.priority)
    FROM levels WHERE levels.priority IS NOT NULL
)
SELECT min((SELECT min(j.run_after) FROM background_service_jobs j
            WHERE j.status = 'PENDING' AND j.lane = ?1 AND j.priority = levels.priority AND j.run_after > ?2))
FROM levels WHERE levels.priority IS NOT NULL
"""


def next_due_at(tx: Tx, lane: str, *, after_at: int = -1) -> int | None:
    """When the lane's earliest job, of those due after a time, becomes due; None if none waits."""
    row = tx.execute(_NEXT_DUE, (lane, after_at)).fetchone()
    return None if row[0] is None else int(row[0])


def complete(tx: Tx, job_id: int, now_at: int, result: dict[str, object] | None = None) -> None:
    """The job is done; if it was asked for again while it ran, it waits once more."""
    at = iso(now_at)
    tx.execute(
        "UPDATE background_service_jobs SET"
        " status = CASE WHEN run_again THEN 'PENDING' ELSE 'COMPLETED' END,"
        " attempts = CASE WHEN run_again THEN 0 ELSE attempts + 1 END, last_error = NULL,"
        " run_again = 0, changes = 0, progress = 100, result = ?, last_attempt_at = ?, updated_at = ?, boot_id = NULL"
        " WHERE id = ? AND status = 'RUNNING'",
        (as_json(result).decode() if result else None, at, at, job_id),
    )


#: While it ran there came news of it, or a person asked for it in another request (?1: the one it was claimed for).
_ASKED_ANEW = "(run_again OR coalesce(group_id, ?1) IS NOT ?1)"


def retry_later(tx: Tx, job_id: int, error: str, run_after: int, now_at: int, *, group_id: int | None = None) -> None:
    """The attempt failed in a way that may pass. What was asked for anew meanwhile comes at the time of that."""
    tx.execute(
        "UPDATE background_service_jobs SET status = 'PENDING', attempts = attempts + 1, last_error = ?2,"
        f" run_after = CASE WHEN {_ASKED_ANEW} THEN min(run_after, ?3) ELSE ?3 END,"
        " last_attempt_at = ?4, updated_at = ?4, boot_id = NULL, run_again = 0 WHERE id = ?5 AND status = 'RUNNING'",
        (group_id, error, run_after, iso(now_at), job_id),
    )


def fail(tx: Tx, job_id: int, error: str, now_at: int, *, group_id: int | None = None) -> bool:
    """The job is over without success: True. False where it was asked for anew meanwhile, and waits from the start."""
    row = tx.execute(
        "UPDATE background_service_jobs SET"
        f" status = CASE WHEN {_ASKED_ANEW} THEN 'PENDING' ELSE 'FAILED' END,"
        f" attempts = CASE WHEN {_ASKED_ANEW} THEN 0 ELSE attempts + 1 END, run_again = 0, last_error = ?2,"
        " last_attempt_at = ?3, updated_at = ?3, boot_id = NULL WHERE id = ?4 AND status = 'RUNNING' RETURNING status",
        (group_id, error, iso(now_at), job_id),
    ).fetchone()
    return row is None or row[0] == "FAILED"


def give_back(
    tx: Tx,
    job_ids: Collection[int],
    now_at: int,
    *,
    run_after: int | None = None,
    alone: bool = False,
    changed: bool = False,
    error: str | None = None,
) -> None:
    """Return claimed jobs untouched, no attempt is counted: a hold, a stop or a problem came between.

    Or their files `changed` under our hands; or they wait for what `error` says.
    """
    tx.execute(
        "UPDATE background_service_jobs SET status = 'PENDING', interruptions = interruptions + 1, boot_id = NULL,"
        " run_after = max(run_after, coalesce(?, run_after)), deaths = max(deaths, ?), changes = changes + ?,"
        " last_error = coalesce(?, last_error), updated_at = ?"
        f" WHERE status = 'RUNNING' AND id IN ({placeholders(len(job_ids))})",
        (run_after, SUSPECT_DEATHS if alone else 0, changed, error, iso(now_at), *job_ids),
    )


def recover(tx: Tx, boot_id: str, now_at: int) -> int:
    """Return what a dead agent had claimed; a row that was there at every one of many deaths is set aside."""
    deadly = "j.status = 'RUNNING' AND j.job_key = 'upload' AND j.boot_id IS NOT ? AND j.deaths >= ?"
    tx.execute(
        "INSERT INTO failures (file_id, destination_id, code, failed_at) SELECT f.id, d.id, 'set_aside', ?"
        " FROM background_service_jobs j JOIN destinations d ON d.id = j.lane"
        " JOIN files f ON f.asset_id = json_extract(j.payload, '$.asset_id') AND f.state NOT IN ('gone', 'excluded')"
        f" WHERE {deadly} ON CONFLICT DO UPDATE SET code = excluded.code, failed_at = excluded.failed_at",
        (now_at, boot_id, DEATHS_LIMIT - 1),
    )
    tx.execute(
        "UPDATE files SET state = 'failed' WHERE state NOT IN ('gone', 'excluded') AND asset_id IN"
        f" (SELECT json_extract(j.payload, '$.asset_id') FROM background_service_jobs j WHERE {deadly})",
        (boot_id, DEATHS_LIMIT - 1),
    )
    tx.execute(
        "UPDATE background_service_jobs SET status = 'FAILED', last_error = 'set_aside', updated_at = ?,"
        " boot_id = NULL WHERE status = 'RUNNING' AND boot_id IS NOT ? AND deaths >= ?",
        (iso(now_at), boot_id, DEATHS_LIMIT - 1),
    )
    return tx.execute(
        "UPDATE background_service_jobs SET status = 'PENDING', interruptions = interruptions + 1, deaths = deaths + 1,"
        " boot_id = NULL, updated_at = ? WHERE status = 'RUNNING' AND boot_id IS NOT ?",
        (iso(now_at), boot_id),
    ).rowcount


def retry(tx: Tx, job_id: int, now_at: int) -> bool:
    """Put an ended job back with its attempts at zero. False if there is none that has ended."""
    return (
        tx.execute(
            "UPDATE OR IGNORE background_service_jobs SET status = 'PENDING', attempts = 0, interruptions = 0,"
            " deaths = 0, changes = 0, last_error = NULL, run_after = 0, updated_at = ?"
            " WHERE id = ? AND status IN ('FAILED', 'CANCELLED')",
            (iso(now_at), job_id),
        ).rowcount
        == 1
    )


def cancel(tx: Tx, job_id: int, now_at: int) -> bool:
    """End a job that has not ended. False if there is none."""
    return (
        tx.execute(
            "UPDATE background_service_jobs SET status = 'CANCELLED', boot_id = NULL, updated_at = ?"
            " WHERE id = ? AND status IN ('PENDING', 'RUNNING')",
            (iso(now_at), job_id),
        ).rowcount
        == 1
    )


def set_progress(tx: Tx, job_id: int, progress: int) -> None:
    """How far a running job is, 0 to 100."""
    tx.execute("UPDATE background_service_jobs SET progress = ? WHERE id = ?", (progress, job_id))
