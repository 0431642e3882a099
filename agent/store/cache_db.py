"""Opens the two databases of the media cache, which anybody may delete at any time, while two processes write them.

Opened when first used, made or brought up to date under a file lock that all processes share. A file that was deleted
or replaced meanwhile is noticed at the next use and begun anew; a damaged one is thrown away, since all in it can be
made again. Any thread: one writer at a time, a reading connection for each thread. SQLite's errors become fates here.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from agent.domain.errors import Transient
from agent.platforms import current
from agent.platforms.base import AlreadyRunning, Lock
from agent.store.db import Tx
from agent.store.migrations import numbered

log = logging.getLogger(__name__)

Kind = Literal["thumbnails", "media_metadata"]

#: Rows that one transaction may write, so that the other process never waits long.
MOST_ROWS: Final = 64
_BUSY_S: Final = 20.0
_LOCK_S: Final = 20.0
_LOOK_S: Final = 0.02
#: Measured best for pictures of some ten thousand bytes; small rows are content with the usual size.
_PAGE_BYTES: Final[dict[Kind, int]] = {"thumbnails": 16_384, "media_metadata": 4_096}
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CODES: Final = {
    sqlite3.SQLITE_BUSY: "cache_busy",
    sqlite3.SQLITE_LOCKED: "cache_busy",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_CORRUPT: "cache_damaged",
    sqlite3.SQLITE_NOTADB: "cache_damaged",
}

_Identity = tuple[int, int]


class CacheDatabase:
    """`thumbnails.db` or `media_metadata.db`. Raises `Transient` with the reason where it cannot be used just now."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        """Touches nothing on the disk yet."""
        self.path = folder / f"{kind}.db"
        self._kind = kind
        self._turn = threading.RLock()
        self._local = threading.local()
        self._writer: Tx | None = None
        self._readers: list[Tx] = []
        self._identity: _Identity | None = None
        self._generation = 0

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction: committed at the end, rolled back on any exception. Keep it within `MOST_ROWS`."""
        with self._turn, self._translated():
            writer = self._opened()
            writer.execute("BEGIN IMMEDIATE")
            try:
                yield writer
            except BaseException:
                with suppress(sqlite3.Error):
                    writer.rollback()
                raise
            writer.commit()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """The reading connection of this thread, which sees the last commit."""
        with self._translated():
            with self._turn:
                self._opened()
                generation = self._generation
            if getattr(self._local, "generation", None) != generation:
                with self._turn:
                    self._local.reader = self._connect(writable=False)
                    self._local.generation = generation
                    self._readers.append(self._local.reader)
            yield self._local.reader

    def exists(self) -> bool:
        """Whether there is anything on the disk."""
        return self.path.exists()

    def size_bytes(self) -> int:
        """What it takes on the disk, its log included."""
        return sum(_size_of(self.path.with_name(self.path.name + end)) for end in ("", "-wal"))

    def used_bytes(self) -> int:
        """What its content takes; space that was freed inside the file does not count."""
        with self.read() as tx:
            (pages,) = tx.execute("PRAGMA page_count").fetchone()
            (free,) = tx.execute("PRAGMA freelist_count").fetchone()
            return int(pages - free) * _PAGE_BYTES[self._kind]

    def give_back(self, most_pages: int = 2_000) -> None:
        """Return some of the freed space to the disk."""
        with self._turn, self._translated():
            # As a script, which is run to its end: it steps once for each page.
            self._opened().executescript(f"PRAGMA incremental_vacuum({most_pages});")

    def close(self) -> None:
        """Close all connections. It opens again when it is used again."""
        with self._turn:
            for reader in self._readers:
                with suppress(sqlite3.Error):
                    reader.close()
            self._forget()

    # --- Opening -------------------------------------------------------------------------------------------------

    def _opened(self) -> Tx:
        """The writer of the file that lies there now. With the turn held."""
        if self._writer is not None and _identity_of(self.path) == self._identity:
            return self._writer
        self._forget()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._file_lock()
        try:
            if not self.path.exists():
                self._remove()  # a log without its database belongs to nothing
            try:
                self._writer = self._made_ready()
            except sqlite3.DatabaseError as error:
                if _primary(error) not in _DAMAGED:
                    raise
                log.warning("%s is damaged and is begun anew", self.path.name)
                self._remove()
                self._writer = self._made_ready()
        finally:
            lock.release()
        self._identity = _identity_of(self.path)
        return self._writer

    def _made_ready(self) -> Tx:
        connection = self._connect(writable=True)
        try:
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _file_lock(self) -> Lock:
        deadline_s = time.monotonic() + _LOCK_S
        while True:
            try:
                return current().lock(self.path.with_name(self.path.name + ".lock"))
            except AlreadyRunning:
                if time.monotonic() > deadline_s:
                    raise Transient("cache_busy") from None
            except OSError as error:
                raise Transient("cache_unusable", detail=error.strerror) from error
            time.sleep(_LOOK_S)

    def _connect(self, *, writable: bool) -> Tx:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_S, cached_statements=64
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA cache_size = -2000")
        if not writable:
            connection.execute("PRAGMA query_only = ON")
        return connection

    def _migrate(self, connection: Tx) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        known = steps(self._kind)
        if version > known[-1][0]:
            raise Transient("cache_newer", version=version)
        if version == 0:  # these hold for a database without any table
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES[self._kind]}")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last pictures, never the file; and they can be made again.
        connection.execute("PRAGMA synchronous = NORMAL")
        for number, sql in known:
            if number > version:
                connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")

    def _forget(self) -> None:
        """Begin anew at the next use. Readers may be in use by other threads, which replace them by themselves."""
        if self._writer is not None:
            with suppress(sqlite3.Error):
                self._writer.close()
        self._readers.clear()
        self._writer = None
        self._identity = None
        self._generation += 1

    def _remove(self) -> None:
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)

    def _throw_away(self) -> None:
        with self._turn, suppress(OSError, Transient):
            self._forget()
            lock = self._file_lock()
            try:
                self._remove()
            finally:
                lock.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            primary = _primary(error)
            if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError) and "closed" not in str(error):
                raise  # a bug of ours
            if primary in _DAMAGED:
                log.warning("%s is damaged and is begun anew", self.path.name)
                self._throw_away()
            raise Transient(_CODES.get(primary, "cache_unusable"), detail=str(error)[:120]) from error


def steps(kind: Kind) -> list[tuple[int, str]]:
    """All migrations of one of the two as (number, SQL), ascending."""
    return numbered(Path(__file__).with_name("sql_cache") / kind)


def _primary(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _identity_of(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
