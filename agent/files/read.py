"""Reads files: their facts, their digest, their bytes. The border where errors of the system become fates.

Every function blocks and may run on any thread. Nothing is mapped into memory: a file that is cut short meanwhile
would end the process. Nothing is believed of a file that changed while it was read.
"""

import errno
import hashlib
import os
import stat
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Final

from agent.domain.errors import Fate, FileChanged, FileVanished, Rejected, Transient
from agent.record import Record

#: A loose cable, a drive that wakes up, a program that holds a film: such things last for minutes, not for seconds.
AGAIN_S: Final = 1_200.0
_BUFFER_BYTES: Final = 262_144
#: Binary where the system makes a difference; and never wait for the other end of a pipe that has a photo's name.
_OPEN_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)

_VANISHED: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_UNREADABLE: Final = frozenset({errno.EACCES, errno.EPERM})
_NO_FILE: Final = frozenset({errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO})
#: Windows: another program holds the file open for itself, or has locked a part of it.
_IN_USE: Final = frozenset({32, 33})
#: The system has no more of something that it shares out: watches, open files, memory.
EXHAUSTED: Final = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_LARGEST: Final = 2**63 - 1
#: So much of a file is asked for ahead; the system goes on by itself once it is read.
_AHEAD_BYTES: Final = 4 * 1024 * 1024
_WILL_NEED: Final[int] = getattr(os, "POSIX_FADV_WILLNEED", 0)

_buffers = threading.local()


class Facts(Record, frozen=True):
    """What a file is known by. `born_ns` is its birth where the system tells one."""

    size_bytes: int
    mtime_ns: int
    inode: int
    born_ns: int | None = None


class Fingerprint(Record, frozen=True):
    """A digest and the facts of the very bytes it was made of; the bytes themselves if they were asked for."""

    sha1: bytes
    facts: Facts
    content: bytes | None = None


def look(path: bytes) -> Facts:
    """The facts of a file. A symbolic link stands for the file that it leads to.

    Raises `FileVanished` (also for a link that leads nowhere), `Rejected` or `Transient`.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise translate(error) from error
    return _facts(found)


def announce(path: bytes) -> None:
    """Let the system read a file ahead, where it can be asked to. What is wrong with the file shows when it is read."""
    advise: Callable[[int, int, int, int], None] | None = getattr(os, "posix_fadvise", None)
    if advise is None:  # macOS, Windows
        return
    try:
        opened = _open(path)
    except OSError:
        return
    try:
        advise(opened, 0, _AHEAD_BYTES, _WILL_NEED)
    except OSError:
        return
    finally:
        os.close(opened)


def fingerprint(
    path: bytes,
    *,
    check: Callable[[], None],
    keep_bytes: int = 0,
) -> Fingerprint:
    """Read a file once and make its digest.

    `check` is called between pieces and stops the reading by raising `Interrupted`. A file of at most `keep_bytes`
    comes back with its content. Raises as `look`, and `FileChanged`.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    kept: bytes | None = None
    done = 0
    try:
        opened = _open(path)
        try:
            before = _facts(os.fstat(opened))
            if before.size_bytes <= keep_bytes:
                kept = _whole(opened, before.size_bytes)
                check()
                digest.update(kept)
                done = len(kept)
            else:
                done = _digested(opened, digest.update, check)
            after = _facts(os.fstat(opened))
        finally:
            os.close(opened)
    except OSError as error:
        raise translate(error) from error
    if after != before or done != after.size_bytes:
        raise FileChanged("changed")
    return Fingerprint(digest.digest(), after, kept)


def _whole(opened: int, size_bytes: int) -> bytes:
    """What is in a small file: so many bytes, or another number where that is no longer true."""
    data = os.read(opened, size_bytes + 1)
    while len(data) < size_bytes and (more := os.read(opened, size_bytes + 1 - len(data))):
        data += more
    return data


def _digested(opened: int, update: Callable[[memoryview], None], check: Callable[[], None]) -> int:
    """Give a file's bytes to a digest, in constant memory; how many they were."""
    done = 0
    with open(opened, "rb", buffering=0, closefd=False) as file:
        view = _buffer()
        while length := file.readinto(view):
            update(view[:length])
            done += length
            check()
    return done


def chunks(
    path: bytes,
    expected_sha1: bytes,
    expected_size: int,
    *,
    check: Callable[[], None],
    chunk_bytes: int = _BUFFER_BYTES,
) -> Iterator[bytes]:
    """The bytes of a file in pieces, the last one only after the whole was found to be what was expected.

    So whoever needs the end of the stream never completes a wrong copy. Memory: two pieces. Raises as `fingerprint`.
    """
    digest = hashlib.sha1(usedforsecurity=False)

    def is_whole(_: Facts) -> bool:
        return digest.digest() == expected_sha1

    return _pieces(path, expected_size, digest.update, is_whole, check, chunk_bytes)


def unchanged_chunks(
    path: bytes,
    expected_mtime_ns: int,
    expected_size: int,
    *,
    check: Callable[[], None],
    chunk_bytes: int = _BUFFER_BYTES,
) -> Iterator[bytes]:
    """As `chunks`, for half of the work: the end comes only if size and mtime are still what they were.

    For whoever learns afterwards which bytes have arrived: a file that was changed behind its mtime shows only there.
    """

    def is_whole(facts: Facts) -> bool:
        return facts.mtime_ns == expected_mtime_ns and facts.size_bytes == expected_size

    return _pieces(path, expected_size, lambda _: None, is_whole, check, chunk_bytes)


def translate(error: OSError) -> Fate:
    """The fate of an error of the file system."""
    number = error.errno
    if getattr(error, "winerror", None) in _IN_USE:
        return Transient("in_use", retry_after_s=AGAIN_S)
    if number in _VANISHED:
        return FileVanished("vanished")
    if number in _UNREADABLE:
        return Rejected("unreadable")
    if number in _NO_FILE:
        return Rejected("not_a_file")
    # A disk or a connection that falters, too many open files: all else may be gone the next time.
    return Transient("read_error", retry_after_s=AGAIN_S, reason=errno.errorcode.get(number or 0, "unknown"))


def _pieces(
    path: bytes,
    expected_size: int,
    hear: Callable[[bytes], None],
    is_whole: Callable[[Facts], bool],
    check: Callable[[], None],
    chunk_bytes: int,
) -> Generator[bytes]:
    """The pieces of a file; `hear` is told each of them, and `is_whole` asked before the last one is given."""
    done = 0
    held: bytes | None = None
    try:
        opened = _open(path)
        try:
            if os.fstat(opened).st_size != expected_size:
                raise FileChanged("changed")
            while piece := os.read(opened, chunk_bytes):
                check()
                done += len(piece)
                if done > expected_size:
                    raise FileChanged("changed")
                hear(piece)
                if held is not None:
                    yield held
                held = piece
            if done != expected_size or not is_whole(_facts(os.fstat(opened))):
                raise FileChanged("changed")
        finally:
            os.close(opened)
    except OSError as error:
        raise translate(error) from error
    if held is not None:
        yield held


def _open(path: bytes) -> int:
    return os.open(path, _OPEN_FLAGS)


def _facts(found: os.stat_result) -> Facts:
    if not stat.S_ISREG(found.st_mode):
        raise Rejected("not_a_file")
    return Facts(found.st_size, storable_time(found.st_mtime_ns), storable_inode(found.st_ino), _born_ns(found))


def storable_time(time_ns: int) -> int:
    """A time as the ledger can hold it: ext4 and NTFS know years that 64 bits of nanoseconds do not."""
    return max(-_LARGEST, min(time_ns, _LARGEST))


def storable_inode(inode: int) -> int:
    """An inode as the ledger can hold it: some file systems use all 64 bits, without a sign."""
    return (inode + _LARGEST + 1) % (2 * _LARGEST + 2) - _LARGEST - 1


def _born_ns(found: os.stat_result) -> int | None:
    exact: int | None = getattr(found, "st_birthtime_ns", None)
    if exact is not None:
        return exact
    seconds: float | None = getattr(found, "st_birthtime", None)
    return None if seconds is None else int(seconds * 1_000_000_000)


def _buffer() -> memoryview:
    """One buffer for each thread that reads, used again for every file."""
    view: memoryview | None = getattr(_buffers, "view", None)
    if view is None:
        view = _buffers.view = memoryview(bytearray(_BUFFER_BYTES))
    return view
