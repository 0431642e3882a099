"""Many photos at once, whole processes side by side: the agent against Immich's own uploader, into the same sink.

Both start cold with a configured destination and a folder full of unknown files; measured is everything until the last
one is safe (for us: in the ledger, proven; for the peer: its process has ended). The files are in the page cache.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench import agent, corpus, peer
from tests.bench.processes import children_cpu_s, cpu_s, peak_bytes
from tests.bench.service import Sink, raw_run, sink
from tests.bench.table import Options, Row, median

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """What is uploaded, and how many at once."""

    name: str
    files: int
    size_bytes: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of one side."""

    wall_s: float
    cpu_s: float
    memory_bytes: int


def run(options: Options) -> list[Row]:
    """All cases."""
    rows: list[Row] = []
    rounds = 1 if options.quick else 3
    with agent.room() as room, sink() as target:
        small = Case("200 KB", 1_000, 200_000, 1)
        large = Case("4 MB", 100, 4_000_000, 1)
        rows.append(_start(target, room))
        for case in (small, large):
            top = room / f"photos-{case.size_bytes}"
            rows.append(_limit(target, corpus.photos(top, case.files, case.size_bytes), case))
            for at_once in (1, 4):
                rows += _compare(target, room, top, Case(case.name, case.files, case.size_bytes, at_once), rounds)
            shutil.rmtree(top)
        size_bytes = (256 if options.quick else 2_048) * _MB
        video, case = room / "huge" / "VID_1.mp4", Case(f"{size_bytes // _MB} MB", 1, size_bytes, 1)
        corpus.huge(video, size_bytes)
        rows.append(_limit(target, [video], case))
        rows += _compare(target, room, room / "huge", case, rounds)
    return rows


def _start(target: Sink, room: Path) -> Row:
    """What every figure of ours below contains: the start of an agent that then has nothing to do."""
    with agent.home(room / "start") as home:
        home.configure(target, room / "start" / "photos")
        home.start()
        home.wait_idle()
        return Row("start of an agent without photos: CPU", cpu_s(home.pid) * 1_000, "ms")


def _limit(target: Sink, photos: list[Path], case: Case) -> Row:
    """A client that only reads, hashes and sends. The second of two runs: then the files are in memory."""
    runs = [raw_run(target.port, photos)[0] for _ in range(2)]
    rate, unit = (case.files, "files/s") if case.files > 1 else (case.size_bytes / 1e6, "MB/s")
    return Row(f"{case.files} x {case.name}, limit: raw socket, no work", rate / runs[1], unit)


def _compare(target: Sink, room: Path, top: Path, case: Case, rounds: int) -> list[Row]:
    pairs = []
    for number in range(rounds):
        order = (_ours, _theirs) if number % 2 == 0 else (_theirs, _ours)
        found = {side: side(target, room, top, case) for side in order}
        pairs.append((found[_ours], found[_theirs]))
    return _rows(case, pairs)


def _ours(target: Sink, room: Path, top: Path, case: Case) -> Figures:
    target.reset()
    where = room / f"run-{time.monotonic_ns()}"
    with agent.home(where) as home:
        home.configure(target, top, parallel_uploads=case.at_once)
        began_s = time.monotonic()
        home.start(wait=False)
        home.wait_safe(case.files, 300.0)
        wall_s = time.monotonic() - began_s
        found = Figures(wall_s, cpu_s(home.pid) + children_cpu_s(home.pid), peak_bytes(home.pid))
    shutil.rmtree(where)
    counts = target.counts()
    if counts["uploads"] != case.files or counts["again"]:
        raise RuntimeError(f"not every photo came once: {counts}")
    return found


def _theirs(target: Sink, room: Path, top: Path, case: Case) -> Figures:
    target.reset()
    done = peer.upload(target, room / "peer", top, case.at_once)
    if target.counts()["uploads"] != case.files:
        raise RuntimeError(done.printed)
    return Figures(done.wall_s, done.cpu_s, done.peak_bytes)


def _rows(case: Case, pairs: list[tuple[Figures, Figures]]) -> list[Row]:
    name = f"{case.files} x {case.name}, {case.at_once} at once"
    ours, theirs = [one for one, _ in pairs], [two for _, two in pairs]

    def row(what: str, unit: str, of: str, scale: float, goal: float, *, is_rate: bool) -> Row:
        mine, other = ([getattr(one, of) * scale for one in side] for side in (ours, theirs))
        if is_rate:
            mine, other = [1 / one for one in mine], [1 / one for one in other]
        ratio = median([one / two for one, two in zip(mine, other, strict=True)])
        met = ratio >= goal if is_rate else ratio <= goal
        sign = ">=" if is_rate else "<="
        return Row(f"{name}: {what}", median(mine), unit, median(other), peer.NAME, ratio, f"{sign} {goal:.3g} x", met)

    if case.files == 1:
        megabytes = case.size_bytes / 1e6
        rate = row("start to safe", "MB/s", "wall_s", 1 / megabytes, 2.5, is_rate=True)
    else:
        rate = row("start to safe", "files/s", "wall_s", 1 / case.files, 3.0, is_rate=True)
    return [
        rate,
        row("CPU", "ms/file", "cpu_s", 1_000 / case.files, 1 / 3, is_rate=False),
        row("peak memory", "MB", "memory_bytes", 1 / _MB, 0.5, is_rate=False),
    ]
