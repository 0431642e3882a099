"""The small pictures: one for each content, other sizes beside it, tiny first ones by path, what goes when it is full.

Functions over one transaction of the `thumbnails` database (see `cache_db`). Where files lie is the matter of `places`.
"""

from collections.abc import Iterable, Sequence

from agent.domain.clock import DAY_MS
from agent.protocol.paths import to_wire
from agent.record import Record
from agent.store import places
from agent.store.db import Tx, placeholders
from agent.store.jobs import iso
from agent.store.places import Version

_AT_ONCE = 500


class Stored(Record, frozen=True):
    """A picture: a JPEG and the square that it was made to fit into. `is_final` is False for a tiny first one."""

    bound_px: int
    width: int
    height: int
    data: bytes
    is_final: bool = True


def put(tx: Tx, version: Version, key: str, pictures: Sequence[Stored], now_at: int) -> None:
    """Keep the pictures of a file, the first of them in the published table; what the path had before goes."""
    main, others = pictures[0], pictures[1:]
    tx.execute(
        "INSERT INTO thumbnails (file_hash, file_path, thumbnail_data, created_at, file_mtime) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (file_hash) DO UPDATE SET file_path = excluded.file_path,"
        " thumbnail_data = excluded.thumbnail_data, created_at = excluded.created_at, file_mtime = excluded.file_mtime",
        (key, to_wire(version.path), main.data, iso(now_at), version.mtime_ns / 1e9),
    )
    tx.execute("DELETE FROM other_sizes WHERE file_hash = ?", (key,))
    tx.executemany(
        "INSERT INTO other_sizes (file_hash, bound_px, width, height, picture) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(key, one.bound_px, one.width, one.height, one.data) for one in others],
    )
    tx.execute(
        "INSERT INTO entries (file_hash, bound_px, width, height, bytes, used_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (file_hash) DO UPDATE SET bound_px = excluded.bound_px, width = excluded.width,"
        " height = excluded.height, bytes = excluded.bytes, used_at = max(used_at, excluded.used_at)",
        (key, main.bound_px, main.width, main.height, sum(len(one.data) for one in pictures), now_at),
    )
    place(tx, version, key)


def place(tx: Tx, version: Version, key: str) -> None:
    """A file has the content of this key: its picture is there already, or comes with `put`."""
    _forget_if(tx, places.put(tx, version, key))
    tx.execute("DELETE FROM first_pictures WHERE path = ?", (version.path,))


def fail(tx: Tx, version: Version, reason: str, now_at: int) -> None:
    """The file gives no picture. A tiny first one stays: it is all that there is to see."""
    _forget_if(tx, places.fail(tx, version, reason, now_at))


def drop(tx: Tx, paths: Iterable[bytes]) -> int:
    """These files are gone; so are pictures that no other file has. Returns how many pictures went."""
    gone = list(paths)
    keys = places.drop(tx, gone)
    forget(tx, keys)
    tx.executemany("DELETE FROM first_pictures WHERE path = ?", [(path,) for path in gone])
    return len(keys)


def forget(tx: Tx, keys: Iterable[str]) -> None:
    """Throw pictures away."""
    some = [(key,) for key in keys]
    for table in ("thumbnails", "other_sizes", "entries"):
        tx.executemany(f"DELETE FROM {table} WHERE file_hash = ?", some)


def _forget_if(tx: Tx, key: str | None) -> None:
    if key is not None:
        forget(tx, [key])


def rename_key(tx: Tx, old: str, new: str) -> None:
    """The digest of what was filed under a path is known now: move it there, or drop it where that is taken."""
    if tx.execute("SELECT 1 FROM thumbnails WHERE file_hash = ?", (new,)).fetchone():
        forget(tx, [old])
    else:
        for table in ("thumbnails", "other_sizes", "entries"):
            tx.execute(f"UPDATE {table} SET file_hash = ? WHERE file_hash = ?", (new, old))
    places.rename_key(tx, old, new)


def bounds(tx: Tx, keys: Sequence[str]) -> dict[str, frozenset[int]]:
    """The sizes that there are of each of these keys; a key without a picture is absent."""
    found: dict[str, set[int]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = tuple(keys[start : start + _AT_ONCE])
        marks = placeholders(len(some))
        for table in ("entries", "other_sizes"):
            for row in tx.execute(f"SELECT file_hash, bound_px FROM {table} WHERE file_hash IN ({marks})", some):
                found.setdefault(row[0], set()).add(row[1])
    return {key: frozenset(some) for key, some in found.items()}


def get(tx: Tx, key: str, bound_px: int) -> Stored | None:
    """The picture of a key for a square of `bound_px`: the smallest that is large enough, else the largest."""
    main = tx.execute("SELECT bound_px, width, height FROM entries WHERE file_hash = ?", (key,)).fetchone()
    if main is None:
        return None
    others = tx.execute("SELECT bound_px, width, height FROM other_sizes WHERE file_hash = ?", (key,)).fetchall()
    enough = [row for row in (main, *others) if row[0] >= bound_px]
    best = min(enough, key=lambda row: int(row[0])) if enough else max((main, *others), key=lambda row: int(row[0]))
    if best is main:
        row = tx.execute("SELECT thumbnail_data FROM thumbnails WHERE file_hash = ?", (key,)).fetchone()
    else:
        row = tx.execute(
            "SELECT picture FROM other_sizes WHERE file_hash = ? AND bound_px = ?", (key, best[0])
        ).fetchone()
    return None if row is None else Stored(best[0], best[1], best[2], bytes(row[0]))


# --- Tiny first pictures -----------------------------------------------------------------------------------------


def put_first(tx: Tx, version: Version, picture: Stored) -> None:
    """Keep a tiny picture until the real one is made."""
    tx.execute(
        "INSERT INTO first_pictures (path, size, mtime_ns, width, height, picture) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,"
        " width = excluded.width, height = excluded.height, picture = excluded.picture",
        (version.path, version.size_bytes, version.mtime_ns, picture.width, picture.height, picture.data),
    )


def get_first(tx: Tx, version: Version) -> Stored | None:
    """The tiny picture of this very version of a file."""
    row = tx.execute(
        "SELECT width, height, picture FROM first_pictures WHERE path = ? AND size = ? AND mtime_ns = ?",
        (version.path, version.size_bytes, version.mtime_ns),
    ).fetchone()
    return None if row is None else Stored(max(row[0], row[1]), row[0], row[1], bytes(row[2]), is_final=False)


def have_first(tx: Tx, paths: Sequence[bytes]) -> set[bytes]:
    """Which of these paths have a tiny picture, of whatever version."""
    found: set[bytes] = set()
    for start in range(0, len(paths), _AT_ONCE):
        some = tuple(paths[start : start + _AT_ONCE])
        rows = tx.execute(f"SELECT path FROM first_pictures WHERE path IN ({placeholders(len(some))})", some)
        found.update(row[0] for row in rows)
    return found


# --- Use, and room -----------------------------------------------------------------------------------------------


def count(tx: Tx) -> int:
    """How many contents have a picture."""
    return int(tx.execute("SELECT count(*) FROM entries").fetchone()[0])


def viewed(tx: Tx, at_by_key: Iterable[tuple[str, int]]) -> None:
    """These were looked at, and when. A second look on the same day is no further view."""
    tx.executemany(
        "UPDATE entries SET views = views + (coalesce(viewed_at, 0) / ?3 < ?2 / ?3),"
        " viewed_at = max(coalesce(viewed_at, 0), ?2), used_at = max(used_at, ?2) WHERE file_hash = ?1",
        [(key, at, DAY_MS) for key, at in at_by_key],
    )


def viewed_paths(tx: Tx, since_at: int, limit: int) -> list[bytes]:
    """Where the pictures lie that were looked at since a time, the latest first."""
    rows = tx.execute(
        "SELECT p.path FROM entries e JOIN places p USING (file_hash) WHERE e.viewed_at >= ?"
        " ORDER BY e.viewed_at DESC LIMIT ?",
        (since_at, limit),
    )
    return [row[0] for row in rows]


def least_used(tx: Tx, limit: int) -> list[tuple[str, int]]:
    """The keys that were not used for longest, and the bytes of each."""
    rows = tx.execute("SELECT file_hash, bytes FROM entries ORDER BY used_at, file_hash LIMIT ?", (limit,))
    return [(row[0], row[1]) for row in rows]


def evict(tx: Tx, keys: Sequence[str]) -> None:
    """Make room: pictures go, and with them the places, so that they count as not made."""
    forget(tx, keys)
    tx.executemany("DELETE FROM places WHERE file_hash = ?", [(key,) for key in keys])
