"""Files, assets and contents: what lies on this computer's disk.

Functions over one transaction. A file's state is derived in one place, `derive`: failed, else queued, else the worst
state of its content's copies at the destinations of its folder, else safe. Paths are bytes.
"""

from collections.abc import Iterable, Sequence

from agent.record import Record
from agent.store.db import Row, Tx, placeholders


class FileFacts(Record, frozen=True):
    """A file as the ledger knows it."""

    id: int
    directory_id: int
    folder_id: int
    asset_id: int | None
    name: bytes
    role: str
    size_bytes: int
    mtime_ns: int
    inode: int
    content_id: int | None
    content_is_current: bool
    state: str
    reason: str | None


class Member(Record, frozen=True):
    """A file of an asset, with all that the upload needs to know."""

    id: int
    asset_id: int
    path: bytes
    name: bytes
    role: str
    size_bytes: int
    mtime_ns: int
    content_id: int | None
    sha1: bytes | None


_FACTS = (
    "SELECT id, directory_id, folder_id, asset_id, name, role, size, mtime_ns, inode, content_id,"
    " content_is_current, state, reason FROM files"
)


def _facts(row: Row) -> FileFacts:
    return FileFacts(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], bool(row[10]), row[11], row[12]
    )


def in_directory(tx: Tx, directory_id: int, names: Sequence[bytes] | None = None) -> dict[bytes, FileFacts]:
    """What the ledger knows of a directory: all of it, or only these names."""
    if names is None:
        rows = tx.execute(f"{_FACTS} WHERE directory_id = ?", (directory_id,))
        return {row[4]: _facts(row) for row in rows}
    found: dict[bytes, FileFacts] = {}
    for start in range(0, len(names), 500):
        some = names[start : start + 500]
        rows = tx.execute(
            f"{_FACTS} WHERE directory_id = ? AND name IN ({placeholders(len(some))})", (directory_id, *some)
        )
        found |= {row[4]: _facts(row) for row in rows}
    return found


#: As little of a file as a comparison with the disk needs, for there may be a million: name, bytes, `mtime_ns`.
Standing = tuple[bytes, int, int]


def standings(tx: Tx, directory_id: int) -> set[Standing]:
    """The files of a directory that were there when it was last looked at."""
    cursor = tx.cursor()
    cursor.row_factory = None
    return set(
        cursor.execute(
            "SELECT name, size, mtime_ns FROM files WHERE directory_id = ? AND state <> 'gone'", (directory_id,)
        )
    )


def with_stem(tx: Tx, directory_id: int, low: bytes, high: bytes) -> list[FileFacts]:
    """The files of a directory whose names lie in a range: the few that may belong to one asset."""
    rows = tx.execute(
        f"{_FACTS} WHERE directory_id = ? AND name >= ? AND name < ? AND state <> 'gone'", (directory_id, low, high)
    )
    return [_facts(row) for row in rows]


def add(
    tx: Tx, directory_id: int, folder_id: int, name: bytes, role: str, size: int, mtime_ns: int, inode: int, now_at: int
) -> int:
    """Write down a file that was not known; it waits, without an asset yet."""
    cursor = tx.execute(
        "INSERT INTO files (directory_id, folder_id, name, role, size, mtime_ns, inode, state, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?)",
        (directory_id, folder_id, name, role, size, mtime_ns, inode, now_at),
    )
    return int(cursor.lastrowid or 0)


def observe(tx: Tx, file_id: int, size: int, mtime_ns: int, inode: int, *, same_bytes: bool) -> None:
    """A known file was seen: new facts, there again if it was gone. Its content counts as known only if unchanged."""
    tx.execute(
        "UPDATE files SET size = ?, mtime_ns = ?, inode = ?, gone_at = NULL,"
        " content_is_current = CASE WHEN ? THEN content_is_current ELSE 0 END,"
        " state = CASE WHEN state IN ('gone', 'excluded') THEN 'queued' ELSE state END, reason = NULL WHERE id = ?",
        (size, mtime_ns, inode, same_bytes, file_id),
    )
    if not same_bytes:
        tx.execute("DELETE FROM failures WHERE file_id = ?", (file_id,))


def set_role(tx: Tx, file_id: int, role: str) -> None:
    """What kind of file it is by its name."""
    tx.execute("UPDATE files SET role = ? WHERE id = ? AND role <> ?", (role, file_id, role))


def exclude(tx: Tx, file_id: int, reason: str) -> None:
    """The file is seen but not backed up, and why."""
    tx.execute("UPDATE files SET state = 'excluded', reason = ?, gone_at = NULL WHERE id = ?", (reason, file_id))
    tx.execute("DELETE FROM failures WHERE file_id = ?", (file_id,))


def mark_gone(tx: Tx, file_ids: Iterable[int], now_at: int) -> None:
    """These files are no longer on the disk. Their copies stay."""
    tx.executemany(
        "UPDATE files SET state = 'gone', gone_at = ? WHERE id = ? AND state <> 'gone'",
        [(now_at, file_id) for file_id in file_ids],
    )


def find_moved(tx: Tx, inode: int, size: int, mtime_ns: int) -> FileFacts | None:
    """A file that is gone elsewhere and has these very facts: it was probably moved here."""
    row = tx.execute(
        f"{_FACTS} WHERE state = 'gone' AND inode = ? AND size = ? AND mtime_ns = ? ORDER BY gone_at DESC LIMIT 1",
        (inode, size, mtime_ns),
    ).fetchone()
    return None if row is None else _facts(row)


def move(tx: Tx, file_id: int, directory_id: int, folder_id: int, name: bytes, role: str) -> None:
    """The same file under another path: it keeps its content.

    Its asset stays with those that it leaves behind, and with the folder that it belongs to. Why it failed
    may have been its name or its place, so it is tried again.
    """
    tx.execute("DELETE FROM failures WHERE file_id = ? AND code <> 'cancelled'", (file_id,))
    tx.execute(
        "UPDATE files SET directory_id = ?1, folder_id = ?2, name = ?3, role = ?4, gone_at = NULL, state = 'queued',"
        " reason = NULL, asset_id = CASE WHEN folder_id = ?2 AND NOT EXISTS (SELECT 1 FROM files o"
        " WHERE o.asset_id = files.asset_id AND o.id <> files.id) THEN asset_id END WHERE id = ?5",
        (directory_id, folder_id, name, role, file_id),
    )


def distrust(tx: Tx, file_id: int) -> None:
    """The file's bytes are not what its digest says, though its size and times are: it must be read again."""
    tx.execute("UPDATE files SET content_is_current = 0 WHERE id = ?", (file_id,))


def path_of(tx: Tx, file_id: int) -> bytes:
    """A file's path."""
    row = tx.execute(
        "SELECT r.path, d.path, f.name FROM files f JOIN directories d ON d.id = f.directory_id"
        " JOIN folders r ON r.id = f.folder_id WHERE f.id = ?",
        (file_id,),
    ).fetchone()
    return join(row[0], row[1], row[2])


def add_asset(tx: Tx, folder_id: int, now_at: int) -> int:
    """A new thing worth keeping, still without files."""
    return int(
        tx.execute("INSERT INTO assets (folder_id, created_at) VALUES (?, ?)", (folder_id, now_at)).lastrowid or 0
    )


def set_asset(tx: Tx, file_id: int, asset_id: int) -> None:
    """Make the file a member of the asset."""
    tx.execute("UPDATE files SET asset_id = ? WHERE id = ?", (asset_id, file_id))


def members(tx: Tx, asset_ids: Sequence[int]) -> dict[int, list[Member]]:
    """The files of these assets that are on the disk and to be backed up, by asset."""
    found: dict[int, list[Member]] = {}
    rows = tx.execute(
        "SELECT f.id, f.asset_id, r.path AS root, d.path AS below, f.name, f.role, f.size, f.mtime_ns,"
        " CASE WHEN f.content_is_current THEN f.content_id END AS content_id,"
        " CASE WHEN f.content_is_current THEN c.sha1 END AS sha1"
        " FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id"
        " LEFT JOIN contents c ON c.id = f.content_id"
        f" WHERE f.asset_id IN ({placeholders(len(asset_ids))}) AND f.state NOT IN ('gone', 'excluded')"
        " ORDER BY f.id",
        tuple(asset_ids),
    )
    for row in rows:
        member = Member(
            row["id"],
            row["asset_id"],
            join(row["root"], row["below"], row["name"]),
            row["name"],
            row["role"],
            row["size"],
            row["mtime_ns"],
            row["content_id"],
            row["sha1"],
        )
        found.setdefault(member.asset_id, []).append(member)
    return found


def join(root: bytes, below: bytes, name: bytes) -> bytes:
    """A path from its parts; `/` is understood by every system."""
    return b"/".join(part for part in (root.rstrip(b"/") if len(root) > 1 else root, below, name) if part)


def contents_of(tx: Tx, keys: Sequence[tuple[bytes, int]]) -> dict[tuple[bytes, int], int]:
    """The contents with these digests and lengths, of those that were ever met."""
    digests = [sha1 for sha1, _ in keys]
    rows = tx.execute(f"SELECT sha1, size, id FROM contents WHERE sha1 IN ({placeholders(len(keys))})", digests)
    return {(bytes(row[0]), int(row[1])): int(row[2]) for row in rows}


def set_content(tx: Tx, file_id: int, sha1: bytes, size: int, mtime_ns: int, now_at: int) -> int:
    """The file's bytes were hashed. Copies of its former version are marked superseded if no file holds that now."""
    row = tx.execute("SELECT id FROM contents WHERE sha1 = ? AND size = ?", (sha1, size)).fetchone()
    if row is None:
        cursor = tx.execute("INSERT INTO contents (sha1, size, hashed_at) VALUES (?, ?, ?)", (sha1, size, now_at))
        content_id = int(cursor.lastrowid or 0)
    else:
        content_id = int(row[0])
        tx.execute(
            "UPDATE copies SET superseded_at = NULL WHERE content_id = ? AND superseded_at IS NOT NULL", (content_id,)
        )
    old = tx.execute("SELECT content_id FROM files WHERE id = ?", (file_id,)).fetchone()
    tx.execute(
        "UPDATE files SET content_id = ?, content_is_current = 1, size = ?, mtime_ns = ? WHERE id = ?",
        (content_id, size, mtime_ns, file_id),
    )
    if old is not None and old[0] is not None and old[0] != content_id:
        tx.execute(
            "UPDATE copies SET superseded_at = ?1 WHERE content_id = ?2"
            " AND NOT EXISTS (SELECT 1 FROM files WHERE content_id = ?2 AND state <> 'gone')",
            (now_at, old[0]),
        )
    return content_id


_DERIVED = """
UPDATE files SET state = CASE
    WHEN EXISTS (SELECT 1 FROM failures x JOIN folder_destinations fd
                 ON fd.folder_id = files.folder_id AND fd.destination_id = x.destination_id
                 WHERE x.file_id = files.id AND x.code <> 'waits_for_room') THEN 'failed'
    WHEN NOT content_is_current THEN 'queued'
    ELSE coalesce((
        SELECT CASE max(CASE
                WHEN c.state IS NULL THEN 5
                WHEN c.state = 'missing_at_destination' THEN 4
                WHEN c.state = 'deleted_at_destination' THEN 3
                WHEN c.state = 'in_trash' THEN 2
                ELSE 1 END)
            WHEN 5 THEN 'queued' WHEN 4 THEN 'missing_at_destination' WHEN 3 THEN 'deleted_at_destination'
            WHEN 2 THEN 'in_trash' WHEN 1 THEN 'safe' END
        FROM folder_destinations fd
        LEFT JOIN copies c ON c.content_id = files.content_id AND c.destination_id = fd.destination_id
        WHERE fd.folder_id = files.folder_id), 'queued')
    END
WHERE state NOT IN ('gone', 'excluded') AND
"""


def derive(tx: Tx, file_ids: Sequence[int]) -> None:
    """Work out the states of these files anew."""
    for start in range(0, len(file_ids), 500):
        some = file_ids[start : start + 500]
        tx.execute(f"{_DERIVED} id IN ({placeholders(len(some))})", tuple(some))


def derive_folder(tx: Tx, folder_id: int, after: int, limit: int) -> int | None:
    """Work out the states of a stretch of a folder's files; returns where the next stretch begins, None at the end."""
    row = tx.execute(
        "SELECT max(id), count(*) FROM (SELECT id FROM files WHERE folder_id = ? AND id > ? ORDER BY id LIMIT ?)",
        (folder_id, after, limit),
    ).fetchone()
    if not row[1]:
        return None
    tx.execute(f"{_DERIVED} folder_id = ? AND id > ? AND id <= ?", (folder_id, after, row[0]))
    return int(row[0])


def waiting_assets(tx: Tx, folder_id: int, after: int, limit: int) -> tuple[list[int], int | None]:
    """The assets of a stretch of a folder's files that wait for a copy, and where the next stretch begins."""
    rows = tx.execute(
        "SELECT id, asset_id FROM files WHERE state = 'queued' AND id > ? AND folder_id = ? AND asset_id IS NOT NULL"
        " ORDER BY id LIMIT ?",
        (after, folder_id, limit),
    ).fetchall()
    return sorted({row[1] for row in rows}), rows[-1][0] if len(rows) == limit else None


def shown_counts(tx: Tx) -> dict[str, int]:
    """State -> files, of all that is to be backed up, from the running totals."""
    rows = tx.execute(
        "SELECT state, sum(files) FROM file_counts WHERE state NOT IN ('gone', 'excluded') GROUP BY state"
    )
    return {row[0]: row[1] for row in rows}


def sharing(tx: Tx, content_ids: Sequence[int]) -> list[int]:
    """All files that hold one of these contents, on the disk now."""
    found: list[int] = []
    for start in range(0, len(content_ids), 500):
        some = content_ids[start : start + 500]
        rows = tx.execute(
            "SELECT id FROM files WHERE state NOT IN ('gone', 'excluded')"
            f" AND content_id IN ({placeholders(len(some))})",
            tuple(some),
        )
        found += [row[0] for row in rows]
    return found


def find(tx: Tx, folder_id: int, below: bytes, name: bytes) -> FileFacts | None:
    """A file by its place."""
    row = tx.execute(
        f"{_FACTS} WHERE name = ? AND directory_id = (SELECT id FROM directories WHERE folder_id = ? AND path = ?)",
        (name, folder_id, below),
    ).fetchone()
    return None if row is None else _facts(row)


def assets_below(tx: Tx, folder_id: int, below: bytes) -> list[int]:
    """The assets of a directory and of all directories in it."""
    rows = tx.execute(
        "SELECT DISTINCT f.asset_id FROM files f JOIN directories d ON d.id = f.directory_id"
        " WHERE d.folder_id = ?1 AND (d.path = ?2 OR (d.path >= ?3 AND d.path < ?4))"
        " AND f.asset_id IS NOT NULL AND f.state NOT IN ('gone', 'excluded')",
        (folder_id, below, below + b"/", below + b"0"),
    )
    return [row[0] for row in rows]
