"""The lanes: one thread for each destination and one for local work. Claims what the gate lets through and runs it.

A handler's error decides by its fate what becomes of the job; anything that is no fate is a bug and fails the job
with its traceback in the log. Holds, stops and problems give jobs back untouched. Knows nothing of sockets or of what
a handler does.
"""

import logging
import random
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from agent.domain import backoff, batching
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Interrupted, Rejected, Transient
from agent.record import MutableRecord, field
from agent.store import groups, jobs
from agent.store.db import Database, Tx
from agent.store.jobs import Claimed
from agent.work.gate import Gate

log = logging.getLogger(__name__)

#: A send that does not stop by itself this long after a hold is cut off: the promise is two seconds.
CUT_AFTER_S = 1.2
#: How long a lane stands still when the ledger cannot be written.
STUMBLE_S = 30.0
#: A wait that ends too early costs nothing; one of thousands of years the system cannot count.
LONGEST_WAIT_S = 3_600.0


class Scope(MutableRecord):
    """What a handler works with for one batch: where it writes ends, and how it learns that it must stand back."""

    lane: str
    database: Database
    clock: Clock
    is_allowed: Callable[[Claimed], str | None]
    ended: set[int] = field(default_factory=set)

    def check(self, job: Claimed) -> None:
        """Raise Interrupted when this job must not go on. Cheap; call it between files and between chunks."""
        reason = self.is_allowed(job)
        if reason is not None:
            raise Interrupted(reason)

    def complete(self, tx: Tx, job: Claimed, result: dict[str, object] | None = None) -> None:
        """The job is done."""
        jobs.complete(tx, job.id, self.clock.now_at(), result)
        self._ended(tx, job, failed=0)

    def fail(self, tx: Tx, job: Claimed, error: Fate) -> bool:
        """The job is over without success; False when it was asked for anew meanwhile and is tried again instead."""
        is_over = jobs.fail(tx, job.id, str(error), self.clock.now_at(), group_id=job.group_id)
        self._ended(tx, job, failed=1)
        return is_over

    def retry(self, tx: Tx, job: Claimed, error: Transient) -> bool:
        """The job is tried again later; False when it has had all its attempts and fails instead."""
        if job.attempts + 1 >= job.max_attempts:
            return not self.fail(tx, job, error)
        wait_s = backoff.delay_s(job.attempts + 1, random.random(), error.retry_after_s)  # noqa: S311 - jitter
        at = self.clock.now_at()
        jobs.retry_later(tx, job.id, str(error), at + round(wait_s * 1000), at, group_id=job.group_id)
        self.ended.add(job.id)
        return True

    def give_back(
        self,
        tx: Tx,
        job: Claimed,
        *,
        after_s: float = 0,
        alone: bool = False,
        changed: bool = False,
        error: Fate | None = None,
    ) -> None:
        """The job returns with no attempt counted.

        `alone`: it has no neighbours the next time; `changed`: its file did so under our hands, and is looked at ever
        more seldom while it goes on; `error`: what it waits for.
        """
        at = self.clock.now_at()
        wait_s = backoff.changed_s(job.changes + 1) if changed else after_s
        run_after = at + round(wait_s * 1000) if wait_s else None
        said = str(error) if error is not None else None
        jobs.give_back(tx, [job.id], at, run_after=run_after, alone=alone, changed=changed, error=said)
        self.ended.add(job.id)

    def _ended(self, tx: Tx, job: Claimed, *, failed: int) -> None:
        self.ended.add(job.id)
        if job.key == "upload":  # a request counts copies
            groups.progress(tx, job.id, completed=1 - failed, failed=failed, bytes_done=job.weight_bytes)


class Handler(Protocol):
    """What runs a batch of claimed jobs of one key: it ends each of them, or raises the fate of those that are left."""

    def __call__(self, scope: Scope, batch: Sequence[Claimed], /) -> None: ...


class Lane:
    """One thread that works off one lane."""

    def __init__(
        self,
        name: str,
        database: Database,
        clock: Clock,
        gate: Gate,
        handlers: Callable[[str, str], Handler | None],
        boot_id: str,
        *,
        on_blocked: Callable[[str, Blocked], None],
        on_idle: Callable[[str], None],
        mend: Callable[[str], float | None] | None = None,
        one_by_one: bool = False,
        abandon: Callable[[str], None] | None = None,
    ) -> None:
        self.name = name
        self._database = database
        self._clock = clock
        self._gate = gate
        self._handlers = handlers
        self._boot_id = boot_id
        self._on_blocked = on_blocked
        self._on_idle = on_idle
        self._mend = mend
        self._one_by_one = one_by_one
        self._size = batching.ONE if one_by_one else batching.LEAST
        self._abandon = abandon
        self._batch: Sequence[Claimed] = ()
        self._stranded: list[int] = []
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._cancelled: set[int] = set()
        self._thread = threading.Thread(target=self._run, name=f"lane-{name}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def kick(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def recheck(self) -> None:
        """The gate has changed: what runs and may not go on stops by itself, or is cut off where it hangs in a send."""
        self.kick()
        self._cut_soon()

    def _cut_soon(self) -> None:
        batch = self._batch
        if batch and self._abandon is not None and not self._may_go_on(batch):
            cut = threading.Timer(CUT_AFTER_S, self._cut, (batch,))
            cut.daemon = True
            cut.start()

    def _may_go_on(self, batch: Sequence[Claimed]) -> bool:
        passing = self._gate.passing(self.name)
        return any(job.id not in self._cancelled and passing.allows(job.folder_id, job.group_id) for job in batch)

    def _cut(self, batch: Sequence[Claimed]) -> None:
        if self._batch is batch and self._abandon is not None and not self._may_go_on(batch):
            self._abandon(self.name)

    def cancel(self, job_id: int) -> None:
        """A job was cancelled; if it runs here it stops."""
        self._cancelled.add(job_id)
        if any(job.id == job_id for job in self._batch):
            self._cut_soon()

    def stop(self) -> None:
        """Ask the thread to end; it gives back what it has not finished."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when the thread hangs and is left behind."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                with self._database.guard():
                    wait_s = self._turn()
            except Exception as error:  # noqa: BLE001 - the ledger may be out of reach; a lane that ends never comes back
                wait_s = self._stumble(error)
            if wait_s != 0:
                self._wake.wait(wait_s)

    def _turn(self) -> float | None:
        """Do one batch, and say how long to wait before the next (0: not at all, None: until somebody kicks)."""
        blocked_s = self._mend(self.name) if self._mend is not None else None
        if blocked_s is None and self._step():
            return 0
        self._on_idle(self.name)
        return self._patience_s() if blocked_s is None else blocked_s

    def _stumble(self, error: Exception) -> float:
        """The ledger could not be read or written (the disk is full, say), or a bug: not the end of the lane."""
        if isinstance(error, Blocked):
            self._shut(error)
        else:
            log.error("lane %s met a bug", self.name, exc_info=error)
        return STUMBLE_S

    def _shut(self, problem: Blocked) -> None:
        if not self._stopping.is_set():  # else its destination may be removed, and a problem of it would stay for ever
            self._on_blocked(self.name, problem)

    def _patience_s(self) -> float | None:
        """How long nothing can happen by itself; None: until somebody kicks."""
        waits = []
        now_at = self._clock.now_at()
        # What is due already is held; what becomes due later may not be.
        due_at = jobs.next_due_at(self._database.read(), self.name, after_at=now_at)
        changes_at = self._gate.next_change_at()
        if due_at is not None:
            waits.append(due_at - now_at)
        if changes_at is not None:
            waits.append(max(changes_at - now_at, 0) + 50)
        return min(min(waits) / 1000, LONGEST_WAIT_S) if waits else None

    def _step(self) -> bool:
        """Claim and run one batch. False when there was nothing."""
        due_at = jobs.next_due_at(self._database.read(), self.name)
        if not self._stranded and (due_at is None or due_at > self._clock.now_at()):
            return False
        passing = self._gate.passing(self.name)
        self._cancelled.clear()  # before the claim: what is cancelled from here on is not claimed, or stands in here
        with self._database.write() as tx:
            if self._stranded:  # their end could not be written
                jobs.give_back(tx, self._stranded, self._clock.now_at())
            batch = jobs.claim(
                tx,
                self.name,
                passing,
                self._boot_id,
                self._clock.now_at(),
                files=self._size.files,
                size_bytes=self._size.size_bytes,
            )
        self._stranded = [job.id for job in batch]
        if not batch:
            log.debug("%s: nothing that is due may run", self.name)
            return False
        log.debug("%s: took %d jobs of %s, from %d on", self.name, len(batch), batch[0].key, batch[0].id)
        scope = Scope(self.name, self._database, self._clock, self._watcher())
        self._batch = batch
        try:
            self._handle(scope, batch)
        finally:
            self._batch = ()
        return True

    def _watcher(self) -> Callable[[Claimed], str | None]:
        """Tells of a job whether it must stop: compares one number as long as nothing has changed."""
        seen = self._gate.generation
        passing = self._gate.passing(self.name)

        def is_allowed(job: Claimed) -> str | None:
            nonlocal seen, passing
            if self._stopping.is_set():
                return "stop"
            if job.id in self._cancelled:
                return "cancel"
            if self._gate.generation != seen:
                seen = self._gate.generation
                passing = self._gate.passing(self.name)
            return None if passing.allows(job.folder_id, job.group_id) else "hold"

        return is_allowed

    def _handle(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        error: Exception | None = None
        began_s = self._clock.monotonic_s()
        try:
            handler = self._handlers(self.name, batch[0].key)
            if handler is None:
                raise Rejected("job_key_unknown", key=batch[0].key)
            with self._database.guard():
                handler(scope, batch)
        except Exception as caught:  # noqa: BLE001 - the one place where every fate of a job ends
            error = caught
        left = [job for job in batch if job.id not in scope.ended]
        if left or error is not None:
            with self._database.write() as tx:
                if len(left) > 1 and not isinstance(error, Blocked | Interrupted | Transient):
                    self._set_apart(scope, tx, left, error)
                else:
                    for job in left:
                        self._end(scope, tx, job, error)
                # What a transaction ended that was then rolled back is still running.
                jobs.give_back(tx, self._stranded, self._clock.now_at())
        self._stranded = []
        if error is None and not left and not self._one_by_one:
            weight_bytes = sum(job.weight_bytes for job in batch)
            self._size = batching.next_size(len(batch), weight_bytes, self._clock.monotonic_s() - began_s)
        if isinstance(error, Blocked):
            self._shut(error)

    def _set_apart(self, scope: Scope, tx: Tx, left: Sequence[Claimed], error: Exception | None) -> None:
        """What fails a whole batch may be the fault of one: from now on each comes alone, and that one fails alone."""
        if not isinstance(error, Fate):
            log.error("%d jobs (%s) met a bug together; they go on one by one", len(left), left[0].key, exc_info=error)
        for job in left:
            scope.give_back(tx, job, alone=True)

    def _end(self, scope: Scope, tx: Tx, job: Claimed, error: Exception | None) -> None:
        match error:
            case Blocked() | Interrupted():
                scope.give_back(tx, job)
            case Transient():
                if not scope.retry(tx, job, error):
                    groups.fail_files(tx, job.id, error.code, self._clock.now_at())
            case Fate():
                scope.fail(tx, job, error)
                groups.fail_files(tx, job.id, error.code, self._clock.now_at())
            case _:
                log.error("job %d (%s) met a bug", job.id, job.key, exc_info=error)
                scope.fail(tx, job, Rejected("bug", detail=type(error).__name__ if error else "unended"))
                groups.fail_files(tx, job.id, "bug", self._clock.now_at())


def one_by_one(run: Callable[[dict[str, object], Callable[[], None]], dict[str, object] | None]) -> Handler:
    """A handler of one payload at a time, for a lane whose batches hold one job."""

    def handle(scope: Scope, batch: Sequence[Claimed]) -> None:
        for job in batch:
            scope.check(job)
            result = run(job.payload, lambda job=job: scope.check(job))  # type: ignore[misc]
            with scope.database.write() as tx:
                scope.complete(tx, job, result)

    return handle
