"""Waits until files rest, so that nothing half written is taken. Holds nothing that a scan would not find again.

`touch` comes from any thread; all else happens on one thread of its own, which sleeps without a timer while nothing is
touched. What may belong together (a still, its video, its sidecars) settles together: the group rests when its last
member rests. Compared are two looks at each file, never its mtime with the clock: mtimes may lie anywhere.
"""

import heapq
import logging
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from agent.domain.clock import Clock
from agent.domain.errors import Fate, FileVanished, Rejected
from agent.domain.grouping import stem_key
from agent.files.read import Facts, look

_log = logging.getLogger(__name__)

#: Due times are rounded up to this, so that a burst of files comes in a few batches.
_GRID_S: Final = 0.05
#: How long to wait when whoever takes the settled files cannot take them now.
_AGAIN_S: Final = 30.0

#: What a look gave: facts, None for gone, the code of a fate for what is there but cannot be looked at.
_Look = Facts | str | None
_Key = tuple[int, bytes, bytes]


class Touch(NamedTuple):
    """A path that rests; `gone`: there is no file."""

    folder_id: int
    path: bytes
    gone: bool


@dataclass(slots=True)
class _Waiting:
    """A group of paths that may belong together."""

    give_up_s: float
    due_s: float
    looks: dict[bytes, _Look] = field(default_factory=dict)


class Settler:
    """Collects touches and hands out what rests.

    `on_settled` gets the touches that came to rest at the same time, members of one group side by side, on the thread
    of this object. A `Fate` that it raises is logged and the same touches come again later.
    """

    def __init__(
        self,
        clock: Clock,
        on_settled: Callable[[list[Touch]], None],
        rest_s: float = 2.0,
        give_up_s: float = 600.0,
    ) -> None:
        self._clock = clock
        self._on_settled = on_settled
        self._rest_s = rest_s
        self._give_up_s = give_up_s
        self._changed = threading.Condition()
        self._incoming: dict[tuple[int, bytes], None] = {}
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        # Of the settler's thread alone. A group has one place in the heap; where it rests longer, it is put back.
        self._waiting: dict[_Key, _Waiting] = {}
        self._order: list[tuple[float, _Key]] = []

    def touch(self, folder_id: int, path: bytes) -> None:
        """Say that something happened at this path. Any thread; quick."""
        with self._changed:
            is_first = not self._incoming
            self._incoming[folder_id, path] = None
            if is_first:
                self._changed.notify()

    def is_idle(self) -> bool:
        """Whether nothing waits for its rest. Any thread."""
        with self._changed:
            return not self._incoming and not self._waiting

    def start(self) -> None:
        """Run on a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="settle", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop, and wait for the batch in hand. What does not rest yet is found by the next scan."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """The loop; ends after `stop`."""
        while not self._is_stopping:
            wait_s = self.step()
            with self._changed:
                if not self._incoming and not self._is_stopping:
                    self._changed.wait(wait_s)

    def step(self) -> float | None:
        """Do what is due, and say in how many seconds something is due again; None: not before the next touch."""
        now_s = self._clock.monotonic_s()
        self._take_in(now_s)
        batch: list[Touch] = []
        while self._order and self._order[0][0] <= now_s:
            _, key = heapq.heappop(self._order)
            waiting = self._waiting[key]
            if waiting.due_s <= now_s and self._rests(waiting, now_s):
                del self._waiting[key]
                batch.extend(Touch(key[0], path, _is_gone(seen)) for path, seen in waiting.looks.items())
            else:
                heapq.heappush(self._order, (waiting.due_s, key))
        if batch:
            self._hand_out(batch)
        if not self._order:
            return None
        return max(0.0, self._order[0][0] - self._clock.monotonic_s())

    def _take_in(self, now_s: float) -> None:
        with self._changed:
            incoming, self._incoming = self._incoming, {}
        for folder_id, path in incoming:
            directory, name = os.path.split(path)
            key = (folder_id, directory, stem_key(name))
            waiting = self._waiting.get(key)
            if waiting is None:
                waiting = self._waiting[key] = _Waiting(now_s + self._give_up_s, self._due_s(now_s))
                heapq.heappush(self._order, (waiting.due_s, key))
            waiting.looks[path] = _look(path)
            waiting.due_s = min(self._due_s(now_s), waiting.give_up_s)

    def _rests(self, waiting: _Waiting, now_s: float) -> bool:
        """Look at each member again; if one changed, the group waits anew, unless it has waited long enough."""
        is_same = True
        for path, before in waiting.looks.items():
            seen = _look(path)
            if seen != before:
                waiting.looks[path] = seen
                is_same = False
        if is_same or now_s >= waiting.give_up_s:
            return True
        waiting.due_s = min(self._due_s(now_s), waiting.give_up_s)
        return False

    def _due_s(self, now_s: float) -> float:
        return math.ceil((now_s + self._rest_s) / _GRID_S) * _GRID_S

    def _hand_out(self, batch: list[Touch]) -> None:
        try:
            self._on_settled(batch)
        except Exception as error:  # noqa: BLE001 - a bug met in one file must not be the end of all watching
            if not isinstance(error, Fate):
                _log.exception("a bug: %d settled files were not taken in; the next scan finds them", len(batch))
                return
            fate = error
            _log.warning("settled files could not be taken in, they come again: %s", fate)
            due_s = self._clock.monotonic_s() + _AGAIN_S
            for touch in batch:
                directory, name = os.path.split(touch.path)
                key = (touch.folder_id, directory, stem_key(name))
                waiting = self._waiting.get(key)
                if waiting is None:
                    waiting = self._waiting[key] = _Waiting(due_s, due_s)
                    heapq.heappush(self._order, (due_s, key))
                waiting.looks.setdefault(touch.path, None if touch.gone else "again")


def _look(path: bytes) -> _Look:
    try:
        return look(path)
    except FileVanished:
        return None
    except Rejected as fate:
        # Where a photo was there may now be a folder: the photo is gone all the same.
        return None if fate.code == "not_a_file" else fate.code
    except Fate as fate:
        return fate.code


def _is_gone(seen: _Look) -> bool:
    return seen is None
