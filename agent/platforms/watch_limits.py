"""How many folders this system lets a user watch, and how much of that is taken. Linux alone has such limits.

Facts: inotify(7); what each process watches stands in its fdinfo. Reads what this user may see; any thread.
"""

import os
import sys
from pathlib import Path

from agent.record import Record

_LIMITS = Path("/proc/sys/fs/inotify")


class WatchLimits(Record, frozen=True):
    """The limits for one user, and what programs other than the one that was left out use of them."""

    watches: int
    watches_used: int
    instances: int
    instances_used: int


def watch_limits(but: int | None = None) -> WatchLimits | None:
    """The limits, None where the system has none; the process `but` (the agent) is not counted."""
    if sys.platform != "linux":
        return None
    try:
        watches, instances = (int((_LIMITS / f"max_user_{what}").read_text()) for what in ("watches", "instances"))
    except (OSError, ValueError):
        return None
    used = [found for pid in _processes_of_mine() if pid != but for found in _watches_of(pid)]
    return WatchLimits(watches, sum(used), instances, len(used))


def _processes_of_mine() -> list[int]:
    if sys.platform == "win32":
        return []
    mine = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if folder.stat().st_uid == os.getuid():
                    mine.append(int(folder.name))
            except OSError:
                continue  # it has ended
    return mine


def _watches_of(pid: int) -> list[int]:
    """For each inotify instance of a process how many watches it holds; none where we may not look."""
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []  # it has ended, or is not ours to look at
    held = (_watches_held(pid, number) for number in numbers)
    return [count for count in held if count is not None]


def _watches_held(pid: int, number: str) -> int | None:
    """The watches behind one open file; None for one that is no inotify instance or was closed since it was listed."""
    try:
        if "inotify" not in os.readlink(f"/proc/{pid}/fd/{number}"):
            return None
        lines = Path(f"/proc/{pid}/fdinfo/{number}").read_text().splitlines()
    except OSError:
        return None
    return sum(line.startswith("inotify wd:") for line in lines)
