"""Finds the smaller pictures that cameras put inside their files: in EXIF, behind a JPEG, in front of RAW data.

They are JPEGs; only their places are looked for, and only the one that suffices is read. Runs in the decoder process.
Formats: EXIF 3.0; CIPA DC-007 (multi-picture); TIFF 6.0 and what makers added to it.
"""

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from agent.media.jpeg import Header, header
from agent.media.tags import BAD_DATA, Directory, Tiff

Size = tuple[int, int]

_COMPRESSION, _STRIPS, _STRIP_BYTES = 0x0103, 0x0111, 0x0117
_JPEG_AT, _JPEG_BYTES = 0x0201, 0x0202
_IS_JPEG = frozenset({6, 7})
_ENTRIES, _ENTRY_BYTES = 0xB002, 16
_MONITOR_PICTURES = frozenset({0x010001, 0x010002})
_HEAD_BYTES = 1 << 16
#: No picture inside a file is read beyond this, and no file is searched further for one.
_LARGEST_BYTES = 48 << 20
_SEARCHED_BYTES = 8 << 20
_MOST_FOUND = 24
_BEGINNING = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
#: Sides are alike when their ratios differ by no more.
_ALIKE = 0.03


class Place(NamedTuple):
    """Where in the file a JPEG lies."""

    start: int
    length: int


class Embedded(NamedTuple):
    """A JPEG inside a file, not read yet but for its header."""

    place: Place
    size: Size
    header: Header


def of_jpeg(head: bytes) -> Iterator[Place]:
    """Those of a JPEG, the smallest first. `head` is its beginning, 64 KiB or all of it."""
    parts = header(head)
    if parts.exif is not None:
        at = head.find(parts.exif[:64])
        yield from (Place(at + start, length) for start, length in _second_directory(parts.exif))
    if parts.multi_picture is not None:
        yield from _monitor_pictures(*parts.multi_picture)


def _second_directory(exif: bytes) -> Iterator[Place]:
    """The thumbnail of an EXIF part, by the directory that follows the first."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 16:
        return
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        (second,) = struct.unpack_from(f"{order}I", exif, first + 2 + 12 * count)
        if not second:
            return
        found: dict[int, int] = {}
        (count,) = struct.unpack_from(f"{order}H", exif, second)
        for index in range(min(count, 64)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHII", exif, second + 2 + 12 * index)
            if kind == 3:
                (value,) = struct.unpack_from(f"{order}H", exif, second + 10 + 12 * index)
            found[tag] = value
    except struct.error:
        return
    if found.get(_JPEG_BYTES, 0) > 0:
        yield Place(found.get(_JPEG_AT, 0), found[_JPEG_BYTES])


def _monitor_pictures(origin: int, content: bytes) -> Iterator[Place]:
    """Pictures of a screen's size that lie behind the main one; offsets count from `origin` in the file."""
    try:
        tags = Tiff(BytesIO(content)).main
    except BAD_DATA:
        return
    entries = tags.get(_ENTRIES)
    if not isinstance(entries, bytes):
        return
    order = "<" if content[:2] == b"II" else ">"
    for at in range(0, min(len(entries), 16 * _ENTRY_BYTES) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        attributes, length, offset = struct.unpack_from(f"{order}III", entries, at)
        if attributes & 0xFFFFFF in _MONITOR_PICTURES and offset and length:
            yield Place(origin + offset, length)


def of_raw(file: BinaryIO, size_bytes: int) -> Iterator[Place]:
    """Those of a RAW file: what its directories name, then what a search of its beginning finds."""
    named: set[int] = set()
    try:
        parsed = Tiff(file)
        for directory in (parsed.main, *parsed.others()):
            for place in _of_directory(directory):
                named.add(place.start)
                yield place
    except BAD_DATA:
        pass
    file.seek(0)
    beginning = file.read(_SEARCHED_BYTES)
    found = [match.start() for match in _BEGINNING.finditer(beginning)][:_MOST_FOUND]
    yield from (Place(start, size_bytes - start) for start in found if start not in named)


def _of_directory(directory: Directory) -> Iterator[Place]:
    at, length = directory.get(_JPEG_AT), directory.get(_JPEG_BYTES)
    if isinstance(at, int) and isinstance(length, int) and at > 0 and length > 0:
        yield Place(at, length)
    at, length = directory.get(_STRIPS), directory.get(_STRIP_BYTES)
    if directory.get(_COMPRESSION) in _IS_JPEG and isinstance(at, int) and isinstance(length, int):
        yield Place(at, length)


def look_at(file: BinaryIO, place: Place) -> Embedded | None:
    """The header of what lies there; None where it is no JPEG that we can use."""
    if place.start <= 0 or place.length < 100:
        return None
    file.seek(place.start)
    parts = header(file.read(min(place.length, _HEAD_BYTES)))
    if parts.size is None or not all(0 < side < 1 << 15 for side in parts.size):
        return None
    return Embedded(place, parts.size, parts)


def content(file: BinaryIO, place: Place) -> bytes:
    """Its bytes."""
    file.seek(place.start)
    return file.read(min(place.length, _LARGEST_BYTES))


def sufficient(found: list[Embedded], shown: Size, least_px: int) -> Embedded | None:
    """The smallest that shows the whole picture, sized `shown`, and needs no enlarging for a bound of `least_px`."""
    fitting = [one for one in found if max(one.size) >= min(least_px, max(shown)) and is_alike(one.size, shown)]
    return min(fitting, key=lambda one: one.size[0] * one.size[1], default=None)


def best(found: list[Embedded], shown: Size) -> Embedded | None:
    """The largest that there is; one of the picture's own shape rather than another."""
    return max(found, key=lambda one: (is_alike(one.size, shown), one.size[0] * one.size[1]), default=None)


def is_alike(one: Size, other: Size) -> bool:
    """Whether two pictures have the same shape."""
    return abs(one[0] * other[1] / (one[1] * other[0]) - 1) <= _ALIKE
