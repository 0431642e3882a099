"""Asks a folder's disk on a thread of its own and waits only so long: what hangs there then holds up nothing else.

A call into the system that hangs (a share whose server is away) cannot be ended. Its thread is left behind, and the
folder counts as silent until that thread is back; whoever asks meanwhile is refused at once. Decides nothing and writes
nothing; what a thread brings that was left behind is thrown away. Callable on any thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable
from typing import Final, Generic, TypeVar

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


class Silent(Blocked):
    """The folder does not answer. It is not known what is there: nothing may be taken for gone."""


class _Call(Generic[T]):
    """One question. Who answers works only while the one that asked waits, so that they never compete."""

    def __init__(self) -> None:
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
                if time.monotonic() - began_s >= _PART_S:
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

    # --- of the one that asked

    def part(self, check: Callable[[], None], patience_s: float) -> list[T] | None:
        """What was found since, nothing at the end; None when there was no sign of life for so long."""
        look_s = min(_LOOK_S, patience_s)
        with self._turn:
            if not self._found:
                self._is_wanted = True
                self._turn.notify_all()
            beats, quiet_s = self._beats, 0.0
            while not self._found and not self.is_over:
                # Looks are counted, not time: a computer that slept meanwhile was not waiting.
                was_told = self._turn.wait(look_s)
                check()
                quiet_s = 0.0 if was_told or self._beats != beats else quiet_s + look_s
                beats = self._beats
                if quiet_s >= patience_s:
                    return None
            found, self._found = self._found, []
            return found

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
        self._left_behind: dict[int, set[object]] = {}
        self._is_stopped = False

    def ask(self, folder_id: int, work: Callable[[Beat], T], check: Callable[[], None] = lambda: None) -> T:
        """What `work` returns. Raises what it or `check` raises, Silent, and Interrupted after `stop`."""
        (found,) = self.stream(folder_id, lambda beat: (work(beat),), check)
        return found

    def stream(
        self, folder_id: int, make: Callable[[Beat], Iterable[T]], check: Callable[[], None] = lambda: None
    ) -> Generator[T, None, None]:
        """What `make` yields. `check` is called while waiting and may raise. Raises as `ask`."""

        def look() -> None:
            if self._is_stopped:
                raise Interrupted("stop")
            check()

        with self._turn:
            if folder_id in self._left_behind:
                raise Silent("folder_silent")
        call: _Call[T] = _Call()
        answering = threading.Thread(
            target=self._run, args=(folder_id, call, make), name=f"folder-{folder_id}", daemon=True
        )
        answering.start()
        try:
            while True:
                found = call.part(look, self._patience_s)
                if found is None:
                    self._leave_behind(folder_id, call)
                elif found:
                    yield from found
                else:
                    break
        finally:
            call.leave()
        if call.error is not None:
            raise call.error

    def stop(self) -> None:
        """Wait for nothing and tell of nothing any more."""
        with self._turn:
            self._is_stopped = True

    def _run(self, folder_id: int, call: _Call[T], make: Callable[[Beat], Iterable[T]]) -> None:
        call.answer(make)
        with self._turn:
            left = self._left_behind.get(folder_id, set())
            if call not in left:
                return
            left.remove(call)
            if left:
                return
            del self._left_behind[folder_id]
            is_told = not self._is_stopped
        _log.info("folder %d answers again", folder_id)
        if is_told:
            self._tell(folder_id)

    def _leave_behind(self, folder_id: int, call: _Call[T]) -> None:
        """Give up on a thread, unless it is back just now. Raises Silent."""
        with self._turn:
            if call.is_over:
                return
            is_first = folder_id not in self._left_behind
            self._left_behind.setdefault(folder_id, set()).add(call)
            is_told = is_first and not self._is_stopped
        _log.warning("folder %d does not answer", folder_id)
        if is_told:
            self._tell(folder_id)
        raise Silent("folder_silent")

    def _tell(self, folder_id: int) -> None:
        try:
            self._on_change(folder_id)
        except Fate as fate:
            _log.warning("that folder %d went silent or is back could not be taken in: %s", folder_id, fate)
