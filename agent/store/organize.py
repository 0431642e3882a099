"""What is still to be arranged at a server: the table `organize_queue`, the albums known by name, the keys of stacks.

Functions over one transaction. Rows are written together with the copies that they follow, and go when the server has
confirmed them.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from agent.record import Record
from agent.store.db import Tx, placeholders
from agent.store.jobs import NewJob

Kind = Literal["album", "tag", "stack", "live", "show", "restore"]

#: Comes between fresh uploads and the backlog, and only after some have gathered.
PRIORITY = 5
GATHER_MS = 3_000
#: A row that the server refused this often is given up.
TRIES = 5


class Wish(Record, frozen=True):
    """One thing to arrange, see the table."""

    kind: Kind
    name: str
    remote_id: str
    rank: int = 0


def want(tx: Tx, destination_id: str, wishes: Iterable[Wish]) -> int:
    """Write down what is to be arranged; what is written down already stays once. Returns how many there were.

    Wishes for a stack name all that belongs to it now, and take the place of those for what it was before.
    """
    rows = [(destination_id, wish.kind, wish.name, wish.remote_id, wish.rank) for wish in wishes]
    tx.executemany(
        "DELETE FROM organize_queue WHERE destination_id = ? AND kind = ? AND name = ?",
        sorted({row[:3] for row in rows if row[1] == "stack"}),
    )
    tx.executemany(
        "INSERT INTO organize_queue (destination_id, kind, name, remote_id, rank) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET rank = excluded.rank, tries = 0",
        rows,
    )
    return len(rows)


def job(destination_id: str, folder_id: int | None, now_at: int, group_id: int | None = None) -> NewJob:
    """The job that works off the queue of a destination; its folder and request decide when it may run."""
    return NewJob(
        "organize",
        {"destination": destination_id},
        lane=destination_id,
        folder_id=folder_id,
        group_id=group_id,
        priority=PRIORITY,
        run_after=now_at + GATHER_MS,
        unique_key=f"organize:{destination_id}:{folder_id or ''}",
        max_attempts=8,
    )


def waiting(tx: Tx, destination_id: str, kind: Kind, limit: int) -> list[tuple[int, Wish]]:
    """The next rows of a kind with their ids, those of one name together."""
    rows = tx.execute(
        "SELECT id, name, remote_id, rank FROM organize_queue WHERE destination_id = ? AND kind = ?"
        " ORDER BY name, rank, id LIMIT ?",
        (destination_id, kind, limit),
    )
    return [(row[0], Wish(kind, row[1], row[2], row[3])) for row in rows]


def done(tx: Tx, ids: Iterable[int]) -> None:
    """These were arranged, or cannot be."""
    tx.executemany("DELETE FROM organize_queue WHERE id = ?", [(one,) for one in ids])


def refused(tx: Tx, ids: Sequence[int]) -> None:
    """The server did not take these; given up after some times."""
    tx.executemany("UPDATE organize_queue SET tries = tries + 1 WHERE id = ?", [(one,) for one in ids])
    tx.execute("DELETE FROM organize_queue WHERE tries >= ?", (TRIES,))


def album(tx: Tx, destination_id: str, name: str) -> str | None:
    """The album that goes by a name at a destination."""
    row = tx.execute(
        "SELECT remote_id FROM album_links WHERE destination_id = ? AND name = ?", (destination_id, name)
    ).fetchone()
    return None if row is None else str(row[0])


def link_album(tx: Tx, destination_id: str, name: str, remote_id: str | None) -> None:
    """Remember which album goes by a name, or with None that the one we knew is gone."""
    if remote_id is None:
        tx.execute("DELETE FROM album_links WHERE destination_id = ? AND name = ?", (destination_id, name))
    else:
        tx.execute(
            "INSERT INTO album_links (destination_id, name, remote_id) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET remote_id = excluded.remote_id",
            (destination_id, name, remote_id),
        )


class Placed(Record, frozen=True):
    """A still or video that is safe at a server, and where it lies here. `below` is relative to its folder's root.

    What the mirror knows as hidden, the moving half of a live photo, is none: nobody sees it there.
    """

    file_id: int
    below: bytes
    name: bytes
    directory_id: int
    role: str
    remote_id: str


#: By the files' ids: from the copies on, every stretch of a folder would go through all that there are.
_PLACED = (
    "SELECT f.id, d.path, f.name, f.directory_id, f.role, c.remote_id FROM files f"
    " CROSS JOIN directories d ON d.id = f.directory_id"
    " CROSS JOIN copies c ON c.content_id = f.content_id AND c.destination_id = ?"
    " WHERE f.content_is_current AND c.state = 'safe' AND c.remote_id IS NOT NULL"
    " AND f.state NOT IN ('gone', 'excluded') AND f.role IN ('still', 'video')"
    " AND NOT EXISTS (SELECT 1 FROM remote_assets r WHERE r.destination_id = c.destination_id"
    " AND r.remote_id = c.remote_id AND r.visibility = 'hidden')"
)


#: Arguments: a destination, a folder, the file's id before the first, how many.
SAFE_OF_FOLDER = f"{_PLACED} AND f.folder_id = ? AND f.id > ? ORDER BY f.id LIMIT ?"


def safe_of_folder(tx: Tx, folder_id: int, destination_id: str, after: int, limit: int) -> list[Placed]:
    """The next stills and videos of a folder, by their ids, that are safe at a destination."""
    rows = tx.execute(SAFE_OF_FOLDER, (destination_id, folder_id, after, limit))
    return [Placed(*row) for row in rows]


def safe_of(tx: Tx, file_ids: Sequence[int], destination_id: str) -> list[Placed]:
    """Those of these files that are stills and videos and safe at a destination."""
    found: list[Placed] = []
    for start in range(0, len(file_ids), 500):
        some = file_ids[start : start + 500]
        rows = tx.execute(f"{_PLACED} AND f.id IN ({placeholders(len(some))}) ORDER BY f.id", (destination_id, *some))
        found += [Placed(*row) for row in rows]
    return found


def servers_of(tx: Tx, folder_id: int) -> list[str]:
    """The destinations of a folder where something can be arranged."""
    rows = tx.execute(
        "SELECT d.id FROM folder_destinations fd JOIN destinations d ON d.id = fd.destination_id"
        " WHERE fd.folder_id = ? AND d.kind = 'immich' ORDER BY d.id",
        (folder_id,),
    )
    return [row[0] for row in rows]


def keep_stack_key(tx: Tx, file_id: int, directory_id: int, key: bytes) -> None:
    """A still's key, see the table."""
    tx.execute(
        "INSERT INTO stack_keys (file_id, directory_id, key) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
        " SET directory_id = excluded.directory_id, key = excluded.key"
        " WHERE (directory_id, key) <> (excluded.directory_id, excluded.key)",
        (file_id, directory_id, key),
    )


#: Arguments: a destination, a directory, a key.
STILLS_WITH_KEY = (
    "SELECT f.name, c.remote_id FROM stack_keys s CROSS JOIN files f ON f.id = s.file_id"
    " CROSS JOIN copies c ON c.content_id = f.content_id AND c.destination_id = ?"
    " WHERE s.directory_id = ? AND s.key = ? AND f.directory_id = s.directory_id AND f.content_is_current"
    " AND c.state = 'safe' AND c.remote_id IS NOT NULL AND f.state NOT IN ('gone', 'excluded') AND f.role = 'still'"
)


def stills_with_key(tx: Tx, destination_id: str, directory_id: int, key: bytes) -> dict[bytes, str]:
    """Names of a directory's stills that have a key and are safe at a destination -> their ids there."""
    return {row[0]: row[1] for row in tx.execute(STILLS_WITH_KEY, (destination_id, directory_id, key))}
