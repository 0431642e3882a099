"""Where files lay when something was made of them, and which gave nothing: the same two tables in both cache databases.

Functions over one transaction of a `CacheDatabase`. A file that still has the size and time of change that are written
here needs nothing anew.
"""

import hashlib
from collections.abc import Iterable, Sequence

from agent.record import Record
from agent.store.db import Tx, placeholders

_PATH_KEY = "path:"
_AT_ONCE = 500


class Version(Record, frozen=True):
    """A file as it was at one time."""

    path: bytes
    size_bytes: int
    mtime_ns: int


class Known(Record, frozen=True):
    """What was written down of a path: the key of what was made of it, or the reason why nothing was."""

    size_bytes: int
    mtime_ns: int
    key: str | None = None
    failure: str | None = None

    def is_of(self, version: Version) -> bool:
        """Whether it was about this very version."""
        return self.size_bytes == version.size_bytes and self.mtime_ns == version.mtime_ns


def key_of(version: Version, sha1: bytes | None) -> str:
    """What a file's entries are filed under: its digest where that is known, else a name made of path and facts."""
    if sha1 is not None:
        return sha1.hex()
    digest = hashlib.sha1(version.path, usedforsecurity=False)
    digest.update(b"\0%d %d" % (version.size_bytes, version.mtime_ns))
    return _PATH_KEY + digest.hexdigest()


def is_by_path(key: str) -> bool:
    """Whether the key is no digest of the file's bytes."""
    return key.startswith(_PATH_KEY)


def known(tx: Tx, paths: Sequence[bytes]) -> dict[bytes, Known]:
    """What is written down of these paths. A place beats an older failure."""
    found: dict[bytes, Known] = {}
    for start in range(0, len(paths), _AT_ONCE):
        some = tuple(paths[start : start + _AT_ONCE])
        marks = placeholders(len(some))
        for row in tx.execute(f"SELECT path, size, mtime_ns, reason FROM failures WHERE path IN ({marks})", some):
            found[row[0]] = Known(row[1], row[2], failure=row[3])
        for row in tx.execute(f"SELECT path, size, mtime_ns, file_hash FROM places WHERE path IN ({marks})", some):
            found[row[0]] = Known(row[1], row[2], key=row[3])
    return found


def put(tx: Tx, version: Version, key: str) -> str | None:
    """The file lies there, and this is its key. Returns the key that no place has any more, if it had another."""
    old = tx.execute("SELECT file_hash FROM places WHERE path = ?", (version.path,)).fetchone()
    tx.execute(
        "INSERT INTO places (path, size, mtime_ns, file_hash) VALUES (?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET"
        " size = excluded.size, mtime_ns = excluded.mtime_ns, file_hash = excluded.file_hash",
        (version.path, version.size_bytes, version.mtime_ns, key),
    )
    tx.execute("DELETE FROM failures WHERE path = ?", (version.path,))
    return None if old is None or old[0] == key or _is_used(tx, old[0]) else str(old[0])


def fail(tx: Tx, version: Version, reason: str, now_at: int) -> str | None:
    """The file gives nothing. Returns the key that no place has any more, if it had one."""
    lost = _drop_place(tx, version.path)
    tx.execute(
        "INSERT INTO failures (path, size, mtime_ns, reason, failed_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET reported = reported AND size = excluded.size"
        " AND mtime_ns = excluded.mtime_ns AND reason = excluded.reason, size = excluded.size,"
        " mtime_ns = excluded.mtime_ns, reason = excluded.reason, failed_at = excluded.failed_at",
        (version.path, version.size_bytes, version.mtime_ns, reason, now_at),
    )
    return lost if lost is not None and not _is_used(tx, lost) else None


def drop(tx: Tx, paths: Iterable[bytes]) -> list[str]:
    """The files are not there any more. Returns the keys that no place has any more."""
    keys: dict[str, None] = {}
    for path in paths:
        key = _drop_place(tx, path)
        if key is not None:
            keys[key] = None
        tx.execute("DELETE FROM failures WHERE path = ?", (path,))
    return [key for key in keys if not _is_used(tx, key)]


def rename_key(tx: Tx, old: str, new: str) -> None:
    """The files of one key belong to another."""
    tx.execute("UPDATE places SET file_hash = ? WHERE file_hash = ?", (new, old))


def paths(tx: Tx, after: bytes, limit: int) -> list[bytes]:
    """All paths that anything is written down of, in order, a page at a time."""
    rows = tx.execute(
        "SELECT path FROM places WHERE path > ?1 UNION SELECT path FROM failures WHERE path > ?1"
        " ORDER BY path LIMIT ?2",
        (after, limit),
    )
    return [row[0] for row in rows]


def unreported(tx: Tx, limit: int) -> list[tuple[bytes, str]]:
    """Files that gave nothing, and why, of which nobody has told yet."""
    rows = tx.execute("SELECT path, reason FROM failures WHERE NOT reported ORDER BY path LIMIT ?", (limit,))
    return [(row[0], row[1]) for row in rows]


def mark_reported(tx: Tx, paths: Iterable[bytes]) -> None:
    """These were told of."""
    tx.executemany("UPDATE failures SET reported = 1 WHERE path = ?", [(path,) for path in paths])


def report_again(tx: Tx) -> None:
    """Tell of all failures once more."""
    tx.execute("UPDATE failures SET reported = 0 WHERE reported")


def _drop_place(tx: Tx, path: bytes) -> str | None:
    row = tx.execute("DELETE FROM places WHERE path = ? RETURNING file_hash", (path,)).fetchone()
    return None if row is None else str(row[0])


def _is_used(tx: Tx, key: str) -> bool:
    return tx.execute("SELECT 1 FROM places WHERE file_hash = ? LIMIT 1", (key,)).fetchone() is not None
