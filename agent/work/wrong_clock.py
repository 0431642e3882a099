"""A clock that was wrong: work that waits for a time by it waits no longer than was meant.

Only what the agent put off itself is brought back; a pause until a time of day stays what the person said. `at_start`
runs before anything else does, `set_back` on the routine's thread.
"""

from collections.abc import Callable

from agent.domain.clock import Clock
from agent.store import job_history
from agent.store.db import Database, Tx
from agent.work.finding.intake import Intake
from agent.work.lanes import Lanes

#: Nothing is tried again later than this, whatever a server asks for.
FARTHEST_MS = 2 * 3_600_000


class WrongClock:
    """Puts right what waits. `delay_s` is the trigger delay in force, which may be longer than all else."""

    def __init__(
        self, database: Database, clock: Clock, intake: Intake, lanes: Lanes, delay_s: Callable[[], int]
    ) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake
        self._lanes = lanes
        self._delay_s = delay_s

    def at_start(self, tx: Tx) -> None:
        """How the clock went while no agent ran is not known: what waits for too far a time is due."""
        job_history.bring_near(tx, self._clock.now_at(), farthest_ms=max(self._delay_s() * 1000, FARTHEST_MS))

    def set_back(self, back_ms: int) -> None:
        """The clock was set back by so much a moment ago."""
        self._intake.due_now()
        with self._database.write() as tx:
            job_history.follow_clock(tx, self._clock.now_at(), back_ms)
        self._lanes.kick()
