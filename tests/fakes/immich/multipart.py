"""A streaming reader for multipart/form-data that never holds more than one network chunk.

For: uploads; parts are handed piece by piece to whatever the caller returned for them.
Must not: keep contents, decide about fields, or wait for anything.
Thread: the server's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
_ESCAPED = re.compile(rb'\\(["\\])')
MAX_HEADER = 16 * 1024


class BadForm(Exception):
    """The body is not a complete multipart form; the text is what the server says about it."""


class Sink(Protocol):
    """Takes the content of one part."""

    def write(self, piece: memoryview) -> None:
        """The next piece; valid only during the call."""

    def close(self) -> None:
        """The part is complete."""


@dataclass(frozen=True, slots=True)
class PartHead:
    """What the headers of a part say. ``filename`` is None for plain fields."""

    name: str
    filename: str | None


def boundary_of(content_type: str) -> bytes:
    """The boundary named in a Content-Type header."""
    found = re.search(r'boundary=(?:"([^"]+)"|([^;\s]+))', content_type)
    if found is None:
        raise BadForm("Multipart: Boundary not found")
    return (found.group(1) or found.group(2)).encode("latin-1")


def parse_head(block: bytes) -> PartHead:
    """Read the headers of a part. File names are raw UTF-8 and lose their folders."""
    for line in block.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() != b"content-disposition":
            continue
        found = {one[0].lower(): _ESCAPED.sub(rb"\1", one[1]) or one[2] for one in _PARAMETER.findall(value)}
        name = found.get(b"name", b"").decode("utf-8", "replace")
        if b"filename*" in found:
            return PartHead(name, _mangled(found[b"filename*"]))
        raw = found.get(b"filename")
        return PartHead(name, None if raw is None else _basename(raw.decode("utf-8", "replace")))
    raise BadForm("Multipart: Malformed part header")


def _basename(filename: str) -> str:
    return filename.replace("\\", "/").rsplit("/", 1)[-1]


def _mangled(extended: bytes) -> str:
    """The extended form is decoded once and then taken for Latin-1 once more, so only ASCII survives."""
    text = unquote_to_bytes(extended.rsplit(b"'", 1)[-1]).decode("utf-8", "replace")
    return _basename(bytes(ord(letter) & 0xFF for letter in text).decode("utf-8", "replace"))


class MultipartReader:
    """Feed it the body; it calls ``open_part`` for each part and writes to the sink it gets."""

    def __init__(self, boundary: bytes, open_part: Callable[[PartHead], Sink]) -> None:
        self._mark = b"\r\n--" + boundary
        self._open_part = open_part
        self._rest = b"\r\n"  # so that the first boundary looks like all others
        self._sink: Sink | None = None
        self._step: Callable[[bytes, int], int] | None = self._seek_first

    def feed(self, chunk: bytes) -> None:
        """Take the next piece of the body."""
        data = self._rest + chunk if self._rest else chunk
        place = 0
        while self._step is not None:
            reached = self._step(data, place)
            if reached < 0:
                break
            place = reached
        self._rest = b"" if self._step is None else self._kept(data, place)

    def finish(self) -> None:
        """The body is over; fails unless the closing boundary was seen."""
        if self._step is not None:
            raise BadForm("Multipart: Unexpected end of form")

    # Each step starts at a place in the data and returns the place behind what it took, or -1 when it needs more.

    def _seek_first(self, data: bytes, place: int) -> int:
        found = data.find(self._mark, place)
        if found < 0:
            return -1
        self._step = self._after_mark
        return found + len(self._mark)

    def _after_mark(self, data: bytes, place: int) -> int:
        if len(data) < place + 2:
            return -1
        if data.startswith(b"--", place):
            self._step = None
            return place + 2
        self._step = self._head
        return place

    def _head(self, data: bytes, place: int) -> int:
        end = data.find(b"\r\n\r\n", place)
        if end < 0:
            if len(data) - place > MAX_HEADER:
                raise BadForm("Multipart: Malformed part header")
            return -1
        self._sink = self._open_part(parse_head(data[place:end]))
        self._step = self._content
        return end + 4

    def _content(self, data: bytes, place: int) -> int:
        assert self._sink is not None
        end = data.find(self._mark, place)
        if end < 0:
            return -1
        if end > place:
            self._sink.write(memoryview(data)[place:end])
        self._sink.close()
        self._step = self._after_mark
        return end + len(self._mark)

    def _kept(self, data: bytes, place: int) -> bytes:
        """Pass on what certainly belongs to the content and keep what may start a boundary."""
        if self._step == self._seek_first:
            return data[max(place, len(data) - len(self._mark)) :]
        if self._step != self._content:
            return data[place:]
        first = max(place, len(data) - len(self._mark))
        start = data.rfind(b"\r", first)
        while start >= 0 and not self._mark.startswith(data[start:]):
            start = data.rfind(b"\r", first, start)
        sure = len(data) if start < 0 else start
        assert self._sink is not None
        if sure > place:
            self._sink.write(memoryview(data)[place:sure])
        return data[sure:]
