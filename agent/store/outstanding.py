"""Which destinations of a file's folder lack it, and what its job knows of that. Reads only; over one transaction."""

from collections.abc import Iterable

from agent.protocol.types import Outstanding
from agent.protocol.wire import from_json
from agent.store.copies import upload_key
from agent.store.db import Tx
from agent.store.files import FileFacts


def of_file(tx: Tx, row: FileFacts, destination_ids: Iterable[str], names: dict[str, str]) -> list[Outstanding]:
    """One for each of these destinations that does not know the file's present content; `names` are theirs."""
    if row.state == "excluded" or row.asset_id is None:
        return []
    known: set[str] = set()
    if row.content_id is not None and row.content_is_current:
        found = tx.execute("SELECT destination_id FROM copies WHERE content_id = ?", (row.content_id,))
        known = {copy["destination_id"] for copy in found}
    return [
        _one(tx, row.id, row.asset_id, destination_id, names.get(destination_id, destination_id))
        for destination_id in destination_ids
        if destination_id not in known
    ]


def _one(tx: Tx, file_id: int, asset_id: int, destination_id: str, name: str) -> Outstanding:
    failure = tx.execute(
        "SELECT code, args, failed_at FROM failures WHERE file_id = ? AND destination_id = ?", (file_id, destination_id)
    ).fetchone()
    job = tx.execute(
        "SELECT id, status, run_after, attempts, last_error FROM background_service_jobs"
        " WHERE unique_key = ? AND status IN ('PENDING', 'RUNNING')",
        (upload_key(destination_id, asset_id),),
    ).fetchone()
    waits = job is not None and job["status"] == "PENDING"
    return Outstanding(
        destination=destination_id,
        destination_name=name,
        state="failed" if failure and not job else "uploading" if job and not waits else "queued",
        reason=failure["code"] if failure else None,
        args=from_json(failure["args"]) if failure else {},
        failed_at=failure["failed_at"] if failure else None,
        job_id=job["id"] if job else None,
        run_after=job["run_after"] if waits else None,
        attempts=job["attempts"] if job else 0,
        last_error=job["last_error"] if job else None,
    )
