"""What RAW files and TIFF say of themselves. No pixel is decoded, so no RAW library is needed.

Most RAW files are TIFF with several pictures inside: small ones for the camera's screen and the sensor's. Canon's CR3
is an ISO base media file with pieces of TIFF in it, Fujifilm's RAF a JPEG with more behind it. Runs in the decoder
process.
"""

import contextlib
import struct
from io import BytesIO
from typing import BinaryIO

from agent.media import boxes
from agent.media.errors import Undecodable
from agent.media.exif import Facts, facts, settle_date
from agent.media.tags import BAD_DATA, Directory, Tiff

_WIDTH, _HEIGHT, _XMP = 0x0100, 0x0101, 0x02BC
_DNG_VERSION, _DNG_CROP_SIZE = 0xC612, 0xC620
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_PANASONIC_BORDERS = (4, 5, 6, 7)  # top, left, bottom, right
_CR3_UUID = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_RAF_JPEG_AT = 84

#: Extensions of cameras' TIFF-like files; they name the format where the bytes do not.
_RAW_EXTENSIONS = frozenset(
    """
    3fr ari arw cap cin cr2 crw dcr dng erf fff iiq k25 kdc mrw
    nef nrw orf ori pef psd raw rw2 rwl sr2 srf srw x3f
    """.split()
)

Size = tuple[int, int]


def tiff(file: BinaryIO, extension: str) -> tuple[Size, str, Facts]:
    """Size, format and facts of a TIFF or of a RAW file that is one inside."""
    try:
        parsed = Tiff(file)
    except BAD_DATA:
        raise Undecodable("broken") from None
    shown = "TIFF"
    if _DNG_VERSION in parsed.main:
        shown = "DNG"
    elif extension in _RAW_EXTENSIONS:
        shown = extension.upper()
    found = settle_date(parsed.facts(), parsed.main.get(_XMP))
    size = _size(parsed.main) if shown == "TIFF" else _sensor_size(parsed)
    if size is None:
        raise Undecodable("broken")
    return size, shown, found


def cr3(file: BinaryIO, size_bytes: int) -> tuple[Size, str, Facts]:
    """Canon's CR3: its directories lie in boxes of their own."""
    main = exif = gps = Directory()
    for box in boxes.find(file, 0, size_bytes, b"moov", b"uuid"):
        if box.uuid != _CR3_UUID:
            continue
        for part in boxes.boxes(file, box.start, box.end):
            if part.kind in {b"CMT1", b"CMT2", b"CMT4"}:
                try:
                    tags = Tiff(BytesIO(boxes.content(file, part))).main
                except BAD_DATA:
                    continue
                main, exif, gps = {b"CMT1": (tags, exif, gps), b"CMT2": (main, tags, gps), b"CMT4": (main, exif, tags)}[
                    part.kind
                ]
    size = _pair(exif.get(_EXIF_WIDTH), exif.get(_EXIF_HEIGHT)) or _size(main)
    if size is None:
        raise Undecodable("broken")
    return size, "CR3", settle_date(facts(main, exif, gps), None)


def raf_jpeg(file: BinaryIO) -> BytesIO:
    """The JPEG inside a RAF file, which has the size of the picture and all of its EXIF."""
    file.seek(_RAF_JPEG_AT)
    head = file.read(8)
    if len(head) < 8:
        raise Undecodable("broken")
    offset, length = struct.unpack(">II", head)
    file.seek(offset)
    return BytesIO(file.read(min(length, 1 << 20)))  # EXIF and the frame header stand within the first 128 KiB


def _sensor_size(parsed: Tiff) -> Size | None:
    """The size of the picture proper: the largest there is, or what the camera says that it should be cropped to."""
    top, left, bottom, right = (parsed.main.get(tag) for tag in _PANASONIC_BORDERS)
    if all(isinstance(edge, int) for edge in (top, left, bottom, right)) and _WIDTH not in parsed.main:
        return _pair(right - left, bottom - top)  # type: ignore[operator] # all are int
    best: Size | None = None
    for directory in (parsed.main, *parsed.others()):
        size = _size(directory)
        crop = directory.get(_DNG_CROP_SIZE)
        if size and isinstance(crop, tuple) and len(crop) == 2:
            with contextlib.suppress(ArithmeticError, ValueError):
                size = _pair(round(float(crop[0])), round(float(crop[1]))) or size
        if size and (best is None or size[0] * size[1] > best[0] * best[1]):
            best = size
    if best is None:
        exif = parsed.exif()
        best = _pair(exif.get(_EXIF_WIDTH), exif.get(_EXIF_HEIGHT))
    return best


def _size(directory: Directory) -> Size | None:
    return _pair(directory.get(_WIDTH), directory.get(_HEIGHT))


def _pair(width: object, height: object) -> Size | None:
    if isinstance(width, int) and isinstance(height, int) and 0 < width < 1 << 20 and 0 < height < 1 << 20:
        return width, height
    return None
