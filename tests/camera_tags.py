"""What cameras write around a picture: the EXIF part, a maker note, and a whole digital negative.

Bytes in, bytes out; `tests.pictures` puts them into files.
"""

import struct

from PIL import Image

from tests.tiff_writer import (
    ASCII,
    BYTE,
    LONG,
    RATIONAL,
    SHORT,
    SIGNED_RATIONAL,
    UNDEFINED,
    Blob,
    Directory,
    Inside,
    pack,
)

Size = tuple[int, int]

TAKEN = "2024:05:01 10:00:00"
CAMERA = ("Safelight", "Test Camera 1")
PHONE = ("Apple", "iPhone 13 Pro Max")


def exif(
    *,
    taken: str | None = TAKEN,
    offset: str | None = None,
    orientation: int = 1,
    camera: tuple[str, str] = CAMERA,
    seed: int = 0,
    size: Size | None = None,
    gps: tuple[float, float] | None = None,
    content_identifier: str | None = None,
    thumbnail: bytes | None = None,
) -> bytes:
    """An EXIF part without its ``Exif`` header. `gps` is latitude and longitude; `thumbnail` a small JPEG."""
    main: Directory = {
        0x010F: (ASCII, camera[0]),
        0x0110: (ASCII, camera[1]),
        0x0112: (SHORT, orientation),
        0x011A: (RATIONAL, ((72, 1),)),
        0x011B: (RATIONAL, ((72, 1),)),
        0x0128: (SHORT, 2),
        0x0131: (ASCII, "Safelight test pictures"),
        0x0213: (SHORT, 1),
    }
    inner: Directory = {
        0x829A: (RATIONAL, ((1, 250),)),
        0x829D: (RATIONAL, ((28, 10),)),
        0x8827: (SHORT, 100),
        0x9000: (UNDEFINED, b"0232"),
        0x9101: (UNDEFINED, b"\1\2\3\0"),
        0xA000: (UNDEFINED, b"0100"),
        0xA001: (SHORT, 1),
        0xA420: (ASCII, f"{seed:032x}"),
    }
    if size is not None:
        inner[0xA002], inner[0xA003] = (LONG, size[0]), (LONG, size[1])
    if taken is not None:
        main[0x0132] = inner[0x9003] = inner[0x9004] = (ASCII, taken)
    if offset is not None:
        inner[0x9010] = inner[0x9011] = inner[0x9012] = (ASCII, offset)
    if content_identifier is not None:
        inner[0x927C] = (UNDEFINED, _apple_note(content_identifier))
    main[0x8769] = Inside((inner,))
    if gps is not None:
        main[0x8825] = Inside((_gps(*gps),))
    small: Directory | None = None
    if thumbnail is not None:
        inch = {0x011A: main[0x011A], 0x011B: main[0x011B], 0x0128: main[0x0128]}
        small = {**inch, 0x0103: (SHORT, 6), 0x0201: Blob(thumbnail), 0x0202: (LONG, len(thumbnail))}
    return pack(main, small)


def _gps(latitude: float, longitude: float) -> Directory:
    def degrees(value: float) -> tuple[tuple[int, int], ...]:
        seconds = round(abs(value) * 3600 * 100)
        return (seconds // 360_000, 1), (seconds % 360_000 // 6000, 1), (seconds % 6000, 100)

    return {
        0: (BYTE, (2, 3, 0, 0)),
        1: (ASCII, "N" if latitude >= 0 else "S"),
        2: (RATIONAL, degrees(latitude)),
        3: (ASCII, "E" if longitude >= 0 else "W"),
        4: (RATIONAL, degrees(longitude)),
    }


def _apple_note(content_identifier: str) -> bytes:
    """A maker note as phones write it, with the one tag that joins a still to its video."""
    text = content_identifier.encode("ascii") + b"\0"
    directory = struct.pack(">HHHIII", 1, 17, 2, len(text), 14 + 2 + 12 + 4, 0)
    return b"Apple iOS\0\0\x01MM" + directory + text


def negative(picture: Image.Image, preview: bytes, *, taken: str | None, orientation: int, seed: int) -> bytes:
    """A DNG: the sensor's red, green and blue points, 8 bits each, and a JPEG of half the size in front.

    Width and height of `picture` are even.
    """
    width, height = picture.size
    sensor: Directory = {
        0x00FE: (LONG, 0),
        0x0100: (LONG, width),
        0x0101: (LONG, height),
        0x0102: (SHORT, 8),
        0x0103: (SHORT, 1),
        0x0106: (SHORT, 32803),  # a colour filter array
        0x0111: Blob(_bayer(picture)),
        0x0115: (SHORT, 1),
        0x0116: (LONG, height),
        0x0117: (LONG, width * height),
        0x828D: (SHORT, (2, 2)),
        0x828E: (BYTE, (0, 1, 1, 2)),  # red, green, green, blue
        0xC61D: (LONG, 255),
        0xC61F: (LONG, (0, 0)),
        0xC620: (LONG, (width, height)),
    }
    main: Directory = {
        0x00FE: (LONG, 1),
        0x0100: (LONG, width // 2),
        0x0101: (LONG, height // 2),
        0x0102: (SHORT, (8, 8, 8)),
        0x0103: (SHORT, 7),
        0x0106: (SHORT, 6),
        0x010F: (ASCII, CAMERA[0]),
        0x0110: (ASCII, CAMERA[1]),
        0x0111: Blob(preview),
        0x0112: (SHORT, orientation),
        0x0115: (SHORT, 3),
        0x0116: (LONG, height // 2),
        0x0117: (LONG, len(preview)),
        0x014A: Inside((sensor,)),
        0xC612: (BYTE, (1, 4, 0, 0)),
        0xC613: (BYTE, (1, 1, 0, 0)),
        0xC614: (ASCII, " ".join(CAMERA)),
        0xC621: (
            SIGNED_RATIONAL,
            tuple(
                (round(v * 10000), 10000)
                for v in (3.2405, -1.5371, -0.4985, -0.9693, 1.876, 0.0416, 0.0556, -0.204, 1.0572)
            ),
        ),
        0xC628: (RATIONAL, ((1, 1), (1, 1), (1, 1))),
        0xC65A: (SHORT, 21),  # made for daylight (D65)
    }
    inner: Directory = {0x9000: (UNDEFINED, b"0232"), 0xA420: (ASCII, f"{seed:032x}")}
    if taken is not None:
        main[0x0132] = inner[0x9003] = (ASCII, taken)
    main[0x8769] = Inside((inner,))
    return pack(main)


def _bayer(picture: Image.Image) -> bytes:
    """One colour for each point, as a sensor sees it: RG above GB."""
    width, height = picture.size
    red, green, blue = (band.tobytes() for band in picture.split())
    out = bytearray(green)
    for y in range(height):
        start = y * width
        if y % 2 == 0:
            out[start : start + width : 2] = red[start : start + width : 2]
        else:
            out[start + 1 : start + width : 2] = blue[start + 1 : start + width : 2]
    return bytes(out)
