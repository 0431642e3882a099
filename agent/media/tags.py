"""Reads the directories of a TIFF structure, as they stand in TIFF files, RAW files and the EXIF part of all others.

Pillow reads each directory; here they are followed and the few tags that matter are taken out, so that one bad tag
does not cost the others. Runs in the decoder process.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from agent.media.exif import Facts, facts

EXIF_DIRECTORY, GPS_DIRECTORY, SUB_DIRECTORIES = 0x8769, 0x8825, 0x014A
#: Follow no more than so many directories of one file.
_MOST_DIRECTORIES = 24
#: What broken data makes Pillow's parsers raise.
BAD_DATA = (OSError, ValueError, SyntaxError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
#: RAW files that are TIFF but for their first bytes: Olympus, Panasonic.
_ODD_HEADS = (b"IIRO", b"IIRS", b"MMOR", b"IIU\x00")


class Directory(Mapping[int, Any]):
    """The tags of one directory, each made a value only when it is asked for; one with a bad value is absent."""

    def __init__(self, parsed: Any = None) -> None:  # noqa: ANN401 - Pillow's directory; None for an empty one
        self._parsed = {} if parsed is None else parsed

    def __getitem__(self, tag: int) -> Any:  # noqa: ANN401 - whatever kind the tag has
        if tag not in self._parsed:
            raise KeyError(tag)
        try:
            return _single(self._parsed[tag])
        except BAD_DATA:
            raise KeyError(tag) from None

    def __iter__(self) -> Iterator[int]:
        return iter(self._parsed)

    def __len__(self) -> int:
        return len(self._parsed)


class Tiff:
    """An open TIFF structure; `BAD_DATA` when it is none."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        head = file.read(16)
        if head[:4] in _ODD_HEADS:
            head = {b"I": b"II*\0", b"M": b"MM\0*"}[head[:1]] + head[4:8]
        elif b"*" in head[2:4]:  # with `+` there it is BigTIFF, whose head is twice as long
            head = head[:8]
        self._file = file
        self._head = head
        self._followed = 0
        self.main, self.next_offset = self.directory(self._first_offset())

    def _first_offset(self) -> int:
        from PIL.TiffImagePlugin import ImageFileDirectory_v2

        return int(ImageFileDirectory_v2(self._head).next)

    def directory(self, offset: object, group: int | None = None) -> tuple[Directory, int]:
        """The tags of the directory at an offset, and the next one's; an empty one and 0 where there is none."""
        from PIL.TiffImagePlugin import ImageFileDirectory_v2

        if not isinstance(offset, int) or offset < 8 or self._followed >= _MOST_DIRECTORIES:
            return Directory(), 0
        self._followed += 1
        parsed = ImageFileDirectory_v2(self._head, group=group)
        try:
            self._file.seek(offset)
            parsed.load(self._file)
        except BAD_DATA:
            return Directory(), 0
        return Directory(parsed), int(parsed.next or 0)

    def exif(self) -> Directory:
        return self.directory(self.main.get(EXIF_DIRECTORY), EXIF_DIRECTORY)[0]

    def gps(self) -> Directory:
        return self.directory(self.main.get(GPS_DIRECTORY), GPS_DIRECTORY)[0]

    def others(self) -> Iterator[Directory]:
        """The directories that hold other sizes of the picture: those inside the first, those chained after it."""
        inside = self.main.get(SUB_DIRECTORIES, ())
        for offset in inside if isinstance(inside, tuple) else (inside,):
            yield self.directory(offset)[0]
        following = self.next_offset
        while following:
            found, following = self.directory(following)
            if found:
                yield found

    def facts(self) -> Facts:
        return facts(self.main, self.exif(), self.gps())


def _single(value: object) -> object:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
