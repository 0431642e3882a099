"""What a person asks of the queue: 'back up now'; to give a single job up, try it again, or do it sooner.

A request is a durable group of jobs that says what does not hold them. And what becomes of the work of folders and
destinations that were removed. Functions over one transaction.
"""

from agent.domain.errors import FALTERED
from agent.protocol.types import GroupRow
from agent.store import files, job_history, jobs
from agent.store.db import Tx
from agent.store.jobs import Open

#: Nobody stands by for longer than this until something is tried again.
LONG_MS = 120_000


def begin(tx: Tx, kind: str, passes: str, now_at: int) -> int:
    """Begin a request by a person; it counts as scanning until `scanned`."""
    cursor = tx.execute(
        "INSERT INTO job_groups (kind, passes, is_scanning, created_at) VALUES (?, ?, 1, ?)", (kind, passes, now_at)
    )
    return int(cursor.lastrowid or 0)


def scanned(tx: Tx, group_id: int) -> None:
    """All that the group is about has been found: from now on its totals are known."""
    tx.execute(
        "UPDATE job_groups SET is_scanning = 0, (total, bytes_total) = (SELECT completed + failed + count(*),"
        " bytes_done + coalesce(sum(weight), 0) FROM background_service_jobs"
        " WHERE group_id = ?1 AND job_key = 'upload' AND status IN ('PENDING', 'RUNNING')) WHERE id = ?1",
        (group_id,),
    )


def progress(tx: Tx, job_id: int, *, completed: int, failed: int, bytes_done: int) -> None:
    """Count a job that has ended for the group that it belongs to by now: it may have joined while it ran.

    One that waits once more, as it was asked for anew meanwhile, is counted at its next end.
    """
    tx.execute(
        "UPDATE job_groups SET completed = completed + ?, failed = failed + ?, bytes_done = bytes_done + ?"
        " WHERE id = (SELECT group_id FROM background_service_jobs WHERE id = ? AND status IN ('COMPLETED', 'FAILED'))",
        (completed, failed, bytes_done, job_id),
    )


def unfinished(tx: Tx) -> dict[int, str]:
    """Groups that have work left: id -> what they pass."""
    rows = tx.execute(
        "SELECT id, passes FROM job_groups g WHERE cancelled_at IS NULL AND (is_scanning OR EXISTS ("
        " SELECT 1 FROM background_service_jobs j WHERE j.group_id = g.id AND j.status IN ('PENDING', 'RUNNING')))"
        " AND id > (SELECT coalesce(max(id), 0) - 1000 FROM job_groups)"
    )
    return {row[0]: row[1] for row in rows}


def close_all(tx: Tx, now_at: int) -> None:
    """Cancel every request; its jobs stay in the queue as ordinary ones."""
    tx.execute(
        "UPDATE background_service_jobs SET group_id = NULL, priority = 0"
        " WHERE status IN ('PENDING', 'RUNNING') AND group_id IS NOT NULL AND job_key = 'upload'"
    )
    tx.execute(
        "UPDATE job_groups SET cancelled_at = ?, is_scanning = 0 WHERE cancelled_at IS NULL"
        " AND id > (SELECT coalesce(max(id), 0) - 1000 FROM job_groups)",
        (now_at,),
    )


def show(tx: Tx, group_id: int, passing: dict[str, Open], now_at: int = 0) -> GroupRow | None:
    """How far a request is.

    `passing` is what the gate lets through in each lane now; the rest is held, and so is what waits for a way or room,
    or is tried again only after minutes.
    """
    row = tx.execute("SELECT * FROM job_groups WHERE id = ?", (group_id,)).fetchone()
    if row is None:
        return None
    outstanding = held = 0
    for lane, folder_id, number, waiting in tx.execute(
        "SELECT lane, folder_id, count(*),"
        " sum(run_after > ?1 AND (run_after > ?1 + ?2 OR coalesce(last_error GLOB 'waits_for_*', 0)))"
        " FROM background_service_jobs"
        " WHERE group_id = ?3 AND status IN ('PENDING', 'RUNNING') GROUP BY lane, folder_id",
        (now_at, LONG_MS, group_id),
    ):
        outstanding += number
        way = passing.get(lane)
        if way is not None and not way.allows(folder_id, group_id):
            held += number
        else:
            held += waiting
    scanning = bool(row["is_scanning"])
    return GroupRow(
        id=group_id,
        kind=row["kind"],
        scanning=scanning,
        total=row["total"],
        completed=row["completed"],
        failed=row["failed"],
        outstanding=outstanding,
        held=held,
        bytes_total=row["bytes_total"],
        bytes_done=row["bytes_done"],
        finished=not scanning and outstanding == 0,
        cancelled=row["cancelled_at"] is not None,
        reason=_why_called_off(tx, group_id) if row["cancelled_at"] is not None else None,
    )


#: The files of an upload's asset that are to be backed up, with the destination that the job is about.
_ABOUT = (
    " FROM background_service_jobs j JOIN destinations d ON d.id = j.lane"
    " JOIN files f ON f.asset_id = json_extract(j.payload, '$.asset_id') AND f.state NOT IN ('gone', 'excluded')"
    " WHERE j.id = ?1 AND j.job_key = 'upload'"
)


#: ... that have no copy there yet.
_WITHOUT_COPY = (
    f"{_ABOUT} AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.content_id = f.content_id AND f.content_is_current"
    " AND c.destination_id = d.id)"
)


def _call_off(tx: Tx, job_id: int, now_at: int) -> None:
    """The look for what a request is about ended without success: nobody waits for the rest of it for ever."""
    tx.execute(
        "UPDATE job_groups SET cancelled_at = ?, is_scanning = 0 WHERE is_scanning AND id = (SELECT group_id FROM"
        " background_service_jobs WHERE id = ? AND job_key = 'scan' AND status IN ('FAILED', 'CANCELLED'))",
        (now_at, job_id),
    )


def _why_called_off(tx: Tx, group_id: int) -> str | None:
    """What the look for what a request is about ended with, where it failed."""
    row = tx.execute(
        "SELECT last_error FROM background_service_jobs"
        " WHERE group_id = ? AND job_key = 'scan' AND status = 'FAILED' ORDER BY id DESC LIMIT 1",
        (group_id,),
    ).fetchone()
    return row[0] if row else None


def fail_files(tx: Tx, job_id: int, code: str, now_at: int) -> None:
    """The upload failed as a whole: the files that it was to bring say so, lest they seem to wait for ever.

    Nor does a request wait whose look failed.
    """
    _call_off(tx, job_id, now_at)
    if tx.execute("SELECT 1 FROM background_service_jobs WHERE id = ? AND status = 'FAILED'", (job_id,)).fetchone():
        tx.execute(
            f"INSERT INTO failures (file_id, destination_id, code, failed_at) SELECT f.id, d.id, ?2, ?3 {_WITHOUT_COPY}"
            " ON CONFLICT DO UPDATE SET code = excluded.code, args = '{}', failed_at = excluded.failed_at",
            (job_id, code, now_at),
        )
        files.derive(tx, _files_of(tx, job_id))


def give_up(tx: Tx, job_id: int, now_at: int) -> bool:
    """End a job that has not ended. False if there is none.

    Files that an upload was to bring say so, and are not taken up again by themselves.
    """
    if not jobs.cancel(tx, job_id, now_at):
        return False
    _call_off(tx, job_id, now_at)
    tx.execute(
        f"INSERT INTO failures (file_id, destination_id, code, failed_at) SELECT f.id, d.id, 'cancelled', ?2"
        f" {_WITHOUT_COPY}"
        " ON CONFLICT DO UPDATE SET code = excluded.code, args = '{}', failed_at = excluded.failed_at",
        (job_id, now_at),
    )
    files.derive(tx, _files_of(tx, job_id))
    return True


def try_again(tx: Tx, job_id: int, now_at: int) -> bool:
    """Put an ended job back with its attempts at zero. False if there is none that has ended."""
    if not jobs.retry(tx, job_id, now_at):
        return False
    tx.execute(f"DELETE FROM failures WHERE (file_id, destination_id) IN (SELECT f.id, d.id {_ABOUT})", (job_id,))
    files.derive(tx, _files_of(tx, job_id))
    return True


def try_faltered_again(tx: Tx, now_at: int) -> None:
    """What failed because a disk or a share faltered: it may be sound by now. Nothing is sent before it can be read."""
    for job_id in job_history.failed_by(tx, FALTERED):
        try_again(tx, job_id, now_at)


def prioritise(tx: Tx, job_id: int, priority: int, now_at: int) -> bool:
    """Change how urgent a job is. False if it has ended."""
    return (
        tx.execute(
            "UPDATE background_service_jobs SET priority = ?, updated_at = ?"
            " WHERE id = ? AND status IN ('PENDING', 'RUNNING')",
            (priority, jobs.iso(now_at), job_id),
        ).rowcount
        == 1
    )


def cancel_lane(tx: Tx, lane: str) -> None:
    """Forget all work of a lane whose destination is gone."""
    tx.execute("DELETE FROM background_service_jobs WHERE lane = ?", (lane,))


def cancel_folder(tx: Tx, folder_id: int) -> list[int]:
    """Forget the work of a folder that is no longer watched; what of it runs, by id, is to be stopped."""
    return _forgotten(tx, "folder_id = ?", folder_id)


def cancel_unlinked(tx: Tx) -> list[int]:
    """The same of uploads of folders to destinations that they no longer go to."""
    links = "SELECT 1 FROM folder_destinations fd WHERE fd.folder_id = j.folder_id AND destination_id = lane"
    return _forgotten(tx, f"job_key = 'upload' AND folder_id IS NOT NULL AND NOT EXISTS ({links})")


def _forgotten(tx: Tx, which: str, *args: object) -> list[int]:
    deleted = f"DELETE FROM background_service_jobs AS j WHERE status IN ('PENDING', 'RUNNING') AND {which}"
    return [row[0] for row in tx.execute(f"{deleted} RETURNING id, status", args).fetchall() if row[1] == "RUNNING"]


def _files_of(tx: Tx, job_id: int) -> list[int]:
    return [row[0] for row in tx.execute(f"SELECT f.id {_ABOUT}", (job_id,))]
