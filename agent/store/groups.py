"""Requests by a person, such as 'back up now': durable groups of jobs that say what does not hold them.

Functions over one transaction.
"""

from agent.protocol.types import GroupRow
from agent.store.db import Tx
from agent.store.jobs import Open


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


def progress(tx: Tx, group_id: int, *, completed: int, failed: int, bytes_done: int) -> None:
    """Count what of a group has ended."""
    tx.execute(
        "UPDATE job_groups SET completed = completed + ?, failed = failed + ?, bytes_done = bytes_done + ?"
        " WHERE id = ?",
        (completed, failed, bytes_done, group_id),
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


def show(tx: Tx, group_id: int, passing: dict[str, Open]) -> GroupRow | None:
    """How far a request is. `passing` is what the gate lets through in each lane now; the rest is held."""
    row = tx.execute("SELECT * FROM job_groups WHERE id = ?", (group_id,)).fetchone()
    if row is None:
        return None
    outstanding = held = 0
    for lane, folder_id, jobs in tx.execute(
        "SELECT lane, folder_id, count(*) FROM background_service_jobs"
        " WHERE group_id = ? AND status IN ('PENDING', 'RUNNING') GROUP BY lane, folder_id",
        (group_id,),
    ):
        outstanding += jobs
        way = passing.get(lane)
        if way is not None and not way.allows(folder_id, group_id):
            held += jobs
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
    )
