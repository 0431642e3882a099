"""Bytes of real files, and what becomes of the system's errors."""

import errno
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.errors import Fate, FileChanged, FileVanished, Interrupted, Rejected, Transient
from agent.files.read import announce, chunks, fingerprint, look, translate, unchanged_chunks

BODY = os.urandom(600_000)
SHA1 = hashlib.sha1(BODY).digest()


def nothing() -> None:
    """Nobody stops the reading."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(BODY)
    return path


def test_a_look_tells_size_time_and_inode(photo: Path) -> None:
    facts = look(bytes(photo))
    found = photo.stat()
    assert (facts.size_bytes, facts.mtime_ns, facts.inode) == (len(BODY), found.st_mtime_ns, found.st_ino)


def test_a_link_stands_for_the_file_it_leads_to(photo: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    assert look(bytes(link)) == look(bytes(photo))
    assert fingerprint(bytes(link), check=nothing).sha1 == SHA1


def test_a_link_that_leads_nowhere_is_a_vanished_file(tmp_path: Path) -> None:
    link = tmp_path / "link.jpg"
    link.symlink_to(tmp_path / "gone.jpg")
    with pytest.raises(FileVanished):
        look(bytes(link))


def test_what_is_no_regular_file_is_rejected_without_waiting(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    for found in list(tmp_path.iterdir()):
        path = bytes(found)
        for reading in (lambda p=path: look(p), lambda p=path: fingerprint(p, check=nothing)):
            with pytest.raises(Rejected) as caught:
                reading()
            assert caught.value.code == "not_a_file"


def test_a_fingerprint_is_the_digest_of_the_bytes_and_their_facts(photo: Path) -> None:
    made = fingerprint(bytes(photo), check=nothing)
    assert made.sha1 == SHA1
    assert made.facts == look(bytes(photo))
    assert made.content is None


def test_the_content_is_kept_up_to_the_size_that_was_asked_for(photo: Path) -> None:
    assert fingerprint(bytes(photo), check=nothing, keep_bytes=len(BODY)).content == BODY
    assert fingerprint(bytes(photo), check=nothing, keep_bytes=len(BODY) - 1).content is None


def test_an_empty_file_has_a_fingerprint_too(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.touch()
    assert fingerprint(bytes(path), check=nothing).sha1 == hashlib.sha1(b"").digest()
    assert list(chunks(bytes(path), hashlib.sha1(b"").digest(), 0, check=nothing)) == []


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
def test_a_file_that_changes_while_it_is_read_has_no_fingerprint(photo: Path, change: str) -> None:
    pieces = 0

    def meanwhile() -> None:
        nonlocal pieces
        pieces += 1
        if pieces > 1:
            return
        if change == "grow":
            with photo.open("ab") as file:
                file.write(b"more")
        elif change == "shrink":
            os.truncate(photo, 300_000)
        else:
            os.utime(photo, ns=(0, 1))

    with pytest.raises(FileChanged):
        fingerprint(bytes(photo), check=meanwhile)


def test_reading_stops_when_it_is_asked_to(photo: Path) -> None:
    def stop() -> None:
        raise Interrupted("stop")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Interrupted):
        fingerprint(bytes(photo), check=stop)
    with pytest.raises(Interrupted):
        list(chunks(bytes(photo), SHA1, len(BODY), check=stop))
    assert len(os.listdir("/proc/self/fd")) == before


def taken(pieces: Iterator[bytes]) -> tuple[bytes, str | None]:
    """What came out before the end, and with which error it ended."""
    got = b""
    try:
        for piece in pieces:
            got += piece
    except Fate as fate:
        return got, type(fate).__name__
    return got, None


@pytest.mark.parametrize("chunk_bytes", [1_000, 262_144, 600_000, 1_000_000])
def test_the_pieces_are_the_file(photo: Path, chunk_bytes: int) -> None:
    pieces = list(chunks(bytes(photo), SHA1, len(BODY), check=nothing, chunk_bytes=chunk_bytes))
    assert b"".join(pieces) == BODY
    assert max(map(len, pieces)) <= chunk_bytes


def test_the_end_of_a_file_with_other_bytes_is_never_given(photo: Path) -> None:
    other = bytearray(BODY)
    for at in (0, 300_000, len(BODY) - 1):
        changed = bytearray(other)
        changed[at] ^= 1
        photo.write_bytes(changed)
        got, ended = taken(chunks(bytes(photo), SHA1, len(BODY), check=nothing))
        assert ended == "FileChanged"
        assert len(got) < len(BODY)


@pytest.mark.parametrize("size_bytes", [0, 1, 599_999, 600_001, 2_000_000])
def test_a_file_of_another_size_gives_nothing(photo: Path, size_bytes: int) -> None:
    mtime_ns = look(bytes(photo)).mtime_ns
    os.truncate(photo, size_bytes)
    assert taken(chunks(bytes(photo), SHA1, len(BODY), check=nothing)) == (b"", "FileChanged")
    assert taken(unchanged_chunks(bytes(photo), mtime_ns, len(BODY), check=nothing)) == (b"", "FileChanged")


@pytest.mark.parametrize("chunk_bytes", [1_000, 262_144, 600_000, 1_000_000])
def test_a_file_that_did_not_change_is_given_without_being_hashed(photo: Path, chunk_bytes: int) -> None:
    mtime_ns = look(bytes(photo)).mtime_ns
    pieces = list(unchanged_chunks(bytes(photo), mtime_ns, len(BODY), check=nothing, chunk_bytes=chunk_bytes))
    assert b"".join(pieces) == BODY
    assert max(map(len, pieces)) <= chunk_bytes


def test_the_end_of_a_file_that_is_written_to_meanwhile_is_never_given(photo: Path) -> None:
    mtime_ns = look(bytes(photo)).mtime_ns
    pieces = unchanged_chunks(bytes(photo), mtime_ns, len(BODY), check=nothing, chunk_bytes=100_000)
    first = next(pieces)
    with photo.open("r+b") as file:
        file.write(b"other")
    got, ended = taken(pieces)
    assert ended == "FileChanged"
    assert len(first) + len(got) < len(BODY)


@pytest.mark.parametrize("size_bytes", [300_000, 700_000])
def test_a_file_that_changes_its_size_between_pieces_never_ends_well(photo: Path, size_bytes: int) -> None:
    pieces = chunks(bytes(photo), SHA1, len(BODY), check=nothing, chunk_bytes=100_000)
    first = next(pieces)
    os.truncate(photo, size_bytes)
    got, ended = taken(pieces)
    assert ended == "FileChanged"
    assert len(first) + len(got) < len(BODY)


def test_a_file_that_is_not_there_is_vanished(tmp_path: Path) -> None:
    gone = bytes(tmp_path / "gone.jpg")
    below_a_file = bytes(tmp_path / "file")
    Path(os.fsdecode(below_a_file)).touch()
    for path in (gone, below_a_file + b"/a.jpg"):
        for reading in (
            lambda p=path: look(p),
            lambda p=path: fingerprint(p, check=nothing),
            lambda p=path: list(chunks(p, SHA1, len(BODY), check=nothing)),
        ):
            with pytest.raises(FileVanished):
                reading()


def test_a_name_that_is_no_utf_8_is_read_like_any_other(tmp_path: Path) -> None:
    path = bytes(tmp_path) + b"/\xff\xfe.jpg"
    with open(path, "wb") as file:
        file.write(BODY)
    assert fingerprint(path, check=nothing).sha1 == SHA1


@pytest.mark.parametrize(
    ("number", "fate", "code"),
    [
        (errno.ENOENT, FileVanished, "vanished"),
        (errno.ENOTDIR, FileVanished, "vanished"),
        (errno.EACCES, Rejected, "unreadable"),
        (errno.EPERM, Rejected, "unreadable"),
        (errno.ELOOP, Rejected, "not_a_file"),
        (errno.EISDIR, Rejected, "not_a_file"),
        (errno.ENAMETOOLONG, Rejected, "not_a_file"),
        (errno.EIO, Transient, "read_error"),
        (errno.ESTALE, Transient, "read_error"),
        (errno.ETIMEDOUT, Transient, "read_error"),
        (errno.EMFILE, Transient, "read_error"),
        (None, Transient, "read_error"),
    ],
)
def test_every_error_has_a_fate(number: int | None, fate: type[Fate], code: str) -> None:
    made = translate(OSError(number, "as the system says") if number is not None else OSError())
    assert type(made) is fate
    assert made.code == code


def test_a_file_that_another_program_holds_may_be_free_later() -> None:
    error = PermissionError(errno.EACCES, "sharing violation")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
    made = translate(error)
    assert (type(made), made.code) == (Transient, "in_use")


if sys.platform == "linux":  # the others cannot be asked to read ahead

    def is_in_memory(opened: int) -> bool:
        try:
            return os.preadv(opened, [bytearray(4096)], 0, os.RWF_NOWAIT) > 0
        except BlockingIOError:
            return False

    def test_an_announced_file_comes_from_the_disk_by_itself(tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(os.urandom(1_000_000))
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
            os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
            if is_in_memory(opened):
                pytest.skip("this file system forgets nothing")
            announce(bytes(path))
            deadline_s = time.monotonic() + 10
            while not is_in_memory(opened):
                assert time.monotonic() < deadline_s
        finally:
            os.close(opened)


def test_what_cannot_be_announced_shows_when_it_is_read(tmp_path: Path) -> None:
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.jpg")
    for name in ("gone.jpg", "pipe.jpg", ""):
        announce(bytes(tmp_path / name))
