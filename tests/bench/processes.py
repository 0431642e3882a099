"""What processes cost, as Linux counts it: processor time, memory, wake-ups. Looks only, changes nothing."""

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS_S = os.sysconf("SC_CLK_TCK")
#: What of our own environment would make a child slower than it is for a person.
_DISTURBING = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONDEVMODE", "PYTHONASYNCIODEBUG")


def cpu_s(pid: int) -> float:
    """Processor seconds of a process and all its threads, without its children."""
    return _ticks(pid, 11, 12) / _TICKS_S


def children_cpu_s(pid: int) -> float:
    """Those of its children, the ones that have ended and the ones that live."""
    return (_ticks(pid, 13, 14) + sum(_ticks(child, 11, 12) for child in children(pid))) / _TICKS_S


def _ticks(pid: int, *at: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # ended a moment ago
        return 0
    return sum(int(fields[number]) for number in at)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found: list[int] = []
    for task in tasks:
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            found += [int(word) for word in (task / "children").read_text("utf-8").split()]
    return found


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had resident."""
    return _status(Path(f"/proc/{pid}/status"), "VmHWM") * 1024


def pss_bytes(pid: int) -> int:
    """A process's memory now, what it shares with others divided among them."""
    return _status(Path(f"/proc/{pid}/smaps_rollup"), "Pss") * 1024


def wake_ups(pid: int) -> int:
    """How often the threads that live now have gone to sleep, and so been woken."""
    return sum(wake_ups_of_threads(pid).values())


def wake_ups_of_threads(pid: int) -> dict[int, int]:
    """The same for each thread by its id: what a thread that ends meanwhile takes with it is no rest."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(task.name): _status(task / "status", "voluntary_ctxt_switches") for task in tasks}


def _status(path: Path, key: str) -> int:
    for line in path.read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0])
    return 0


def environment(**more: str) -> dict[str, str]:
    """Ours without what slows a child down or sends it through a proxy."""
    kept = {name: value for name, value in os.environ.items() if name not in _DISTURBING}
    for name in list(kept):
        if name.lower().endswith("_proxy") or name.startswith(("IMMICH_", "SAFELIGHT_")):
            del kept[name]
    return kept | more


@dataclass(frozen=True, slots=True)
class Ran:
    """A whole process from start to end."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    code: int
    printed: str


def run(argv: Sequence[str], env: Mapping[str, str]) -> Ran:
    """Run a program to its end and tell what it cost."""
    began_s = time.monotonic()
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Ran(
        wall_s=time.monotonic() - began_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * 1024,
        code=process.returncode,
        printed=printed,
    )
