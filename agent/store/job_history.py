"""The queue as it is shown: pages of jobs, one job, running totals.

And its bounds in time: how much of the past is kept, how far ahead work may lie. Functions over one transaction.
"""

from collections.abc import Iterable

from agent.protocol.paths import to_wire
from agent.protocol.types import JobRow
from agent.protocol.wire import from_json
from agent.store.db import Row, Tx, placeholders
from agent.store.files import join
from agent.store.jobs import iso

#: What ended longer ago than this is of no use to anybody.
KEEP_MS = 90 * 86_400_000


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
    return _jobs(tx, list(rows))


def show(tx: Tx, job_id: int) -> JobRow | None:
    """One job."""
    row = tx.execute("SELECT * FROM background_service_jobs WHERE id = ?", (job_id,)).fetchone()
    return None if row is None else _jobs(tx, [row])[0]


#: A cancelled upload whose photo stands as failed for that reason.
_GIVEN_UP = (
    "j.status = 'CANCELLED' AND j.job_key = 'upload' AND EXISTS (SELECT 1 FROM files f JOIN failures x"
    " ON x.file_id = f.id WHERE f.asset_id = json_extract(j.payload, '$.asset_id')"
    " AND f.state NOT IN ('gone', 'excluded') AND x.destination_id = j.lane AND x.code = 'cancelled')"
)


def failed(tx: Tx) -> list[tuple[int, str]]:
    """(id, lane) of every job that failed, oldest first.

    Also of the uploads that a person cancelled, as long as their photos are shown as failed.
    """
    rows = tx.execute(
        "SELECT id, lane FROM background_service_jobs WHERE status = 'FAILED'"
        f" UNION SELECT j.id, j.lane FROM background_service_jobs j WHERE {_GIVEN_UP} ORDER BY 1"
    )
    return [(row[0], row[1]) for row in rows]


def failed_by(tx: Tx, codes: Iterable[str]) -> list[int]:
    """The uploads whose last error was one of these, oldest first."""
    wanted = list(codes)
    rows = tx.execute(
        "SELECT id FROM background_service_jobs WHERE status = 'FAILED' AND job_key = 'upload'"
        f" AND substr(last_error, 1, instr(last_error, '(') - 1) IN ({placeholders(len(wanted))}) ORDER BY id",
        wanted,
    )
    return [row[0] for row in rows]


def _jobs(tx: Tx, rows: list[Row]) -> list[JobRow]:
    """These rows for display, each with the path of the still or the video that its asset is about."""
    payloads = [from_json(row["payload"]) if row["payload"] else None for row in rows]
    assets = [payload.get("asset_id") if isinstance(payload, dict) else None for payload in payloads]
    paths = _paths(tx, sorted({asset for asset in assets if isinstance(asset, int) and asset.bit_length() < 64}))
    return [
        _job(row, payload, paths.get(asset) if isinstance(asset, int) else None)
        for row, payload, asset in zip(rows, payloads, assets, strict=True)
    ]


def _paths(tx: Tx, assets: list[int]) -> dict[int, str]:
    """Asset -> path of its still, else of its video, as wire text."""
    rows = tx.execute(
        "SELECT f.asset_id, r.path, d.path, f.name, min(f.role) FROM files f"
        " JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id"
        f" WHERE f.asset_id IN ({','.join('?' * len(assets))}) AND f.role IN ('still', 'video') GROUP BY f.asset_id",
        tuple(assets),
    )
    return {asset: to_wire(join(root, below, name)) for asset, root, below, name, _role in rows}


def _job(row: Row, payload: dict[str, object] | None, path: str | None) -> JobRow:
    return JobRow(
        id=row["id"],
        job_key=row["job_key"],
        payload=payload,
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
        path=path,
    )


def counts(tx: Tx, *, key: str | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    """(lane, status) -> (jobs, bytes), from the running totals: of all jobs, or of those of one key."""
    rows = tx.execute(
        "SELECT lane, status, sum(jobs), sum(bytes) FROM job_counts WHERE ?1 IS NULL OR job_key = ?1"
        " GROUP BY lane, status",
        (key,),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def prune(tx: Tx, *, keep: int, now_at: int) -> int:
    """Delete ended jobs: all but the newest, and those of long ago; what can be retried stays until it is."""
    return tx.execute(
        "DELETE FROM background_service_jobs AS j WHERE status IN ('COMPLETED', 'CANCELLED')"
        " AND (updated_at < ? OR id <= (SELECT id FROM background_service_jobs ORDER BY id DESC LIMIT 1 OFFSET ?))"
        f" AND NOT ({_GIVEN_UP})",
        (iso(now_at - KEEP_MS), keep),
    ).rowcount


def bring_near(tx: Tx, now_at: int, *, farthest_ms: int) -> int:
    """Make due what waits for a time that only a wrong clock can have written. Returns how many jobs that were."""
    return tx.execute(
        "UPDATE background_service_jobs SET run_after = ? WHERE status = 'PENDING' AND run_after > ?",
        (now_at, now_at + farthest_ms),
    ).rowcount


def make_due(tx: Tx, now_at: int, *, waits_for: str) -> int:
    """What waits for a thing, by the code of that fate, is tried at once. Returns how many jobs that were."""
    return tx.execute(
        "UPDATE background_service_jobs SET run_after = ?1"
        " WHERE status = 'PENDING' AND run_after > ?1 AND last_error GLOB ?2 || '(*'",
        (now_at, waits_for),
    ).rowcount


def follow_clock(tx: Tx, now_at: int, back_ms: int) -> int:
    """The clock was set back by so much while the agent ran: what waits goes on waiting as long as it would have."""
    return tx.execute(
        "UPDATE background_service_jobs SET run_after = max(run_after - ?1, 0)"
        " WHERE status = 'PENDING' AND run_after > ?2",
        (back_ms, now_at),
    ).rowcount
