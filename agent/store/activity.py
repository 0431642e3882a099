"""What happened: the history of a file, and stretches of work. Pruned; nothing is decided by it.

Functions over one transaction.
"""

from collections.abc import Iterable, Mapping

from agent.protocol.history import RunRow
from agent.protocol.types import Args, Event
from agent.protocol.wire import as_json, from_json
from agent.store.db import Tx


def note(tx: Tx, what: str, file_id: int | None, destination_id: str | None, args: Args, now_at: int) -> None:
    """Write down that something happened."""
    tx.execute(
        "INSERT INTO activity (at, what, file_id, destination_id, args) VALUES (?, ?, ?, ?, ?)",
        (now_at, what, file_id, destination_id, as_json(args).decode()),
    )


def note_once(tx: Tx, what: str, file_ids: Iterable[int], destination_id: str, args: Args, now_at: int) -> None:
    """The same for several files, where it is not in a file's history already."""
    said = as_json(args).decode()
    tx.executemany(
        "INSERT INTO activity (at, what, file_id, destination_id, args) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS"
        " (SELECT 1 FROM activity WHERE file_id = ?3 AND what = ?2 AND destination_id = ?4 AND args = ?5)",
        [(now_at, what, file_id, destination_id, said) for file_id in file_ids],
    )


#: What was noted, and before it what the ledger knows anyway: a content may be older than a file that came to hold it.
_OF_FILE = """
SELECT seen_at AS at, 'seen', '{}', NULL, 0 AS rank FROM files WHERE id = ?1
UNION ALL
SELECT k.hashed_at, 'hashed', '{}', NULL, 1 FROM files f JOIN contents k ON k.id = f.content_id
  WHERE f.id = ?1 AND f.content_is_current AND k.hashed_at >= f.seen_at
UNION ALL
SELECT at, what, args, destination_id, id + 1 FROM activity WHERE file_id = ?1
ORDER BY at, rank
"""


def of_file(tx: Tx, file_id: int, names: Mapping[str, str]) -> list[Event]:
    """A file's history, oldest first; `names` are the destinations' names."""
    rows = tx.execute(_OF_FILE, (file_id,))
    return [
        Event(row[0], row[1], from_json(row[2]) | ({"destination": names.get(row[3], row[3])} if row[3] else {}))
        for row in rows
    ]


#: Events that are looked through for the files that were copied last.
_RECENT_EVENTS = 2_000


def recent(tx: Tx, limit: int) -> list[int]:
    """The files that were copied last, by id, newest first: those that are still there, sidecars left out."""
    rows = tx.execute(
        "SELECT a.file_id, max(a.id) AS newest FROM (SELECT id, what, file_id FROM activity ORDER BY id DESC LIMIT ?) a"
        " JOIN files f ON f.id = a.file_id AND f.state NOT IN ('gone', 'excluded') AND f.role IN ('still', 'video')"
        " JOIN folders r ON r.id = f.folder_id AND r.watched"
        " WHERE a.what = 'uploaded' GROUP BY a.file_id ORDER BY newest DESC LIMIT ?",
        (_RECENT_EVENTS, limit),
    )
    return [row[0] for row in rows]


def happened(tx: Tx, what: str, file_id: int, destination_id: str) -> bool:
    """Whether this is in a file's history; of what is long ago it may be forgotten."""
    found = tx.execute(
        "SELECT 1 FROM activity WHERE file_id = ? AND destination_id = ? AND what = ? LIMIT 1",
        (file_id, destination_id, what),
    )
    return found.fetchone() is not None


def prune(tx: Tx, *, keep: int) -> None:
    """Delete all but the newest."""
    tx.execute("DELETE FROM activity WHERE id <= (SELECT max(id) FROM activity) - ?", (keep,))


def mark(tx: Tx, name: str, now_at: int | None) -> None:
    """Remember a moment; None forgets it."""
    if now_at is None:
        tx.execute("DELETE FROM marks WHERE name = ?", (name,))
    else:
        tx.execute(
            "INSERT INTO marks (name, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at", (name, now_at)
        )


def marked_at(tx: Tx, name: str) -> int | None:
    """When that moment was, None if it never was."""
    row = tx.execute("SELECT at FROM marks WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def next_run_id(tx: Tx) -> int:
    """The number of the stretch of work that begins now."""
    return int(tx.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0])


def add_run(tx: Tx, run_id: int, started_at: int, *, completed: int, failed: int, size_bytes: int, now_at: int) -> None:
    """A stretch of work is over."""
    tx.execute(
        "INSERT INTO runs (id, started_at, ended_at, completed, failed, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        (run_id, started_at, now_at, completed, failed, size_bytes),
    )


def runs(tx: Tx, *, before: int | None, limit: int) -> list[RunRow]:
    """The stretches of work that are over, newest first, by id before `before`."""
    rows = tx.execute(
        "SELECT id, started_at, ended_at, completed, failed, bytes FROM runs"
        " WHERE ended_at IS NOT NULL AND id < coalesce(?, id + 1) ORDER BY id DESC LIMIT ?",
        (before, limit),
    )
    return [RunRow(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]


def last_run_at(tx: Tx) -> int | None:
    """When the last stretch that put anything ended."""
    row = tx.execute("SELECT max(ended_at) FROM runs WHERE completed > 0").fetchone()
    return None if row[0] is None else int(row[0])
