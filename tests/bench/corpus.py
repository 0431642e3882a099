"""The files that are backed up in a bench: many tiny ones, photos of a given size, a huge one. No two are equal."""

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

#: Files in one folder of a library.
IN_FOLDER = 500
_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
_LONG_AGO_S = 3_600.0


def library(folder: Path, count: int) -> None:
    """So many tiny photos in folders of 500, written an hour ago."""
    for start in range(0, count, IN_FOLDER):
        inside = folder / f"{start // IN_FOLDER:05}"
        inside.mkdir(parents=True, exist_ok=True)
        for number in range(start, min(start + IN_FOLDER, count)):
            _write(inside / f"IMG_{number:07}.jpg", _HEAD + b"%d" % number)


def photos(folder: Path, count: int, size_bytes: int, *, seed: int = 0, age_s: float = _LONG_AGO_S) -> list[Path]:
    """So many photos of one size, that do not compress, written an hour ago; 500 in a folder."""
    noise = Random(seed).randbytes(size_bytes)
    made = []
    for number in range(count):
        path = folder / f"{number // IN_FOLDER:05}" / f"IMG_{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, photo(noise, f"{seed}/{number}"), age_s)
        made.append(path)
    return made


def hollow(folder: Path, count: int, size_bytes: int) -> list[Path]:
    """So many photos of one size of which only the beginning lies on the disk: for whoever reads them all is there."""
    made = []
    for number in range(count):
        path = folder / f"{number // IN_FOLDER:05}" / f"IMG_{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(_HEAD + b"hollow %d" % number)
            file.truncate(size_bytes)
        _age(path, _LONG_AGO_S)
        made.append(path)
    return made


def photo(noise: bytes, mark: str) -> bytes:
    """A photo of the length of `noise` that only this mark has."""
    start = _HEAD + hashlib.sha256(mark.encode()).digest()
    return start + noise[len(start) :]


def huge(path: Path, size_bytes: int) -> None:
    """A video of so many bytes, most of them not on the disk at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(b"\x00\x00\x00\x14ftypisom\x00\x00\x02\x00isom")
        file.truncate(size_bytes)
    _age(path, _LONG_AGO_S)


def burst(folder: Path, count: int) -> float:
    """Write so many small photos at once, as fast as we can; how many seconds that took."""
    folder.mkdir(parents=True, exist_ok=True)
    bodies: Iterator[tuple[Path, bytes]] = ((folder / f"IMG_{n:06}.jpg", _HEAD + b"burst %d" % n) for n in range(count))
    began_s = time.monotonic()
    for path, body in bodies:
        path.write_bytes(body)
    return time.monotonic() - began_s


def _write(path: Path, body: bytes, age_s: float = _LONG_AGO_S) -> None:
    path.write_bytes(body)
    _age(path, age_s)


def _age(path: Path, age_s: float) -> None:
    then_s = time.time() - age_s
    os.utime(path, (then_s, then_s))
