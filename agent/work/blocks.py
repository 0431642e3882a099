"""Destinations that are not to be had now: one look from time to time instead of a thousand failures.

A lane whose handler raised Blocked shuts itself here; its thread looks again (`probe`) after growing waits, or at
once when a person asks or the network changed. Safe from any thread; `mend` runs on the lane's own.
"""

import logging
import threading
from collections.abc import Callable

from agent.domain import backoff
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Interrupted
from agent.record import Record

log = logging.getLogger(__name__)

#: The same problem so soon after a look that found nothing was there all the time.
SOON_S = 600.0
#: After a look that was cut short.
SOON_AGAIN_S = 1.0
#: A line or a server may really come and go; a look would find these.
_FOUND_BY_LOOKS = frozenset({"server_unreachable", "server_unavailable", "connection_lost"})
#: Over only when the destination takes a photo again, however long the next attempt needs to find that it does not.
_UNTIL_IT_WORKS = "uploads_refused"


class Block(Record, frozen=True):
    """Why a lane is shut, since when, and when it is looked at again."""

    problem: Blocked
    since_at: int
    looks: int
    next_look_s: float


class _Passed(Record, frozen=True):
    """A look that found nothing wrong any more."""

    code: str
    since_at: int
    looks: int
    at_s: float


class Blocks:
    """All lanes that are shut by a problem."""

    def __init__(
        self, clock: Clock, probe: Callable[[str], None], on_change: Callable[[dict[str, Block]], None]
    ) -> None:
        self._clock = clock
        self._probe = probe
        self._on_change = on_change
        self._turn = threading.Lock()
        self._blocks: dict[str, Block] = {}
        self._passed: dict[str, _Passed] = {}

    def shut(self, lane: str, problem: Blocked) -> None:
        """The destination was found blocked."""
        with self._turn:
            old = self._blocks.get(lane)
            before = old or self._before(lane, problem)
            looks = before.looks + 1 if before else 1
            since_at = before.since_at if before else self._clock.now_at()
            wait_s = backoff.refused_s(looks) if problem.code == _UNTIL_IT_WORKS else backoff.probe_s(looks)
            asked_s = min(problem.retry_after_s or 0.0, backoff.LONGEST_S)
            next_s = self._clock.monotonic_s() + max(wait_s, asked_s)
            self._blocks[lane] = Block(problem, since_at, looks, next_s)
            blocks = dict(self._blocks)
        if old is None or str(old.problem) != str(problem):
            log.warning("destination %s is blocked: %s", lane, problem)
            self._on_change(blocks)

    def _before(self, lane: str, problem: Blocked) -> _Passed | None:
        """What only an upload meets is not found by a look: when it comes back soon, the waits go on growing."""
        passed = self._passed.pop(lane, None)
        if passed is None or passed.code != problem.code or problem.code in _FOUND_BY_LOOKS:
            return None
        is_over = problem.code != _UNTIL_IT_WORKS and self._clock.monotonic_s() - passed.at_s >= SOON_S
        return None if is_over else passed

    def worked(self, lane: str) -> None:
        """The destination took a photo: what is found after this is new."""
        with self._turn:
            self._passed.pop(lane, None)

    def look_again(self, lane: str | None = None) -> None:
        """Look at a lane (or at all) the next time its thread comes by, for things may have changed."""
        with self._turn:
            for name in [lane] if lane is not None else list(self._passed):
                self._passed.pop(name, None)
            for name, block in self._blocks.items():
                if lane in (None, name):
                    self._blocks[name] = Block(block.problem, block.since_at, 0, 0.0)

    def forget(self, lane: str) -> None:
        """The destination was removed."""
        with self._turn:
            known = self._blocks.pop(lane, None) is not None
            blocks = dict(self._blocks)
        if known:
            self._on_change(blocks)

    def mend(self, lane: str) -> float | None:
        """If the lane is shut: look if it is time. Returns seconds until the next look, None when the lane is open."""
        block = self._blocks.get(lane)
        if block is None:
            return None
        wait_s = block.next_look_s - self._clock.monotonic_s()
        if wait_s > 0:
            return wait_s
        try:
            self._probe(lane)
        except Interrupted:  # its settings were changed under the look, or the agent stops
            return SOON_AGAIN_S
        except Blocked as problem:
            return self._still(lane, problem)
        except Fate as error:
            return self._still(lane, Blocked.by(error))
        log.info("destination %s is to be had again", lane)
        with self._turn:
            self._passed[lane] = _Passed(block.problem.code, block.since_at, block.looks, self._clock.monotonic_s())
        self.forget(lane)
        return None

    def _still(self, lane: str, problem: Blocked) -> float | None:
        """The look found it shut; but it may have been removed meanwhile, and then nothing of it stays."""
        if lane not in self._blocks:
            return None
        self.shut(lane, problem)
        block = self._blocks.get(lane)
        return block.next_look_s - self._clock.monotonic_s() if block is not None else None
