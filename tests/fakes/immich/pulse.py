"""One lock for the whole stand-in, and a way to wait until something happened.

For: tests run in one thread, the server in another; both look at the same state.
Must not: block the server. The lock is only ever held for short dictionary work, and
:meth:`Pulse.wait_for` is for test threads only.
Thread: any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pulse:
    """A re-entrant lock that can be waited on; every change of state gives a beat."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)

    def beat(self) -> None:
        """Wake every waiting test so that it looks again."""
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Block the calling test until ``predicate`` holds; TimeoutError when it never does."""
        with self._changed:
            if not self._changed.wait_for(predicate, timeout):
                raise TimeoutError(f"not reached within {timeout} s")
