"""What comes round by itself: the daily comparison and copy, pruning, settings edited by hand, waking up.

One thread that looks about twice a minute, or at once when called, and otherwise sleeps; decides only whether something
is due. What it starts runs elsewhere (scans on the local lane), but for the ledger's copy, which is made here.
"""

import logging
import threading
from collections.abc import Callable

from agent.domain.clock import DAY_MS, Clock
from agent.domain.errors import Fate

log = logging.getLogger(__name__)

LOOK_EVERY_S = 30.0
#: The wall clock moved this much more (or less) than the running clock: the computer slept, or its clock was set.
GAP_MS = 90_000


class Daily:
    """Something that is due once a day. `last_at` tells when it was last done; a time to come counts as long ago."""

    def __init__(self, name: str, last_at: Callable[[], int | None], do: Callable[[], None]) -> None:
        self.name = name
        self._last_at = last_at
        self._do = do

    def if_due(self, now_at: int) -> None:
        """Do it if a day has passed, or if the clock was set back behind the last time."""
        last_at = self._last_at()
        if last_at is None or not 0 <= now_at - last_at < DAY_MS:
            log.info("due: %s", self.name)
            self._do()


class Routine:
    """The thread that looks whether something is due. `on_set_back` is told by how many ms the clock was set back."""

    def __init__(
        self,
        clock: Clock,
        dailies: list[Daily],
        each_look: Callable[[], None],
        on_gap: Callable[[], None],
        on_set_back: Callable[[int], None],
    ) -> None:
        self._clock = clock
        self._dailies = dailies
        self._each_look = each_look
        self._on_gap = on_gap
        self._on_set_back = on_set_back
        self._stopping = threading.Event()
        self._called = threading.Event()
        self._has_woken = False
        self._thread = threading.Thread(target=self._run, name="routine", daemon=True)
        self._offset_ms = self._offset()

    def start(self) -> None:
        """Begin; the first look comes after a while, for who starts has looked at everything."""
        self._called.clear()
        self._thread.start()

    def call(self, *, has_woken: bool = False) -> None:
        """Look at once; `has_woken`: the system says that the computer slept. Any thread, never blocks."""
        self._has_woken = self._has_woken or has_woken
        self._called.set()

    def stop(self) -> None:
        """End; waits for what is under way."""
        self._stopping.set()
        self._called.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._called.wait(LOOK_EVERY_S)
            self._called.clear()
            if self._stopping.is_set():
                return
            try:
                self.look()
            except Fate as fate:  # the ledger cannot be written just now, say: it is due again at the next look
                log.warning("what comes round by itself waits for the next look: %s", fate)
            except Exception:  # a bug in one thing must not be the end of all that comes round
                log.exception("what comes round by itself met a bug")

    def look(self) -> None:
        """One look."""
        offset_ms = self._offset()
        if self._has_woken or offset_ms - self._offset_ms > GAP_MS:
            log.info("the computer slept, or its clock was set ahead")
            self._has_woken = False
            try:
                self._on_gap()
            except Fate:
                self._has_woken = True
                raise
        elif self._offset_ms - offset_ms > GAP_MS:
            log.info("the clock was set back by %d s", (self._offset_ms - offset_ms) // 1000)
            self._on_set_back(self._offset_ms - offset_ms)
        self._offset_ms = offset_ms
        self._each_look()
        for daily in self._dailies:
            daily.if_due(self._clock.now_at())

    def _offset(self) -> int:
        """How far the wall clock is ahead of the running one, which stands still while the computer sleeps."""
        return self._clock.now_at() - round(self._clock.monotonic_s() * 1000)
