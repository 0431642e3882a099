"""The ledger's photos and videos as the media cache wants them: path, facts, and the digest where it is known.

Functions over a reading transaction of the ledger. `open_ledger` opens it for the nightly build, which only reads and
never migrates: a ledger of another version is the agent's business.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.domain.errors import Blocked, Transient
from agent.record import Record
from agent.store.db import Row, Tx, placeholders
from agent.store.files import join
from agent.store.migrations import steps
from agent.store.places import Version

_AT_ONCE = 500
_WANTED = "f.state NOT IN ('gone', 'excluded') AND f.role IN ('still', 'video') AND r.watched"


class Picturable(Record, frozen=True):
    """A photo or video on the disk. `sha1` is None while nobody has read it all."""

    id: int
    version: Version
    sha1: bytes | None
    role: str


_ROWS = (
    "SELECT f.id, r.path, d.path, f.name, f.size, f.mtime_ns, f.role,"
    " CASE WHEN f.content_is_current THEN c.sha1 END"
    " FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id"
    f" LEFT JOIN contents c ON c.id = f.content_id WHERE {_WANTED}"
)


def _row(row: Row) -> Picturable:
    return Picturable(row[0], Version(join(row[1], row[2], row[3]), row[4], row[5]), row[7], row[6])


def page(tx: Tx, before: int | None, limit: int) -> list[Picturable]:
    """A page of files, those that were seen last first, by id below `before`."""
    rows = tx.execute(
        f"{_ROWS} AND f.id < ? ORDER BY f.id DESC LIMIT ?", ((1 << 62) if before is None else before, limit)
    )
    return [_row(row) for row in rows]


def by_ids(tx: Tx, ids: Sequence[int]) -> dict[int, Picturable]:
    """Those of these files that are on the disk."""
    found: dict[int, Picturable] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = tuple(ids[start : start + _AT_ONCE])
        rows = tx.execute(f"{_ROWS} AND f.id IN ({placeholders(len(some))})", some)
        found |= {row[0]: _row(row) for row in rows}
    return found


def roots(tx: Tx) -> Iterator[tuple[bytes, str | None]]:
    """Every folder that is or was watched, and which file system lay there when it was last read."""
    return ((row[0], row[1]) for row in tx.execute("SELECT path, identity FROM folders"))


def sha1_of(tx: Tx, version: Version) -> bytes | None:
    """The digest of a file of the ledger, if it is known of this very version."""
    for root, _ in roots(tx):
        prefix = root.rstrip(b"/") + b"/"
        if not version.path.startswith(prefix):
            continue
        below, _, name = version.path[len(prefix) :].rpartition(b"/")
        row = tx.execute(
            "SELECT c.sha1 FROM files f JOIN contents c ON c.id = f.content_id JOIN directories d"
            " ON d.id = f.directory_id JOIN folders r ON r.id = d.folder_id WHERE r.path = ? AND d.path = ?"
            " AND f.name = ? AND f.size = ? AND f.mtime_ns = ? AND f.content_is_current AND f.state <> 'gone'",
            (root, below, name, version.size_bytes, version.mtime_ns),
        ).fetchone()
        if row is not None:
            return bytes(row[0])
    return None


def open_ledger(path: Path) -> Tx | None:
    """The ledger for reading alone, None where there is none yet.

    Raises `Blocked("database_newer")` for one of a later version, `Transient("ledger_old")` for one that the agent has
    not brought up to date yet.
    """
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise Blocked("database_unreadable", detail=str(error)) from error
    newest = steps()[-1][0]
    if version != newest:
        connection.close()
        if version > newest:
            raise Blocked("database_newer", version=version)
        raise Transient("ledger_old", version=version)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only = ON")
    return connection
