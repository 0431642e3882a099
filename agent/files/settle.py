"""Waits until files rest, so that nothing half written is taken. Holds nothing that a scan would not find again.

`touch` comes from any thread; all else happens on one thread of its own, which sleeps without a timer while nothing is
touched, and which no folder that hangs holds up for long. What may belong together (a still, its video, its sidecars)
settles together: the group rests when its last member rests. Compared are two looks at each file, never its mtime with
the clock: mtimes may lie anywhere.
"""

import heapq
import logging
import math
import os
import threading
from collections.abc import Callable, Iterable
from typing import Final

from agent.domain.clock import Clock
from agent.domain.errors import Fate, FileVanished, Interrupted, Rejected
from agent.domain.grouping import stem_key
from agent.files.reach import Beat, Reach, Silent
from agent.files.read import Facts, look
from agent.record import MutableRecord, Record, field

_log = logging.getLogger(__name__)

#: Due times are rounded up to this, so that a burst of files comes in a few batches.
_GRID_S: Final = 0.05
#: How long to wait when a folder does not answer, or whoever takes the settled files cannot take them now.
_AGAIN_S: Final = 30.0

#: What a look gave: facts, None for gone, the code of a fate for what is there but cannot be looked at.
_Look = Facts | str | None
_Key = tuple[int, bytes, bytes]
_Seen = tuple[tuple[int, bytes], _Look]
#: Instead of a look: the folder does not answer.
_SILENT: Final = "folder_silent"


class Touch(Record, frozen=True):
    """A path that rests; `gone`: there is no file. `facts` are None of what cannot be looked at, too."""

    folder_id: int
    path: bytes
    gone: bool
    facts: Facts | None = None


class _Waiting(MutableRecord):
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
        reach: Reach,
        rest_s: float = 2.0,
        give_up_s: float = 600.0,
    ) -> None:
        self._clock = clock
        self._on_settled = on_settled
        self._reach = reach
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
        self._take_in()
        batch: list[Touch] = []
        due = self._due(self._clock.monotonic_s())
        looks = self._look_at((key[0], path) for key in due for path in self._waiting[key].looks)
        now_s = self._clock.monotonic_s()
        for key in due:
            waiting = self._waiting[key]
            if self._rests(waiting, {path: looks.get((key[0], path), _SILENT) for path in waiting.looks}, now_s):
                del self._waiting[key]
                batch.extend(_touch(key[0], path, seen) for path, seen in waiting.looks.items())
            else:
                heapq.heappush(self._order, (waiting.due_s, key))
        if batch:
            self._hand_out(batch)
        if not self._order:
            return None
        return max(0.0, self._order[0][0] - self._clock.monotonic_s())

    def _due(self, now_s: float) -> list[_Key]:
        """Take what is due out of the heap; what rests longer by now is put back."""
        due: list[_Key] = []
        while self._order and self._order[0][0] <= now_s:
            _, key = heapq.heappop(self._order)
            if self._waiting[key].due_s <= now_s:
                due.append(key)
            else:
                heapq.heappush(self._order, (self._waiting[key].due_s, key))
        return due

    def _take_in(self) -> None:
        with self._changed:
            incoming, self._incoming = self._incoming, {}
        looks = self._look_at(incoming)
        now_s = self._clock.monotonic_s()
        for folder_id, path in incoming:
            directory, name = os.path.split(path)
            key = (folder_id, directory, stem_key(name))
            waiting = self._waiting.get(key)
            if waiting is None:
                waiting = self._waiting[key] = _Waiting(now_s + self._give_up_s, self._due_s(now_s))
                heapq.heappush(self._order, (waiting.due_s, key))
            waiting.looks[path] = looks.get((folder_id, path), _SILENT)
            waiting.due_s = min(self._due_s(now_s), waiting.give_up_s)

    def _look_at(self, paths: Iterable[tuple[int, bytes]]) -> dict[tuple[int, bytes], _Look]:
        """A look at each path, a folder at a time; nothing of a folder that does not answer."""
        by_folder: dict[int, list[bytes]] = {}
        for folder_id, path in paths:
            by_folder.setdefault(folder_id, []).append(path)
        looks: dict[tuple[int, bytes], _Look] = {}
        for folder_id, some in by_folder.items():

            def look_at(beat: Beat, folder_id: int = folder_id, some: list[bytes] = some) -> Iterable[_Seen]:
                for path in some:
                    beat()
                    yield (folder_id, path), _look(path)

            try:
                looks |= dict(self._reach.stream(folder_id, look_at, self._check))
            except (Silent, Interrupted):
                _log.debug("%d files of folder %d cannot be looked at now, they come again", len(some), folder_id)
        return looks

    def _check(self) -> None:
        if self._is_stopping:
            raise Interrupted("stop")

    def _rests(self, waiting: _Waiting, looks: dict[bytes, _Look], now_s: float) -> bool:
        """Whether each member is as it was; else the group waits anew, unless it has waited long enough."""
        is_same = looks == waiting.looks
        waiting.looks = looks
        if _SILENT in looks.values():
            waiting.due_s = now_s + _AGAIN_S
            return False
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


def _touch(folder_id: int, path: bytes, seen: _Look) -> Touch:
    return Touch(folder_id, path, gone=seen is None, facts=seen if isinstance(seen, Facts) else None)
