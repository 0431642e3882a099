"""Removes from the media cache what was made of files that are gone. Never for a drive that is merely not there.

A file counts as gone when the ledger does not know it, it cannot be found, and the place where it lay is as it was: in
a watched folder the same file system, and its directory, if that is still there, holds something, for an empty one may
be where a drive is mounted at other times. Elsewhere, and where systems put drives, a directory that is missing proves
nothing either. What is kept by mistake goes when room is needed. Blocks its thread.
"""

import os
from collections.abc import Callable, Sequence

from agent.files.mounts import root_identity
from agent.store import media_metadata, picturable, places, thumbnails
from agent.store.cache_db import MOST_ROWS, CacheDatabase
from agent.store.db import Tx
from agent.work.cache.making import Making

_STRETCH = 1_000
#: Where systems make a directory for a drive, and remove it with the drive.
_DRIVES = (b"/media/", b"/run/media/", b"/mnt/", b"/Volumes/")


def clean(
    making: Making, ledger: Callable[[], Tx], is_present: Callable[[bytes], bool], check: Callable[[], None]
) -> int:
    """Look through both databases; how many pictures went. `is_present`: the ledger has a file at this path."""
    grounds = _Grounds(list(picturable.roots(ledger())))

    def is_lost(path: bytes) -> bool:
        return not is_present(path) and grounds.is_gone(path)

    _drop(making.facts, media_metadata.drop, is_lost, check)
    return _drop(making.thumbs, thumbnails.drop, is_lost, check)


def clear(making: Making, check: Callable[[], None]) -> int:
    """Throw away all that was made, so that it can be made anew; how many pictures went."""
    _drop(making.facts, media_metadata.drop, lambda _: True, check)
    return _drop(making.thumbs, thumbnails.drop, lambda _: True, check)


def _drop(
    database: CacheDatabase,
    drop: Callable[[Tx, Sequence[bytes]], int],
    is_lost: Callable[[bytes], bool],
    check: Callable[[], None],
) -> int:
    after, gone = b"", 0
    while True:
        check()
        with database.read() as tx:
            some = places.paths(tx, after, _STRETCH)
        if not some:
            return gone
        after = some[-1]
        lost = [path for path in some if is_lost(path)]
        for start in range(0, len(lost), MOST_ROWS):
            with database.write() as tx:
                gone += drop(tx, lost[start : start + MOST_ROWS])


class _Grounds:
    """Where files lie, and whether those places are what they were. Looks at each place once."""

    def __init__(self, roots: list[tuple[bytes, str | None]]) -> None:
        # the innermost root first
        self._roots = sorted(((root.rstrip(b"/"), identity) for root, identity in roots), key=lambda one: -len(one[0]))
        self._sound: dict[bytes, bool] = {}

    def is_gone(self, path: bytes) -> bool:
        """Whether the file is not there, and its drive is."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return self._is_sound(path)
        except OSError:
            return False
        return False

    def _is_sound(self, path: bytes) -> bool:
        root, identity = next(((one, known) for one, known in self._roots if path.startswith(one + b"/")), (b"", None))
        directory = os.path.dirname(path)
        if root and not path.startswith(_DRIVES):
            while len(directory) > len(root) and not os.path.isdir(directory):
                directory = os.path.dirname(directory)
        if directory not in self._sound:
            if directory == root:
                self._sound[directory] = _is_as_before(root, identity)
            else:
                is_below = not root or _is_as_before(root, identity)
                self._sound[directory] = is_below and _has_content(directory)
        return self._sound[directory]


def _is_as_before(root: bytes, identity: str | None) -> bool:
    """Whether the same file system lies there as when the folder was last read."""
    try:
        return identity is not None and root_identity(root) == identity
    except OSError:
        return False


def _has_content(directory: bytes) -> bool:
    try:
        with os.scandir(directory) as entries:
            return next(iter(entries), None) is not None
    except OSError:
        return False
