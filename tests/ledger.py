"""Writes a ledger that knows a folder's files, as the agent would after its first look, without running an agent."""

import os
import time
from pathlib import Path

from agent.domain.media_types import role_of
from agent.files.mounts import root_identity
from agent.platforms.base import Places, places
from agent.store import files, folders
from agent.store.db import Database


def know(home: Path, root: Path, digests: dict[Path, bytes] | None = None) -> Places:
    """Make the ledger of `home` know every photo and video below `root`; `digests`: SHA-1 of what was hashed."""
    where = places(home)
    where.create()
    database = Database(where.database_file)
    now_at = time.time_ns() // 1_000_000
    folder = os.fsencode(root)
    with database.write() as tx:
        known = {row.path for row in folders.watched(tx)}
        folder_id = folders.attach(tx, dict.fromkeys((*known, folder), ()), {})[folder]
        folders.mark_checked(tx, folder_id, root_identity(folder), "{}", now_at)
        for path in sorted(root.rglob("*")):
            role = role_of(os.fsencode(path.name))
            if role is None or not path.is_file():
                continue
            below = os.fsencode(path.parent.relative_to(root)) if path.parent != root else b""
            directory_id = folders.directory(tx, folder_id, below)
            found = path.stat()
            name = os.fsencode(path.name)
            row = files.find(tx, folder_id, below, name)
            if row is None:
                file_id = files.add(
                    tx, directory_id, folder_id, name, role, found.st_size, found.st_mtime_ns, found.st_ino, now_at
                )
            else:
                file_id = row.id
                same = row.size_bytes == found.st_size and row.mtime_ns == found.st_mtime_ns
                files.observe(tx, file_id, found.st_size, found.st_mtime_ns, found.st_ino, same_bytes=same)
            if digests and path in digests:
                files.set_content(tx, file_id, digests[path], found.st_size, found.st_mtime_ns, now_at)
        rows = tx.execute(
            "SELECT f.id, d.path, f.name FROM files f JOIN directories d ON d.id = f.directory_id"
            " WHERE f.folder_id = ? AND f.state <> 'gone'",
            (folder_id,),
        ).fetchall()
        files.mark_gone(tx, [row[0] for row in rows if not os.path.lexists(files.join(folder, row[1], row[2]))], now_at)
    database.close()
    return where
