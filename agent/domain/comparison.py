"""When the folders are compared with the ledger, and how. Pure.

The quick comparison sees what came, went or was renamed; only the whole one sees what was rewritten in place while
nobody watched. That one comes once a day, and soon after a time without a watcher in which a person may have worked.
"""

from typing import Final, Literal

from agent.domain.clock import DAY_MS

Look = Literal["whole", "quick"]

#: So long may nobody have watched (an update, a restart) for the daily comparison to be soon enough.
UNWATCHED_MS: Final = 600_000
#: How long after a start the whole comparison comes that is due soon: the computer is busy enough when it starts.
SOON_MS: Final = 600_000


def first_look(left_at: int | None) -> Look:
    """How to compare at a start. `left_at`: when watching ended cleanly, None where it did not."""
    return "whole" if left_at is None else "quick"


def compared_at(whole_at: int | None, left_at: int | None, now_at: int) -> int:
    """As of when, at a start, the folders count as compared whole; the next time is a day later."""
    if left_at is None:
        return now_at
    soon_at = now_at - DAY_MS + SOON_MS
    if whole_at is None or not 0 <= now_at - left_at <= UNWATCHED_MS:
        return min(whole_at or soon_at, soon_at)
    return whole_at
