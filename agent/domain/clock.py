"""Time as an argument: the one shape in which the rest of the code sees a clock."""

from typing import Final, Protocol

DAY_MS: Final = 86_400_000


class Clock(Protocol):
    """What tells the time. `agent.platforms.clock` is the real one, `tests.fakes.clock` the one that tests move."""

    def now_at(self) -> int:
        """UTC epoch milliseconds; may jump when the system's clock is set."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only grow, for measuring and for deadlines within this process."""
        ...

    def worked_s(self) -> float:
        """Seconds of a processor that the calling thread has used."""
        ...
