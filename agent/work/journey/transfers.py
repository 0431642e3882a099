"""What is under way, for the snapshot: the files in flight and the stretch of work that they belong to.

Told by the uploads from their threads; tells the state at most a few times a second. Decides nothing.
"""

import threading
from collections.abc import Callable

from agent.domain.clock import Clock
from agent.protocol.types import Run, Transfer
from agent.record import MutableRecord
from agent.state import State
from agent.store import activity
from agent.store.db import Database

PUBLISH_EVERY_S = 0.2


class _Flight(MutableRecord):
    path: str
    destination: str
    size_bytes: int
    sent_bytes: int
    since_s: float


class _Stretch(MutableRecord):
    id: int
    started_at: int
    since_s: float
    completed: int = 0
    failed: int = 0
    bytes_done: int = 0


class Transfers:
    """The files in flight now and the present run."""

    def __init__(
        self,
        state: State,
        database: Database,
        clock: Clock,
        outstanding: Callable[[], tuple[int, int]],
        on_over: Callable[[int, int], None],
    ) -> None:
        self._state = state
        self._database = database
        self._clock = clock
        self._outstanding = outstanding
        self._on_over = on_over
        self._turn = threading.Lock()
        self._flights: dict[int, _Flight] = {}
        self._stretch: _Stretch | None = None
        self._published_s = 0.0
        self._is_catching_up = False
        self._next = 0
        self._last_id = 0
        self.last_path: str | None = None

    def begin(self, path: str, destination: str, size_bytes: int) -> int:
        """A file takes off; returns its number."""
        with self._turn:
            self._next += 1
            self._flights[self._next] = _Flight(path, destination, size_bytes, 0, self._clock.monotonic_s())
            self.last_path = path
            number = self._next
        self._open()
        if not self.publish():
            self._catch_up()
        return number

    def _catch_up(self) -> None:
        """Show in a moment what could not be shown now: a send that stalls at once would be seen by nobody."""

        def now_then() -> None:
            self._is_catching_up = False
            self.publish(now=True)

        with self._turn:
            if self._is_catching_up:
                return
            self._is_catching_up = True
        timer = threading.Timer(PUBLISH_EVERY_S, now_then)
        timer.daemon = True
        timer.start()

    def moved(self, number: int, sent_bytes: int) -> None:
        """So many of its bytes are sent."""
        flight = self._flights.get(number)
        if flight is not None:
            flight.sent_bytes = sent_bytes
            self.publish()

    def end(self, number: int) -> None:
        """It landed, or not."""
        with self._turn:
            self._flights.pop(number, None)

    def count(self, *, completed: int, failed: int, size_bytes: int) -> None:
        """So many jobs ended."""
        self._open()
        with self._turn:
            if self._stretch is not None:
                self._stretch.completed += completed
                self._stretch.failed += failed
                self._stretch.bytes_done += size_bytes
        self.publish()

    def in_flight(self) -> int:
        """How many files are being sent now."""
        return len(self._flights)

    def is_active(self) -> bool:
        """Whether a run is under way."""
        return self._stretch is not None

    def _open(self) -> None:
        with self._turn:
            if self._stretch is None:
                # The last one may not be written down yet.
                self._last_id = max(activity.next_run_id(self._database.read()), self._last_id + 1)
                self._stretch = _Stretch(self._last_id, self._clock.now_at(), self._clock.monotonic_s())

    def close(self) -> None:
        """Nothing is left to do for now: the run is over."""
        with self._turn:
            stretch, self._stretch = self._stretch, None
        if stretch is not None and (stretch.completed or stretch.failed):
            with self._database.write() as tx:
                activity.add_run(
                    tx,
                    stretch.id,
                    stretch.started_at,
                    completed=stretch.completed,
                    failed=stretch.failed,
                    size_bytes=stretch.bytes_done,
                    now_at=self._clock.now_at(),
                )
        self.publish(now=True)
        if stretch is not None:
            self._on_over(stretch.completed, self._clock.now_at())

    def publish(self, *, now: bool = False) -> bool:
        """Show what is under way, unless that was done a moment ago; whether it is shown."""
        moment_s = self._clock.monotonic_s()
        if not now and moment_s - self._published_s < PUBLISH_EVERY_S:
            return False
        self._published_s = moment_s
        with self._turn:
            flights = tuple(self._shown(flight, moment_s) for flight in self._flights.values())
            sent = sum(flight.sent_bytes for flight in self._flights.values())
            stretch = self._stretch
        self._state.update(transfers=flights, run=self._run(stretch, sent, moment_s) if stretch else None)
        return True

    def _shown(self, flight: _Flight, moment_s: float) -> Transfer:
        elapsed_s = max(moment_s - flight.since_s, 0.001)
        return Transfer(
            path=flight.path,
            destination=flight.destination,
            size_bytes=flight.size_bytes,
            progress=percent(flight.sent_bytes, flight.size_bytes),
            bytes_per_second=round(flight.sent_bytes / elapsed_s),
        )

    def _run(self, stretch: _Stretch, sent: int, moment_s: float) -> Run:
        waiting, waiting_bytes = self._outstanding()
        done = stretch.bytes_done + sent
        total_bytes = stretch.bytes_done + waiting_bytes
        return Run(
            id=stretch.id,
            started_at=stretch.started_at,
            total=stretch.completed + stretch.failed + waiting,
            completed=stretch.completed,
            failed=stretch.failed,
            current_file=self.last_path,
            progress=percent(done, total_bytes),
            bytes_total=total_bytes,
            bytes_done=done,
            bytes_per_second=round(done / max(moment_s - stretch.since_s, 0.001)),
        )


def percent(part: int, whole: int) -> int:
    """0 to 100; a whole of nothing is done."""
    return 100 if whole <= 0 else min(100 * part // whole, 100)
