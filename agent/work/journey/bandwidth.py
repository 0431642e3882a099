"""Keeps what leaves over the network within the limit that a person set: one bucket for all senders.

Called on the sender threads between pieces of a file; waits there, in short stretches, so that a hold or a stop is
obeyed.
"""

import threading
from collections.abc import Callable, Iterator

from agent.destinations.base import Chunk
from agent.domain.clock import Clock

#: The longest single wait, so that a changed limit, a hold or a stop is noticed soon.
STRETCH_S = 0.2
#: Pieces become so small that several leave within a second.
PIECES_A_SECOND = 8
SMALLEST_PIECE_BYTES = 1_024


class Bandwidth:
    """The limit in force, shared by all who send."""

    def __init__(self, clock: Clock, limit_bytes_s: Callable[[], int]) -> None:
        self._clock = clock
        self._limit_bytes_s = limit_bytes_s
        self._turn = threading.Lock()
        self._free_s = 0.0
        self._rest = threading.Event()

    def paced(self, chunks: Iterator[Chunk], check: Callable[[], None]) -> Iterator[Chunk]:
        """The same bytes, no faster than the limit. `check` may raise Interrupted while waiting."""
        for chunk in chunks:
            limit = self._limit_bytes_s()
            if limit <= 0:
                yield chunk
                continue
            size = max(limit // PIECES_A_SECOND, SMALLEST_PIECE_BYTES)
            for at in range(0, len(chunk), size):
                piece = chunk[at : at + size]
                self._wait(len(piece), check)
                yield piece

    def _wait(self, size: int, check: Callable[[], None]) -> None:
        """Reserve the next free moment for so many bytes, and wait for it."""
        with self._turn:
            limit = self._limit_bytes_s()
            if limit <= 0:
                return
            now_s = self._clock.monotonic_s()
            begin_s = max(self._free_s, now_s)
            self._free_s = begin_s + size / limit
        while (left_s := begin_s - self._clock.monotonic_s()) > 0:
            check()
            self._rest.wait(min(left_s, STRETCH_S))
