"""What is known of a picture or video without decoding it: size, duration, format, when and with what it was taken.

`read` goes by the first bytes of a file, never by its name, and asks exactly one parser of the one format that they
announce. Runs in the decoder process (`agent.media.decode`); the agent uses the struct alone. Packages are imported
when the first file of their format comes.
"""

import errno
import os
import stat
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from agent.domain.metadata import Metadata
from agent.media import boxes, jxl
from agent.media.errors import Undecodable
from agent.media.exif import Facts, settle_date
from agent.media.jpeg import header
from agent.media.tags import BAD_DATA, Tiff
from agent.record import Record, replace

HEAD_BYTES = 512
_JPEG_HEAD_BYTES = 1 << 17
#: The disk fails, not the file.
_DISK_TROUBLE = frozenset({errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE, errno.ETIMEDOUT, errno.EBUSY})
#: How each begins (offset, bytes), and what Pillow calls it.
_PILLOW = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WEBP"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"8BPS", "PSD"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
#: What `Metadata.format` says of the pictures that Pillow decodes, beside JPEG.
PILLOW_FORMATS = frozenset({"PNG", "WEBP", "GIF", "BMP", "PSD", "JP2", "AVIF", "TIFF"})
_VIDEO_NAMES = {
    "mov": "MP4",
    "matroska": "MKV",
    "asf": "WMV",
    "flv": "FLV",
    "mpeg": "MPEG",
    "mpegvideo": "MPEG",
    "mxf": "MXF",
    "avi": "AVI",
    "mpegts": "MTS",
}
_VIDEO_FORMATS = frozenset({*_VIDEO_NAMES.values(), "MOV", "3GP", "WEBM"})


def is_video(metadata: Metadata) -> bool:
    """Whether the format is one of moving pictures."""
    return metadata.format in _VIDEO_FORMATS


class Opened(Record, frozen=True):
    """A file to be looked into: the open file, its facts, its extension in small letters without the dot."""

    file: BinaryIO
    size_bytes: int
    mtime_ns: int
    extension: str


@contextmanager
def opened(path: bytes) -> Iterator[Opened]:
    """Open a file that may be anything. What goes wrong inside with its content becomes `Undecodable`.

    `OSError` when it cannot be opened, or when the disk fails.
    """
    name = Path(os.fsdecode(path))
    if not stat.S_ISREG(name.stat().st_mode):  # a pipe would never end
        raise Undecodable("unknown_format")
    with name.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of every odd tag
        status = os.fstat(file.fileno())
        if status.st_size == 0:
            raise Undecodable("empty")
        with judged():
            yield Opened(file, status.st_size, status.st_mtime_ns, name.suffix[1:].lower())


@contextmanager
def judged() -> Iterator[None]:
    """What a broken file makes our packages raise becomes `Undecodable`; what a broken disk does stays an `OSError`."""
    try:
        yield
    except MemoryError:
        raise Undecodable("memory") from None
    except (*BAD_DATA, RuntimeError, AttributeError, AssertionError) as error:
        if isinstance(error, OSError) and error.errno in _DISK_TROUBLE:
            raise
        raise Undecodable("broken") from error


def read(path: bytes) -> Metadata:
    """The facts of one file. `Undecodable` when it gives none, `OSError` when it cannot be opened or read at all."""
    with opened(path) as found:
        known = read_opened(found)
        return _unpacked(found, known) if known.format == "JXL" else known


def read_opened(found: Opened) -> Metadata:
    """The same, of an open file, and nothing is decoded for it."""
    found.file.seek(0)
    return _read(found.file, found.file.read(HEAD_BYTES), found.size_bytes, found.extension)


def _read(file: BinaryIO, head: bytes, size_bytes: int, extension: str) -> Metadata:
    for at, magic, pillow_name in _PILLOW:
        if head[at : at + len(magic)] == magic:
            return (_jpeg(file) if pillow_name == "JPEG" else None) or _with_pillow(file, pillow_name)
    if head[4:8] == b"ftyp":
        brands = _brands(head)
        if brands & _AVIF_BRANDS:
            return _with_pillow(file, "AVIF")
        if brands & _HEIC_BRANDS:
            return _heic(file)
    if jxl.is_jxl(head):
        return _jxl(jxl.header(file, size_bytes))
    return _raw(file, head, size_bytes, extension) or _video(file, head, size_bytes)


def _raw(file: BinaryIO, head: bytes, size_bytes: int, extension: str) -> Metadata | None:
    from agent.media import raw

    if head.startswith(_TIFF):
        return _still(*raw.tiff(file, extension))
    if head.startswith(b"FUJIFILMCCD-RAW"):
        return _with_pillow(raw.raf_jpeg(file), "JPEG", "RAF")
    if b"crx " in _brands(head):
        return _still(*raw.cr3(file, size_bytes))
    return None


def _video(file: BinaryIO, head: bytes, size_bytes: int) -> Metadata:
    from agent.media import video

    container = video.container(head)
    if container is None:
        raise Undecodable("unknown_format")
    return video.read(file, size_bytes, container, _video_name(container, head))


def _still(size: tuple[int, int], shown_format: str, known: Facts) -> Metadata:
    return Metadata(
        width=size[0],
        height=size[1],
        duration_s=None,
        format=shown_format,
        captured_at_text=known.captured_at_text,
        offset_text=known.offset_text,
        camera=known.camera,
        orientation=known.orientation,
        has_gps=known.has_gps,
        content_identifier=known.content_identifier,
    )


def _jpeg(file: BinaryIO) -> Metadata | None:
    """A JPEG by its first segments, which is quicker than Pillow; None where they tell no size."""
    file.seek(0)
    found = header(file.read(_JPEG_HEAD_BYTES))
    if found.size is None or not all(found.size):
        return None
    return _still(found.size, "JPEG", settle_date(_exif_facts(found.exif), found.xmp))


def _with_pillow(file: BinaryIO, pillow_name: str, shown_format: str | None = None) -> Metadata:
    """Everything whose header Pillow reads by itself. Pixels are counted, not decoded, so their number has no limit."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    file.seek(0)
    with Image.open(file, formats=[pillow_name] if pillow_name != "JPEG" else ["JPEG", "MPO"]) as image:
        size, info = image.size, image.info
    exif = info.get("exif")
    if exif is None and pillow_name == "PNG":
        exif = _png_exif(file)
    known = settle_date(_exif_facts(exif), info.get("xmp"))
    return _still(size, shown_format or {"JPEG2000": "JP2"}.get(pillow_name, pillow_name), known)


def is_heic(head: bytes) -> bool:
    """Whether a file that begins so is one that libheif reads, which wants all of its bytes at once."""
    return head[4:8] == b"ftyp" and not (found := _brands(head)) & _AVIF_BRANDS and bool(found & _HEIC_BRANDS)


def _heic(file: BinaryIO) -> Metadata:
    """HEIC: libheif turns the picture by itself and gives the size as seen, so there is no orientation to apply."""
    import pillow_heif

    file.seek(0)
    opened = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    return of_heic(opened.size, opened.info)


def of_heic(size: tuple[int, int], info: Mapping[Any, Any]) -> Metadata:
    """The facts of a HEIC that libheif has opened."""
    known = settle_date(_exif_facts(info.get("exif")), info.get("xmp"))
    return replace(_still(size, "HEIC", known), orientation=None)


def _jxl(found: jxl.Header) -> Metadata:
    """JPEG XL by its header, which alone says how to turn the picture: EXIF's own number does not count."""
    known = settle_date(_exif_facts(found.exif), found.xmp)
    return replace(_still(found.size, "JXL", known), orientation=found.orientation if found.orientation > 1 else None)


def _unpacked(found: Opened, known: Metadata) -> Metadata:
    """What was packed away in a JPEG XL that was made of a JPEG, at the price of decoding it."""
    if known.captured_at_text is not None or not jxl.header(found.file, found.size_bytes).was_jpeg:
        return known
    jxl.require_room((known.width, known.height))
    found.file.seek(0)
    content = jxl.decode(found.file.read())
    return of_jpeg_in_jxl(known, content) if isinstance(content, bytes) else known


def of_jpeg_in_jxl(known: Metadata, content: bytes) -> Metadata:
    """The facts of a JPEG XL that was made of a JPEG, with what the JPEG says."""
    found = header(content[:_JPEG_HEAD_BYTES])
    inside = _still((known.width, known.height), known.format, settle_date(_exif_facts(found.exif), found.xmp))
    return replace(inside, orientation=known.orientation)


def _exif_facts(exif: object) -> Facts:
    """The facts in the EXIF part of a file; none when it is absent or broken, for the picture may be well."""
    if not isinstance(exif, bytes):
        return Facts()
    try:
        return Tiff(BytesIO(exif.removeprefix(b"Exif\0\0"))).facts()
    except BAD_DATA:
        return Facts()


def _png_exif(file: BinaryIO) -> bytes | None:
    """A PNG's EXIF part, which may stand behind the picture. Pillow would decode the picture to get there."""
    at = 8
    for _ in range(100_000):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return None
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            return file.read(length) if length <= 1 << 20 else None
        if kind == b"IEND":
            return None
        at += 12 + length
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands that an ISO base media file declares itself to be."""
    for box in boxes.boxes(BytesIO(head), 0, len(head)):
        if box.kind != b"ftyp":
            break
        text = head[box.start : box.end]
        return {text[:4], *(text[at : at + 4] for at in range(8, len(text), 4))}
    return set()


def _video_name(container: str, head: bytes) -> str:
    if container == "mov":
        brands = _brands(head)
        if b"qt  " in brands or not brands:
            return "MOV"
        return "3GP" if any(brand.startswith(b"3g") for brand in brands) and b"isom" not in brands else "MP4"
    if container == "matroska" and b"webm" in head[:64]:
        return "WEBM"
    return _VIDEO_NAMES[container]
