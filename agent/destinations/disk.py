"""The file system's small ways as a folder destination needs them, and what its errors mean: one table to fates.

Any thread; every function may block. Must not know what the files are.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Rejected, Transient
from agent.platforms.disk import FULL
from agent.protocol.paths import to_display

_DENIED = {errno.EACCES, errno.EPERM}
_ADVISE = getattr(os, "posix_fadvise", None)
_FORGET = getattr(os, "POSIX_FADV_DONTNEED", 4)
_READ_BYTES = 256 * 1024
#: No line is longer: a name has 255 bytes at most.
_TAIL_BYTES = 8192
#: Drives that do not know how to write a folder's names on demand.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.ENOSYS}
#: The name is what the file system does not like.
NAME_REFUSED = {errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}
#: No second name for one file here: FAT, many network drives.
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES}
#: So long a file that found no room is what a drive must have room for; it may be gone itself by then.
_LACK_S = 3_600.0
#: What has so much room is not full because of one long film: a raw photo, or a dozen usual ones, still find theirs.
_RESERVE_BYTES = 64 * 1024 * 1024
#: How often a film that found no room looks for it again, in seconds: as seldom as a full drive is looked at.
_LOOK_S = 300.0
#: Folders, and the page of the month's lines, take room too.
_BESIDES_BYTES = 64 * 1024
#: So much is really written to see whether there is room: what a person may still use, no number tells.
_TRIED_BYTES = 1024 * 1024
#: Not there, as opposed to not to be had.
ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}


def disk_fate(error: OSError, root: bytes, *, size_bytes: int = 0, denied: str = "destination_read_only") -> Fate:
    """The fate of a put or a check that the system refused; raise what is returned. `denied`: what EACCES is called.

    All else (EIO, ESTALE, ETIMEDOUT, a server that went away ...) may pass: the drive is asked again later.
    """
    path = to_display(root)
    code = error.errno or 0
    if code in FULL:
        return Blocked("destination_full", path=path)
    if code == errno.EROFS:
        return Blocked("destination_read_only", path=path)
    if code in _DENIED:
        return Blocked(denied, path=path)
    if code == errno.EFBIG:
        return Rejected("too_large_for_destination", path=path, size_bytes=size_bytes)
    if code in NAME_REFUSED:
        return Rejected("name_refused", path=path)
    return Transient("destination_io", path=path, reason=errno.errorcode.get(code, str(code)))


@contextmanager
def fates(root: bytes, *, size_bytes: int = 0, denied: str = "destination_read_only") -> Iterator[None]:
    """Errors of the system leave here as fates. A drive that went away meanwhile is told from a file that did."""
    try:
        yield
    except OSError as error:
        try:
            os.stat(root)
        except FileNotFoundError:
            raise Blocked("destination_missing", path=to_display(root), reason="gone") from error
        except OSError:
            pass
        raise disk_fate(error, root, size_bytes=size_bytes, denied=denied) from error


class Room:
    """Whether a drive has room, and for how much it lately had none. Safe from any thread."""

    def __init__(self, root: bytes, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._lack: tuple[int, float] | None = None

    def require(self, size_bytes: int) -> None:
        """Say that there is no room before half of a long film is on it: the drive is full, or this must wait alone."""
        if hasattr(os, "statvfs"):
            room = os.statvfs(self._root)
            free_bytes = room.f_bavail * room.f_frsize
            if room.f_frsize and room.f_blocks and free_bytes < size_bytes:
                path = to_display(self._root)
                if free_bytes >= _RESERVE_BYTES:
                    raise Transient("waits_for_room", retry_after_s=_LOOK_S, path=path, size_bytes=size_bytes)
                raise Blocked("destination_full", path=path)

    @contextmanager
    def needed(self, size_bytes: int) -> Iterator[None]:
        """Remember how much there was no room for: a small file that still fits does not make the drive less full."""
        try:
            yield
        except Blocked as problem:
            if problem.code == "destination_full":
                self._lack = (min(size_bytes, _RESERVE_BYTES - _BESIDES_BYTES), self._clock.monotonic_s())
            raise

    def try_out(self, handle: int) -> None:
        """Raise unless there is room for what had none; writes some of it to an open file."""
        lack = self._lack
        is_due = lack is not None and self._clock.monotonic_s() - lack[1] < _LACK_S
        size_bytes = _BESIDES_BYTES + (lack[0] if lack is not None and is_due else 0)
        self.require(size_bytes)
        rest = memoryview(bytes(min(size_bytes, _TRIED_BYTES)))
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
        self._lack = None


def moved(part: bytes, target: bytes) -> bool:
    """Give a file its name unless something has it: False. Through a second name where there is such a thing."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
    else:
        os.unlink(part)
        return True
    try:
        os.lstat(target)
    except FileNotFoundError:
        # Where there are no links nothing better is offered to everybody: the gap is a few microseconds.
        os.rename(part, target)
        return True
    return False


def sync_folder(path: bytes) -> None:
    """Have the names in a folder written. Nothing to do on Windows, where a folder cannot be opened."""
    flags = getattr(os, "O_DIRECTORY", None)
    if flags is None:
        return
    handle = os.open(path, os.O_RDONLY | flags)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def digest_of(path: bytes) -> bytes:
    """SHA-1 of what is on the drive: what the system remembers of the file is dropped first where it can be."""
    found = hashlib.sha1(usedforsecurity=False)
    with open(path, "rb", buffering=0) as file:
        if _ADVISE is not None:
            _ADVISE(file.fileno(), 0, 0, _FORGET)
        buffer = bytearray(min(_READ_BYTES, max(4096, os.fstat(file.fileno()).st_size)))
        view = memoryview(buffer)
        while count := file.readinto(buffer):
            found.update(view[:count])
    return found.digest()


def holds(path: bytes, sha1: bytes) -> bool:
    """Whether there is a file of these bytes on the drive."""
    try:
        return digest_of(path) == sha1
    except OSError as error:
        if error.errno in ABSENT:
            return False
        raise


def content_of(path: bytes) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno in ABSENT:
            return b""
        raise


def append_line(path: bytes, line: bytes, is_whole: Callable[[bytes], bool]) -> bool:
    """Add a line and have it written. True when the file is new, so that its folder must be written too.

    Half a line, which a crash or a full drive left, is taken away first: it would read as a file that is not there.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        length = os.fstat(handle).st_size
        os.lseek(handle, max(0, length - _TAIL_BYTES), os.SEEK_SET)
        torn = os.read(handle, _TAIL_BYTES).rpartition(b"\n")[2]
        if torn and is_whole(torn):
            line = b"\n" + line
        elif torn:
            length -= len(torn)
            os.ftruncate(handle, length)
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(handle, length)
            raise
        os.fsync(handle)
    finally:
        os.close(handle)
    return not length
