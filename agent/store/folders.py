"""Watched roots, their directories, and which folder goes to which destination.

Functions over one transaction. The settings say what is wanted; `attach` brings these tables into line with them.
"""

from collections.abc import Iterable, Mapping

from agent.record import Record
from agent.store import files
from agent.store.db import Tx
from agent.store.files import Member


class FolderRow(Record, frozen=True):
    """A root as the ledger knows it."""

    id: int
    path: bytes
    identity: str | None
    rules: str | None
    checked_at: int | None


def attach(tx: Tx, wanted: Mapping[bytes, Iterable[str]], destinations: Mapping[str, str]) -> dict[bytes, int]:
    """Bring the tables into line with the settings: folder path -> its destination ids, destination id -> kind.

    Returns path -> folder id of all that is watched. Removing a destination forgets its copies; removing a folder keeps
    its files.
    """
    for gone in destination_ids(tx) - set(destinations):
        tx.execute("DELETE FROM destinations WHERE id = ?", (gone,))
    tx.executemany(
        "INSERT INTO destinations (id, kind) VALUES (?, ?) ON CONFLICT DO NOTHING", list(destinations.items())
    )
    tx.execute("UPDATE folders SET watched = 0")
    tx.executemany(
        "INSERT INTO folders (path) VALUES (?) ON CONFLICT DO UPDATE SET watched = 1", [(path,) for path in wanted]
    )
    ids = {row[1]: row[0] for row in tx.execute("SELECT id, path FROM folders WHERE watched")}
    tx.execute("DELETE FROM folder_destinations")
    tx.executemany(
        "INSERT INTO folder_destinations (folder_id, destination_id) VALUES (?, ?)",
        [(ids[path], destination) for path, some in wanted.items() for destination in sorted(set(some))],
    )
    return ids


def destination_ids(tx: Tx) -> set[str]:
    """All destinations that the ledger knows."""
    return {row[0] for row in tx.execute("SELECT id FROM destinations")}


def links(tx: Tx) -> set[tuple[int, str]]:
    """All (folder id, destination id) pairs."""
    return {(row[0], row[1]) for row in tx.execute("SELECT folder_id, destination_id FROM folder_destinations")}


def watched(tx: Tx) -> list[FolderRow]:
    """All watched roots."""
    return [
        FolderRow(row["id"], row["path"], row["identity"], row["rules"], row["checked_at"])
        for row in tx.execute("SELECT * FROM folders WHERE watched ORDER BY id")
    ]


def mark_checked(tx: Tx, folder_id: int, identity: str, rules: str, now_at: int) -> None:
    """The whole folder has been compared with the ledger, by these rules."""
    tx.execute(
        "UPDATE folders SET identity = ?, rules = ?, checked_at = ? WHERE id = ?", (identity, rules, now_at, folder_id)
    )


def directory(tx: Tx, folder_id: int, relative: bytes) -> int:
    """The id of a directory, made when it is new."""
    row = tx.execute("SELECT id FROM directories WHERE folder_id = ? AND path = ?", (folder_id, relative)).fetchone()
    if row is not None:
        return int(row[0])
    cursor = tx.execute("INSERT INTO directories (folder_id, path) VALUES (?, ?)", (folder_id, relative))
    return int(cursor.lastrowid or 0)


def directories(tx: Tx, folder_id: int) -> dict[bytes, tuple[int, int | None]]:
    """All directories of a folder: relative path -> (id, mtime when last read)."""
    rows = tx.execute("SELECT path, id, mtime_ns FROM directories WHERE folder_id = ?", (folder_id,))
    return {row[0]: (row[1], row[2]) for row in rows}


def directory_read(tx: Tx, directory_id: int, mtime_ns: int) -> None:
    """The directory has been compared with the ledger as of this mtime."""
    tx.execute("UPDATE directories SET mtime_ns = ? WHERE id = ?", (mtime_ns, directory_id))


def is_destination(tx: Tx, destination_id: str) -> bool:
    """Whether copies may still be written down for it."""
    return tx.execute("SELECT 1 FROM destinations WHERE id = ?", (destination_id,)).fetchone() is not None


def is_inventoried(tx: Tx, destination_id: str) -> bool:
    """Whether all that the destination held before us is in the ledger."""
    row = tx.execute("SELECT inventoried_at FROM destinations WHERE id = ?", (destination_id,)).fetchone()
    return row is not None and row[0] is not None


def mark_inventoried(tx: Tx, destination_id: str, now_at: int) -> None:
    """All that the destination held before us is in the ledger."""
    tx.execute("UPDATE destinations SET inventoried_at = ? WHERE id = ?", (now_at, destination_id))


def vanished(tx: Tx, member: Member, now_at: int) -> None:
    """Nothing was at the path of this file a moment ago: it is gone, unless it was moved or written anew meanwhile.

    Its directory is read at the next look, however quick: a drive that is pulled takes its files away, and when it is
    back, nothing else tells that they are there again.
    """
    row = tx.execute(
        "SELECT directory_id, size, mtime_ns FROM files WHERE id = ? AND state <> 'gone'", (member.id,)
    ).fetchone()
    if row is None or files.path_of(tx, member.id) != member.path:
        return
    tx.execute("UPDATE directories SET mtime_ns = -1 WHERE id = ?", (row[0],))
    if (row[1], row[2]) == (member.size_bytes, member.mtime_ns):
        files.mark_gone(tx, [member.id], now_at)
