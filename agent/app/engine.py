"""The engine: everything that keeps pictures safe while no client is there, built and wired.

What happens in one room is passed on to the others here, by the small methods at the end; they run on the thread on
which it happened and decide nothing.
"""

import logging
import secrets
import sys
from collections.abc import Callable
from datetime import date

from agent import logs
from agent.credentials import Credentials
from agent.domain.errors import Rejected
from agent.domain.facts import HostFacts
from agent.facts import HostWatch, memory_of
from agent.files.settle import Settler, Touch
from agent.files.watch import Watcher
from agent.media.metadata import day_of
from agent.media.pool import Decoders
from agent.platforms import current
from agent.platforms.base import Places
from agent.platforms.clock import SystemClock
from agent.protocol.settings import Settings
from agent.state import State
from agent.store import groups, job_history, jobs
from agent.store.db import Database
from agent.store.jobs import LOCAL_LANE
from agent.store.settings import SettingsStore
from agent.work.apply import Apply, scan_job
from agent.work.blocks import Block, Blocks
from agent.work.destinations import Destinations
from agent.work.folders import Folders
from agent.work.gate import Gate
from agent.work.intake import Intake, Taken
from agent.work.lanes import Lanes
from agent.work.reconcile import Reconcile
from agent.work.scan import Scan
from agent.work.transfers import Transfers
from agent.work.upload import Upload
from agent.work.view import View, outstanding
from agent.work.worker import BATCH_FILES, Handler, Lane, one_by_one

log = logging.getLogger(__name__)

#: The kinds of work that a job can be.
JOB_KEYS = frozenset({"upload", "scan"})
#: How long a stop may take before a thread that hangs (in the kernel, on a dead share) is left behind.
STOP_LIMIT_S = 8.0
#: Ended jobs that are kept for the history.
KEEP_JOBS = 20_000


class Engine:
    """The rooms of `agent.work` and all that they need, wired."""

    def __init__(self, where: Places, settings: SettingsStore, state: State, checkpoint: Callable[[str], None]) -> None:
        self._settings = settings
        self._checkpoint = checkpoint
        self._boot_id = secrets.token_hex(8)
        self.state = state
        self.clock = clock = SystemClock()
        self.database = database = Database(where.database_file)
        self.credentials = Credentials(where.home_id, where.secrets_file)
        self.watched = watched = Folders()
        self.destinations = Destinations(self.credentials, clock)
        self.blocks = Blocks(clock, self._probe, self._blocks_changed)
        self.gate = Gate(clock, watched, settings.get(), self._gate_changed)
        self.lanes = Lanes(self._make_lane)
        self.intake = Intake(database, watched, clock, self._delay_s, self._taken)
        self._transfers = Transfers(state, database, clock, lambda: outstanding(database))
        self.view = View(
            state, database, settings, watched, self.gate, clock, self._transfers, self.intake.gathering_until
        )
        self._decoders = Decoders(_decoder_argv(), clock=clock, memory_of=memory_of)
        self._settler = Settler(clock, self._settled)
        self._watcher = Watcher(self._settler.touch, self._rescan)
        reconcile = Reconcile(database, watched, self.intake, self._settler, clock)
        self._scan = Scan(database, watched, self.intake, reconcile, clock, self._taken, self.view.folder)
        self._apply = Apply(
            database, clock, watched, self.destinations, self._watcher, self.gate, self.lanes, self.blocks
        )
        self._host = HostWatch(current(), self._facts_changed)

    def start(self) -> None:
        """Take up what was left, then begin to watch and to work."""
        with self.database.write() as tx:
            interrupted = jobs.recover(tx, self._boot_id, self.clock.now_at())
            job_history.prune(tx, keep=KEEP_JOBS)
        if interrupted:
            log.warning("%d jobs were interrupted when the agent last ended; they go on now", interrupted)
        self._host.start()
        self.gate.tell(groups=groups.unfinished(self.database.read()), facts=self._host.facts)
        self._settings.listen(self._settings_changed)
        self._settler.start()
        self._apply(self._settings.get(), at_start=True)
        self.view.refresh()

    def stop(self) -> None:
        """Stop watching and working; what is under way is abandoned cleanly and goes back to the queue."""
        self._host.stop()
        self._watcher.stop()
        self.lanes.stop()
        self.destinations.abandon()
        self._decoders.close()
        self._settler.stop()

    def close(self) -> None:
        """Wait for the lanes, within a bound, and close the ledger."""
        hanging = self.lanes.join(STOP_LIMIT_S)
        if hanging:
            log.warning("left behind: %s", ", ".join(hanging))
        else:
            self.database.close()

    # --- what happens in one room, told to the others ---------------------------------------------------------------

    def _delay_s(self) -> int:
        return self._settings.get().values.trigger_delay_s

    def _settled(self, touches: list[Touch]) -> None:
        self._checkpoint("settled")
        self.intake.take(touches)

    def _taken(self, taken: Taken) -> None:
        if taken.jobs:
            self._checkpoint("intake_committed")
        self.view.refresh()
        self.lanes.kick(taken.lanes)

    def _rescan(self, folder_id: int, reason: str) -> None:
        log.info("folder %d is looked at again: %s", folder_id, reason)
        with self.database.write() as tx:
            jobs.enqueue(tx, scan_job(folder_id), self.clock.now_at())
        self.lanes.kick([LOCAL_LANE])

    def _settings_changed(self, settings: Settings) -> None:
        logs.set_level(settings.values.log_level, detailed=settings.values.detailed_log)
        self._apply(settings)
        self.state.update(settings_revision=self.state.snapshot().settings_revision + 1)
        self.view.refresh()

    def _facts_changed(self, facts: HostFacts) -> None:
        self.gate.tell(facts=facts)
        self.blocks.look_again()
        self.lanes.kick()

    def _gate_changed(self) -> None:
        self.lanes.kick()
        self.view.refresh()

    def _blocks_changed(self, blocks: dict[str, Block]) -> None:
        self.view.blocks(blocks)
        self.gate.tell(blocked={lane: block.problem.code for lane, block in blocks.items()})

    def _idle(self, lane: str) -> None:
        tx = self.database.read()
        if lane != LOCAL_LANE and not any(
            number
            for (one, status), (number, _) in job_history.counts(tx).items()
            if status == "RUNNING" and one != LOCAL_LANE
        ):
            self._transfers.close()
        self.gate.tell(groups=groups.unfinished(tx))
        self.view.refresh()

    def _finished(self) -> None:
        self.view.worked()
        self.view.refresh()

    # --- lanes and what runs in them --------------------------------------------------------------------------------

    def _make_lane(self, name: str) -> Lane:
        return Lane(
            name,
            self.database,
            self.clock,
            self.gate,
            self._handler,
            self._boot_id,
            on_blocked=self.blocks.shut,
            on_idle=self._idle,
            mend=None if name == LOCAL_LANE else self.blocks.mend,
            batch_files=1 if name == LOCAL_LANE else BATCH_FILES,
        )

    def _handler(self, lane: str, key: str) -> Handler | None:
        if key == "scan" and lane == LOCAL_LANE:
            return one_by_one(self._scan)
        if key == "upload" and lane != LOCAL_LANE:
            return Upload(
                lane,
                self.destinations.get(lane),
                self.database,
                self.clock,
                self._transfers,
                senders=lambda: self._settings.get().values.parallel_uploads,
                captured=self._captured_on,
                on_finished=self._finished,
                checkpoint=self._checkpoint,
            )
        return None

    def _probe(self, lane: str) -> None:
        self.destinations.renew(lane)
        self.destinations.get(lane).probe()

    def _captured_on(self, path: bytes) -> date | None:
        """The day that the picture itself tells; one that tells none, or is broken, is dated by its file."""
        try:
            return day_of(self._decoders.metadata(path))
        except Rejected:
            return None


def _decoder_argv() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "decode"]
    return [sys.executable, "-m", "agent", "decode"]
