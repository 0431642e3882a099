"""A library that is known: running again over it, and the first run on a server that has all of it already.

The peer reads and hashes every file again each time. Ours looks whether size and time are what they were; only who
meets a library for the first time has to read it, and then the disk should be the slow part: those files really lie on
it, and the system's memory of them is dropped before each side's turn.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import agent, corpus, peer
from tests.bench.agent import Home
from tests.bench.processes import cpu_s, environment
from tests.bench.service import Sink, sink
from tests.bench.table import Options, Row, at_least

#: Name, bytes of a file, and how many of them are read from the disk.
_SIZES = (("200 KB", 200_000, 10_000), ("4 MB", 4_000_000, 1_000))


def run(options: Options) -> list[Row]:
    """Fill the server, run again, meet it anew."""
    rows: list[Row] = []
    for name, size_bytes, on_disk in _SIZES:
        known, met = (1_000, on_disk // 10) if options.quick else (10_000, on_disk)
        with agent.room() as room, sink() as target:
            corpus.hollow(room / "photos", known, size_bytes)
            target.reset()
            with _backed_up(room, target, known) as home:
                rows += _again(home, target, room, room / "photos", f"{known:,} x {name}")
        with agent.room() as room, sink() as target:
            paths = corpus.photos(room / "photos", met, size_bytes)
            with _backed_up(room, target, met):
                pass
            rows.append(_met_before(room, target, paths, f"{met:,} x {name}"))
    return rows


@contextmanager
def _backed_up(room: Path, target: Sink, files: int) -> Iterator[Home]:
    with agent.home(room / "known") as home:
        home.configure(target, room / "photos", parallel_uploads=4)
        home.start()
        home.wait_safe(files, 900.0)
        home.wait_idle()
        yield home


def _again(home: Home, target: Sink, room: Path, top: Path, label: str) -> list[Row]:
    """'Back up now' on the library, from the command's start to its end, with all that the agent does for it."""
    argv = [sys.executable, "-m", "agent", "--home", str(home.where), "backup", "--wait"]
    home.stop()  # the peer has the machine for itself
    theirs = peer.upload(target, room / "peer", top, 4)
    home.start()
    home.wait_idle()
    before_s = cpu_s(home.pid)
    walls = []
    for _ in range(5):
        began_s = time.monotonic()
        subprocess.run(argv, env=environment(), check=True, capture_output=True)
        walls.append(time.monotonic() - began_s)
    known = home.safe()
    spent_us = (cpu_s(home.pid) - before_s) * 1e6 / known / len(walls)
    wall_s = sorted(walls)[len(walls) // 2]
    ratio = theirs.wall_s / wall_s
    return [
        Row(f"{label}, again", wall_s, "s", theirs.wall_s, peer.NAME, ratio, ">= 50 x", ratio >= 50.0),
        Row(f"{label}, again: the agent's CPU", spent_us, "us/file", theirs.cpu_s * 1e6 / known, peer.NAME),
    ]


def _met_before(room: Path, target: Sink, paths: list[Path], label: str) -> Row:
    """A new ledger, a server that has everything, against one thread that only reads and hashes. From start to safe."""
    _forget(paths)
    hashed_s = _hash(paths)
    target.recount()
    with agent.home(room / "met") as home:
        home.configure(target, room / "photos", parallel_uploads=4)
        _forget(paths)
        began_s = time.monotonic()
        home.start()
        home.wait_safe(len(paths), 900.0)
        took_s = time.monotonic() - began_s
    if target.counts()["uploads"]:
        raise RuntimeError("what the server has was sent")
    rate, alone = len(paths) / took_s, len(paths) / hashed_s
    row = at_least(f"{label}, a first run on a server that has all", rate, "files/s", alone * 0.8)
    return Row(row.what, rate, row.unit, alone, "reading and hashing alone", rate / alone, ">= 0.8 x", row.met)


def _forget(paths: list[Path]) -> None:
    """Let the system drop what it remembers of these files, so that they come from the disk."""
    if sys.platform == "linux":
        os.sync()
        for path in paths:
            opened = os.open(path, os.O_RDONLY)
            os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(opened)


def _hash(paths: list[Path]) -> float:
    buffer = memoryview(bytearray(256 * 1024))
    began_s = time.monotonic()
    for path in paths:
        digest = hashlib.sha1(usedforsecurity=False)
        with path.open("rb", buffering=0) as file:
            while length := file.readinto(buffer):
                digest.update(buffer[:length])
    return time.monotonic() - began_s
