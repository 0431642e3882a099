"""Opens the ledger: one writer, many readers, short transactions.

Every write goes through `Database.write`, which gives the one writer connection to one thread at a time. Readers have a
connection per thread and see the last commit. SQLite's own errors become fates here and nowhere else.
"""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from agent.domain.errors import Blocked
from agent.store.migrations import migrate

#: A connection inside a transaction, handed to the functions of the table modules.
Tx: TypeAlias = sqlite3.Connection
Row: TypeAlias = sqlite3.Row

#: SQLite's primary result codes that are the world's fault, and the problem each one is.
_PROBLEMS = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "database_unreadable",
    sqlite3.SQLITE_CORRUPT: "database_corrupt",
    sqlite3.SQLITE_NOTADB: "database_corrupt",
    sqlite3.SQLITE_READONLY: "database_read_only",
    sqlite3.SQLITE_CANTOPEN: "database_unreadable",
}


class Database:
    """The ledger, open. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Called, on the thread that met it, when SQLite finds the file broken.
        self.on_broken: Callable[[], None] | None = None
        self._turn = threading.RLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        with _translated():
            self._writer = self._connect(writable=True)
            migrate(self._writer)

    def _connect(self, *, writable: bool) -> Tx:
        if writable:
            _make_private(self._path)
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=256
        )
        connection.row_factory = sqlite3.Row
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            # FULL: a power cut must neither forget that a photo is safe nor believe that it is.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        else:
            connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -4000")
        return connection

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction: committed at the end, rolled back on any exception."""
        with self._turn, _translated(self.on_broken):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.commit()

    def read(self) -> Tx:
        """The reading connection of the calling thread."""
        reader: Tx | None = getattr(self._local, "reader", None)
        if reader is None:
            with self._turn, _translated():
                reader = self._connect(writable=False)
                self._readers.append(reader)
            self._local.reader = reader
        return reader

    @contextmanager
    def guard(self) -> Iterator[None]:
        """What SQLite raises in here, at reading too, leaves as a fate, and a broken file is told of."""
        with _translated(self.on_broken):
            yield

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy while others go on reading and writing, a stretch at a time."""
        _make_private(path)
        with _translated(), closing(sqlite3.connect(path)) as target:
            self.read().backup(target, pages=2_000, sleep=0.01)

    def close(self) -> None:
        """Close all connections; the last one checkpoints the log into the file."""
        with self._turn:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
            self._writer.close()


def _make_private(path: Path) -> None:
    """Have the file be for its user alone before SQLite opens it; what SQLite puts beside it gets its mode.

    A file that is there is not opened for it: closing it again would end the locks of this process.
    """
    with suppress(OSError):  # SQLite is about to meet the same trouble, and its errors become fates
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                path.chmod(0o600)


@contextmanager
def _translated(on_broken: Callable[[], None] | None = None) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        problem = _PROBLEMS.get((error.sqlite_errorcode or 0) & 0xFF) if hasattr(error, "sqlite_errorcode") else None
        if problem is None:
            raise
        if problem == "database_corrupt" and on_broken is not None:
            on_broken()
        raise Blocked(problem) from error


def placeholders(count: int) -> str:
    """`?, ?, ?` for an IN list."""
    return ", ".join("?" * count)
