"""The queue as it is shown: pages of jobs, one job, running totals; and how much of the past is kept.

Functions over one transaction.
"""

from agent.protocol.types import JobRow
from agent.protocol.wire import from_json
from agent.store.db import Row, Tx


def page(tx: Tx, *, status: str | None, before: int | None, limit: int) -> list[JobRow]:
    """Jobs, newest first."""
    parts, args = ["1"], []
    if status is not None:
        parts.append("status = ?")
        args.append(status)
    if before is not None:
        parts.append("id < ?")
        args.append(str(before))
    rows = tx.execute(
        f"SELECT * FROM background_service_jobs WHERE {' AND '.join(parts)} ORDER BY id DESC LIMIT ?", (*args, limit)
    )
    return [_row(row) for row in rows]


def show(tx: Tx, job_id: int) -> JobRow | None:
    """One job."""
    row = tx.execute("SELECT * FROM background_service_jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _row(row)


def _row(row: Row) -> JobRow:
    return JobRow(
        id=row["id"],
        job_key=row["job_key"],
        payload=from_json(row["payload"]) if row["payload"] else None,
        status=row["status"],
        attempts=row["attempts"],
        max_attempts=row["max_attempts"],
        last_attempt_at=row["last_attempt_at"],
        last_error=row["last_error"],
        priority=row["priority"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lane=row["lane"],
        run_after=row["run_after"],
        interruptions=row["interruptions"],
        unique_key=row["unique_key"],
        group_id=row["group_id"],
        progress=row["progress"],
        result=from_json(row["result"]) if row["result"] else None,
    )


def counts(tx: Tx) -> dict[tuple[str, str], tuple[int, int]]:
    """(lane, status) -> (jobs, bytes), from the running totals."""
    return {
        (row[0], row[1]): (row[2], row[3]) for row in tx.execute("SELECT lane, status, jobs, bytes FROM job_counts")
    }


def prune(tx: Tx, *, keep: int) -> int:
    """Delete all but the newest ended jobs; the failed ones stay until they are retried."""
    return tx.execute(
        "DELETE FROM background_service_jobs WHERE status IN ('COMPLETED', 'CANCELLED') AND id <="
        " (SELECT id FROM background_service_jobs ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (keep,),
    ).rowcount
