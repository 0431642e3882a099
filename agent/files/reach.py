"""Asks a folder's disk on a thread of its own and waits only so long: what hangs there then holds up nothing else.

A call into the system that hangs (a share whose server is away) cannot be ended. Its thread is left behind, and the
folder counts as silent until that thread is back; whoever asks meanwhile is refused at once. A thread whose question
was called off may hang as well: the next question waits for it first, so that however often somebody asks, no more
threads hang for a folder than there are that ask at the same time. Decides nothing and writes nothing; what a thread
brings that was left behind is thrown away. Callable on any thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

from agent.domain.errors import Blocked, Fate, Interrupted

_log = logging.getLogger(__name__)

T = TypeVar("T")
#: What work calls for each sign of life; raises Interrupted when nobody waits for it any more.
Beat = Callable[[], None]

#: Longer than most disks take to spin up. Any sign of life, an entry that was listed, begins the time anew.
PATIENCE_S: Final = 15.0
#: How often whoever waits looks whether it is to go on waiting.
_LOOK_S: Final = 0.5
#: What was found is handed over at least so often: more often costs switches of threads, more seldom memory.
_PART_S: Final = 0.02
#: A file's bytes may take so much longer: megabytes come without a sign of life, and a failing disk tries again.
_BYTES_PATIENCE: Final = 4


class Silent(Blocked):
    """The folder does not answer. It is not known what is there: nothing may be taken for gone."""


class _Call(Generic[T]):
    """One question. Who answers works only while the one that asked waits, so that they never compete.

    `in_parts`: what is found is taken as it comes, else when all of it is there. With `ahead` who answers goes on until
    so many stand ready, and each is taken for itself.
    """

    def __init__(self, *, in_parts: bool = True, ahead: int = 0) -> None:
        self._in_parts = in_parts
        self._ahead = ahead
        self._turn = threading.Condition()
        self._is_wanted = True
        self._is_left = False
        self._beats = 0
        self._found: list[T] = []
        self.error: BaseException | None = None
        self.is_over = False

    # --- of the thread that answers

    def answer(self, make: Callable[[Beat], Iterable[T]]) -> None:
        """Hand over what is found, a part at a time."""
        part: list[T] = []
        began_s = time.monotonic()
        try:
            for one in make(self._beat):
                part.append(one)
                if self._ahead:
                    self._put_ready(one)
                    part = []
                elif self._in_parts and time.monotonic() - began_s >= _PART_S:
                    self._hand_over(part)
                    part, began_s = [], time.monotonic()
        except BaseException as error:  # noqa: BLE001 - raised again by the one that asked
            self.error = error
        with self._turn:
            self._found += part
            self.is_over = True
            self._turn.notify_all()

    def _beat(self) -> None:
        self._beats += 1
        if self._is_left:
            raise Interrupted("left")

    def _hand_over(self, part: list[T]) -> None:
        with self._turn:
            self._found, self._is_wanted = part, False
            self._turn.notify_all()
            while not (self._is_wanted or self._is_left):
                self._turn.wait()
        self._beat()

    def _put_ready(self, one: T) -> None:
        with self._turn:
            self._found.append(one)
            self._turn.notify_all()
            while len(self._found) >= self._ahead and not self._is_left:
                self._turn.wait()
        self._beat()

    # --- of the one that asked

    def part(self, check: Callable[[], None], patience_s: float) -> list[T] | None:
        """What was found since, nothing at the end; None when there was no sign of life for so long."""
        look_s = min(_LOOK_S, patience_s)
        beats, quiet_s = self._beats, 0.0
        while quiet_s < patience_s:
            with self._turn:
                if self._found or self.is_over:
                    return self._take()
                self._is_wanted = True
                self._turn.notify_all()
                # Looks are counted, not time: a computer that slept meanwhile was not waiting.
                was_told = self._turn.wait(look_s)
            check()
            quiet_s = 0.0 if was_told or self._beats != beats else quiet_s + look_s
            beats = self._beats
        return None

    def _take(self) -> list[T]:
        number = 1 if self._ahead else len(self._found)
        found, self._found = self._found[:number], self._found[number:]
        self._turn.notify_all()
        return found

    def is_back(self, check: Callable[[], None], patience_s: float) -> bool:
        """Whether the thread of a question that was called off ends within so long."""
        look_s, quiet_s = min(_LOOK_S, patience_s), 0.0
        with self._turn:
            while not self.is_over and quiet_s < patience_s:
                if not self._turn.wait(look_s):
                    quiet_s += look_s
                check()
            return self.is_over

    def found(self) -> list[T]:
        """What was found, of a call that is over."""
        return self._found

    def leave(self) -> None:
        """Nobody waits any more."""
        with self._turn:
            self._is_left = True
            self._turn.notify_all()


class Reach:
    """Whether the folders' disks answer, by folder id.

    `on_change` hears when a folder went silent, on the thread that asked, and that it answers again, on the one that
    was left behind. A fate that it raises is logged.
    """

    def __init__(self, on_change: Callable[[int], None] = lambda _: None, patience_s: float = PATIENCE_S) -> None:
        self._on_change = on_change
        self._patience_s = patience_s
        self._turn = threading.Lock()
        # Threads that may hang, by folder: of questions that were called off, and those that were waited for in vain.
        self._called_off: dict[int, set[_Call[Any]]] = {}
        self._left_behind: dict[int, set[_Call[Any]]] = {}
        self._is_stopped = False

    def silent(self) -> frozenset[int]:
        """The folders that do not answer now."""
        with self._turn:
            return frozenset(self._left_behind)

    def ask(self, folder_id: int, work: Callable[[Beat], T], check: Callable[[], None] = lambda: None) -> T:
        """What `work` returns. Raises what it or `check` raises, Silent, and Interrupted after `stop`."""
        (found,) = self.stream(folder_id, lambda beat: (work(beat),), check)
        return found

    def stream(
        self,
        folder_id: int,
        make: Callable[[Beat], Iterable[T]],
        check: Callable[[], None] = lambda: None,
        *,
        reads_ahead: int = 0,
    ) -> Generator[T, None, None]:
        """What `make` yields. `check` is called while waiting and may raise. Raises as `ask`.

        `reads_ahead`: it reads files' bytes, so many of the yielded before they are asked for. These are waited for
        longer than names and facts.
        """
        patience_s = self._patience_s * (_BYTES_PATIENCE if reads_ahead else 1)

        def look() -> None:
            if self._is_stopped:
                raise Interrupted("stop")
            check()

        self._await_called_off(folder_id, look)
        call: _Call[T] = _Call(ahead=reads_ahead)
        self._start(folder_id, call, make)
        try:
            while True:
                found = call.part(look, patience_s)
                if found is None:
                    if self._leave_behind(folder_id, call):
                        raise Silent("folder_silent")
                elif found:
                    yield from found
                else:
                    break
        finally:
            self._leave(folder_id, call)
        if call.error is not None:
            raise call.error

    def ask_all(self, works: Mapping[int, Callable[[Beat], T]]) -> Generator[tuple[int, T] | None, None, None]:
        """What each folder's work returns, all asked at once, as they answer; None when none did for a moment.

        What is silent, or becomes so, is left out: all together cost the time of one. Ends early after `stop`. Raises
        what a work raises. Whoever takes no more calls off what has not answered.
        """
        ended: SimpleQueue[_Call[T]] = SimpleQueue()
        asked: dict[_Call[T], int] = {}
        look_s, quiet_s = min(_LOOK_S, self._patience_s), 0.0
        try:
            earlier = self._ask_each(works, asked, ended)
            while (asked or earlier) and not self._is_stopped:
                if quiet_s >= self._patience_s:
                    for call, folder_id in [*earlier.items(), *asked.items()]:
                        self._leave_behind(folder_id, call)
                    return
                try:
                    answered = ended.get(timeout=look_s)
                except Empty:
                    quiet_s += look_s
                    earlier = {call: folder_id for call, folder_id in earlier.items() if not call.is_over}
                    yield None
                    continue
                folder_id = asked.pop(answered)
                if answered.error is not None:
                    raise answered.error
                yield folder_id, answered.found()[0]
        finally:
            for call, folder_id in asked.items():
                self._leave(folder_id, call)

    def _ask_each(
        self, works: Mapping[int, Callable[[Beat], T]], asked: dict[_Call[T], int], ended: SimpleQueue[_Call[T]]
    ) -> dict[_Call[Any], int]:
        """Start what `ask_all` asks. Of folders with a thread that may hang, which are not asked: those threads."""
        earlier: dict[_Call[Any], int] = {}
        for folder_id, work in works.items():
            with self._turn:
                if folder_id in self._left_behind:
                    continue
                off = self._called_off.get(folder_id)
                if off:
                    earlier |= dict.fromkeys(off, folder_id)
                    continue
            call: _Call[T] = _Call(in_parts=False)
            asked[call] = folder_id
            self._start(folder_id, call, partial(_once, work), partial(ended.put, call))
        return earlier

    def stop(self) -> None:
        """Wait for nothing and tell of nothing any more."""
        with self._turn:
            self._is_stopped = True

    def _start(
        self,
        folder_id: int,
        call: _Call[T],
        make: Callable[[Beat], Iterable[T]],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        work = (folder_id, call, make, on_end)
        threading.Thread(target=self._run, args=work, name=f"folder-{folder_id}", daemon=True).start()

    def _run(
        self, folder_id: int, call: _Call[T], make: Callable[[Beat], Iterable[T]], on_end: Callable[[], None]
    ) -> None:
        call.answer(make)
        on_end()
        with self._turn:
            _drop(self._called_off, folder_id, call)
            is_told = _drop(self._left_behind, folder_id, call)
            is_wanted = not self._is_stopped
        if is_told:
            _log.info("folder %d answers again", folder_id)
            if is_wanted:
                self._tell(folder_id)

    def _await_called_off(self, folder_id: int, look: Callable[[], None]) -> None:
        """Wait until no thread is under way that nobody waits for. Raises Silent, and what `look` raises."""
        while True:
            with self._turn:
                if folder_id in self._left_behind:
                    raise Silent("folder_silent")
                off = next((call for call in self._called_off.get(folder_id, ()) if not call.is_over), None)
            if off is None:
                return
            if not off.is_back(look, self._patience_s):
                self._leave_behind(folder_id, off)

    def _leave(self, folder_id: int, call: _Call[Any]) -> None:
        """Nobody waits for this call any more."""
        call.leave()
        with self._turn:
            if not (call.is_over or call in self._left_behind.get(folder_id, ())):
                self._called_off.setdefault(folder_id, set()).add(call)

    def _leave_behind(self, folder_id: int, call: _Call[Any]) -> bool:
        """Give up on a thread; False when it is back just now."""
        with self._turn:
            if call.is_over:
                return False
            is_first = folder_id not in self._left_behind
            _drop(self._called_off, folder_id, call)
            self._left_behind.setdefault(folder_id, set()).add(call)
            is_told = is_first and not self._is_stopped
        _log.warning("folder %d does not answer", folder_id)
        if is_told:
            self._tell(folder_id)
        return True

    def _tell(self, folder_id: int) -> None:
        try:
            self._on_change(folder_id)
        except Fate as fate:
            _log.warning("that folder %d went silent or is back could not be taken in: %s", folder_id, fate)


def _once(work: Callable[[Beat], T], beat: Beat) -> Iterable[T]:
    return (work(beat),)


def _drop(calls: dict[int, set[_Call[Any]]], folder_id: int, call: _Call[Any]) -> bool:
    """Take out a call; whether it was the folder's last."""
    some = calls.get(folder_id, set())
    if call not in some:
        return False
    some.remove(call)
    if some:
        return False
    del calls[folder_id]
    return True
