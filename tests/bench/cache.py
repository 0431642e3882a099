"""The media cache: `safelight cache build` as a process of its own, against what others make small pictures with.

Rates are files in a second of processor time, which neighbours disturb least; the whole process counts, decoders,
digest and storing included, less what a pass over two tiny pictures costs: the peers' start is left out too.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from agent.app.cache import decoder_argv
from agent.media.pool import Decoders
from agent.platforms.clock import SystemClock
from agent.store import places, thumbnails
from agent.store.cache_db import MOST_ROWS, CacheDatabase
from agent.store.places import Version
from agent.store.thumbnails import Stored
from tests import pictures
from tests.bench import agent, cache_corpus, cache_peers
from tests.bench.processes import children, cpu_s, environment, peak_bytes
from tests.bench.processes import run as run_process
from tests.bench.table import Options, Row, at_least, at_most, median

_MB = 1024 * 1024
_STORED = 100_000
#: A real phone's picture is made of hundreds of tiles, which no encoder here writes.
_PHONE = Path(__file__).resolve().parents[3] / "shared" / "samples" / "heic" / "iphone_13_pro_max.HEIC"


def run(options: Options) -> list[Row]:
    """Camera JPEGs, other formats, many known files, a large store."""
    cache_peers.fetch()
    rows: list[Row] = []
    with agent.room() as room:
        rows += _jpegs(room, 8 if options.quick else 200 if options.full else 40)
        rows += _progressive(room, 4 if options.quick else 16)
        rows += _others(room, 4 if options.quick else 20)
        rows += _first(room, 1_000 if options.quick else 5_000)
        rows += _known(room, 2_000 if options.quick else 10_000)
        rows += _store(room, 10_000 if options.quick else _STORED)
        rows += _demand(room)
    return rows


def _argv(home: Path, workers: int) -> list[str]:
    return [sys.executable, "-m", "agent", "--home", str(home), "--json", "cache", "build", "--workers", str(workers)]


def _empty(home: Path) -> None:
    for path in (home / "cache").glob("*.db*"):
        path.unlink()


def _build(home: Path, workers: int) -> tuple[float, float]:
    """Wall and processor seconds of a pass, less those of one that merely starts its decoders."""
    tiny = home.parent / "tiny-home"
    if not tiny.exists():
        for number in range(2):
            pictures.jpeg(home.parent / "tiny" / f"{number}.jpg", size=(64, 48), seed=number)
        cache_corpus.library(tiny, [home.parent / "tiny"])
    passes = []
    for one in (tiny, home):
        _empty(one)
        passes.append(run_process(_argv(one, workers), environment()))
    start, whole = passes
    if whole.code or start.code:
        raise RuntimeError(whole.printed + start.printed)
    return whole.wall_s - start.wall_s, whole.cpu_s - start.cpu_s


def _jpegs(room: Path, count: int) -> list[Row]:
    paths = cache_corpus.camera_jpegs(room / "jpegs", count)
    home = room / "jpeg-home"
    cache_corpus.library(home, [room / "jpegs"])
    names = ("plain Pillow", "Pillow draft", "libvips", "sharp", "libjpeg-turbo at 1/8")
    ours: list[float] = []
    walls: dict[int, list[float]] = {1: [], 2: []}
    theirs: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(3):
        for workers in (1, 2):
            wall_s, cpu_s = _build(home, workers)
            walls[workers].append(wall_s)
            ours.append(count / cpu_s)
        for name in names:
            some = paths[: 8 if name == "plain Pillow" else count]
            rate = cache_peers.files_per_cpu_s(name, some)
            if rate is not None:
                theirs[name].append(rate)
    rate = median(ours)
    goals = {"plain Pillow": 5.0, "libvips": 1.0, "sharp": 1.0, "libjpeg-turbo at 1/8": 0.75}
    size = sum(path.stat().st_size for path in paths) / count / 1e6
    rows = [at_least(f"{count} camera JPEGs of {size:.1f} MB: a core's", rate, "files/s", 25.0)]
    for name, rates in theirs.items():
        if rates:
            ratio = rate / median(rates)
            goal = goals.get(name)
            rows.append(
                Row(f"against {name}", rate, "files/s", median(rates), name, ratio, f">= {goal} x" if goal else "",
                    ratio >= goal if goal else None)
            )  # fmt: skip
    one, two = count / median(walls[1]), count / median(walls[2])
    rows.append(Row("two workers against one", two, "files/s", one, "one", two / one, ">= 1.8 x", two / one >= 1.8))
    return [*rows, at_most("peak memory of all processes", _tree_peak_bytes(home) / _MB, "MB", 200.0)]


def _tree_peak_bytes(home: Path) -> int:
    """The sum of the highest memory of the process and its decoders."""
    _empty(home)
    peaks: dict[int, int] = {}
    with subprocess.Popen(_argv(home, 2), stdout=subprocess.DEVNULL, env=environment()) as process:
        while process.poll() is None:
            try:
                for pid in (process.pid, *children(process.pid)):
                    peaks[pid] = max(peaks.get(pid, 0), peak_bytes(pid))
            except (FileNotFoundError, ProcessLookupError):
                pass
            time.sleep(0.05)
    return sum(peaks.values())


def _progressive(room: Path, count: int) -> list[Row]:
    paths = cache_corpus.camera_jpegs(room / "progressive", count, progressive=True)
    home = room / "progressive-home"
    cache_corpus.library(home, [room / "progressive"])
    rate = count / _build(home, 1)[1]
    peer = cache_peers.files_per_cpu_s("Pillow draft", paths) or 0.0
    return [_against("progressive JPEGs", rate, peer, "Pillow draft", 2.0)]


def _others(room: Path, count: int) -> list[Row]:
    """HEIC, RAW and video: in a decoder as it is asked, without digest and store."""
    # A HEIC takes a few ticks of the system's clock only: few of them would measure the ticks.
    heics = [_PHONE] * (2 * count + 30) if _PHONE.exists() else cache_corpus.heics(room / "heics", 2 * count + 30)
    rounds = [(_decoded(heics), cache_peers.files_per_cpu_s("pillow-heif, whole", heics[:3]) or 0.0) for _ in range(3)]
    films = cache_corpus.videos(room / "films", count)
    rows = [
        _against("HEIC", median([one[0] for one in rounds]), median([one[1] for one in rounds]), "whole picture", 50.0)
    ]
    raws = [pictures.dng(room / "raws" / f"{number}.dng", size=(4000, 3000), seed=number) for number in range(3)]
    rows.append(Row("RAW, by the camera's preview", _decoded(raws * 5), "files/s"))
    ffmpeg = cache_peers.ffmpeg_files_per_cpu_s(films[:5])
    if ffmpeg is not None:
        rows.append(_against("video 1080p", _decoded(films), ffmpeg, "ffmpeg command", 8.0))
    return rows


def _decoded(paths: list[Path]) -> float:
    """Files in a second of one decoder's processor time."""
    pool = Decoders(decoder_argv(), clock=SystemClock())
    pool.pictures(os.fsencode(paths[0]), [300])
    before = _cpu_s(pool)
    for path in paths:
        pool.pictures(os.fsencode(path), [300], digest=False)
    spent_s = _cpu_s(pool) - before
    pool.close()
    return len(paths) / max(spent_s, 0.01)


def _cpu_s(pool: Decoders) -> float:
    return sum(cpu_s(pid) for pid in pool.pids())


def _against(what: str, ours: float, theirs: float, name: str, goal: float) -> Row:
    ratio = ours / theirs if theirs else 0.0
    return Row(what, ours, "files/s", theirs, name, ratio, f">= {goal:g} x", ratio >= goal)


def _first(room: Path, count: int) -> list[Row]:
    """How soon everything has a tiny picture: by the clock, with two decoders."""
    cache_corpus.small_jpegs(room / "small", count)
    home = room / "small-home"
    cache_corpus.library(home, [room / "small"])
    program = _FIRST.format(home=str(home))
    rates = []
    for _ in range(3):
        _empty(home)
        done = run_process([sys.executable, "-c", program], environment())
        rates.append(count / float(done.printed.split()[-1]))
    return [at_least(f"{count:,} first pictures, two decoders", median(rates), "files/s", 1_000.0)]


_FIRST = """
import time
from pathlib import Path
from agent.app.cache import BuildProcess
from agent.platforms.base import places
began, spent = 0.0, 0.0
def tell(report):
    global began, spent
    if report.phase == "first":
        began = began or time.monotonic()
        spent = time.monotonic() - began
    elif report.phase == "whole":
        process.stop()
process = BuildProcess(places(Path({home!r})), tell)
process.run()
print(spent)
"""


def _known(room: Path, count: int) -> list[Row]:
    """A pass over files that are as they should be."""
    root, home = room / "known", room / "known-home"
    for number in range(count):
        path = root / f"{number // 500:03}" / f"IMG_{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
    cache_corpus.library(home, [root])
    _pretend(home, sorted(root.rglob("*.jpg")))
    spent = [run_process(_argv(home, 2), environment()) for _ in range(3)]
    return [at_most(f"a pass over {count:,} unchanged files", median([one.cpu_s for one in spent]), "s CPU", 1.0)]


def _pretend(home: Path, paths: list[Path]) -> None:
    """Write entries for these files as if they had been decoded."""
    from agent.domain.metadata import Metadata
    from agent.store import media_metadata

    thumbs, facts = CacheDatabase(home / "cache", "thumbnails"), CacheDatabase(home / "cache", "media_metadata")
    picture = Stored(300, 300, 225, b"\xff\xd8\xff" + bytes(8_000))
    for start in range(0, len(paths), MOST_ROWS):
        versions = [_version(path) for path in paths[start : start + MOST_ROWS]]
        with thumbs.write() as tx:
            for version in versions:
                thumbnails.put(tx, version, places.key_of(version, None), [picture], 1)
        with facts.write() as tx:
            for version in versions:
                media_metadata.put(tx, version, places.key_of(version, None), Metadata(1, 1, None, "JPEG"), None, 1)
    thumbs.close()
    facts.close()


def _version(path: Path) -> Version:
    found = path.stat()
    return Version(os.fsencode(path), found.st_size, found.st_mtime_ns)


def _store(room: Path, count: int) -> list[Row]:
    """Writing and reading pictures of 15 KB."""
    database = CacheDatabase(room / "store", "thumbnails")
    data = b"\xff\xd8\xff" + os.urandom(15_000)
    versions = [Version(b"/photos/%06d.jpg" % number, number, number) for number in range(count)]
    began_s = time.monotonic()
    for start in range(0, count, MOST_ROWS):
        with database.write() as tx:
            for version in versions[start : start + MOST_ROWS]:
                thumbnails.put(tx, version, places.key_of(version, None), [Stored(300, 300, 225, data)], 1)
    written = count / (time.monotonic() - began_s)
    pages = []
    for page in range(20):
        some = versions[page * (count // 20) :][:200]
        began_s = time.monotonic()
        with database.read() as tx:
            known = places.known(tx, [one.path for one in some])
            found = [thumbnails.get(tx, one.key or "", 300) for one in known.values()]
        pages.append((time.monotonic() - began_s) * 1_000)
        assert len(found) == 200
        assert all(found)
    database.close()
    return [
        at_least(f"{count:,} pictures: written", written, "pictures/s", 2_000.0),
        at_most("a page of 200 read (median)", median(pages), "ms", 50.0),
    ]


def _demand(room: Path) -> list[Row]:
    """From a cold start: no decoder runs, and a first picture is wanted."""
    path = os.fsencode(next(iter((room / "jpegs").glob("*.jpg"))))
    first, real = [], []
    for _ in range(5):
        pool = Decoders(decoder_argv(), clock=SystemClock())
        began_s = time.monotonic()
        pool.first(path)
        first.append((time.monotonic() - began_s) * 1_000)
        pool.pictures(path, [300])
        real.append((time.monotonic() - began_s) * 1_000)
        pool.close()
    return [
        at_most("a first picture on demand, decoder started for it", median(first), "ms", 150.0),
        Row("then the real one, after", median(real), "ms"),
    ]
