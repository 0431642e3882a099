"""The engine: everything that keeps pictures safe while no client is there, built and wired.

What happens in one room is passed on to the others here, by the small methods at the end; they run on the thread on
which it happened and decide nothing.
"""

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from agent import logs
from agent.app.kinds import Kinds
from agent.app.pictures import Pictures
from agent.app.servers import Servers
from agent.credentials import Credentials
from agent.domain import comparison
from agent.domain.bandwidth import limit_bytes_s
from agent.domain.facts import HostFacts
from agent.facts import HostWatch, free_disk_bytes, memory_of
from agent.files.reach import Reach
from agent.files.settle import Settler, Touch
from agent.media.pool import Decoders
from agent.platforms import current, program
from agent.platforms.base import Places
from agent.platforms.clock import SystemClock
from agent.protocol.settings import Settings
from agent.state import State
from agent.store import activity, groups, job_history, jobs
from agent.store.intent import IntentJournal
from agent.store.jobs import CACHE_LANE, LOCAL_LANE, OWN_LANES
from agent.store.recovery import copy_ledger, open_ledger, suspect
from agent.store.settings import SettingsStore
from agent.work.apply import Apply, scan_job
from agent.work.blocks import Block, Blocks
from agent.work.destinations import Destinations
from agent.work.finding.intake import Intake, Taken
from agent.work.finding.reconcile import Reconcile
from agent.work.finding.scan import Scan
from agent.work.finding.watching import Watching
from agent.work.folders import Folders
from agent.work.gate import Gate
from agent.work.journey.bandwidth import Bandwidth
from agent.work.journey.blame import Blame
from agent.work.journey.transfers import Transfers
from agent.work.lanes import Lanes
from agent.work.notices import Notices
from agent.work.routine import Daily, Routine
from agent.work.view import View, outstanding
from agent.work.worker import Lane
from agent.work.wrong_clock import WrongClock

log = logging.getLogger(__name__)

#: How long a stop may take before a thread that hangs (in the kernel, on a dead share) is left behind.
STOP_LIMIT_S = 7.0
#: How often until then what is under way is cut again.
CUT_EVERY_S = 0.3
#: Ended jobs, and lines of history, that are kept.
KEEP_JOBS, KEEP_EVENTS = 20_000, 200_000


class Engine:
    """The rooms of `agent.work` and all that they need, wired."""

    def __init__(
        self,
        where: Places,
        settings: SettingsStore,
        state: State,
        checkpoint: Callable[[str], None],
        on_broken: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._checkpoint = checkpoint
        self._boot_id = secrets.token_hex(8)
        self._low_disks: dict[str, int] = {}
        self.state = state
        self.clock = clock = SystemClock()
        self._ledger_file = where.database_file
        self.database = database = open_ledger(where.database_file, clock.now_at())
        database.on_broken = self._ledger_broken
        self.intent = IntentJournal(where.intent_file)
        self._on_broken = on_broken
        self.credentials = Credentials(where.home_id, where.secrets_file)
        self.watched = watched = Folders()
        self.destinations = Destinations(self.credentials, clock)
        self.blocks = Blocks(clock, self._probe, self._blocks_changed)
        self.gate = Gate(clock, watched, settings.get(), self._gate_changed)
        self.lanes = Lanes(self._make_lane)
        self.intake = Intake(database, watched, clock, self._delay_s, self._taken, self.intent)
        self.notices = Notices(state, lambda: settings.get().values)
        self._transfers = Transfers(state, database, clock, lambda: outstanding(database), self._run_is_over)
        self.view = View(
            state, database, settings, watched, self.gate, clock, self._transfers, self.intake.gathering_until
        )
        self._decoders = Decoders([*program.child(), "decode"], clock=clock, memory_of=memory_of)
        # Whole, for what the silence broke off may have been a whole comparison; while it lasts it costs nothing.
        self._reach = reach = Reach(lambda folder_id: self._rescan(folder_id, False))  # noqa: FBT003
        self._settler = Settler(clock, self._settled, reach)
        self._watching = Watching(self._settler.touch, watched, self._rescan, reach)
        reconcile = Reconcile(database, watched, self.intake, self._settler, clock, reach)
        self._scan = Scan(database, watched, self.intake, reconcile, clock, self._taken, self.view.folder, reach)
        self._apply = Apply(
            database, clock, watched, self.destinations, self._watching, self.gate, self.lanes, self.blocks, self.intent
        )
        self._bandwidth = Bandwidth(clock, self._limit_bytes_s)
        self.pictures = Pictures(where, settings, database, clock, is_busy=self._transfers.is_active)
        refresh = self.view.refresh
        self.servers = Servers(
            database, clock, settings, self.intent, self.destinations, self.gate, self.lanes, self.blocks, refresh
        )
        self._kinds = self._make_kinds()
        self._host = HostWatch(current(), self._facts_changed, self._slept)
        self._wrong_clock = WrongClock(database, clock, self.intake, self.lanes, self._delay_s)
        self._routine = Routine(clock, self._dailies(), self._each_look, self._woke, self._wrong_clock.set_back)

    def start(self, before_work: Callable[[], None]) -> None:
        """Take up what was left, then begin to watch and to work; `before_work` comes between the two."""
        with self.database.write() as tx:
            interrupted = jobs.recover(tx, self._boot_id, self.clock.now_at())
            self._wrong_clock.at_start(tx)
            left_at, now_at = activity.marked_at(tx, "clean_stop"), self.clock.now_at()
            activity.mark(tx, "clean_stop", None)
            whole_at = activity.marked_at(tx, "whole_check")
            activity.mark(tx, "whole_check", comparison.compared_at(whole_at, left_at, now_at))
        if interrupted:
            log.warning("%d jobs were interrupted when the agent last ended; they go on now", interrupted)
        self._host.start()
        trouble = self._settings.trouble or "none"
        self.gate.tell(groups=groups.unfinished(self.database.read()), facts=self._host.facts, trouble=trouble)
        self._settings.keep_good()
        self._settings.listen(self._settings_changed)
        self._settler.start()
        known, look = self._settings.is_known, comparison.first_look(left_at)
        self._apply(self._settings.get(), is_known=known, first_look=look, before_work=before_work)
        self._routine.start()
        self.view.refresh()

    def stop(self) -> None:
        """Stop watching and working; what is under way is abandoned cleanly and goes back to the queue."""
        self._reach.stop()
        self._routine.stop()
        self.servers.stop()
        self._host.stop()
        self._watching.stop()
        self.lanes.stop()
        self.destinations.abandon()
        self._decoders.close()
        self.pictures.stop()
        self._settler.stop()

    def close(self) -> None:
        """Wait for the lanes, within a bound, and close the ledger."""
        deadline_s = self.clock.monotonic_s() + STOP_LIMIT_S
        while (hanging := self.lanes.join(CUT_EVERY_S)) and self.clock.monotonic_s() < deadline_s:
            self.destinations.abandon()  # also what began in the moment before
        if hanging:
            log.warning("left behind: %s", ", ".join(hanging))
            return
        self.pictures.close()
        if self._settler.is_idle():
            with self.database.write() as tx:
                activity.mark(tx, "clean_stop", self.clock.now_at())
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
        if self.pictures.arrivals.came(taken.files):
            self.lanes.kick([CACHE_LANE])

    def rebuild_cache(self, *, anew: bool = False) -> int:
        """Ask for a whole pass over the media cache, `anew` from nothing; the job's id."""
        job_id = self.pictures.arrivals.rebuild(anew=anew)
        self.lanes.kick([CACHE_LANE])
        return job_id

    def _rescan(self, folder_id: int, quick: bool) -> None:  # noqa: FBT001 - which of two ways
        self.gate.tell(silent=self._reach.silent)  # it may have fallen silent, or answer again
        with self.database.write() as tx:
            jobs.enqueue(tx, scan_job(folder_id, quick=quick), self.clock.now_at())
        self.lanes.kick([LOCAL_LANE])

    def _settings_changed(self, settings: Settings) -> None:
        logs.set_level(settings.values.log_level, detailed=settings.values.detailed_log)
        self._apply(settings)
        self.state.update(settings_revision=self.state.snapshot().settings_revision + 1)
        self.view.refresh()

    def _facts_changed(self, facts: HostFacts) -> None:
        self.servers.network(facts)  # before the gate, so that nothing goes to who was there before
        self.gate.tell(facts=facts)
        self.blocks.look_again()
        self.lanes.kick()
        self._routine.call()

    def _gate_changed(self) -> None:
        self.lanes.recheck()
        self.view.refresh()

    def _blocks_changed(self, blocks: dict[str, Block]) -> None:
        self.view.blocks(blocks)
        self.gate.tell(blocked={lane: block.problem.code for lane, block in blocks.items()})

    def _idle(self, lane: str) -> None:
        tx = self.database.read()
        if lane not in OWN_LANES and not any(
            number
            for (one, status), (number, _) in job_history.counts(tx, key="upload").items()
            if status == "RUNNING" and one not in OWN_LANES
        ):
            self._transfers.close()
        self.gate.tell(groups=groups.unfinished(tx))
        self.view.refresh()

    def _slept(self, falls_asleep: bool) -> None:  # noqa: FBT001 - what the system tells
        if not falls_asleep:
            self.servers.moved()
            self._routine.call(has_woken=True)
        self.gate.tell(asleep=falls_asleep)

    def _woke(self) -> None:
        """After a sleep: look whether destinations are to be had, and what came meanwhile."""
        self.servers.moved()
        with self.database.write() as tx:
            jobs.enqueue_all(tx, [scan_job(one.id, quick=True) for one in self.watched.all()], self.clock.now_at())
        self.lanes.kick()

    def _run_is_over(self, completed: int, ended_at: int) -> None:
        self.notices.finished(completed=completed, ended_at=ended_at)

    def _ledger_broken(self) -> None:
        """Do not trust the ledger again: the next start sets it aside."""
        suspect(self._ledger_file)
        self._on_broken()

    # --- what comes round by itself ---------------------------------------------------------------------------------

    def _dailies(self) -> list[Daily]:
        def marked(name: str) -> Callable[[], int | None]:
            return lambda: activity.marked_at(self.database.read(), name)

        return [
            Daily("proof of a share of the library", marked("proven"), self.servers.prove_share),
            Daily("whole comparison", marked("whole_check"), self._compare_all),
            Daily("copy of the ledger, pruning", marked("backed_up"), self._keep_house),
        ]

    def _compare_all(self) -> None:
        with self.database.write() as tx:
            for folder in self.watched.all():
                jobs.enqueue(tx, scan_job(folder.id), self.clock.now_at())
            groups.try_faltered_again(tx, self.clock.now_at())
            activity.mark(tx, "whole_check", self.clock.now_at())
        self.lanes.kick()

    def _keep_house(self) -> None:
        with self.database.write() as tx:
            job_history.prune(tx, keep=KEEP_JOBS, now_at=self.clock.now_at())
            activity.prune(tx, keep=KEEP_EVENTS)
            activity.mark(tx, "backed_up", self.clock.now_at())
        copy_ledger(self.database, self._ledger_file)

    def _each_look(self) -> None:
        self._settings.reload_if_edited()
        self.gate.tell(trouble=self._settings.trouble or "none")
        self._watching.look()
        self.servers.look()

    def _limit_bytes_s(self) -> int:
        now = datetime.fromtimestamp(self.clock.now_at() / 1000).astimezone()
        return limit_bytes_s(self._settings.get().values, now)

    def _finished(self) -> None:
        self.view.worked()
        self.view.refresh()

    # --- lanes and what runs in them --------------------------------------------------------------------------------

    def _make_kinds(self) -> Kinds:
        return Kinds(
            self.database,
            self.clock,
            self._settings,
            self.watched,
            self.destinations,
            self._decoders,
            self._scan,
            self._reach,
            self.pictures.arrivals,
            self._transfers,
            self._bandwidth,
            self.intent,
            Blame(self.blocks.worked),
            on_changed=self.view.refresh,
            on_finished=self._finished,
            checkpoint=self._checkpoint,
        )

    def _make_lane(self, name: str) -> Lane:
        return Lane(
            name,
            self.database,
            self.clock,
            self.gate,
            self._kinds,
            self._boot_id,
            on_blocked=self.blocks.shut,
            on_idle=self._idle,
            mend=self._mend,
            abandon=self.destinations.abandon,
            one_by_one=name in OWN_LANES,
        )

    def _mend(self, lane: str) -> float | None:
        """What a lane does before each claim: look at its drive's free space and at what was away."""
        folder = self.destinations.folder_of(lane)
        needed = self._settings.get().values.min_free_disk_bytes
        low = {other: free for other, free in self._low_disks.items() if other != lane}
        if folder is not None and needed:
            with suppress(OSError):
                if (free := free_disk_bytes(folder)) < needed:
                    low[lane] = free
        if low.keys() != self._low_disks.keys():
            self._low_disks = low
            self.gate.tell(low_disks=low)
        return self.blocks.mend(lane)

    def _probe(self, lane: str) -> None:
        if lane in OWN_LANES:
            return  # what blocked it is the ledger, which the next claim tries
        self.destinations.renew(lane)
        self.destinations.get(lane).probe()
