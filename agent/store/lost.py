"""Files with the copies of their present content, below a path: for putting back and for the proof of backup.

Functions over one transaction, for a person's request: they look at all that lies there.
"""

from collections.abc import Sequence

from agent.protocol.wire import as_json
from agent.record import Record
from agent.store.db import Tx, placeholders
from agent.store.files import join
from agent.store.jobs import iso


class Row(Record, frozen=True):
    """A file and one of its copies."""

    file_id: int
    asset_id: int | None
    content_id: int
    sha1: bytes
    size_bytes: int
    destination_id: str
    state: str
    remote_id: str | None


class Known(Record, frozen=True):
    """A file whose content is known, to be read again."""

    file_id: int
    folder_id: int
    path: bytes
    size_bytes: int
    mtime_ns: int
    content_id: int
    sha1: bytes


#: Files at or below a path relative to a folder's root: the file itself, a directory, all directories in it.
_BELOW = (
    "f.folder_id = :folder AND (:below = x'' OR d.path = :below OR (d.path >= :low AND d.path < :high)"
    " OR (d.path = :parent AND f.name = :name))"
)


def _arguments(folder_id: int, below: bytes) -> dict[str, object]:
    parent, _, name = below.rpartition(b"/")
    return {
        "folder": folder_id,
        "below": below,
        "low": below + b"/",
        "high": below + b"0",
        "parent": parent,
        "name": name,
    }


_COPIES = (
    "SELECT f.id, f.asset_id, f.content_id, k.sha1, k.size, c.destination_id, c.state, c.remote_id"
    " FROM files f JOIN directories d ON d.id = f.directory_id JOIN contents k ON k.id = f.content_id"
    " JOIN folder_destinations fd ON fd.folder_id = f.folder_id"
    " JOIN copies c ON c.content_id = f.content_id AND c.destination_id = fd.destination_id"
    " WHERE f.content_is_current AND f.state NOT IN ('gone', 'excluded')"
)


def below(tx: Tx, folder_id: int, path: bytes) -> list[Row]:
    """The copies, at the folder's destinations, of all files at or below a path ('' for all of the folder)."""
    return [Row(*row) for row in tx.execute(f"{_COPIES} AND {_BELOW}", _arguments(folder_id, path))]


def of_assets(tx: Tx, asset_ids: Sequence[int]) -> list[Row]:
    """The same of all files of these assets."""
    found: list[Row] = []
    for start in range(0, len(asset_ids), 500):
        some = asset_ids[start : start + 500]
        found += [Row(*row) for row in tx.execute(f"{_COPIES} AND f.asset_id IN ({placeholders(len(some))})", some)]
    return found


def assets_with(tx: Tx, content_ids: Sequence[int]) -> list[tuple[int, int]]:
    """The assets with a file on the disk that holds one of these contents, as (asset id, folder id)."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(content_ids), 500):
        some = content_ids[start : start + 500]
        found += tx.execute(
            "SELECT DISTINCT asset_id, folder_id FROM files WHERE asset_id IS NOT NULL AND content_is_current"
            f" AND state NOT IN ('gone', 'excluded') AND content_id IN ({placeholders(len(some))})",
            some,
        ).fetchall()
    return [(row[0], row[1]) for row in found]


_KNOWN = (
    "SELECT f.id, f.folder_id, r.path, d.path, f.name, f.size, f.mtime_ns, f.content_id, k.sha1 FROM files f"
    " JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id AND r.watched"
    " JOIN contents k ON k.id = f.content_id LEFT JOIN proofs p ON p.file_id = f.id"
    " WHERE f.content_is_current AND f.state NOT IN ('gone', 'excluded') AND f.role IN ('still', 'video')"
)


def known_below(tx: Tx, folder_id: int, path: bytes, after: int, limit: int) -> list[Known]:
    """The files at or below a path whose content is known, by id."""
    rows = tx.execute(
        f"{_KNOWN} AND {_BELOW} AND f.id > :after ORDER BY f.id LIMIT :limit",
        {**_arguments(folder_id, path), "after": after, "limit": limit},
    )
    return [_known(row) for row in rows]


def least_proven(tx: Tx, before_at: int, limit: int) -> list[Known]:
    """The files whose proof is the oldest, older than a time."""
    rows = tx.execute(
        f"{_KNOWN} AND coalesce(p.checked_at, 0) < ? ORDER BY coalesce(p.checked_at, 0), f.id LIMIT ?",
        (before_at, limit),
    )
    return [_known(row) for row in rows]


def _known(row: tuple[object, ...]) -> Known:
    file_id, folder_id, root, directory, name, size, mtime_ns, content_id, sha1 = row
    return Known(file_id, folder_id, join(root, directory, name), size, mtime_ns, content_id, sha1)  # type: ignore[arg-type]


def prove(tx: Tx, file_id: int, verdict: str, found_sha1: bytes | None, now_at: int) -> None:
    """What came of reading a file again."""
    tx.execute(
        "INSERT INTO proofs (file_id, checked_at, verdict, found_sha1) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " checked_at = excluded.checked_at, verdict = excluded.verdict, found_sha1 = excluded.found_sha1",
        (file_id, now_at, verdict, found_sha1),
    )


def rotten(tx: Tx) -> tuple[int, bytes | None]:
    """How many files hold other bytes than were copied although nothing touched them, and the path of one."""
    rows = tx.execute(
        "SELECT r.path, d.path, f.name FROM proofs p JOIN files f ON f.id = p.file_id AND f.state NOT IN ('gone')"
        " JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id AND r.watched"
        " WHERE p.verdict = 'rotten' ORDER BY p.file_id LIMIT 1000"
    ).fetchall()
    return len(rows), join(rows[0][0], rows[0][1], rows[0][2]) if rows else None


def go_on(tx: Tx, job_id: int, payload: dict[str, object], now_at: int) -> None:
    """The job has done a part and goes on with this payload when it is its turn again; no attempt is counted."""
    tx.execute(
        "UPDATE background_service_jobs SET status = 'PENDING', payload = ?, boot_id = NULL, run_after = ?,"
        " updated_at = ? WHERE id = ? AND status = 'RUNNING'",
        (as_json(payload).decode(), now_at, iso(now_at), job_id),
    )
