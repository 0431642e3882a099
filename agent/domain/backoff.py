"""How long to wait before trying again. Pure: chance comes in as an argument."""

FIRST_S = 15.0
LONGEST_S = 3_600.0


def delay_s(attempt: int, chance: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after the `attempt`-th failed try (1, 2, ...): doubling, with jitter, bounded.

    `chance` is a random number in [0, 1) that spreads the delay over +-25 %; `retry_after_s` is the least.
    """
    grown = min(FIRST_S * float(2 ** min(attempt - 1, 20)), LONGEST_S)
    return max(grown * (0.75 + chance / 2), retry_after_s or 0.0)


def probe_s(failures: int) -> float:
    """Seconds until a blocked destination is looked at again, after so many looks in a row that found it blocked."""
    return float(min(30 * 2 ** min(max(failures - 1, 0), 10), 300))
