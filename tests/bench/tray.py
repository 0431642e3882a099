"""The tray as a person has it: a real process on a small real desktop, with the agent of a library of some pictures.

Nothing in the tray helps to measure it. What is drawn is seen in the screen's own file, what it costs is read from
/proc, and the window is turned and closed with the keyboard.
"""

import contextlib
import mmap
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests import pictures
from tests.bench import agent
from tests.bench.agent import Home
from tests.bench.processes import cpu_s, environment, pss_bytes, wake_ups_of_threads
from tests.bench.service import Sink, sink, until
from tests.bench.table import Options, Row, at_most
from tests.desktop import Desktop, missing

_MB = 1024 * 1024
_SCREEN = "1280x900x24"
#: The stretch of the screen that is looked at, in rows; all of it lies in the window.
_TOP, _BOTTOM = 150, 500
_LEFT, _RIGHT = 250, 1_000
_MIDDLE = (640, 450)
#: So many different colours are text and edges: a background alone is no first paint.
_DRAWN_COLOURS = 16
#: The lamp's green on light and on dark grounds, as the screen holds it.
_GREENS = tuple(bytes.fromhex(colour) * 4 for colour in ("5a9123ff", "73b135ff"))
_DROP = Path("/proc/sys/vm/drop_caches")
_LIMIT_S = 30.0
#: After a start or a turn of the page, until nothing more follows from it; Qt ends idle threads after half a minute.
_SETTLE_S = 35.0
#: Half a minute after its start the agent looks at the server; that is no rest.
_AFTER_START_S = 45.0


def run(options: Options) -> list[Row]:
    """Fill a library, then start the tray again and again, then let it rest."""
    if missing():
        raise RuntimeError(missing())
    files, rounds, rest_s = (60, 2, 10.0) if options.quick else (600, 5, 60.0)
    with agent.room() as room, sink() as target, agent.home(room / "own") as home:
        _fill(home, target, room / "own" / "photos", files)
        with Stage(room / "desk", home) as stage:
            rows = _starts(stage, rounds)
            with stage.tray("--window") as process:
                rows += _rests(stage, process.pid, files, rest_s)
            rows.append(_hidden_from_the_start(stage))
    return rows


def _fill(home: Home, target: Sink, folder: Path, files: int) -> None:
    """All of them safe, with thumbnails, and the agent at rest. A few are painted, the rest differ behind their end."""
    painted = [pictures.jpeg(_made(folder) / f"{seed}.jpg", size=(1_200, 800), seed=seed) for seed in range(8)]
    bodies = [one.read_bytes() for one in painted]
    for number in range(files):
        (folder / f"IMG_{number:05}.jpg").write_bytes(bodies[number % len(bodies)] + b"%08d" % number)
    for one in painted:
        one.unlink()
    home.configure(target, folder)
    home.start()
    home.wait_safe(files, 300.0)
    time.sleep(_AFTER_START_S)
    home.wait_idle(300.0)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Screen:
    """The screen as a file: looking at it disturbs nobody."""

    def __init__(self, folder: Path) -> None:
        with next(folder.iterdir()).open("rb") as file:
            self._pixels = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        numbers = struct.unpack(">25I", self._pixels[:100])
        self._line_bytes = numbers[12]
        self._start = numbers[0] + 12 * numbers[19]

    def block(self) -> bytes:
        """The pixels where the window is, four bytes each."""
        lines = (self._start + self._line_bytes * row for row in range(_TOP, _BOTTOM))
        return b"".join(self._pixels[line + 4 * _LEFT : line + 4 * _RIGHT] for line in lines)

    def close(self) -> None:
        self._pixels.close()


class Stage:
    """A desktop with a panel, on which the tray of one home is started."""

    def __init__(self, folder: Path, home: Home) -> None:
        self._home = home
        with ExitStack() as running:
            buffer = _made(folder / "screen")
            self.desktop = running.enter_context(Desktop(folder / "person", screen=_SCREEN, framebuffer=buffer))
            self.screen = Screen(buffer)
            running.callback(self.screen.close)
            self.desktop.start_panel()
            time.sleep(2.0)  # the panel has drawn and rests
            self._running = running.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._running.close()

    @contextmanager
    def tray(self, *words: str) -> "Iterator[subprocess.Popen[bytes]]":
        """The tray, ended afterwards."""
        argv = [sys.executable, "-m", "tray", "--home", str(self._home.where), *words]
        own = {name: value for name, value in self.desktop.env.items() if os.environ.get(name) != value}
        quiet = subprocess.DEVNULL
        with subprocess.Popen(argv, env=environment(**own), stdout=quiet, stderr=quiet) as process:
            try:
                yield process
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_LIMIT_S)
                process.kill()

    def press(self, keys: str) -> None:
        """On the keyboard, for the window that has it."""
        self.desktop.mouse("key", keys)

    @property
    def has_window(self) -> bool:
        return bool(self.desktop.windows("^Safelight$"))


def _starts(stage: Stage, rounds: int) -> list[Row]:
    """Wall clock from before the process is made; the best, since others use these processors too."""
    truly_cold = _start(stage) if _forget_files() else None
    found = [_start(stage) for _ in range(rounds)]
    painted, shown, spent = (min(values) for values in zip(*found, strict=True))
    rows = [
        at_most(f"a start to the first paint of the window, best of {rounds}", painted * 1_000, "ms", 700.0),
        Row("the same, the slowest", max(one[0] for one in found) * 1_000, "ms"),
        Row("a start to the agent's light in the window, best", shown * 1_000, "ms"),
        Row("the same: CPU", spent * 1_000, "ms"),
    ]
    if truly_cold is not None:
        rows.append(Row("a start to the first paint, with nothing of any file in memory", truly_cold[0] * 1_000, "ms"))
    return rows


def _forget_files() -> bool:
    """Let the system drop what it keeps of files; False where it may not be asked."""
    os.sync()
    try:
        _DROP.write_text("3\n")
    except OSError:
        return False
    return True


def _start(stage: Stage) -> tuple[float, float, float]:
    """Seconds until something is drawn, until the light is, and of the processor until then."""
    before = stage.screen.block()
    began_s = time.monotonic()
    with stage.tray("--window") as process:
        until(lambda: _is_drawn(stage.screen.block(), before), _LIMIT_S, "the window", every_s=0.002)
        painted_s = time.monotonic() - began_s
        until(lambda: _is_green(stage.screen.block()), _LIMIT_S, "the light", every_s=0.002)
        shown_s = time.monotonic() - began_s
        spent_s = cpu_s(process.pid)
    until(lambda: not stage.has_window, _LIMIT_S, "the end of the window", every_s=0.1)
    time.sleep(1.0)
    return painted_s, shown_s, spent_s


def _is_drawn(now: bytes, before: bytes) -> bool:
    return now != before and len(set(memoryview(now).cast("I"))) >= _DRAWN_COLOURS


def _is_green(now: bytes) -> bool:
    return any(green in now for green in _GREENS)


def _rests(stage: Stage, pid: int, files: int, rest_s: float) -> list[Row]:
    until(lambda: _is_green(stage.screen.block()), _LIMIT_S, "the light")
    time.sleep(_SETTLE_S)
    rows = [at_most("memory (PSS), the overview", pss_bytes(pid) / _MB, "MB", 130.0)]
    rows += _rest(pid, "at rest, the overview", rest_s)
    before = stage.screen.block()
    stage.press("ctrl+2")
    until(lambda: stage.screen.block() != before, _LIMIT_S, "the library")
    stage.desktop.mouse("mousemove", *map(str, _MIDDLE))
    for _ in range(files // 15):  # all pictures come past
        stage.desktop.mouse("click", "5")
        time.sleep(0.2)
    time.sleep(_SETTLE_S)
    rows.append(at_most(f"memory (PSS), {files} pictures leafed through", pss_bytes(pid) / _MB, "MB", 130.0))
    rows += _rest(pid, "at rest, the library", rest_s)
    stage.press("ctrl+w")
    until(lambda: not stage.has_window, _LIMIT_S, "the end of the window")
    time.sleep(_SETTLE_S)
    rows.append(at_most("memory (PSS), the window hidden again", pss_bytes(pid) / _MB, "MB", 130.0))
    return [*rows, *_rest(pid, "at rest, the window hidden", rest_s)]


def _rest(pid: int, label: str, rest_s: float) -> list[Row]:
    before_s, before = cpu_s(pid), wake_ups_of_threads(pid)
    time.sleep(rest_s)
    spent_s, after = cpu_s(pid) - before_s, wake_ups_of_threads(pid)
    # A thread that ended was woken for it.
    woken = sum(after.get(thread, count + 1) - count for thread, count in before.items())
    woken += sum(after[thread] for thread in after.keys() - before.keys())
    return [
        at_most(f"{label}, {rest_s:.0f} s: wake-ups", float(woken), "", 0.0),
        Row(f"{label}: CPU", spent_s * 1_000, "ms"),
    ]


def _hidden_from_the_start(stage: Stage) -> Row:
    """As it is after a login."""
    with stage.tray() as process:
        stage.desktop.only_item()
        time.sleep(_SETTLE_S)
        return at_most("memory (PSS), the window never opened", pss_bytes(process.pid) / _MB, "MB", 130.0)
