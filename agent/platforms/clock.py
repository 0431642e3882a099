"""The system's own clock: the only place in the agent that reads the time."""

import time


class SystemClock:
    """The real `agent.domain.clock.Clock`."""

    def now_at(self) -> int:
        """UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()
