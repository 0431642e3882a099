"""The mirror of an account at a server: its assets, albums and people as the last sync saw them, and how far it got.

Functions over one transaction. Nothing here touches a local file; `work.server.sync` decides what it means for copies.
"""

from collections.abc import Iterable, Mapping, Sequence

from agent.record import Record
from agent.store.copies import NO_SIDECAR
from agent.store.db import Row, Tx, placeholders

#: A row of `remote_assets` without destination and reading, in the order of its columns.
AssetRow = tuple[str, str, bytes | None, str, str, int | None, int | None, bool, str, str | None, str | None]


class Progress(Record, frozen=True):
    """How far the sync of a destination got, see the table."""

    way: str
    reading: int
    is_whole: bool
    began_at: int | None
    synced_at: int | None
    session: str | None
    cursor_at: int | None
    checked_at: int | None
    etag: str | None


def progress(tx: Tx, destination_id: str) -> Progress | None:
    """How far it got, None before the first sync."""
    row: Row | None = tx.execute("SELECT * FROM remote_syncs WHERE destination_id = ?", (destination_id,)).fetchone()
    if row is None:
        return None
    return Progress(
        row["way"],
        row["reading"],
        bool(row["whole"]),
        row["began_at"],
        row["synced_at"],
        row["session"],
        row["cursor_at"],
        row["checked_at"],
        row["etag"],
    )


def begin_whole(tx: Tx, destination_id: str, way: str, session: str | None, now_at: int) -> None:
    """From now on everything is read anew; the marks of before are void, the mirror stays until it is through."""
    tx.execute(
        "INSERT INTO remote_syncs (destination_id, way, session, began_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET way = excluded.way, session = excluded.session,"
        " began_at = excluded.began_at, reading = reading + 1,"
        " whole = 1, cursor_at = NULL, checked_at = NULL, etag = NULL",
        (destination_id, way, session, now_at),
    )
    tx.execute("DELETE FROM remote_checkpoints WHERE destination_id = ?", (destination_id,))


def end(tx: Tx, destination_id: str, now_at: int) -> None:
    """The sync is through."""
    tx.execute("UPDATE remote_syncs SET whole = 0, synced_at = ? WHERE destination_id = ?", (now_at, destination_id))


def note_search(
    tx: Tx, destination_id: str, *, cursor_at: int | None = None, checked_at: int | None = None, etag: str | None = None
) -> None:
    """How far a search got; None leaves as it is."""
    tx.execute(
        "UPDATE remote_syncs SET cursor_at = coalesce(?, cursor_at), checked_at = coalesce(?, checked_at),"
        " etag = coalesce(?, etag) WHERE destination_id = ?",
        (cursor_at, checked_at, etag, destination_id),
    )


def checkpoint(tx: Tx, destination_id: str, acks: Mapping[str, str]) -> None:
    """The server's marks by kind, stored with what they mark."""
    tx.executemany(
        "INSERT INTO remote_checkpoints (destination_id, kind, ack) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET ack = excluded.ack, sent = 0",
        [(destination_id, kind, ack) for kind, ack in acks.items()],
    )


def unsent(tx: Tx, destination_id: str) -> list[str]:
    """Marks that are stored and that the server does not know of yet."""
    rows = tx.execute("SELECT ack FROM remote_checkpoints WHERE destination_id = ? AND NOT sent", (destination_id,))
    return [row[0] for row in rows]


def sent(tx: Tx, destination_id: str, acks: Iterable[str]) -> None:
    """The server was told of these."""
    tx.executemany(
        "UPDATE remote_checkpoints SET sent = 1 WHERE destination_id = ? AND ack = ?",
        [(destination_id, ack) for ack in acks],
    )


def put_assets(tx: Tx, destination_id: str, reading: int, rows: Iterable[AssetRow]) -> None:
    """These assets are there like this."""
    tx.executemany(
        "INSERT INTO remote_assets (destination_id, remote_id, owner_id, sha1, name, kind, created_at, trashed_at,"
        " is_favorite, visibility, live_video_id, stack_id, seen_in) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET owner_id = excluded.owner_id, sha1 = excluded.sha1, name = excluded.name,"
        " kind = excluded.kind, created_at = excluded.created_at, trashed_at = excluded.trashed_at,"
        " is_favorite = excluded.is_favorite, visibility = excluded.visibility, stack_id = excluded.stack_id,"
        " live_video_id = excluded.live_video_id, seen_in = excluded.seen_in",
        [(destination_id, *row, reading) for row in rows],
    )


def drop_assets(tx: Tx, destination_id: str, remote_ids: Sequence[str]) -> None:
    """These are gone there."""
    for table in ("remote_assets", "remote_album_assets"):
        tx.executemany(
            f"DELETE FROM {table} WHERE destination_id = ? AND remote_id = ?",
            [(destination_id, remote_id) for remote_id in remote_ids],
        )


def put_albums(tx: Tx, destination_id: str, reading: int, rows: Iterable[tuple[str, str]]) -> None:
    """(id, name) of albums."""
    tx.executemany(
        "INSERT INTO remote_albums (destination_id, remote_id, name, seen_in) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET name = excluded.name, seen_in = excluded.seen_in",
        [(destination_id, *row, reading) for row in rows],
    )


def albums(tx: Tx, destination_id: str) -> list[tuple[str, str]]:
    """(id, name) of all albums."""
    rows = tx.execute("SELECT remote_id, name FROM remote_albums WHERE destination_id = ?", (destination_id,))
    return [(row[0], row[1]) for row in rows]


def drop_albums(tx: Tx, destination_id: str, remote_ids: Iterable[str]) -> None:
    """These albums are gone; what was in them is not."""
    pairs = [(destination_id, remote_id) for remote_id in remote_ids]
    tx.executemany("DELETE FROM remote_albums WHERE destination_id = ? AND remote_id = ?", pairs)
    tx.executemany("DELETE FROM remote_album_assets WHERE destination_id = ? AND album_id = ?", pairs)
    tx.executemany("DELETE FROM album_links WHERE destination_id = ? AND remote_id = ?", pairs)


def put_members(tx: Tx, destination_id: str, reading: int, rows: Iterable[tuple[str, str]]) -> None:
    """(album, asset) pairs."""
    tx.executemany(
        "INSERT INTO remote_album_assets (destination_id, album_id, remote_id, seen_in) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET seen_in = excluded.seen_in",
        [(destination_id, *row, reading) for row in rows],
    )


def drop_members(tx: Tx, destination_id: str, rows: Iterable[tuple[str, str]]) -> None:
    """(album, asset) pairs that are no more."""
    tx.executemany(
        "DELETE FROM remote_album_assets WHERE destination_id = ? AND album_id = ? AND remote_id = ?",
        [(destination_id, *row) for row in rows],
    )


def put_users(tx: Tx, destination_id: str, reading: int, rows: Iterable[tuple[str, str, str]]) -> None:
    """(id, name, e-mail) of people."""
    tx.executemany(
        "INSERT INTO remote_users (destination_id, remote_id, name, email, seen_in) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET name = excluded.name, email = excluded.email, seen_in = excluded.seen_in,"
        # A whole reading tells people before partners: who is no partner any more is not told of, and is none.
        " shares = CASE WHEN seen_in < excluded.seen_in THEN 0 ELSE shares END",
        [(destination_id, *row, reading) for row in rows],
    )


def drop_users(tx: Tx, destination_id: str, remote_ids: Iterable[str]) -> None:
    """These people are gone."""
    tx.executemany(
        "DELETE FROM remote_users WHERE destination_id = ? AND remote_id = ?",
        [(destination_id, remote_id) for remote_id in remote_ids],
    )


def set_partner(tx: Tx, destination_id: str, reading: int, remote_id: str, *, shares: bool) -> None:
    """Somebody shows us their library, or no longer does."""
    tx.execute(
        "INSERT INTO remote_users (destination_id, remote_id, shares, seen_in) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET shares = excluded.shares, seen_in = excluded.seen_in",
        (destination_id, remote_id, shares, reading),
    )


def partners(tx: Tx, destination_id: str) -> list[tuple[str, str]]:
    """(id, name) of those who show us their library."""
    rows = tx.execute(
        "SELECT remote_id, name FROM remote_users WHERE destination_id = ? AND shares ORDER BY remote_id",
        (destination_id,),
    )
    return [(row[0], row[1]) for row in rows]


def sweep(tx: Tx, destination_id: str, reading: int) -> None:
    """Forget what a whole reading did not see."""
    for table in ("remote_assets", "remote_albums", "remote_album_assets", "remote_users"):
        tx.execute(f"DELETE FROM {table} WHERE destination_id = ? AND seen_in < ?", (destination_id, reading))


def unseen_copies(tx: Tx, destination_id: str, before_at: int) -> list[tuple[int, bytes, int, str]]:
    """Copies proven before a time that the mirror does not hold: (content id, sha1, size, state)."""
    rows = tx.execute(
        "SELECT c.content_id, k.sha1, k.size, c.state FROM copies c JOIN contents k ON k.id = c.content_id"
        " WHERE c.destination_id = ?1 AND c.state IN ('safe', 'in_trash') AND coalesce(c.verified_at, 0) < ?2"
        " AND NOT EXISTS (SELECT 1 FROM remote_assets r WHERE r.destination_id = ?1 AND r.remote_id = c.remote_id)"
        f" AND {NO_SIDECAR}",
        (destination_id, before_at),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def contents_of(tx: Tx, digests: Sequence[bytes]) -> dict[bytes, list[int]]:
    """Digest -> the contents that have it, of those that this computer ever held."""
    found: dict[bytes, list[int]] = {}
    for start in range(0, len(digests), 500):
        some = digests[start : start + 500]
        for row in tx.execute(f"SELECT sha1, id FROM contents WHERE sha1 IN ({placeholders(len(some))})", tuple(some)):
            found.setdefault(row[0], []).append(row[1])
    return found


def counts(tx: Tx, destination_id: str) -> dict[str, int]:
    """How many assets, albums and people the mirror holds; counts, so for a person who asks alone."""
    tables = {"assets": "remote_assets", "albums": "remote_albums", "users": "remote_users"}
    return {
        name: int(tx.execute(f"SELECT count(*) FROM {table} WHERE destination_id = ?", (destination_id,)).fetchone()[0])
        for name, table in tables.items()
    }
