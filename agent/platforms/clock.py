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

    def worked_s(self) -> float:
        """Seconds of a processor, of the calling thread; in steps of 16 ms on Windows."""
        return time.thread_time()
