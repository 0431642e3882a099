"""Writes TIFF structures byte by byte: the EXIF part of test pictures, and a whole DNG.

Pillow writes EXIF too, but no second directory with a small picture in it, no maker note and no RAW; cameras do.
Format: TIFF 6.0, tags of EXIF 3.0 and of Adobe's DNG specification.
"""

import struct
from dataclasses import dataclass

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 10

Numbers = int | tuple[int, ...] | tuple[tuple[int, int], ...]
Directory = dict[int, "tuple[int, Numbers | str | bytes] | Blob | Inside"]


@dataclass(frozen=True)
class Blob:
    """Bytes that lie somewhere in the file; the tag holds where."""

    content: bytes


@dataclass(frozen=True)
class Inside:
    """Directories that hang from a tag."""

    directories: tuple[Directory, ...]


def pack(first: Directory, second: Directory | None = None) -> bytes:
    """A little-endian TIFF with `first` and, chained after it, `second`."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    _place(out, first, second)
    return bytes(out)


def _place(out: bytearray, directory: Directory, following: Directory | None = None) -> int:
    """Append a directory and all that hangs from it; where it begins."""
    out.extend(bytes(len(out) % 2))
    start = len(out)
    out.extend(bytes(2 + 12 * len(directory) + 4))
    struct.pack_into("<H", out, start, len(directory))
    for index, (tag, entry) in enumerate(sorted(directory.items(), key=lambda item: item[0])):
        kind, count, data = _encode(out, entry)
        if len(data) > 4:
            out.extend(bytes(len(out) % 2))
            data, place = struct.pack("<I", len(out)), data
            out.extend(place)
        struct.pack_into("<HHI4s", out, start + 2 + 12 * index, tag, kind, count, data)
    if following is not None:
        struct.pack_into("<I", out, start + 2 + 12 * len(directory), _place(out, following))
    return start


def _encode(out: bytearray, entry: "tuple[int, Numbers | str | bytes] | Blob | Inside") -> tuple[int, int, bytes]:
    """Type, count and bytes of a tag's value."""
    if isinstance(entry, Blob):
        offset = len(out)
        out.extend(entry.content)
        return LONG, 1, struct.pack("<I", offset)
    if isinstance(entry, Inside):
        offsets = [_place(out, directory) for directory in entry.directories]
        return LONG, len(offsets), struct.pack(f"<{len(offsets)}I", *offsets)
    kind, value = entry
    if isinstance(value, str):
        data = value.encode("utf-8") + b"\0"
        return kind, len(data), data
    if isinstance(value, bytes):
        return kind, len(value), value
    values = value if isinstance(value, tuple) else (value,)
    if kind in {RATIONAL, SIGNED_RATIONAL}:
        pairs = [number for pair in values for number in (pair if isinstance(pair, tuple) else (pair, 1))]
        return kind, len(values), struct.pack(f"<{len(pairs)}{'I' if kind == RATIONAL else 'i'}", *pairs)
    letter = {BYTE: "B", SHORT: "H", LONG: "I"}[kind]
    return kind, len(values), struct.pack(f"<{len(values)}{letter}", *values)
