"""Files that must survive a power cut: written beside, synced, then put in place in one step.

Blocking; any thread. For small files that are replaced whole, such as settings and secrets.
"""

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import Final

#: There is no room, or this user may have no more of it.
FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put `data` under `path`: afterwards, and after a crash at any moment, the old content stands there or the new.

    `mode` holds from the first byte on. Raises `OSError`.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()  # left by an earlier process of the same number
    try:
        number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(number, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in this folder durable; Windows does that by itself and cannot be asked."""
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
