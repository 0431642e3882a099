"""A clock that stands still until a test moves it."""


class FakeClock:
    """An `agent.domain.clock.Clock` under a test's control."""

    def __init__(self, now_at: int = 1_795_000_000_000, monotonic_s: float = 1_000.0) -> None:
        self._now_at = now_at
        self._monotonic_s = monotonic_s

    def now_at(self) -> int:
        """UTC epoch milliseconds."""
        return self._now_at

    def monotonic_s(self) -> float:
        """Seconds."""
        return self._monotonic_s

    def worked_s(self) -> float:
        """No work costs anything here: whatever takes time, waits."""
        return 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._now_at += round(seconds * 1000)
        self._monotonic_s += seconds

    def set_back(self, seconds: float) -> None:
        """What happens when somebody sets the system's clock: only the wall clock moves."""
        self._now_at -= round(seconds * 1000)
