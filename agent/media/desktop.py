"""Finds the thumbnails that file managers on Linux keep, so that what they have decoded is not decoded again.

One is used only when it names this very file and this very time of change. Runs in the decoder process, which reads
them like any other untrusted picture. Format: freedesktop.org's Thumbnail Managing Standard.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from PIL import Image

#: What GLib leaves as it is in a file's address; letters, digits and `_.-` always are.
_PLAIN = "!$&'()*+,/:=@~"
_FOLDERS = (("normal", 128), ("large", 256), ("x-large", 512), ("xx-large", 1024))


def address(path: bytes) -> str:
    """A file's address as the desktop writes it."""
    return "file://" + quote(path, safe=_PLAIN)


def kept(folder: Path, path: bytes, mtime_ns: int, least_px: int) -> Image.Image | None:
    """The smallest valid one that is good for a bound of `least_px`; None where there is none."""
    for candidate in _candidates(folder, path, least_px):
        try:
            with Image.open(candidate, formats=["PNG"]) as picture:
                # Valid only when it was made of this very version of this very file.
                if max(picture.size) > 1024 or not _is_of(picture.info, path, mtime_ns):
                    continue
                picture.load()
                if max(picture.size) >= least_px:
                    return picture.copy()
        except (OSError, ValueError, SyntaxError):
            continue
    return None


def _candidates(folder: Path, path: bytes, least_px: int) -> Iterator[Path]:
    name = hashlib.md5(address(path).encode("ascii"), usedforsecurity=False).hexdigest() + ".png"
    for size_name, side_px in _FOLDERS:
        if side_px >= least_px:
            candidate = folder / size_name / name
            if os.path.exists(candidate):
                yield candidate


def _is_of(info: object, path: bytes, mtime_ns: int) -> bool:
    if not isinstance(info, dict) or info.get("Thumb::URI") != address(path):
        return False
    stamp = str(info.get("Thumb::MTime", "")).partition(".")[0]
    return stamp.lstrip("-").isdigit() and int(stamp) == mtime_ns // 1_000_000_000
