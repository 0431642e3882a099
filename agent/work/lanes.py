"""All lanes: for local work, for the media cache, for each destination; started and stopped as the settings ask.

Any thread; holds no decision.
"""

import threading
from collections.abc import Callable, Iterable

from agent.store.jobs import OWN_LANES
from agent.work.worker import Lane


class Lanes:
    """The running lanes by name."""

    def __init__(self, make: Callable[[str], Lane]) -> None:
        self._make = make
        self._turn = threading.Lock()
        self._lanes: dict[str, Lane] = {}
        self._stopped = False

    def keep(self, destinations: Iterable[str]) -> None:
        """Run our own lanes and one for each of these destinations, and no others."""
        wanted = {*OWN_LANES, *destinations}
        with self._turn:
            if self._stopped:
                return
            for name in [name for name in self._lanes if name not in wanted]:
                self._lanes.pop(name).stop()
            for name in wanted - set(self._lanes):
                self._lanes[name] = self._make(name)
                self._lanes[name].start()

    def kick(self, names: Iterable[str] | None = None) -> None:
        """There may be something to do in these lanes (None: in all)."""
        with self._turn:
            for name in self._lanes if names is None else names:
                if name in self._lanes:
                    self._lanes[name].kick()

    def recheck(self) -> None:
        """The gate has changed: what runs may have to stop, and what waited may go on."""
        with self._turn:
            for lane in self._lanes.values():
                lane.recheck()

    def cancel(self, job_id: int) -> None:
        """A job was cancelled; if it runs it stops."""
        with self._turn:
            for lane in self._lanes.values():
                lane.cancel(job_id)

    def stop(self) -> None:
        """Ask every lane to end."""
        with self._turn:
            self._stopped = True
            for lane in self._lanes.values():
                lane.stop()

    def join(self, timeout_s: float) -> list[str]:
        """Wait so long for each; returns the names of those that have not ended."""
        with self._turn:
            lanes = list(self._lanes.values())
        return [lane.name for lane in lanes if not lane.join(timeout_s)]
