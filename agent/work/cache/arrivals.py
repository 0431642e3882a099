"""The job `cache`: pictures of files that have just come, soon after they came, and the rebuild that a person asks for.

Runs on the lane `cache`, which the gate shuts when the battery is to be spared. It steps aside while copies are under
way: the backup comes first. Which files are new is kept in memory alone; what is lost by a crash, or is too much, is
made by the nightly pass, or as soon as somebody looks at it.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from agent.domain.clock import Clock
from agent.domain.errors import Interrupted, Rejected, Transient
from agent.platforms.base import AlreadyRunning, Lock
from agent.protocol.paths import to_display
from agent.store import jobs, lost, picturable
from agent.store.db import Database
from agent.store.jobs import CACHE_LANE, Claimed, NewJob
from agent.store.picturable import Picturable
from agent.work.cache.cleaning import clear
from agent.work.cache.comparing import compare
from agent.work.cache.making import Making, Outcome
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: A burst is taken together.
GATHER_MS: Final = 5_000
#: The job may have been cancelled by a person.
_ASK_AGAIN_MS: Final = 60_000
_STEP_ASIDE_S: Final = 5.0
_MOST_WAITING: Final = 5_000
_BATCH_FILES: Final = 16
_TELL_EVERY_S: Final = 2.0


def new_job(now_at: int) -> NewJob:
    """Pictures for what came."""
    return NewJob("cache", {"what": "new"}, lane=CACHE_LANE, run_after=now_at + GATHER_MS, unique_key="cache:new")


def rebuild_job(*, anew: bool = False) -> NewJob:
    """Pictures for whatever lacks one, and another try for what failed; `anew` throws away first what there is."""
    what = "anew" if anew else "all"
    return NewJob("cache", {"what": what}, lane=CACHE_LANE, priority=1, unique_key=f"cache:{what}")


class Arrivals:
    """The handler of `cache`, and the list of what came."""

    def __init__(
        self,
        database: Database,
        making: Making,
        clock: Clock,
        *,
        is_busy: Callable[[], bool],
        batch_files: Callable[[], int],
        lock: Callable[[], Lock],
    ) -> None:
        """`is_busy`: copies are under way; `lock` is the one that every whole pass holds."""
        self._database = database
        self._making = making
        self._clock = clock
        self._is_busy = is_busy
        self._batch_files = batch_files
        self._lock = lock
        self._guard = threading.Lock()
        self._waiting: deque[int] = deque(maxlen=_MOST_WAITING)
        self._asked_at = 0

    def came(self, file_ids: Iterable[int]) -> bool:
        """Files were written down in the ledger; True when a job was written for them. Any thread."""
        now_at = self._clock.now_at()
        with self._guard:
            is_asked = bool(self._waiting) and now_at - self._asked_at < _ASK_AGAIN_MS
            self._waiting.extend(file_ids)
            if is_asked or not self._waiting:
                return False
            self._asked_at = now_at
        with self._database.write() as tx:
            jobs.enqueue(tx, new_job(now_at), now_at)
        return True

    def rebuild(self, *, anew: bool = False) -> int:
        """Ask for a whole pass; the job's id."""
        with self._database.write() as tx:
            return jobs.enqueue(tx, rebuild_job(anew=anew), self._clock.now_at())

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run claimed jobs, on the lane's thread."""
        for job in batch:
            scope.check(job)
            what = job.payload.get("what", "all")
            if what == "new":
                self._new(scope, job)
            elif what == "all":
                self._all(scope, job)
            elif what == "anew":
                self._anew(scope, job)
            else:
                raise Rejected("payload_invalid", detail="what")

    # --- What came ---------------------------------------------------------------------------------------------------

    def _new(self, scope: Scope, job: Claimed) -> None:
        made = 0
        while ids := self._next():
            if self._is_busy():
                self._put_back(ids)
                with scope.database.write() as tx:
                    scope.give_back(tx, job, after_s=_STEP_ASIDE_S)
                return
            files = picturable.by_ids(self._database.read(), ids)
            try:
                made += self._make([files[one] for one in ids if one in files], lambda: scope.check(job))
            except (Interrupted, Transient):
                self._put_back(ids)
                raise
        if made:
            self._making.make_room()
        with scope.database.write() as tx:
            scope.complete(tx, job, {"made": made})

    def _next(self) -> list[int]:
        """Some that came, the latest first."""
        with self._guard:
            found = [self._waiting.pop() for _ in range(min(_BATCH_FILES, len(self._waiting)))]
        return list(dict.fromkeys(found))

    def _put_back(self, ids: Sequence[int]) -> None:
        with self._guard:
            self._waiting.extend(reversed(ids))

    def _make(self, files: Sequence[Picturable], check: Callable[[], None]) -> int:
        """Make what these lack; written down together, also when it is broken off. Returns how many were made."""
        outcomes: list[Outcome] = []
        try:
            for one in compare(self._making, files).wanting:
                check()
                outcomes.append(self._making.decode(one.version, one.sha1))
        finally:
            if outcomes:
                self._making.keep(outcomes)
        for outcome in outcomes:
            if outcome.reason is not None:
                log.info("no picture of %s: %s", to_display(outcome.version.path), outcome.reason)
        return sum(outcome.made is not None for outcome in outcomes)

    # --- All of it ---------------------------------------------------------------------------------------------------

    def _anew(self, scope: Scope, job: Claimed) -> None:
        """Throw everything away; then the job is a usual pass, so that a hold in it throws nothing away again."""
        try:
            lock = self._lock()
        except AlreadyRunning:
            with scope.database.write() as tx:
                scope.give_back(tx, job, after_s=_ASK_AGAIN_MS / 1_000)
            return
        try:
            gone = clear(self._making, lambda: scope.check(job))
        finally:
            lock.release()
        log.info("%d pictures were thrown away, to be made anew", gone)
        with scope.database.write() as tx:
            lost.go_on(tx, job.id, {"what": "all"}, self._clock.now_at())
            scope.ended.add(job.id)

    def _all(self, scope: Scope, job: Claimed) -> None:
        try:
            lock = self._lock()
        except AlreadyRunning:
            with scope.database.write() as tx:
                scope.complete(tx, job, {"busy": True})
            return
        from agent.work.cache.building import Build, Report  # for once in months

        told_s = self._clock.monotonic_s()

        def tell(report: Report) -> None:
            nonlocal told_s
            now_s = self._clock.monotonic_s()
            if now_s - told_s >= _TELL_EVERY_S and report.total:
                told_s = now_s
                progress = min(99, 100 * (report.done + len(report.failed)) // report.total)
                with scope.database.write() as tx:
                    jobs.set_progress(tx, job.id, progress)

        try:
            report = Build(
                self._database.read,
                self._making,
                self._clock,
                workers=1,
                batch_files=self._batch_files(),
                check=lambda: scope.check(job),
                tell=tell,
                forgive=True,
            )()
        finally:
            lock.release()
        result = {"done": report.done, "skipped": report.skipped, "failed": len(report.failed)}
        with scope.database.write() as tx:
            scope.complete(tx, job, dict(result))


class Demand:
    """Makes what a page that somebody looks at lacks: first tiny pictures for all of it, then the real ones.

    One thread, started with the first demand; the latest page comes first.
    """

    def __init__(self, making: Making, most_waiting: int = 1_000) -> None:
        self._making = making
        self._changed = threading.Condition()
        self._waiting: dict[int, tuple[Picturable, int]] = {}
        self._tiny: deque[Picturable] = deque(maxlen=most_waiting)
        self._most_waiting = most_waiting
        self._thread: threading.Thread | None = None
        self._current: int | None = None
        self._is_stopped = False

    def __call__(self, files: Sequence[Picturable], bound_px: int) -> int:
        """See to these files; how many. Any thread, returns at once."""
        with self._changed:
            if self._is_stopped:
                return 0
            for one in reversed(files):
                if one.id == self._current:
                    continue
                if one.id not in self._waiting:
                    self._tiny.append(one)
                self._waiting.pop(one.id, None)
                self._waiting[one.id] = (one, bound_px)
            while len(self._waiting) > self._most_waiting:
                self._waiting.pop(next(iter(self._waiting)))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="cache-demand", daemon=True)
                self._thread.start()
            self._changed.notify()
        return len(files)

    def stop(self) -> None:
        """Make no more; what is being made may end."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def _work(self) -> None:
        """Thread `cache-demand`."""
        while (task := self._next()) is not None:
            file, bound_px = task
            try:
                if bound_px:
                    self._making.keep([self._making.decode(file.version, file.sha1, "whole", (bound_px,))])
                elif file.role == "still":
                    self._making.keep([self._making.decode(file.version, file.sha1, "first")])
            except Interrupted:
                return
            except Transient as error:
                log.info("a picture could not be made just now: %s", error)

    def _next(self) -> tuple[Picturable, int] | None:
        """The next file, and the square to fill; 0 for a tiny picture. None at the end."""
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._is_stopped or self._waiting or self._tiny)
            if self._is_stopped:
                return None
            if self._tiny:
                return self._tiny.pop(), 0
            self._current = next(reversed(self._waiting))
            return self._waiting.pop(self._current)
