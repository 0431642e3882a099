"""What is still to be arranged at a server: the table `organize_queue`, and the albums known by name.

Functions over one transaction. Rows are written together with the copies that they follow, and go when the server has
confirmed them.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from agent.record import Record
from agent.store.db import Tx
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
    """Write down what is to be arranged; what is written down already stays once. Returns how many there were."""
    rows = [(destination_id, wish.kind, wish.name, wish.remote_id, wish.rank) for wish in wishes]
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


def safe_stills_and_videos(
    tx: Tx, folder_id: int, destination_id: str, after: int, limit: int
) -> list[tuple[int, bytes, bytes, int, str, str]]:
    """What of a folder is safe at a destination: file id, path below the root, name, directory id, role, remote id."""
    rows = tx.execute(
        "SELECT f.id, d.path, f.name, f.directory_id, f.role, c.remote_id FROM files f"
        " JOIN directories d ON d.id = f.directory_id"
        " JOIN copies c ON c.content_id = f.content_id AND c.destination_id = ?"
        " WHERE f.folder_id = ? AND f.id > ? AND f.content_is_current AND c.state = 'safe' AND c.remote_id IS NOT NULL"
        " AND f.state NOT IN ('gone', 'excluded') AND f.role IN ('still', 'video') ORDER BY f.id LIMIT ?",
        (destination_id, folder_id, after, limit),
    )
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def remote_ids_of(tx: Tx, destination_id: str, directory_id: int, low: bytes, high: bytes) -> dict[bytes, str]:
    """Names of a directory in a range that are safe at a destination -> their ids there."""
    rows = tx.execute(
        "SELECT f.name, c.remote_id FROM files f JOIN copies c ON c.content_id = f.content_id AND c.destination_id = ?"
        " WHERE f.directory_id = ? AND f.name >= ? AND f.name < ? AND f.content_is_current AND c.state = 'safe'"
        " AND c.remote_id IS NOT NULL AND f.state NOT IN ('gone', 'excluded') AND f.role = 'still'",
        (destination_id, directory_id, low, high),
    )
    return {row[0]: row[1] for row in rows}
