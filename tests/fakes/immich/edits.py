"""What can be wrong with the lines of a sync stream: ``server.faults.rewrite(edits.twice)``.

For: tests of how a client copes with repeated, disordered, damaged and missing lines.
Must not: be used by the stand-in itself.
Thread: the server's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

Edit = Callable[[list[bytes]], Iterable[bytes]]


def twice(lines: list[bytes]) -> list[bytes]:
    """Every line is sent twice."""
    return [line for line in lines for _ in range(2)]


def shuffled(seed: int = 0) -> Edit:
    """Every order but the right one; the last line stays the last."""

    def edit(lines: list[bytes]) -> list[bytes]:
        body = lines[:-1]
        random.Random(seed).shuffle(body)
        return body + lines[-1:]

    return edit


def without(kind: str) -> Edit:
    """Lines of one type are missing, such as ``SyncCompleteV1``."""
    mark = f'"type":"{kind}"'.encode()
    return lambda lines: [line for line in lines if mark not in line]


def first(count: int) -> Edit:
    """Only the first lines, then the stream ends as if it were complete."""
    return lambda lines: lines[:count]


def garbled(place: int = 0) -> Edit:
    """One line is no JSON."""
    return lambda lines: [
        line if number != place else line[: len(line) // 2] + b"\n" for number, line in enumerate(lines)
    ]


def with_unknown(lines: list[bytes]) -> list[bytes]:
    """A newer server sends a line of a type nobody knows."""
    return [
        b'{"type":"MoonPhaseV1","data":{"phase":"full"},"ack":"MoonPhaseV1|01a203d3-9a51-72b8-98a2-2223a92d4515"}\n',
        *lines,
    ]
