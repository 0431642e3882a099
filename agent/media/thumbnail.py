"""Makes small pictures: opens a file once, decodes no more of it than they need, turns them upright, into sRGB.

Each format has its cheapest way: the desktop's own thumbnail, a smaller picture inside the file, a JPEG at an eighth of
its size, the first scans of a progressive one, a key frame of a video. Runs in the decoder process
(`agent.media.decode`); packages are imported when the first file of their format comes.
"""

import hashlib
import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, JpegImagePlugin

from agent.domain.metadata import Metadata
from agent.media import desktop, embedded, jxl
from agent.media.colour import to_srgb
from agent.media.embedded import Embedded, Size
from agent.media.errors import Undecodable
from agent.media.exif import facts
from agent.media.jpeg import first_scans
from agent.media.made import Made, Picture
from agent.media.metadata import (
    HEAD_BYTES,
    PILLOW_FORMATS,
    Opened,
    is_heic,
    is_video,
    judged,
    of_heic,
    of_jpeg_in_jxl,
    opened,
    read_opened,
)
from agent.media.tags import BAD_DATA, Tiff
from agent.media.thumbhash import thumbhash
from agent.record import MutableRecord

QUALITY = 80
#: A larger file is decoded as it is read, and not hashed.
_KEPT_BYTES = 64 << 20
#: More than a decoder's memory can hold, if it has to be decoded whole.
_MOST_PIXELS = 150_000_000
_HEAD_BYTES = 1 << 16
#: A smaller picture than this is not worth showing while the real one is made.
_LEAST_FIRST_PX = 100
FIRST_PX = 160
_FIRST_QUALITY = 70
#: One for the process, which works at one file at a time.
_BUFFER = memoryview(bytearray(1 << 18))

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose tags are not read once more to find a resolution in them."""

    def _read_dpi_from_exif(self) -> None:
        pass


class _Seen(MutableRecord):
    """A picture as it came out of the file: not much larger than needed, perhaps lying on its side."""

    image: Image.Image
    turn: int | None = None
    source: str = "decoded"
    sha1: bytes | None = None
    #: The facts, where decoding told more of them.
    known: Metadata | None = None


def make(path: bytes, sizes: Sequence[int], *, digest: bool = True, shared: bytes | None = None) -> Made:
    """Metadata and pictures of a file, one for each bound in `sizes` (pixels); they are never enlarged.

    `digest`: tell the file's digest if all of it is read anyway. `shared` is the folder of the desktop's thumbnails.
    Raises as `metadata.read`; where only the pictures fail, the answer says why.
    """
    with opened(path) as found:
        if is_heic(found.file.read(HEAD_BYTES)):
            heic: _Seen | None = _heic(*_whole(found, digest=digest))
        else:
            heic = None
        known = of_heic(heic.image.size, heic.image.info) if heic is not None else read_opened(found)
        bound_px = max(sizes)
        try:
            with judged():
                # A JPEG XL is decoded for its facts too.
                seen = _from_desktop(path, found, None if known.format == "JXL" else shared, bound_px)
                if seen is None:
                    seen = _from_heic(heic, bound_px) if heic else _see(found, known, bound_px, digest=digest)
                largest = _upright(
                    to_srgb(_shrunk(seen.image, bound_px), seen.image.info.get("icc_profile")), seen.turn
                )
                pictures = tuple(_encoded(largest, size) for size in sizes)
                blurred = thumbhash(largest)
        except Undecodable as error:
            return Made(known, (), found.size_bytes, found.mtime_ns, trouble=error.reason)
        return Made(seen.known or known, pictures, found.size_bytes, found.mtime_ns, blurred, seen.sha1, seen.source)


def first(path: bytes) -> Made:
    """Metadata, and the small picture that a camera put into the file, if there is one: reads the beginning only."""
    with opened(path) as found:
        known = read_opened(found)
        made = Made(known, (), found.size_bytes, found.mtime_ns, source="embedded")
        if known.format != "JPEG":
            return made
        found.file.seek(0)
        head = found.file.read(_HEAD_BYTES)
        try:
            with judged():
                place = next(embedded.of_jpeg(head), None)
                content = head[place.start : place.start + place.length] if place else b""
                if len(content) < 100 or (place and len(content) < place.length):
                    return made
                image = _jpeg(content, FIRST_PX)
                if max(image.size) < _LEAST_FIRST_PX:
                    return made
                shown = _upright(to_srgb(_trimmed(image, (known.width, known.height)), None), known.orientation)
                picture = _encoded(shown, FIRST_PX, _FIRST_QUALITY)
        except Undecodable:
            return made
        return Made(known, (picture,), found.size_bytes, found.mtime_ns, source="embedded")


# --- The way of each format --------------------------------------------------------------------------------------


def _from_desktop(path: bytes, found: Opened, shared: bytes | None, bound_px: int) -> _Seen | None:
    if shared is None:
        return None
    image = desktop.kept(Path(shared.decode("utf-8", "surrogateescape")), path, found.mtime_ns, bound_px)
    return None if image is None else _Seen(image, source="shared")


def _see(found: Opened, known: Metadata, bound_px: int, *, digest: bool) -> _Seen:
    if is_video(known):
        return _from_video(found, known, bound_px)
    if known.format == "JPEG":
        return _from_jpeg(found, known, bound_px, digest=digest)
    if known.format == "JXL":
        return _from_jxl(found, known, bound_px, digest=digest)
    if known.format in PILLOW_FORMATS:
        return _from_pillow(found, known, bound_px, digest=digest)
    return _from_raw(found, known, bound_px)


def _from_jpeg(found: Opened, known: Metadata, bound_px: int, *, digest: bool) -> _Seen:
    shown = known.width, known.height
    found.file.seek(0)
    head = found.file.read(_HEAD_BYTES)
    places = [embedded.look_at(found.file, place) for place in embedded.of_jpeg(head)]
    inside = embedded.sufficient([one for one in places if one is not None], shown, bound_px)
    if inside is not None:
        return _from_embedded(found.file, inside, known.orientation, bound_px)
    sha1 = _digest(found) if digest else None
    return _Seen(_jpeg(found.file, bound_px), known.orientation, sha1=sha1)


def _from_embedded(file: BinaryIO, inside: Embedded, turn: int | None, bound_px: int) -> _Seen:
    return _Seen(_jpeg(embedded.content(file, inside.place), bound_px), turn, "embedded")


def _jpeg(content: bytes | BinaryIO, bound_px: int) -> Image.Image:
    """A JPEG at the smallest of its scales that is not too small."""
    file = BytesIO(content) if isinstance(content, bytes) else content
    file.seek(0)
    image = _Jpeg(file)
    fit = _fit(image.size, bound_px)
    scale = next((one for one in (8, 4, 2) if min(image.width // fit[0], image.height // fit[1]) >= one), 1)
    if "progressive" in image.info:
        image = _Jpeg(BytesIO(_coarse(file, scale)))
    _require_room((image.width // scale, image.height // scale))
    image.draft("RGB", fit)
    image.load()
    return image


def _coarse(file: BinaryIO, scale: int) -> bytes:
    """The part of a progressive JPEG that its picture at 1/scale is made of; mostly it lies in the first quarter."""
    length = file.seek(0, os.SEEK_END)
    for part in (length // 4, length):
        file.seek(0)
        content = file.read(part)
        coarse = first_scans(content, scale)
        if len(coarse) < len(content):
            return coarse
    return content


def _heic(content: bytes | BinaryIO, sha1: bytes | None) -> _Seen:
    """HEIC, opened once for facts and picture; nothing is decoded yet."""
    import pillow_heif

    source = BytesIO(content) if isinstance(content, bytes) else content
    return _Seen(pillow_heif.HeifImageFile(source), sha1=sha1)  # type: ignore[no-untyped-call]


def _from_heic(seen: _Seen, bound_px: int) -> _Seen:
    """libheif turns the picture by itself, and knows whether the small one inside shows the same."""
    seen.image.draft("RGB", _fit(seen.image.size, bound_px))
    _require_room(seen.image.size)
    seen.image.load()
    return seen


def _from_jxl(found: Opened, known: Metadata, bound_px: int, *, digest: bool) -> _Seen:
    """JPEG XL is decoded whole and comes upright; one that was made of a JPEG becomes that JPEG again."""
    jxl.require_room((known.width, known.height))
    content, sha1 = _whole(found, digest=digest)
    shown = jxl.decode(content if isinstance(content, bytes) else content.read())
    if isinstance(shown, bytes):
        return _Seen(_jpeg(shown, bound_px), known.orientation, sha1=sha1, known=of_jpeg_in_jxl(known, shown))
    return _Seen(shown, sha1=sha1)


def _from_pillow(found: Opened, known: Metadata, bound_px: int, *, digest: bool) -> _Seen:
    """Formats that are decoded whole; animated ones show their first picture."""
    content, sha1 = _whole(found, digest=digest)
    Image.MAX_IMAGE_PIXELS = None
    name = {"JP2": "JPEG2000"}.get(known.format, known.format)
    image = Image.open(BytesIO(content) if isinstance(content, bytes) else content, formats=[name])
    if known.format == "JP2":
        fit = _fit(image.size, bound_px)
        levels = max(0, min(5, (min(image.width // fit[0], image.height // fit[1])).bit_length() - 1))
        image.reduce = levels  # type: ignore[method-assign, assignment] # a number here, before loading
        _require_room((image.width >> levels, image.height >> levels))
    else:
        _require_room(image.size)
    image.load()
    return _Seen(image, known.orientation, sha1=sha1)


def _from_raw(found: Opened, known: Metadata, bound_px: int) -> _Seen:
    """RAW: the picture that the camera made of it, for its own screen or as a full JPEG."""
    shown = known.width, known.height
    seen: list[Embedded] = []
    for place in embedded.of_raw(found.file, found.size_bytes):
        one = embedded.look_at(found.file, place)
        if one is not None:
            seen.append(one)
    chosen = embedded.sufficient(seen, shown, bound_px) or embedded.best(seen, shown)
    if chosen is None:
        raise Undecodable("unknown_format")
    # Most are as the sensor lay, some say themselves how to turn them.
    turn = _turn_of(chosen) or known.orientation
    return _from_embedded(found.file, chosen, turn, bound_px)


def _turn_of(inside: Embedded) -> int | None:
    if inside.header.exif is None:
        return None
    try:
        return facts(Tiff(BytesIO(inside.header.exif)).main, {}, {}).orientation
    except BAD_DATA:
        return None


def _from_video(found: Opened, known: Metadata, bound_px: int) -> _Seen:
    from agent.media import frame
    from agent.media.video import container

    found.file.seek(0)
    name = container(found.file.read(HEAD_BYTES))
    if name is None:
        raise Undecodable("unknown_format")
    return _Seen(frame.take(found.file, name, bound_px), known.orientation)


# --- Steps -------------------------------------------------------------------------------------------------------


def _whole(found: Opened, *, digest: bool) -> tuple[bytes | BinaryIO, bytes | None]:
    """The file's bytes and their digest; of a very large file the open file and none."""
    found.file.seek(0)
    if found.size_bytes > _KEPT_BYTES:
        return found.file, None
    content = found.file.read(found.size_bytes + 1)
    if not digest or len(content) != found.size_bytes:  # unlike: somebody is writing it
        return content, None
    return content, hashlib.sha1(content, usedforsecurity=False).digest()


def _digest(found: Opened) -> bytes | None:
    """The digest of a file that is decoded whole: read before, it is decoded from the system's memory."""
    if found.size_bytes > _KEPT_BYTES:
        return None
    digest = hashlib.sha1(usedforsecurity=False)
    found.file.seek(0)
    done = 0
    while length := found.file.readinto(_BUFFER):  # type: ignore[attr-defined] # a buffered reader has it
        digest.update(_BUFFER[:length])
        done += length
    return digest.digest() if done == found.size_bytes else None


def _require_room(size: Size) -> None:
    if size[0] * size[1] > _MOST_PIXELS:
        raise Undecodable("memory")


def _fit(size: Size, bound_px: int) -> Size:
    """The size in a square of `bound_px`, in the picture's own shape; never more than it has."""
    scale = min(1.0, bound_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(image: Image.Image, bound_px: int) -> Image.Image:
    """The picture within the bound, with colours that can be mixed."""
    if image.mode in {"P", "1"} or "transparency" in image.info:
        image = image.convert("RGBA" if "transparency" in image.info else "L" if image.mode == "1" else "RGB")
    size = _fit(image.size, bound_px)
    if size == image.size:
        return image
    # Hamming costs less than half of what others do, and nobody tells them apart at this size.
    smooth = Image.Resampling.BOX if image.mode.startswith("I;16") else Image.Resampling.HAMMING
    return image.resize(size, smooth, reducing_gap=2.0 if max(image.size) > 4 * bound_px else None)


def _trimmed(image: Image.Image, shown: Size) -> Image.Image:
    """Without the black bars that old cameras put around a small picture of another shape."""
    if embedded.is_alike(image.size, shown):
        return image
    width = min(image.width, round(image.height * shown[0] / shown[1]))
    height = min(image.height, round(image.width * shown[1] / shown[0]))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + max(1, width), top + max(1, height)))


def _upright(image: Image.Image, turn: int | None) -> Image.Image:
    return image.transpose(_TURNS[turn]) if turn in _TURNS else image


def _encoded(image: Image.Image, bound_px: int, quality: int = QUALITY) -> Picture:
    shown = _shrunk(image, bound_px)
    out = BytesIO()
    shown.save(out, "JPEG", quality=quality, icc_profile=None, exif=b"")
    return Picture(bound_px, shown.width, shown.height, out.getvalue())
