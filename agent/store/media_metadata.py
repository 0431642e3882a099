"""What pictures and videos say of themselves, kept so that nobody must open them to know.

Functions over one transaction of the `media_metadata` database (see `cache_db`).
"""

from collections.abc import Iterable, Sequence

from agent.domain.metadata import Metadata
from agent.protocol.paths import to_wire
from agent.record import Record
from agent.store import places
from agent.store.db import Tx, placeholders
from agent.store.jobs import iso
from agent.store.places import Version

_AT_ONCE = 500
_DETAILS = "captured_at_text offset_text camera orientation has_gps content_identifier".split()


class Kept(Record, frozen=True):
    """What is kept of a content: what its file said, the placeholder, the file's size, and since when (ISO 8601)."""

    metadata: Metadata
    thumbhash: bytes | None
    file_size: int
    cached_at_text: str


def put(tx: Tx, version: Version, key: str, said: Metadata, thumbhash: bytes | None, now_at: int) -> None:
    """Keep what a file says. A thumbhash that was known stays when none comes now."""
    tx.execute(
        "INSERT INTO media_metadata"
        " (file_hash, file_path, width, height, file_size, duration, format, created_at, file_mtime)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (file_hash) DO UPDATE SET file_path = excluded.file_path,"
        " width = excluded.width, height = excluded.height, file_size = excluded.file_size,"
        " duration = excluded.duration, format = excluded.format, created_at = excluded.created_at,"
        " file_mtime = excluded.file_mtime",
        (
            key,
            to_wire(version.path),
            said.width,
            said.height,
            version.size_bytes,
            said.duration_s,
            said.format,
            iso(now_at),
            version.mtime_ns / 1e9,
        ),
    )
    tx.execute(
        f"INSERT INTO details (file_hash, {', '.join(_DETAILS)}, thumbhash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (file_hash) DO UPDATE SET"
        f" {', '.join(f'{name} = excluded.{name}' for name in _DETAILS)},"
        " thumbhash = coalesce(excluded.thumbhash, thumbhash)",
        (key, *(getattr(said, name) for name in _DETAILS), thumbhash),
    )
    place(tx, version, key)


def place(tx: Tx, version: Version, key: str) -> None:
    """A file has the content of this key."""
    lost = places.put(tx, version, key)
    forget(tx, [lost] if lost is not None else [])


def fail(tx: Tx, version: Version, reason: str, now_at: int) -> None:
    """The file says nothing."""
    lost = places.fail(tx, version, reason, now_at)
    forget(tx, [lost] if lost is not None else [])


def drop(tx: Tx, paths: Iterable[bytes]) -> int:
    """These files are gone; so is what no other file says. Returns how many entries went."""
    keys = places.drop(tx, paths)
    forget(tx, keys)
    return len(keys)


def forget(tx: Tx, keys: Sequence[str]) -> None:
    """Throw entries away."""
    some = [(key,) for key in keys]
    for table in ("media_metadata", "details"):
        tx.executemany(f"DELETE FROM {table} WHERE file_hash = ?", some)


def rename_key(tx: Tx, old: str, new: str) -> None:
    """The digest of what was filed under a path is known now."""
    if tx.execute("SELECT 1 FROM media_metadata WHERE file_hash = ?", (new,)).fetchone():
        forget(tx, [old])
    else:
        for table in ("media_metadata", "details"):
            tx.execute(f"UPDATE {table} SET file_hash = ? WHERE file_hash = ?", (new, old))
    places.rename_key(tx, old, new)


def get(tx: Tx, key: str) -> Kept | None:
    """What is known of a key."""
    row = tx.execute(
        f"SELECT m.width, m.height, m.duration, m.format, m.file_size, m.created_at, thumbhash, {', '.join(_DETAILS)}"
        " FROM media_metadata m LEFT JOIN details d USING (file_hash) WHERE file_hash = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    said = Metadata(
        width=row["width"],
        height=row["height"],
        duration_s=row["duration"],
        format=row["format"],
        captured_at_text=row["captured_at_text"],
        offset_text=row["offset_text"],
        camera=row["camera"],
        orientation=row["orientation"],
        has_gps=bool(row["has_gps"]),
        content_identifier=row["content_identifier"],
    )
    return Kept(said, row["thumbhash"], row["file_size"], row["created_at"])


def thumbhashes(tx: Tx, keys: Sequence[str]) -> dict[str, bytes]:
    """The placeholders of these keys, where there are such."""
    found: dict[str, bytes] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = tuple(keys[start : start + _AT_ONCE])
        rows = tx.execute(
            "SELECT file_hash, thumbhash FROM details WHERE thumbhash IS NOT NULL"
            f" AND file_hash IN ({placeholders(len(some))})",
            some,
        )
        found |= {row[0]: bytes(row[1]) for row in rows}
    return found


def present(tx: Tx, keys: Sequence[str]) -> set[str]:
    """Which of these keys have an entry."""
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        some = tuple(keys[start : start + _AT_ONCE])
        rows = tx.execute(f"SELECT file_hash FROM details WHERE file_hash IN ({placeholders(len(some))})", some)
        found.update(row[0] for row in rows)
    return found


def count(tx: Tx) -> int:
    """How many contents are known."""
    return int(tx.execute("SELECT count(*) FROM details").fetchone()[0])
