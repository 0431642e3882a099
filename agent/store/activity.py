"""What happened: the history of a file, and stretches of work. Pruned; nothing is decided by it.

Functions over one transaction.
"""

from agent.protocol.types import Args, Event
from agent.protocol.wire import as_json, from_json
from agent.store.db import Tx


def note(tx: Tx, what: str, file_id: int | None, destination_id: str | None, args: Args, now_at: int) -> None:
    """Write down that something happened."""
    tx.execute(
        "INSERT INTO activity (at, what, file_id, destination_id, args) VALUES (?, ?, ?, ?, ?)",
        (now_at, what, file_id, destination_id, as_json(args).decode()),
    )


def of_file(tx: Tx, file_id: int) -> list[Event]:
    """A file's history, oldest first."""
    rows = tx.execute("SELECT at, what, args FROM activity WHERE file_id = ? ORDER BY id", (file_id,))
    return [Event(row[0], row[1], from_json(row[2])) for row in rows]


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


def begin_run(tx: Tx, now_at: int) -> int:
    """A stretch of work begins."""
    return int(tx.execute("INSERT INTO runs (started_at) VALUES (?)", (now_at,)).lastrowid or 0)


def end_run(tx: Tx, run_id: int, *, completed: int, failed: int, size_bytes: int, now_at: int) -> None:
    """It is over."""
    tx.execute(
        "UPDATE runs SET ended_at = ?, completed = ?, failed = ?, bytes = ? WHERE id = ?",
        (now_at, completed, failed, size_bytes, run_id),
    )


def last_run_at(tx: Tx) -> int | None:
    """When the last stretch that put anything ended."""
    row = tx.execute("SELECT max(ended_at) FROM runs WHERE completed > 0").fetchone()
    return None if row[0] is None else int(row[0])
