"""Whose fault it is that a destination which answers did not take a photo: the photo's own, or the destination's.

What fails alone, while others go well around it, is its own trouble. Where a second one fails before any has gone
well, the destination takes nothing just now (its disk is full, a proxy lets no upload through): it is tried ever more
seldom then, and not with the whole queue. One object for all lanes, any thread; asks and writes nothing.
"""

import threading
from collections.abc import Callable


class Blame:
    """Which jobs failed at each destination since it took its last photo. `worked` hears when it takes one again."""

    def __init__(self, worked: Callable[[str], None]) -> None:
        self._worked = worked
        self._turn = threading.Lock()
        self._failed: dict[str, set[int]] = {}

    def took(self, lane: str) -> None:
        """It took a photo."""
        if self._failed:
            with self._turn:
                self._failed.pop(lane, None)
            self._worked(lane)

    def is_of_all(self, lane: str, job_id: int) -> bool:
        """A photo was not taken: whether that is the destination's fault."""
        with self._turn:
            failed = self._failed.setdefault(lane, set())
            failed.add(job_id)
            return len(failed) > 1
