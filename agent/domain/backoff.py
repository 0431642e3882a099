"""How long to wait before trying again. Pure: chance comes in as an argument."""

FIRST_S = 15.0
LONGEST_S = 3_600.0
#: A destination that is not to be had is looked at this often at least.
LONGEST_LOOK_S = 300.0
#: A file that changed under our hands is looked at again after it had time to rest, and ever later while it goes on.
CHANGED_FIRST_S = 2.0
CHANGED_LONGEST_S = 600.0


def delay_s(attempt: int, chance: float, retry_after_s: float | None = None) -> float:
    """Seconds to wait after the `attempt`-th failed try (1, 2, ...): doubling, with jitter, bounded.

    `chance` is a random number in [0, 1) that spreads the delay over +-25 %; `retry_after_s` is the least.
    """
    grown = min(FIRST_S * float(2 ** min(attempt - 1, 20)), LONGEST_S)
    return max(grown * (0.75 + chance / 2), retry_after_s or 0.0)


def probe_s(failures: int) -> float:
    """Seconds until a blocked destination is looked at again, after so many looks in a row that found it blocked."""
    return min(30.0 * float(2 ** min(max(failures - 1, 0), 10)), LONGEST_LOOK_S)


def refused_s(failures: int) -> float:
    """Seconds until a photo is tried again at a destination that answers and takes none: each try sends all of one."""
    return min(30.0 * float(2 ** min(max(failures - 1, 0), 10)), LONGEST_S)


def changed_s(times: int) -> float:
    """Seconds until a file is looked at again that was found changed under our hands so often, one attempt each."""
    return min(CHANGED_FIRST_S * float(2 ** min(times - 1, 16)), CHANGED_LONGEST_S)
