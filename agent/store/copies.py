"""Copies: which content is at which destination, how sure that is, and why a file is not there.

Functions over one transaction. Also plans work: which assets still lack a copy somewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from agent.protocol.types import Args, CopyRow
from agent.protocol.wire import as_json
from agent.record import Record
from agent.store.db import Tx, placeholders
from agent.store.folders import destination_ids
from agent.store.jobs import NewJob


class Copy(Record, frozen=True):
    """A content at a destination."""

    content_id: int
    state: str
    remote_id: str | None


def at(tx: Tx, destination_id: str, content_ids: Sequence[int]) -> dict[int, Copy]:
    """What the ledger knows of these contents at a destination."""
    found: dict[int, Copy] = {}
    for start in range(0, len(content_ids), 500):
        some = content_ids[start : start + 500]
        rows = tx.execute(
            "SELECT content_id, state, remote_id FROM copies"
            f" WHERE destination_id = ? AND content_id IN ({placeholders(len(some))})",
            (destination_id, *some),
        )
        found |= {row[0]: Copy(row[0], row[1], row[2]) for row in rows}
    return found


def put(tx: Tx, content_id: int, destination_id: str, state: str, remote_id: str | None, now_at: int) -> None:
    """A content was found or proven at a destination, or was not taken there."""
    tx.execute(
        "INSERT INTO copies (content_id, destination_id, state, remote_id, placed_at, verified_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state,"
        " remote_id = excluded.remote_id, verified_at = excluded.verified_at, superseded_at = NULL",
        (content_id, destination_id, state, remote_id, now_at, now_at),
    )


def add_inventory(tx: Tx, destination_id: str, found: Iterable[tuple[bytes, int, str]], now_at: int) -> None:
    """Write down what a destination held before us, as (sha1, size, remote id)."""
    for sha1, size, remote_id in found:
        tx.execute(
            "INSERT INTO contents (sha1, size, hashed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (sha1, size, now_at)
        )
        tx.execute(
            "INSERT INTO copies (content_id, destination_id, state, remote_id, placed_at)"
            " SELECT id, ?, 'safe', ?, ? FROM contents WHERE sha1 = ? AND size = ? ON CONFLICT DO NOTHING",
            (destination_id, remote_id, now_at, sha1, size),
        )


def fail(tx: Tx, file_id: int, destination_id: str, code: str, args: Args, now_at: int) -> None:
    """A file will not go to a destination, and why."""
    tx.execute(
        "INSERT INTO failures (file_id, destination_id, code, args, failed_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET code = excluded.code, args = excluded.args, failed_at = excluded.failed_at",
        (file_id, destination_id, code, as_json(args).decode(), now_at),
    )


def failing_since(tx: Tx) -> int | None:
    """When the oldest failure that still stands happened."""
    row = tx.execute("SELECT min(failed_at) FROM failures WHERE code <> 'waits_for_room'").fetchone()
    return None if row[0] is None else int(row[0])


def waiting_for_room(tx: Tx) -> list[tuple[str, int, int]]:
    """(destination, files, since when) of what a destination has too little room for; it has not failed, and waits."""
    rows = tx.execute(
        "SELECT x.destination_id, count(*), min(x.failed_at) FROM failures x JOIN files f ON f.id = x.file_id"
        " JOIN folder_destinations fd ON fd.folder_id = f.folder_id AND fd.destination_id = x.destination_id"
        " WHERE x.code = 'waits_for_room' AND f.state NOT IN ('gone', 'excluded') GROUP BY x.destination_id"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def forgive(tx: Tx, file_ids: Sequence[int], destination_id: str) -> None:
    """These files are about to be tried again, or have succeeded."""
    for start in range(0, len(file_ids), 500):
        some = file_ids[start : start + 500]
        tx.execute(
            f"DELETE FROM failures WHERE destination_id = ? AND file_id IN ({placeholders(len(some))})",
            (destination_id, *some),
        )


def forgive_folder(tx: Tx, folder_id: int, destination_id: str) -> bool:
    """All failures of a folder at a destination are about to be tried again. Whether there were any."""
    done = tx.execute(
        "DELETE FROM failures WHERE destination_id = ? AND file_id IN (SELECT id FROM files WHERE folder_id = ?)",
        (destination_id, folder_id),
    )
    return done.rowcount > 0


def of_content(tx: Tx, content_id: int, names: dict[str, str]) -> list[CopyRow]:
    """All copies of a content; `names` are the destinations' names."""
    rows = tx.execute(
        "SELECT destination_id, state, remote_id, verified_at FROM copies WHERE content_id = ?", (content_id,)
    )
    return [CopyRow(row[0], names.get(row[0], row[0]), row[1], row[2], row[3]) for row in rows]


#: What went along with its picture has the picture's id and is no asset of its own: no server knows its digest.
NO_SIDECAR: Final = "NOT EXISTS (SELECT 1 FROM files s WHERE s.content_id = c.content_id AND s.role = 'sidecar')"


def with_remote_ids(tx: Tx, destination_id: str, remote_ids: Sequence[str]) -> list[tuple[int, bytes, int]]:
    """The assets that go by these ids at a destination, as (content id, sha1, size)."""
    found: list[tuple[int, bytes, int]] = []
    for start in range(0, len(remote_ids), 500):
        some = remote_ids[start : start + 500]
        rows = tx.execute(
            "SELECT c.content_id, k.sha1, k.size FROM copies c JOIN contents k ON k.id = c.content_id"
            f" WHERE c.destination_id = ? AND c.remote_id IN ({placeholders(len(some))})"
            f" AND {NO_SIDECAR}",
            (destination_id, *some),
        )
        found += [(row[0], row[1], row[2]) for row in rows]
    return found


def contents(tx: Tx, content_ids: Sequence[int]) -> list[tuple[int, bytes, int]]:
    """(id, sha1, size) of contents."""
    found: list[tuple[int, bytes, int]] = []
    for start in range(0, len(content_ids), 500):
        some = content_ids[start : start + 500]
        rows = tx.execute(f"SELECT id, sha1, size FROM contents WHERE id IN ({placeholders(len(some))})", tuple(some))
        found += [(row[0], row[1], row[2]) for row in rows]
    return found


def known_there(tx: Tx, destination_id: str) -> int:
    """How many assets are, as far as we know, at a destination. Counts: for removals, never on the way of a photo."""
    (number,) = tx.execute(
        "SELECT count(*) FROM copies c WHERE c.destination_id = ? AND c.state IN ('safe', 'in_trash')"
        f" AND {NO_SIDECAR}",
        (destination_id,),
    ).fetchone()
    return int(number)


def set_state(tx: Tx, destination_id: str, content_ids: Sequence[int], state: str) -> None:
    """What became of copies at their destination; they keep their ids there."""
    tx.executemany(
        "UPDATE copies SET state = ? WHERE content_id = ? AND destination_id = ?",
        [(state, content_id, destination_id) for content_id in content_ids],
    )


def verified(tx: Tx, destination_id: str, content_ids: Sequence[int], now_at: int) -> None:
    """The destination has just shown that it has these bytes."""
    tx.executemany(
        "UPDATE copies SET verified_at = ? WHERE content_id = ? AND destination_id = ?",
        [(now_at, content_id, destination_id) for content_id in content_ids],
    )


def forget(tx: Tx, destination_id: str, content_ids: Sequence[int]) -> None:
    """These are to be copied there again as if they had never been."""
    tx.executemany(
        "DELETE FROM copies WHERE content_id = ? AND destination_id = ?",
        [(content_id, destination_id) for content_id in content_ids],
    )


def bury(tx: Tx, tombstones: Mapping[tuple[str, bytes], int], now_at: int) -> list[int]:
    """Write down what is remembered as deleted at a destination, (destination, sha1) -> size. Contents that it changes.

    A ledger that thinks such a copy safe is an older copy of itself: what was deleted since is not there.
    """
    known = destination_ids(tx)
    changed: list[int] = []
    for (destination_id, sha1), size in tombstones.items():
        if destination_id in known:
            tx.execute(
                "INSERT INTO contents (sha1, size, hashed_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (sha1, size, now_at),
            )
            rows = tx.execute(
                "INSERT INTO copies (content_id, destination_id, state, placed_at)"
                " SELECT id, ?, 'deleted_at_destination', ? FROM contents WHERE sha1 = ? AND size = ?"
                " ON CONFLICT DO UPDATE SET state = excluded.state WHERE copies.state IN ('safe', 'in_trash')"
                " RETURNING content_id",
                (destination_id, now_at, sha1, size),
            )
            changed += [row[0] for row in rows.fetchall()]
    return changed


def stretch(tx: Tx, destination_id: str, after: int, limit: int) -> list[tuple[int, bytes, int, str]]:
    """Assets by content id, those that are or were at a destination: (content id, sha1, size, state)."""
    rows = tx.execute(
        "SELECT c.content_id, k.sha1, k.size, c.state FROM copies c JOIN contents k ON k.id = c.content_id"
        f" WHERE c.destination_id = ? AND c.content_id > ? AND c.state <> 'not_taken' AND {NO_SIDECAR}"
        " ORDER BY c.content_id LIMIT ?",
        (destination_id, after, limit),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def safe_files(tx: Tx, destination_id: str) -> int:
    """How many copies are safe at a destination. Counts: for lists, never on the way of a photo."""
    (number,) = tx.execute(
        "SELECT count(*) FROM copies WHERE destination_id = ? AND state = 'safe'", (destination_id,)
    ).fetchone()
    return int(number)


def upload_job(
    asset_id: int,
    destination_id: str,
    folder_id: int,
    *,
    weight_bytes: int,
    run_after: int,
    priority: int = 0,
    group_id: int | None = None,
) -> NewJob:
    """The job that makes an asset be at a destination; there is one at most of it."""
    return NewJob(
        key="upload",
        payload={"asset_id": asset_id, "destination": destination_id},
        lane=destination_id,
        folder_id=folder_id,
        group_id=group_id,
        priority=priority,
        run_after=run_after,
        unique_key=upload_key(destination_id, asset_id),
        weight_bytes=weight_bytes,
    )


def upload_key(destination_id: str, asset_id: int) -> str:
    """By which the job that takes an asset to a destination is told from others."""
    # Of one width, so that neighbours in the queue are neighbours in the index: a batch touches few of its pages.
    return f"upload:{destination_id}:{asset_id:010}"


def call_off(tx: Tx, asset_ids: Sequence[int], destination_ids: Sequence[str], at: str) -> list[int]:
    """Cancel the uploads of these assets that have not succeeded; their jobs, by id. `at` is ISO 8601."""
    keys = [upload_key(destination_id, asset_id) for asset_id in asset_ids for destination_id in destination_ids]
    found: list[int] = []
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        rows = tx.execute(
            "UPDATE background_service_jobs SET status = 'CANCELLED', boot_id = NULL, updated_at = ?"
            f" WHERE status IN ('PENDING', 'RUNNING', 'FAILED') AND unique_key IN ({placeholders(len(some))})"
            " RETURNING id",
            (at, *some),
        )
        found += [row[0] for row in rows]
    return found


_LACKING = (
    "SELECT f.asset_id, sum(f.size) FROM files f LEFT JOIN copies c"
    " ON c.content_id = f.content_id AND c.destination_id = ?1 AND f.content_is_current"
    " WHERE f.state NOT IN ('gone', 'excluded') AND c.content_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM failures x WHERE x.file_id = f.id AND x.destination_id = ?1"
    " AND x.code <> 'waits_for_room')"
)


def without_job(tx: Tx, asset_ids: Sequence[int], destination_id: str) -> list[int]:
    """Those of these assets whose upload to the destination neither waits nor runs."""
    assets = {upload_key(destination_id, asset_id): asset_id for asset_id in asset_ids}
    keys = list(assets)
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        for row in tx.execute(
            "SELECT unique_key FROM background_service_jobs"
            f" WHERE status IN ('PENDING', 'RUNNING') AND unique_key IN ({placeholders(len(some))})",
            tuple(some),
        ):
            del assets[row[0]]
    return list(assets.values())


def lacking_of(tx: Tx, asset_ids: Sequence[int], destination_id: str) -> list[tuple[int, int]]:
    """Which of these assets have a file without a copy at the destination, as (asset id, bytes).

    Tombstones count as copies: what was deleted there is not put back by itself. Neither are files that failed.
    """
    found: list[tuple[int, int]] = []
    for start in range(0, len(asset_ids), 500):
        some = asset_ids[start : start + 500]
        rows = tx.execute(
            f"{_LACKING} AND f.asset_id IN ({placeholders(len(some))}) GROUP BY f.asset_id", (destination_id, *some)
        )
        found += [(row[0], row[1]) for row in rows]
    return found


def lacking(
    tx: Tx, folder_id: int, destination_id: str, after: int, limit: int
) -> tuple[list[tuple[int, int]], int | None]:
    """The same for a stretch of a folder's assets by id; also where the next stretch begins (None at the end)."""
    bound = tx.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM assets WHERE folder_id = ? AND id > ? ORDER BY id LIMIT ?)",
        (folder_id, after, limit),
    ).fetchone()
    if not bound[1]:
        return [], None
    rows = tx.execute(
        f"{_LACKING} AND f.asset_id > ?2 AND f.asset_id <= ?3 AND f.folder_id = ?4 GROUP BY f.asset_id",
        (destination_id, after, bound[0], folder_id),
    )
    return [(row[0], row[1]) for row in rows], int(bound[0])
