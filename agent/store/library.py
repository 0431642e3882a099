"""The library as it is shown: running totals, pages of files, one file with all that is known.

Functions over one transaction; nothing here writes, and nothing counts or loads all of anything.
"""

from agent.protocol.paths import to_wire
from agent.protocol.types import Bytes, Counts, FileRow
from agent.protocol.wire import from_json
from agent.record import Record
from agent.store.db import Row, Tx
from agent.store.files import join


def counts(tx: Tx) -> tuple[Counts, Bytes, dict[int, Counts]]:
    """The running totals of what is watched: all, by size, and by folder."""
    by_folder: dict[int, dict[str, int]] = {}
    total: dict[str, int] = {}
    sizes: dict[str, int] = {}
    for folder_id, state, number, size in tx.execute(
        "SELECT c.folder_id, c.state, c.files, c.bytes FROM file_counts c"
        " JOIN folders f ON f.id = c.folder_id WHERE f.watched AND c.state <> 'gone'"
    ):
        by_folder.setdefault(folder_id, {})[state] = number
        total[state] = total.get(state, 0) + number
        sizes[state] = sizes.get(state, 0) + size
    all_bytes = sum(size for state, size in sizes.items() if state != "excluded")
    return (
        _counts(total),
        Bytes(total=all_bytes, safe=sizes.get("safe", 0)),
        {folder_id: _counts(some) for folder_id, some in by_folder.items()},
    )


def _counts(by_state: dict[str, int]) -> Counts:
    return Counts(total=sum(number for state, number in by_state.items() if state != "excluded"), **by_state)


#: Of the failures that count for a file's folder the worst: what waits for room has not failed.
_FAILURE = (
    " FROM failures x JOIN folder_destinations fd"
    " ON fd.folder_id = f.folder_id AND fd.destination_id = x.destination_id"
    " WHERE x.file_id = f.id ORDER BY x.code = 'waits_for_room', x.destination_id LIMIT 1"
)

_ROWS = (
    "SELECT f.id, r.path AS root, d.path AS below, f.name, f.state, f.size, f.mtime_ns, f.role, f.reason,"
    f" (SELECT x.code {_FAILURE}) AS failure, (SELECT x.args {_FAILURE}) AS args"
    " FROM files f JOIN directories d ON d.id = f.directory_id JOIN folders r ON r.id = f.folder_id"
)


def _row(row: Row) -> FileRow:
    failed = row["state"] == "failed" or (row["state"] == "queued" and row["failure"] == "waits_for_room")
    return FileRow(
        id=row["id"],
        path=to_wire(join(row["root"], row["below"], row["name"])),
        name=to_wire(row["name"]),
        state=row["state"],
        size_bytes=row["size"],
        modified_at=row["mtime_ns"] // 1_000_000,
        role=row["role"],
        reason=row["failure"] if failed else row["reason"],
        args=from_json(row["args"]) if failed and row["args"] else {},
    )


def page(tx: Tx, *, state: str | None, folder_id: int | None, after: int, limit: int) -> list[FileRow]:
    """Files by id, sidecars left out, of watched folders."""
    parts, args = ["f.id > ?", "f.state <> 'gone'", "f.role <> 'sidecar'", "r.watched"], [str(after)]
    if state is not None:
        parts.append("f.state = ?")
        args.append(state)
    if folder_id is not None:
        parts.append("f.folder_id = ?")
        args.append(str(folder_id))
    rows = tx.execute(f"{_ROWS} WHERE {' AND '.join(parts)} ORDER BY f.id LIMIT ?", (*args, limit))
    return [_row(row) for row in rows]


class Filter(Record, frozen=True):
    """Which files: all that is given must fit. `text` is looked for in names and directories, ASCII case ignored."""

    state: str | None = None
    folder_id: int | None = None
    role: str | None = None
    text: str = ""


def _fitting(wanted: Filter) -> tuple[str, list[object]]:
    """The condition of a filter over `f` (files), and its values."""
    parts = ["f.role <> 'sidecar'", "f.state <> 'gone'", "f.folder_id IN (SELECT id FROM folders WHERE watched)"]
    args: list[object] = []
    for column, value in (("state", wanted.state), ("folder_id", wanted.folder_id), ("role", wanted.role)):
        if value is not None:
            parts.append(f"f.{column} = ?")
            args.append(value)
    if wanted.text:
        sign = wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parts.append(
            "(CAST(f.name AS TEXT) LIKE ? ESCAPE '\\' OR f.directory_id IN"
            " (SELECT id FROM directories WHERE CAST(path AS TEXT) LIKE ? ESCAPE '\\'))"
        )
        args += [f"%{sign}%"] * 2
    return " AND ".join(parts), args


def span(tx: Tx) -> tuple[int, int] | None:
    """Oldest and newest time of a file in ns; None where there is none."""
    row = tx.execute("SELECT min(mtime_ns), max(mtime_ns) FROM files WHERE role <> 'sidecar'").fetchone()
    return None if row[0] is None else (row[0], row[1])


def count_between(tx: Tx, since_ns: int, until_ns: int, wanted: Filter) -> int:
    """How many files have a time from `since_ns` to before `until_ns`."""
    fits, args = _fitting(wanted)
    found = tx.execute(
        f"SELECT count(*) FROM files f WHERE f.mtime_ns >= ? AND f.mtime_ns < ? AND {fits}",
        (since_ns, until_ns, *args),
    )
    return int(found.fetchone()[0])


def page_between(tx: Tx, since_ns: int, until_ns: int, wanted: Filter, offset: int, limit: int) -> list[FileRow]:
    """These files, newest first."""
    fits, args = _fitting(wanted)
    rows = tx.execute(
        f"{_ROWS} WHERE f.id IN (SELECT f.id FROM files f WHERE f.mtime_ns >= ? AND f.mtime_ns < ? AND {fits}"
        " ORDER BY f.mtime_ns DESC, f.id DESC LIMIT ? OFFSET ?) ORDER BY f.mtime_ns DESC, f.id DESC",
        (since_ns, until_ns, *args, limit, offset),
    )
    return [_row(row) for row in rows]


def rows_of_asset(tx: Tx, asset_id: int) -> list[FileRow]:
    """All files of an asset that are on the disk."""
    return [_row(row) for row in tx.execute(f"{_ROWS} WHERE f.asset_id = ? AND f.state <> 'gone'", (asset_id,))]


def row_of(tx: Tx, file_id: int) -> FileRow:
    """One file for display."""
    return _row(tx.execute(f"{_ROWS} WHERE f.id = ?", (file_id,)).fetchone())


def sha1_of(tx: Tx, content_id: int) -> bytes:
    """A content's digest."""
    return bytes(tx.execute("SELECT sha1 FROM contents WHERE id = ?", (content_id,)).fetchone()[0])
