"""JPEG XL: its header and boxes read by ourselves, its pixels decoded by libjxl (pillow-jxl-plugin).

The header tells size and orientation without decoding, so that a bomb is refused before it is opened. A file that was
made of a JPEG without loss gives that JPEG back, with all that a camera wrote into it. Runs in the decoder process;
the package is imported with the first picture. Formats: ISO/IEC 18181-1, annexes A and D; 18181-2, clause 9.
"""

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from agent.media import boxes
from agent.media.errors import Undecodable

if TYPE_CHECKING:  # the agent itself loads this module, and no picture package
    from PIL import Image

NAKED = b"\xff\x0a"
BOXED = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
#: libjxl needs up to ten bytes for each pixel, a decoder has a gigabyte.
_MOST_PIXELS = 100_000_000
#: More than size and orientation take.
_HEADER_BYTES = 64
_LARGEST_PART_BYTES = 1 << 20
#: Width to height, by the number that the header gives instead of a width.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_SIDE_BITS = (9, 13, 18, 30)


class Header(NamedTuple):
    """What stands before the pixels: the size before turning, EXIF's number for the turn.

    `was_jpeg`: it was made of a JPEG, whose EXIF part may be packed so that only decoding gives it back.
    """

    size: tuple[int, int]
    orientation: int
    exif: bytes | None = None
    xmp: bytes | None = None
    was_jpeg: bool = False


def is_jxl(head: bytes) -> bool:
    """Whether a file that begins so is a JPEG XL."""
    return head.startswith((NAKED, BOXED))


def header(file: BinaryIO, size_bytes: int) -> Header:
    """Header and metadata of an open file. `Undecodable` where it has none."""
    file.seek(0)
    if file.read(len(NAKED)) == NAKED:
        return Header(*_size_and_turn(file.read(_HEADER_BYTES)))
    stream, exif, xmp, was_jpeg = b"", None, None, False
    for box in boxes.boxes(file, 0, size_bytes):
        if box.kind in {b"jxlc", b"jxlp"} and len(stream) < _HEADER_BYTES:
            numbered = 4 if box.kind == b"jxlp" else 0
            stream += boxes.content(file, box, _HEADER_BYTES + numbered)[numbered:]
        elif box.kind == b"Exif" and exif is None:
            exif = _tiff(boxes.content(file, box, _LARGEST_PART_BYTES))
        elif box.kind == b"xml " and xmp is None:
            xmp = boxes.content(file, box, _LARGEST_PART_BYTES)
        was_jpeg = was_jpeg or box.kind == b"jbrd"
    if not stream.startswith(NAKED):
        raise Undecodable("broken")
    return Header(*_size_and_turn(stream[2:]), exif, xmp, was_jpeg)


def require_room(size: tuple[int, int]) -> None:
    """`Undecodable` for a picture that is too large to decode."""
    if size[0] * size[1] > _MOST_PIXELS:
        raise Undecodable("memory")


def decode(content: bytes) -> "Image.Image | bytes":
    """The picture, turned as it is seen; or, of a file that was made of a JPEG, that JPEG, which is not turned.

    Raises what a broken file makes libjxl raise.
    """
    from PIL import Image
    from pillow_jxl import Decoder

    is_jpeg, info, data, profile, *_ = Decoder(num_threads=0)(content)
    if is_jpeg:
        return bytes(data)
    mode = "F" if info.mode == "F;16" else info.mode  # the package widens what Pillow has no form for
    image = Image.frombytes(mode, (info.width, info.height), data)
    if profile:
        image.info["icc_profile"] = bytes(profile)
    return image


def _tiff(part: bytes) -> bytes | None:
    """A box counts the bytes up to the tags first; some writers leave the number out."""
    if part[:4] in {b"II*\0", b"MM\0*"}:
        return part
    return part[4 + int.from_bytes(part[:4], "big") :] or None


def _size_and_turn(stream: bytes) -> tuple[tuple[int, int], int]:
    """Of a codestream behind its first two bytes."""
    bits = _Bits(stream)
    in_eights = bits.take(1)
    height = _side(bits, in_eights)
    ratio = _RATIOS.get(bits.take(3))
    width = height * ratio[0] // ratio[1] if ratio else _side(bits, in_eights)
    turned = 1
    if not bits.take(1) and bits.take(1):  # not everything is as usual, and there is more to say
        turned = bits.take(3) + 1
    return (width, height), turned


def _side(bits: "_Bits", in_eights: int) -> int:
    return (bits.take(5) + 1) * 8 if in_eights else bits.take(_SIDE_BITS[bits.take(2)]) + 1


class _Bits:
    """Reads numbers of some bits each, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[:_HEADER_BYTES], "little")
        self._left = 8 * min(len(data), _HEADER_BYTES)

    def take(self, count: int) -> int:
        """The next number. `Undecodable` where the data ends."""
        if count > self._left:
            raise Undecodable("broken")
        self._left -= count
        found = self._value & ((1 << count) - 1)
        self._value >>= count
        return found
