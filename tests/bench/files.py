"""The cost of reading the user's disk: walking, hashing, watching, settling. See also `find` and `sha1sum` beside it.

Small by default; `python -m tests.bench.files 10` makes everything ten times as large.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from agent.domain.rules import compile_rules
from agent.files.reach import Reach
from agent.files.read import fingerprint
from agent.files.scan import changed_directories, walk
from agent.files.settle import Settler, Touch
from agent.files.watch import Watcher
from agent.protocol.settings import FolderRules
from tests.fakes.clock import FakeClock

Result = tuple[str, float, str]

_WRITER = """
import os, sys
root, count = sys.argv[1], int(sys.argv[2])
sys.stdin.readline()
for number in range(count):
    path = f"{root}/{number % 20}/burst{number}.jpg"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
"""


def run(scale: int = 1) -> list[Result]:
    """Measure all; a minute at most with the default scale."""
    place = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        root = Path(folder)
        results = _scanning(root / "scan", 20_000 * scale)
        results += _hashing(root / "hash", 256_000_000)
        results += _arming(root / "arm", 2_000 * scale)
        results += _burst(root / "burst", 10_000 * scale)
        results += _settling(10_000 * scale)
        results += _deciding(100_000 * scale)
    return results


def _cpu_s(work: Callable[[], object], rounds: int = 3) -> float:
    """Least CPU seconds of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def _nothing() -> None:
    pass


def _scanning(root: Path, count: int) -> list[Result]:
    for number in range(0, count, 100):
        folder = root / f"{number // 10_000}" / f"{number}"
        folder.mkdir(parents=True)
        for one in range(100):
            (folder / f"IMG_{number + one}.jpg").touch()
    base = os.fsencode(root)

    def enters(relative: bytes) -> bool:
        return True

    full_s = _cpu_s(lambda: sum(len(one.entries) for one in walk(base, enters, check=_nothing)))
    known = {one.relative: one.mtime_ns for one in walk(base, enters, check=_nothing)}
    quick_s = _cpu_s(lambda: list(changed_directories(base, known)))
    results = [
        ("walk with facts", full_s / count * 1e6, "us of CPU/file"),
        ("changed folders only", quick_s / count * 1e6, "us of CPU/file"),
    ]
    if find := shutil.which("find"):
        begun = os.times()
        subprocess.run([find, root, "-printf", "%s %T@ %i\\n"], stdout=subprocess.DEVNULL, check=True)
        ended = os.times()
        spent_s = ended.children_user - begun.children_user + ended.children_system - begun.children_system
        results.append(("find with facts", spent_s / count * 1e6, "us of CPU/file"))
    return results


def _hashing(root: Path, size_bytes: int) -> list[Result]:
    root.mkdir()
    path = root / "film.mp4"
    path.write_bytes(os.urandom(1_000_000) * (size_bytes // 1_000_000))
    ours_s = _cpu_s(lambda: fingerprint(os.fsencode(path), check=_nothing))
    results = [("sha-1", size_bytes / ours_s / 1e6, "MB/s of CPU")]
    if tool := shutil.which("sha1sum"):
        begun = os.times()
        subprocess.run([tool, path], stdout=subprocess.DEVNULL, check=True)
        ended = os.times()
        spent_s = ended.children_user - begun.children_user + ended.children_system - begun.children_system
        results.append(("sha1sum", size_bytes / spent_s / 1e6, "MB/s of CPU"))
    photo = root / "photo.jpg"
    photo.write_bytes(os.urandom(4_000_000))
    photo_s = _cpu_s(lambda: [fingerprint(os.fsencode(photo), check=_nothing) for _ in range(20)]) / 20
    return [*results, ("sha-1 of a 4 MB photo", photo_s * 1e3, "ms of CPU")]


def _arming(root: Path, count: int) -> list[Result]:
    for number in range(count):
        (root / f"{number // 100}" / f"{number}").mkdir(parents=True)
    watcher = Watcher(lambda *_: None, lambda *_: None)
    begun = time.perf_counter()
    watcher.watch(1, os.fsencode(root), True)
    armed_s = time.perf_counter() - begun
    watcher.stop()
    return [(f"arm {count} folders", armed_s, "s")]


def _burst(root: Path, count: int) -> list[Result]:
    for number in range(20):
        (root / f"{number}").mkdir(parents=True)
    wanted = {os.fsencode(root / f"{number % 20}" / f"burst{number}.jpg") for number in range(count)}
    seen: set[bytes] = set()
    overflows: list[str] = []
    progress = threading.Event()

    def on_touch(folder_id: int, path: bytes) -> None:
        seen.add(path)
        progress.set()

    watcher = Watcher(on_touch, lambda _, why: overflows.append(why))
    watcher.watch(1, os.fsencode(root), True)
    with subprocess.Popen([sys.executable, "-c", _WRITER, root, str(count)], stdin=subprocess.PIPE) as writer:
        before_s = time.process_time()
        writer.communicate(b"\n")
    while len(seen) < count and progress.wait(1):
        progress.clear()
    spent_s = time.process_time() - before_s
    heard = len(seen & wanted)
    base = os.fsencode(root)
    for one in walk(base, lambda _: True, check=_nothing) if overflows else ():
        seen.update(os.path.join(base, one.relative, entry.name) for entry in one.entries)
    watcher.stop()
    return [
        (f"burst of {count}: heard", heard / count * 100, "%"),
        (f"burst of {count}: missed after looking through", len(wanted - seen), "files"),
        ("burst: hearing", spent_s / count * 1e6, "us of CPU/file"),
    ]


def _settling(count: int) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.fsencode(Path(folder) / f"{number}.jpg") for number in range(count)]
        for path in paths:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        clock = FakeClock()
        settled: list[Touch] = []
        settler = Settler(clock, settled.extend, Reach())
        begun = time.process_time()
        for path in paths:
            settler.touch(1, path)
        settler.step()
        clock.advance(2.25)
        settler.step()
        spent_s = time.process_time() - begun
    if len(settled) != count:
        raise RuntimeError(f"{len(settled)} of {count} settled")
    return [("settle", spent_s / count * 1e6, "us of CPU/file")]


def _deciding(count: int) -> list[Result]:
    names = [f"2024/{number % 100}/IMG_{number}.jpg" for number in range(count)]
    matcher = compile_rules(FolderRules(exclude=("raw", "*/drafts/*.jpg", "*_edited.*")))
    spent_s = _cpu_s(lambda: [matcher.verdict(name, 1) for name in names])
    return [("rules", spent_s / count * 1e6, "us of CPU/name")]


if __name__ == "__main__":
    for what, value, unit in run(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        print(f"{what:50} {value:12.3f} {unit}")
