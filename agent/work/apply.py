"""Puts settings into force: ledger, registries, watcher, lanes and gate are brought into line with them.

Called at the start and after every change, on the thread that made it. Quick: what takes time (looking at folders,
planning uploads) is written down as `scan` jobs.
"""

import threading
from collections.abc import Callable

from agent.domain.clock import Clock
from agent.domain.comparison import Look
from agent.protocol.paths import from_wire
from agent.protocol.settings import Settings
from agent.store import copies, files, folders, groups, job_history, jobs
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal
from agent.store.jobs import OWN_LANES, NewJob
from agent.work.blocks import Blocks
from agent.work.destinations import Destinations
from agent.work.finding.watching import Watching
from agent.work.folders import Folders, Watched, destinations_of
from agent.work.gate import Gate
from agent.work.lanes import Lanes
from agent.work.server.arrange import wants_anything


class Apply:
    """Brings everything into line with settings."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        watched: Folders,
        destinations: Destinations,
        watching: Watching,
        gate: Gate,
        lanes: Lanes,
        blocks: Blocks,
        intent: IntentJournal,
    ) -> None:
        self._database = database
        self._clock = clock
        self._folders = watched
        self._destinations = destinations
        self._watching = watching
        self._gate = gate
        self._lanes = lanes
        self._blocks = blocks
        self._intent = intent
        self._turn = threading.Lock()

    def __call__(
        self,
        settings: Settings,
        *,
        is_known: bool = True,
        first_look: Look | None = None,
        before_work: Callable[[], None] = lambda: None,
    ) -> None:
        """Put these settings into force; at the start every folder gets a `first_look`.

        `before_work` is called when the folders are known and no lane works yet that these settings bring. Where no
        settings could be read (`is_known` is False) nothing is forgotten, and nothing works.
        """
        if not is_known:
            before_work()
            return
        with self._turn:
            before = {folder.id: folder for folder in self._folders.all()}
            gone_lanes = self._attach(settings, before, first_look=first_look)
            self._destinations.replace(settings)
            before_work()
            self._watch(before)
            self._lanes.keep(destination.id for destination in settings.destinations)
            for lane in gone_lanes:
                self._blocks.forget(lane)
            self._gate.tell(settings=settings, crossing=self._destinations.crossing())
            self._lanes.kick()

    def _attach(self, settings: Settings, before: dict[int, Watched], *, first_look: Look | None) -> set[str]:
        """Ledger and registry of folders. Writes a scan for every folder that is new or is to be judged anew."""
        wanted = {from_wire(folder.path): destinations_of(settings, folder.destinations) for folder in settings.folders}
        kinds = {destination.id: destination.kind for destination in settings.destinations}
        with self._database.write() as tx:
            old_links = folders.links(tx)
            known = folders.destination_ids(tx)
            lanes_before = {lane for lane, _ in job_history.counts(tx)} - OWN_LANES
            ids = folders.attach(tx, wanted, kinds)
            if new := set(kinds) - known:
                self._bury(tx, new)
            new_links = folders.links(tx)
            gone_lanes = lanes_before - set(kinds)
            for lane in gone_lanes:
                groups.cancel_lane(tx, lane)
            cut = [one for folder in set(before) - set(ids.values()) for one in groups.cancel_folder(tx, folder)]
            cut += groups.cancel_unlinked(tx)
            judged = {row.id: row.rules for row in folders.watched(tx) if row.rules is not None}
        self._folders.replace(settings, ids, judged)
        for job_id in cut:
            self._lanes.cancel(job_id)
        changed = {folder_id for folder_id, _ in old_links ^ new_links}
        with self._database.write() as tx:
            for folder in self._folders.all():
                is_new = folder.id not in before or _judges_otherwise(before[folder.id], folder)
                self._arrange_anew(tx, folder, before.get(folder.id))
                if first_look or is_new or folder.id in changed:
                    quick = first_look == "quick" and folder.id not in changed
                    job = scan_job(folder.id, plan=folder.id in changed, quick=quick)
                    jobs.enqueue(tx, job, self._clock.now_at())
        return gone_lanes

    def _bury(self, tx: Tx, new: set[str]) -> None:
        """An account that was removed and is added again: what was deleted there is known before anything is sent."""
        deleted = {one: size for one, size in self._intent.tombstones().items() if one[0] in new}
        files.derive(tx, files.sharing(tx, copies.bury(tx, deleted, self._clock.now_at())))

    def _arrange_anew(self, tx: Tx, folder: Watched, before: Watched | None) -> None:
        """Another rule for albums, tags or stacks is for what is at the servers already, too."""
        if before is None or not wants_anything(folder.rules):
            return
        old, new = before.rules, folder.rules
        if (old.album, old.tag, old.stack) != (new.album, new.tag, new.stack):
            for destination in folder.destinations:
                if self._destinations.is_server(destination):
                    payload: dict[str, object] = {"destination": destination, "folder_id": folder.id, "whole": True}
                    key = f"organize:{destination}:{folder.id}:whole"
                    job = NewJob("organize", payload, lane=destination, folder_id=folder.id, unique_key=key)
                    jobs.enqueue(tx, job, self._clock.now_at())

    def _watch(self, before: dict[int, Watched]) -> None:
        now = {folder.id: folder for folder in self._folders.all()}
        for folder_id, folder in before.items():
            if folder_id not in now or now[folder_id].rules.recursive != folder.rules.recursive:
                self._watching.unwatch(folder_id)
        self._watching.watch(
            folder
            for folder_id, folder in now.items()
            if folder_id not in before or before[folder_id].rules.recursive != folder.rules.recursive
        )


def _judges_otherwise(old: Watched, new: Watched) -> bool:
    """Whether files may be taken, or left out, that were not before."""
    return old.rules != new.rules or old.inner != new.inner


def scan_job(folder_id: int | None, *, plan: bool = False, quick: bool = False) -> NewJob:
    """The job that looks at a folder (None: at all); `plan` also writes uploads for all that lacks a copy."""
    payload: dict[str, object] = {"folder_id": folder_id, "plan": plan, "quick": quick}
    return NewJob(key="scan", payload=payload, unique_key=f"scan:{folder_id}:{plan}:{quick}", priority=10)
