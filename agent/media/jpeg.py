"""Walks through a JPEG by its markers, without decoding: what is embedded in it, and where its scans begin and end.

A progressive JPEG draws the picture coarse first, then finer; a small picture needs the first scans alone, and the rest
need not be decoded. Runs in the decoder process. Format: ITU-T T.81, annex B; CIPA DC-007 for the second pictures.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_START_OF_SCAN, _END = 0xDA, b"\xff\xd9"
_PROGRESSIVE = frozenset({0xC2, 0xCA})
#: Ordinary pictures; lossless ones, as a sensor's points are kept, are none of ours.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
#: A marker within the packed pixels: neither a stuffed byte, nor filling, nor a restart.
_NEXT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
#: How far the zigzag goes that a picture at an eighth, a quarter, half of its size is made of.
_NEEDED = {8: 0, 4: 4, 2: 24}


class Segment(NamedTuple):
    """A marker with its content's place."""

    marker: int
    start: int
    end: int


class Header(NamedTuple):
    """What stands before the pixels."""

    size: tuple[int, int] | None
    is_progressive: bool
    exif: bytes | None
    xmp: bytes | None
    multi_picture: tuple[int, bytes] | None  # where its offsets count from, and its content


def segments(data: bytes) -> Iterator[Segment]:
    """The segments up to the first scan, that one included; ends where the data does not fit."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield Segment(marker, at + 4, at + 2 + length)
        if marker == _START_OF_SCAN or length < 2:
            return
        at += 2 + length


def header(data: bytes) -> Header:
    """The header of a JPEG, of which at least the first 64 KiB are needed."""
    size, progressive = None, False
    exif: bytes | None = None
    xmp: bytes | None = None
    multi_picture: tuple[int, bytes] | None = None
    for segment in segments(data):
        if segment.marker in _FRAMES and segment.end - segment.start >= 5:
            height, width = struct.unpack_from(">HH", data, segment.start + 1)
            size, progressive = (width, height), segment.marker in _PROGRESSIVE
        elif segment.marker == 0xE1 and exif is None and data.startswith(b"Exif\0", segment.start):
            exif = data[segment.start + 6 : segment.end]
        elif segment.marker == 0xE1 and xmp is None and data.startswith(_XMP, segment.start):
            xmp = data[segment.start + len(_XMP) : segment.end]
        elif segment.marker == 0xE2 and data.startswith(b"MPF\0", segment.start):
            multi_picture = segment.start + 4, data[segment.start + 4 : segment.end]
    return Header(size, progressive, exif, xmp, multi_picture)


def first_scans(data: bytes, scale: int) -> bytes:
    """As much of a JPEG as is needed to see it at 1/scale of its size, ended properly.

    Sequential pictures come back as they are, and so does whatever is not understood.
    """
    last = _NEEDED.get(scale)
    scan = next((one for one in segments(data) if one.marker == _START_OF_SCAN), None)
    if last is None or scan is None or not header(data).is_progressive:
        return data
    at, seen, keep_to = scan.start - 4, set[int](), 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xD9:
            break
        if marker == 0xFF or marker in _ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker != _START_OF_SCAN:
            at += 2 + length
            continue
        content = data[at + 4 : at + 2 + length]
        if len(content) < 6 or len(content) < 4 + 2 * content[0]:
            break
        begins, refines = content[-3], content[-1] >> 4
        if begins == 0 and not refines:
            seen.update(content[1 : 1 + 2 * content[0] : 2])
        elif begins > last or refines:
            break
        found = _NEXT.search(data, at + 2 + length)
        at = keep_to = found.start() if found else len(data)
    return data[:keep_to] + _END if seen and 0 < keep_to < len(data) else data
