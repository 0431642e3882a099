"""The whole pass over the media cache: what lacks a picture gets one, the newest and what was looked at first.

Used by the nightly process `safelight cache build` and by the agent when a rebuild is asked for. First everything gets
the tiny picture that its camera put into it, then the real one. Every few files are written down together, so that a
pass that is ended at any moment goes on where it was the next time. Blocks its thread; decodes on a few more.
"""

import logging
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import Literal

from agent.domain.cache import VIEWED_MS, Candidate, may_fill, ordered, remaining_s
from agent.domain.clock import Clock
from agent.protocol.paths import to_display
from agent.record import MutableRecord, field
from agent.store import picturable, places, thumbnails
from agent.store.cache_db import MOST_ROWS
from agent.store.db import Tx
from agent.store.picturable import Picturable
from agent.work.cache.cleaning import clean
from agent.work.cache.comparing import compare
from agent.work.cache.making import Making, Outcome, Part

log = logging.getLogger(__name__)

Phase = Literal["looking", "first", "whole", "cleaning"]
Ledger = Callable[[], Tx]

#: Files of the ledger that are compared with the cache at once.
_STRETCH = 1_000
#: Written down together at the latest after so long, however few there are.
_FLUSH_S = 2.0
_LOG_EVERY_S = 30.0
_MOST_VIEWED = 5_000
#: Tiny pictures first are worth their while for more files than these, which are through in some seconds.
FEW = 200
#: Tiny pictures asked for at once.
_FIRSTS = 16


class Report(MutableRecord):
    """How far a pass is, and in the end what it came to. `failed` gave no picture in this pass, but not before."""

    phase: Phase = "looking"
    total: int = 0
    done: int = 0
    skipped: int = 0
    first: int = 0
    cleaned: int = 0
    evicted: int = 0
    is_full: bool = False
    failed: list[tuple[bytes, str]] = field(default_factory=list)
    files_per_s: float = 0.0
    remaining_s: float | None = None


class Build:
    """One pass. Not to be used twice."""

    def __init__(
        self,
        ledger: Ledger,
        making: Making,
        clock: Clock,
        *,
        workers: int,
        batch_files: int,
        check: Callable[[], None],
        tell: Callable[[Report], None],
        forgive: bool = False,
        abandon: Callable[[], None] = lambda: None,
        few: int = FEW,
    ) -> None:
        """`check` raises `Interrupted` when the pass must end, and `abandon` then ends what is being decoded.

        `forgive`: try again what gave nothing before. So `few` files get their real pictures soon enough.
        """
        self._ledger = ledger
        self._making = making
        self._clock = clock
        self._workers = workers
        self._batch_files = batch_files
        self._check = check
        self._tell = tell
        self._forgive = forgive
        self._abandon = abandon
        self._few = few
        self._known_failures: set[bytes] = set()
        self._present = array("q")
        self.report = Report()

    def __call__(self) -> Report:
        """Run it. Raises `Interrupted` by `check`, `Transient` where decoders or databases are not to be had."""
        report = self.report
        todo, first = self._plan()
        report.total = len(todo)
        log.info("media cache: %d files lack something, %d are as they should be", len(todo), report.skipped)
        if len(first) > self._few:
            self._pass("first", first)
        if todo:
            self._pass("whole", todo)
        report.phase = "cleaning"
        self._tell(report)
        report.cleaned = clean(self._making, self._ledger, self._is_present, self._check)
        report.evicted = self._making.make_room()
        if report.cleaned or report.evicted:
            self._making.thumbs.give_back()
        log.info(
            "media cache: %d made, %d skipped, %d failed, %d removed",
            report.done,
            report.skipped,
            len(report.failed),
            report.cleaned,
        )
        return report

    # --- What is to be done ------------------------------------------------------------------------------------------

    def _plan(self) -> tuple[list[int], list[int]]:
        """The ids of files that lack something, in the order to be worked off; and those without any picture yet."""
        viewed = self._viewed_directories()
        candidates: list[Candidate] = []
        without: set[int] = set()
        before: int | None = None
        while True:
            self._check()
            files = picturable.page(self._ledger(), before, _STRETCH)
            if not files:
                break
            before = files[-1].id
            self._present.extend(hash(one.version.path) for one in files)
            found = compare(self._making, files, forgive=self._forgive)
            wanting = found.wanting
            without |= found.bare
            self._known_failures |= found.known_failures
            candidates += [
                Candidate(one.id, one.version.mtime_ns, one.version.path.rpartition(b"/")[0] in viewed)
                for one in wanting
            ]
            self.report.skipped += len(files) - len(wanting)
            self._tell(self.report)
        self._present = array("q", sorted(self._present))
        todo = ordered(candidates)
        return todo, [one for one in todo if one in without]

    def _viewed_directories(self) -> set[bytes]:
        with self._making.thumbs.read() as tx:
            some = thumbnails.viewed_paths(tx, self._clock.now_at() - VIEWED_MS, _MOST_VIEWED)
        return {path.rpartition(b"/")[0] for path in some}

    def _is_present(self, path: bytes) -> bool:
        """Whether the ledger had a file there when the pass began."""
        wanted = hash(path)
        at = bisect_left(self._present, wanted)
        return at < len(self._present) and self._present[at] == wanted

    # --- Doing it ------------------------------------------------------------------------------------------------

    def _pass(self, part: Part, ids: Sequence[int]) -> None:
        """Open all these files, a few at a time, and keep what they give."""
        report = self.report
        report.phase, seen = part, 0
        began_s = told_s = logged_s = self._clock.monotonic_s()
        buffer: list[Outcome] = []
        if self._is_full():
            return
        with self._keeping(buffer):
            for outcome in self._decoded(part, ids):
                buffer.append(outcome)
                seen += 1
                self._count(part, outcome)
                now_s = self._clock.monotonic_s()
                if len(buffer) >= MOST_ROWS // 2 or now_s - told_s >= _FLUSH_S:
                    self._making.keep(buffer)
                    buffer.clear()
                    told_s = now_s
                    if self._is_full():
                        return
                report.files_per_s = seen / max(now_s - began_s, 1e-6)
                report.remaining_s = remaining_s(seen, len(ids), now_s - began_s)
                self._tell(report)
                if now_s - logged_s >= _LOG_EVERY_S:
                    logged_s = now_s
                    self._log(part, seen, len(ids))
        self._log(part, seen, len(ids))

    def _is_full(self) -> bool:
        if may_fill(self._making.used_bytes(), self._making.limit_bytes()):
            return False
        if not self.report.is_full:
            log.info("media cache: full; what is left is made when somebody looks at it")
        self.report.is_full = True
        return True

    @contextmanager
    def _keeping(self, buffer: list[Outcome]) -> Iterator[None]:
        """Whatever ends the pass, what was made so far is kept."""
        try:
            yield
        finally:
            if buffer:
                self._making.keep(buffer)

    def _decoded(self, part: Part, ids: Sequence[int]) -> Iterator[Outcome]:
        """What became of each file, in the order in which they are through. No more are begun than can be worked on."""
        queue = self._tasks(part, ids)
        with ThreadPoolExecutor(self._workers, thread_name_prefix="cache") as threads:
            flights: set[Future[list[Outcome]]] = set()
            try:
                while True:
                    self._check()
                    for task in islice(queue, 2 * self._workers - len(flights)):
                        flights.add(threads.submit(task))
                    if not flights:
                        return
                    landed, flights = wait(flights, return_when=FIRST_COMPLETED)
                    for future in landed:
                        yield from future.result()
            except BaseException:
                for future in flights:
                    future.cancel()
                self._abandon()
                raise

    def _tasks(self, part: Part, ids: Sequence[int]) -> Iterator[Callable[[], list[Outcome]]]:
        """Pieces of work for the threads: tiny pictures a handful at a time, real ones one by one."""
        making = self._making
        if part == "whole":
            for one in self._files(ids):
                yield lambda one=one: [making.decode(one.version, one.sha1)]  # type: ignore[misc] # bound at once
            return
        files = iter(self._files(ids))
        while some := [(one.version, one.sha1) for one in islice(files, _FIRSTS)]:
            yield lambda some=some: making.decode_firsts(some)  # type: ignore[misc] # bound at once

    def _files(self, ids: Sequence[int]) -> Iterator[Picturable]:
        """The files of these ids as the ledger knows them now."""
        for start in range(0, len(ids), self._batch_files):
            some = ids[start : start + self._batch_files]
            rows = picturable.by_ids(self._ledger(), some)
            yield from (rows[one] for one in some if one in rows)

    def _count(self, part: Part, outcome: Outcome) -> None:
        report = self.report
        if part == "first":
            report.first += bool(outcome.made and outcome.made.pictures)
            return
        if outcome.reason is not None:
            if outcome.version.path not in self._known_failures:
                report.failed.append((outcome.version.path, outcome.reason))
                log.warning("no picture of %s: %s", to_display(outcome.version.path), outcome.reason)
        elif outcome.made is not None:
            report.done += 1

    def _log(self, part: Part, seen: int, total: int) -> None:
        left_s = self.report.remaining_s or 0.0
        log.info(
            "media cache: %s pictures, %d of %d files, %.1f files/s, %.0f s left",
            "tiny" if part == "first" else "real",
            seen,
            total,
            self.report.files_per_s,
            left_s,
        )


def newly_failed(making: Making) -> list[tuple[bytes, str]]:
    """The files that gave no picture, and why, of which no pass has told yet; from now on they count as told."""
    found: list[tuple[bytes, str]] = []
    while True:
        with making.thumbs.write() as tx:
            some = places.unreported(tx, MOST_ROWS)
            places.mark_reported(tx, [path for path, _ in some])
        if not some:
            return found
        found += some
