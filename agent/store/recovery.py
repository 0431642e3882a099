"""Opens the ledger whatever state it is in: a broken one is set aside for its latest sound copy or an empty one.

Nothing is lost by an empty one: the disk and the destinations tell again what is where, and `intent.jsonl` the rest.
Also makes the daily copy. Runs before anything else does; the copy on the routine's thread.
"""

import logging
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from agent.domain.errors import Blocked
from agent.store.db import Database

log = logging.getLogger(__name__)

#: Beside the ledger: written when SQLite found it broken while running, so that the next start does not trust it.
SUSPECT = ".suspect"
COPIES = (".copy-1", ".copy-2")


def open_ledger(path: Path, now_at: int) -> Database:
    """The ledger, opened. Raises Blocked only for what setting it aside does not mend."""
    suspect = _beside(path, SUSPECT)
    if suspect.exists():
        _set_aside(path, now_at)
        suspect.unlink()
    try:
        return Database(path)
    except Blocked as problem:
        if problem.code != "database_corrupt":
            raise
    _set_aside(path, now_at)
    return Database(path)


def suspect(path: Path) -> None:
    """SQLite found the ledger broken: do not trust it at the next start."""
    _beside(path, SUSPECT).touch()


def copy_ledger(database: Database, path: Path) -> None:
    """Make today's copy; the one before stays."""
    newest, older = (_beside(path, name) for name in COPIES)
    fresh = _beside(path, ".copy-new")
    database.copy_to(fresh)
    if newest.exists():
        newest.replace(older)
    fresh.replace(newest)


def _set_aside(path: Path, now_at: int) -> None:
    """Move the broken ledger away and put the newest sound copy in its place, if there is one."""
    for tail in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{tail}", f"{path}.broken-{now_at}{tail}")
    log.error("the ledger was broken and is kept as %s.broken-%d", path.name, now_at)
    for name in COPIES:
        copy = _beside(path, name)
        if copy.exists() and _is_sound(copy):
            path.write_bytes(copy.read_bytes())
            log.warning("the ledger goes on from its copy %s; what came since is found again", copy.name)
            return


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _beside(path: Path, tail: str) -> Path:
    return path.with_name(path.name + tail)
