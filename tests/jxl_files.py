"""Writes JPEG XL files for tests, with the package that decodes them: of pixels, and of a JPEG without loss."""

import struct
from pathlib import Path
from typing import Any

import pillow_jxl
from PIL import Image

_Encoder: Any = pillow_jxl.Encoder  # the types that it brings are those of an older one


def save_jxl(path: Path, picture: Image.Image, *, exif: bytes = b"", boxed: bool = False) -> Path:
    """A picture's pixels, in boxes if there is anything beside them."""
    encoder = _Encoder(mode=picture.mode, quality=90, effort=3, use_container=boxed, num_threads=0)
    parts = {"exif": exif.removeprefix(b"Exif\0\0") or None, "jumb": None, "xmp": None, "compress": False}
    data = encoder(picture.tobytes(), picture.width, picture.height, jpeg_encode=False, **parts)
    path.write_bytes(data)
    return path


def from_jpeg(path: Path, jpeg: Path) -> Path:
    """A JPEG packed smaller, which decoders give back byte for byte; its EXIF part is packed too."""
    with Image.open(jpeg) as image:
        size, mode = image.size, image.mode
    encoder = _Encoder(mode=mode, quality=90, effort=3, num_threads=0)
    path.write_bytes(encoder(jpeg.read_bytes(), *size, jpeg_encode=True))
    return path


def without_jpeg(path: Path, source: Path) -> Path:
    """The same without what the JPEG is made again from: its pixels are all that is left, and how they are turned."""
    content, kept, at = source.read_bytes(), b"", 0
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        size = size or len(content) - at
        kept += b"" if kind in {b"jbrd", b"brob"} else content[at : at + size]
        at += size
    path.write_bytes(kept)
    return path
