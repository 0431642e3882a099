"""One new photo in a library of 6,000 and of 100,000: the headline of the mission.

What it costs and how long it takes from the end of writing to the finished job. Photos come one by one, each after the
one before is safe.
"""

import time
from pathlib import Path

from tests import pictures
from tests.bench import agent, corpus, peer
from tests.bench.agent import Home
from tests.bench.processes import children_cpu_s, cpu_s, peak_bytes
from tests.bench.service import Sink, raw_run, sink
from tests.bench.table import Options, Row, at_most, median

PHOTO_BYTES = 3_000_000
#: What makes every photo another one stands behind the end of the picture.
MARK_BYTES = 32
REST_S = 2.0
_AFTER_START_S = 60.0
_SIZE = (4_032, 3_024)
_MB = 1024 * 1024


def run(options: Options) -> list[Row]:
    """The agent at each size, then the peer's watch mode."""
    sizes = (1_000, 6_000) if options.quick else (6_000, 100_000)
    photos = 5 if options.quick else 25
    rows: list[Row] = []
    costs = []
    with agent.room() as room, sink() as target:
        scene = pictures.jpeg(room / "scene.jpg", size=_SIZE, target_bytes=PHOTO_BYTES - MARK_BYTES).read_bytes()
        floor_ms = _floor_ms(target, room)
        rows.append(Row("hash and bytes alone (read, SHA-1, raw socket)", floor_ms, "ms CPU"))
        for known in sizes:
            with agent.home(room / str(known)) as home:
                fill(home, target, room / str(known) / "photos", known)
                cost_ms, some = _ours(home, target, room / str(known) / "photos", scene, photos, floor_ms)
                costs.append(cost_ms)
                rows += some
        rows.append(_equal(costs, sizes))
        if peer.is_there():
            rows += _theirs(target, room, scene, 300 if options.quick else 6_000, 1 if options.quick else 4, costs[0])
    return rows


def fill(home: Home, target: Sink, folder: Path, known: int) -> float:
    """A library of so many files, all safe, its agent running and at rest. Files per second of the agent's own work."""
    target.reset()
    corpus.library(folder, known)
    home.configure(target, folder, parallel_uploads=2)
    began_s = time.monotonic()
    home.start()
    home.wait_safe(known, 1_800.0)
    rate = known / (time.monotonic() - began_s)
    # As it is the next day: all known, started a while ago. Soon after a start the agent asks the server for all its
    # copies once; that belongs to no photo.
    home.stop()
    home.start()
    time.sleep(_AFTER_START_S)
    home.wait_idle(600.0)
    return rate


def _floor_ms(target: Sink, room: Path) -> float:
    paths = corpus.photos(room / "floor", 20, PHOTO_BYTES)
    _, spent_s = raw_run(target.port, paths)
    return spent_s * 1_000 / len(paths)


def _ours(
    home: Home, target: Sink, folder: Path, scene: bytes, photos: int, floor_ms: float
) -> tuple[float, list[Row]]:
    known = home.safe()
    target.recount()
    written: dict[str, tuple[float, float]] = {}
    before_s, children_s = cpu_s(home.pid), children_cpu_s(home.pid)
    for number in range(photos):
        name = f"NEW_{number:04}.jpg"
        (folder / "00000" / name).write_bytes(scene + _mark(name))
        written[name] = (time.monotonic(), time.time())
        home.wait_safe(known + number + 1, 30.0)
    home.wait_idle()
    cost_ms = (cpu_s(home.pid) - before_s) * 1_000 / photos
    children_ms = (children_cpu_s(home.pid) - children_s) * 1_000 / photos
    at_sink = [one.at_s - written[one.name][0] for one in target.arrivals()]
    ended = [at - written[name][1] for name, at in home.ends() if name in written]
    label = f"{known:,} files known"
    beyond_ms = [(one - REST_S) * 1_000 for one in ended]
    return cost_ms, [
        Row(f"{label}: CPU per new photo, all of it", cost_ms, "ms"),
        at_most(f"{label}: CPU per new photo beyond hash and bytes", cost_ms - floor_ms, "ms", 10.0),
        Row(f"{label}: end of writing to the sink", median(at_sink), "s"),
        at_most(
            f"{label}: end of writing to job finished, beyond 2 s of rest (median)", median(beyond_ms), "ms", 100.0
        ),
        Row(f"{label}: the same, the longest", max(beyond_ms), "ms"),
        Row(f"{label}: agent's peak memory", peak_bytes(home.pid) / _MB, "MB"),
        Row(f"{label}: CPU per photo in decoder processes (thumbnail, metadata)", children_ms, "ms"),
    ]


def _mark(name: str) -> bytes:
    return name.encode().rjust(MARK_BYTES)


def _equal(costs: list[float], sizes: tuple[int, int]) -> Row:
    ratio = costs[1] / costs[0]
    name = f"{sizes[1]:,} against {sizes[0]:,} files: CPU per photo"
    return Row(name, costs[1], "ms", costs[0], f"{sizes[0]:,}", ratio, "<= 1.1 x", ratio <= 1.1)


def _theirs(target: Sink, room: Path, scene: bytes, known: int, photos: int, ours_ms: float) -> list[Row]:
    """The peer's watch mode: photos 16 s apart, since it waits 12 s for more."""
    folder = room / "peer-photos"
    corpus.library(folder, known)
    target.reset()
    latencies = []
    with peer.watching(target, room / "peer", folder, known) as pid:
        before_s = cpu_s(pid)
        for number in range(photos):
            target.reset()
            (folder / "00000" / f"NEW_{number:04}.jpg").write_bytes(scene + _mark(f"peer {number}"))
            written_s = time.monotonic()
            target.wait_for(1, 60.0)
            latencies.append(target.arrivals()[0].at_s - written_s)
            time.sleep(1.0)
        cost_ms = (cpu_s(pid) - before_s) * 1_000 / photos
        peak = peak_bytes(pid) / _MB
    label = f"{known:,} files known"
    return [
        Row(f"{label}: CPU per new photo", ours_ms, "ms", cost_ms, f"{peer.NAME} --watch", ours_ms / cost_ms),
        Row(f"{label}: {peer.NAME} --watch, end of writing to the sink", median(latencies), "s"),
        Row(f"{label}: {peer.NAME} --watch, peak memory", peak, "MB"),
    ]
