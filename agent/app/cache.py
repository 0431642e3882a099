"""The media cache as a process of its own: `safelight cache build`, and looking into the cache while no agent runs.

Reads the ledger and the settings, writes the two cache databases, starts decoders; touches no keyring and no network.
One pass at a time: a second one says so and ends. Runs on the main thread.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agent.domain.cache import rests
from agent.domain.errors import Interrupted
from agent.domain.facts import HostFacts
from agent.facts import HostWatch, memory_of
from agent.media.pool import Decoders
from agent.platforms import current
from agent.platforms.base import AlreadyRunning, Lock, Places, Platform
from agent.platforms.clock import SystemClock
from agent.record import Record
from agent.store import picturable, places
from agent.store.cache_db import CacheDatabase
from agent.store.db import Tx
from agent.store.picturable import open_ledger
from agent.store.settings import SettingsStore
from agent.work.cache.building import FEW, Build, Report, newly_failed
from agent.work.cache.making import Making
from agent.work.cache.pictures import Cache

log = logging.getLogger(__name__)

LOCK_NAME = "cache-build.lock"
LOG_NAME = "cache.log"
#: Two decoders are twice as fast as one and still leave a usual computer room.
WORKERS = 2


class Ended(Record, frozen=True):
    """How a pass ended: `busy` when another one runs, `reason` why it stopped before its end (None: it did not)."""

    report: Report
    is_busy: bool = False
    reason: str | None = None


def decoder_argv() -> list[str]:
    """How a decoder process is started, in a checkout and in a bundle."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "decode"]
    return [sys.executable, "-m", "agent", "decode"]


def shared_thumbnails() -> bytes | None:
    """The folder where file managers keep their thumbnails, None where there is none."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "thumbnails"
    return bytes(folder) if folder.is_dir() else None


def lock_build(where: Places) -> Lock:
    """The lock that one pass holds; `AlreadyRunning` when another one has it."""
    return current().lock(where.cache_dir / LOCK_NAME)


@contextmanager
def making_for(where: Places, workers: int = WORKERS) -> Iterator[tuple[Making, SettingsStore, Decoders]]:
    """All that it takes to make pictures, closed at the end."""
    settings = SettingsStore(where.settings_file)
    clock = SystemClock()
    with ExitStack() as stack:
        thumbs = CacheDatabase(where.cache_dir, "thumbnails")
        facts = CacheDatabase(where.cache_dir, "media_metadata")
        decoders = Decoders(decoder_argv(), workers=workers, clock=clock, memory_of=memory_of)
        for one in (thumbs, facts, decoders):
            stack.callback(one.close)
        making = Making(
            thumbs,
            facts,
            decoders,
            clock,
            sizes=lambda: settings.get().values.cache_sizes_px,
            limit_bytes=lambda: settings.get().values.cache_limit_bytes,
            shared=shared_thumbnails(),
        )
        yield making, settings, decoders


@contextmanager
def without_agent(where: Places) -> Iterator[Cache]:
    """The cache for a few questions while no agent runs. Raises `Blocked` and `Transient` as `open_ledger`."""
    with ExitStack() as stack:
        ledger = open_ledger(where.database_file)
        if ledger is not None:
            stack.callback(ledger.close)
        making, _, _ = stack.enter_context(making_for(where, workers=1))
        cache = Cache(
            making,
            SystemClock(),
            lambda: ledger,
            lambda version: picturable.sha1_of(ledger, version) if ledger is not None else None,
        )
        stack.callback(cache.flush)
        yield cache


class BuildProcess:
    """One pass in a process of its own. `stop` may be called from a signal handler."""

    def __init__(
        self,
        where: Places,
        tell: Callable[[Report], None],
        *,
        workers: int = WORKERS,
        forgive: bool = False,
        mind_power: bool = False,
        few: int = FEW,
        platform: Platform | None = None,
    ) -> None:
        """`forgive`: try again what gave nothing before; `mind_power`: do nothing on a battery, end when it must serve.

        `platform` tells of the power; None is this system.
        """
        self._where = where
        self._tell = tell
        self._workers = workers
        self._forgive = forgive
        self._mind_power = mind_power
        self._few = few
        self._platform = platform
        self._reason: str | None = None

    def stop(self, reason: str = "stop") -> None:
        """Ask the pass to end; what is done is kept."""
        self._reason = self._reason or reason

    def run(self) -> Ended:
        """The pass. Raises `Blocked` and `Transient` where ledger, databases or decoders are not to be had."""
        try:
            lock = lock_build(self._where)
        except AlreadyRunning:
            log.info("media cache: another pass is under way")
            return Ended(Report(), is_busy=True)
        try:
            ledger = open_ledger(self._where.database_file)
            if ledger is None:
                return Ended(Report())
            try:
                return self._run(ledger)
            finally:
                ledger.close()
        finally:
            lock.release()

    def _run(self, ledger: Tx) -> Ended:
        with ExitStack() as stack:
            making, settings, decoders = stack.enter_context(making_for(self._where, self._workers))
            build = Build(
                lambda: ledger,
                making,
                SystemClock(),
                workers=self._workers,
                batch_files=settings.get().values.cache_batch_files,
                check=self._check,
                tell=self._tell,
                forgive=self._forgive,
                abandon=decoders.close,
                few=self._few,
            )
            if self._mind_power:
                host = HostWatch(self._platform or current(), lambda facts: self._power_changed(settings, facts))
                stack.callback(host.stop)
                host.start()
            reason = None
            if self._forgive:
                with making.thumbs.write() as tx:
                    places.report_again(tx)
            try:
                self._check()
                build()
            except Interrupted as error:
                reason = self._reason or error.code
                log.info("media cache: the pass ends before its end (%s); the next one goes on", reason)
            # What the agent has found meanwhile is told here too, and each file once.
            failed = dict(build.report.failed) | dict(newly_failed(making))
            build.report.failed = sorted(failed.items())
            return Ended(build.report, reason=reason)

    def _power_changed(self, settings: SettingsStore, facts: HostFacts) -> None:
        reason = rests(settings.get().values, facts, spare=True)
        if reason is not None:
            self.stop(reason)

    def _check(self) -> None:
        if self._reason is not None:
            raise Interrupted(self._reason)
