"""The library by months, as it is leafed through: how many files each has, and stretches of one, newest first.

A file is of the month of its time on disk, in local time. Reads only; on the threads that answer clients. Nothing is
loaded but the stretch that was asked for.
"""

from datetime import datetime

from agent.protocol.types import FileRow
from agent.store import library
from agent.store.db import Tx
from agent.store.library import Filter

_NS = 1_000_000_000
#: Times before and after these are the work of broken clocks; they are shown in the first and the last month.
_FIRST, _LAST = (1970, 1), (2199, 12)
_EVER_NS = 2**63 - 1


def months(tx: Tx, wanted: Filter) -> list[tuple[str, int]]:
    """Every month that has such files, newest first, with how many."""
    ends = library.span(tx)
    if ends is None:
        return []
    oldest, newest = (_month_of(at) for at in ends)
    found = []
    at = newest
    while at >= oldest:
        count = library.count_between(tx, *_bounds(at), wanted)
        if count:
            found.append((f"{at[0]:04}-{at[1]:02}", count))
        at = (at[0], at[1] - 1) if at[1] > 1 else (at[0] - 1, 12)
    return found


def month(tx: Tx, name: str, wanted: Filter, offset: int, limit: int) -> list[FileRow]:
    """Files of the month `2024-07`, from a place on."""
    year, number = name.split("-")
    at = min(max((int(year), int(number)), _FIRST), _LAST)
    return library.page_between(tx, *_bounds(at), wanted, offset, limit)


def _month_of(at_ns: int) -> tuple[int, int]:
    try:
        local = datetime.fromtimestamp(at_ns / _NS)  # noqa: DTZ006 - the person's own calendar is meant
    except (OverflowError, OSError, ValueError):
        return _FIRST if at_ns < 0 else _LAST
    return min(max((local.year, local.month), _FIRST), _LAST)


def _bounds(at: tuple[int, int]) -> tuple[int, int]:
    """From when to before when a month is, in ns; the first and the last one take all that lies beyond."""
    after = (at[0], at[1] + 1) if at[1] < 12 else (at[0] + 1, 1)
    since = -_EVER_NS if at == _FIRST else _midnight_ns(at)
    return since, _EVER_NS if at == _LAST else _midnight_ns(after)


def _midnight_ns(at: tuple[int, int]) -> int:
    return round(datetime(at[0], at[1], 1).timestamp()) * _NS  # noqa: DTZ001 - local, as above
