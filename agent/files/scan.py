"""Walks folders: every file with its facts, or only the folders that changed. Blocks; any thread.

Symbolic links to files stand for the files; links to folders (and Windows' junctions) are not entered, so no walk goes
in circles and nothing is counted twice. Memory is that of one folder. `relative` has `/` everywhere, and is empty for
the root.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from agent.domain.errors import Blocked, FileVanished
from agent.files.read import storable_inode, storable_time, translate
from agent.protocol.paths import to_display

#: A folder whose mtime is this young may change again within the same tick of its file system's clock (FAT: 2 s).
_TICK_NS: Final = 2_000_000_000
_NOTHING: Final = frozenset({"vanished", "not_a_file"})
#: Times and inodes below this are stored as they are.
_USUAL: Final = 2**62
_HAS_REPARSE_TAGS: Final = hasattr(os.stat_result, "st_reparse_tag")


class FolderMissing(Blocked):
    """The watched folder itself is not there: moved, deleted, or its drive is not connected."""


class Entry(NamedTuple):
    """A file as a listing tells it."""

    name: bytes
    size_bytes: int
    mtime_ns: int
    inode: int


class Listing(NamedTuple):
    """A folder and its files. With `trouble` (a code of `read.translate`) what is not listed may still be there.

    `trouble` is `vanished` where the folder itself is gone. `mtime_ns` is the folder's mtime or ctime, the later one
    (programs that unpack or mirror set a folder's mtime back, nobody its ctime), taken before the names.
    """

    relative: bytes
    mtime_ns: int
    entries: list[Entry]
    trouble: str | None


def walk(root: bytes, enters: Callable[[bytes], bool], *, check: Callable[[], None]) -> Iterator[Listing]:
    """Every folder from `root` on that `enters` (asked with the relative path) lets in.

    `check` is called at each step and stops the walk by raising. Raises `FolderMissing`; a folder that cannot be
    read comes as a listing with trouble, and the walk goes on.
    """
    _require(root)
    yield from _walk_from(root, [b""], enters, check)


def walk_changed(
    root: bytes, known: Mapping[bytes, int], enters: Callable[[bytes], bool], *, check: Callable[[], None]
) -> Iterator[Listing]:
    """Only folders that differ from `known` (relative -> `trusted_mtime_ns`), and all below those that are new.

    Sees what came, went or was renamed, not what was rewritten in place. One stat for each known folder.
    """
    _require(root)
    for relative, mtime_ns in changed_directories(root, known, check):
        if mtime_ns is None:
            yield Listing(relative, 0, [], "vanished")
            continue
        listing, folders = list_directory(root, relative, check)
        yield listing
        new = [folder for folder in folders if folder not in known and enters(folder)]
        yield from _walk_from(root, new, enters, check)


def changed_directories(
    root: bytes, known: Mapping[bytes, int], check: Callable[[], None] = lambda: None
) -> Iterator[tuple[bytes, int | None]]:
    """Those of the known folders whose mtime is another one: (relative, mtime), None where the folder is gone."""
    prefix = _prefix(root)
    for relative, mtime_ns in known.items():
        check()
        try:
            found = _changed_ns(os.stat(prefix + relative))
        except OSError as error:
            if isinstance(translate(error), FileVanished) or _is_gone(prefix + relative, error):
                yield relative, None
            else:
                yield relative, 0
            continue
        if found != mtime_ns:
            yield relative, found


def _is_gone(path: bytes, error: OSError) -> bool:
    """Of a path that is too long for the system a look tells nothing, there or not: the folder above it does."""
    if error.errno != errno.ENAMETOOLONG:
        return False
    above, name = os.path.split(path)
    try:
        return name not in os.listdir(above)
    except OSError as other:
        return isinstance(translate(other), FileVanished) or _is_gone(above, other)


def list_directory(
    root: bytes, relative: bytes, check: Callable[[], None] = lambda: None
) -> tuple[Listing, list[bytes]]:
    """One folder: its files, and the relative paths of the folders in it."""
    path = _prefix(root) + relative
    entries: list[Entry] = []
    folders: list[bytes] = []
    mtime_ns = 0
    trouble: str | None = None
    try:
        mtime_ns = _changed_ns(os.stat(path))
        with os.scandir(path) as found:
            for one in found:
                check()
                try:
                    if one.is_file():
                        facts = one.stat()
                        entries.append(_entry(one.name, facts))
                    elif _is_folder(one):
                        folders.append(_join(relative, one.name))
                except OSError as error:
                    code = translate(error).code
                    # What went between listing and looking is gone, a link in a circle is nothing; all else is there,
                    # though we cannot say more of it: a file, say, whose path is too long for the system.
                    if code not in _NOTHING or (error.errno == errno.ENAMETOOLONG and not one.is_symlink()):
                        trouble = code
    except OSError as error:
        trouble = translate(error).code
    return Listing(relative, mtime_ns, entries, trouble), folders


def trusted_mtime_ns(mtime_ns: int, now_at: int) -> int:
    """What to remember of a folder's mtime: -1, which no folder has, while it is too young to tell the next change."""
    return mtime_ns if abs(now_at * 1_000_000 - mtime_ns) > _TICK_NS else -1


def _walk_from(
    root: bytes, waiting: list[bytes], enters: Callable[[bytes], bool], check: Callable[[], None]
) -> Iterator[Listing]:
    while waiting:
        check()
        listing, folders = list_directory(root, waiting.pop(), check)
        yield listing
        waiting.extend(one for one in folders if enters(one))


def _changed_ns(found: os.stat_result) -> int:
    return storable_time(max(found.st_mtime_ns, found.st_ctime_ns))


def _entry(name: bytes, found: os.stat_result) -> Entry:
    mtime_ns, inode = found.st_mtime_ns, found.st_ino
    if not -_USUAL < mtime_ns < _USUAL or not 0 <= inode < _USUAL:
        mtime_ns, inode = storable_time(mtime_ns), storable_inode(inode)
    return Entry(name, found.st_size, mtime_ns, inode)


def _require(root: bytes) -> None:
    if not os.path.isdir(root):
        raise FolderMissing("folder_missing", path=to_display(root))


def _prefix(root: bytes) -> bytes:
    return os.path.join(root, b"")


def _join(relative: bytes, name: bytes) -> bytes:
    return relative + b"/" + name if relative else name


def _is_folder(one: os.DirEntry[bytes]) -> bool:
    if not one.is_dir(follow_symlinks=False):
        return False
    if not _HAS_REPARSE_TAGS:
        return True
    tag: int = getattr(one.stat(follow_symlinks=False), "st_reparse_tag", 0)
    return tag != getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)
