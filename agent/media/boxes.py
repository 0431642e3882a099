"""The boxes of ISO base media files (MP4, MOV, HEIC, CR3): finds one without reading the others.

Only positions and sizes are followed, so that a file of many gigabytes costs a few reads. Runs in the decoder process.
Format: ISO/IEC 14496-12, section 4.2.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

#: A file with more boxes than this in one level is not followed further.
_MOST_BOXES = 10_000


class Box(NamedTuple):
    """A box: its four letters, where its content begins and ends in the file; `uuid` for the kind that has one."""

    kind: bytes
    start: int
    end: int
    uuid: bytes = b""


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes that lie between two positions, in order; ends at the first that does not fit."""
    at = start
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(32)
        if len(head) < 8:
            return
        size, kind = struct.unpack_from(">I4s", head)
        content = at + 8
        if size == 1 and len(head) >= 16:
            (size,) = struct.unpack_from(">Q", head, 8)
            content += 8
        elif size == 0:  # to the end of what holds it
            size = end - at
        uuid = b""
        if kind == b"uuid":
            uuid = head[content - at : content - at + 16]
            content += 16
        if size < content - at or at + size > end:
            return
        yield Box(kind, content, at + size, uuid)
        at += size


def find(file: BinaryIO, start: int, end: int, *path: bytes) -> Iterator[Box]:
    """The boxes at a path, for instance every ``moov``/``trak``/``tkhd``."""
    for box in boxes(file, start, end):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from find(file, box.start, box.end, *path[1:])


def content(file: BinaryIO, box: Box, most_bytes: int = 1 << 20) -> bytes:
    """A box's content, at most so much of it."""
    file.seek(box.start)
    return file.read(min(box.end - box.start, most_bytes))
