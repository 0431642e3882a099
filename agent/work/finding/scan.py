"""The job `scan`: look at folders, then write jobs for whatever lacks a copy.

Runs on the local lane. Payload: `folder_id` (none: every folder), `quick`, `plan` when the folder's destinations
changed, `group_id` when a person asked ('back up now'), `paths` (wire text) to look at only these. A person's request
also tries again what has failed.
"""

import os
import threading
from collections.abc import Callable

from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, FileVanished, Rejected
from agent.files.reach import Reach, Silent
from agent.files.read import look
from agent.protocol.paths import from_wire, to_display
from agent.store import copies, files, groups, jobs
from agent.store.db import Database, Tx
from agent.work.finding.intake import ASKED, BACKLOG, Intake, Taken, Urgency
from agent.work.finding.reconcile import REST_NS, Reconcile
from agent.work.folders import Folders, Watched

#: Assets looked at in one transaction while planning.
STRETCH = 2_000
#: How long a request waits for files that do not rest yet: so often, so many seconds each time.
REST_TRIES = 10
REST_S = 1.0


class Scan:
    """The handler of `scan`, and the planning of uploads that settings changes need too."""

    def __init__(
        self,
        database: Database,
        watched: Folders,
        intake: Intake,
        reconcile: Reconcile,
        clock: Clock,
        on_taken: Callable[[Taken], None],
        on_folder: Callable[[Watched, Blocked | None], None],
        reach: Reach,
    ) -> None:
        self._database = database
        self._folders = watched
        self._intake = intake
        self._reconcile = reconcile
        self._clock = clock
        self._on_taken = on_taken
        self._on_folder = on_folder
        self._reach = reach
        self._pause = threading.Event()

    def __call__(self, payload: dict[str, object], check: Callable[[], None]) -> dict[str, object] | None:
        """Run one job."""
        folder_id, group_id, paths = payload.get("folder_id"), payload.get("group_id"), payload.get("paths") or []
        group = group_id if isinstance(group_id, int) else None
        if not isinstance(paths, list):
            raise Rejected("payload_invalid", detail="paths")
        urgency = Urgency(self._clock.now_at(), ASKED if group else BACKLOG, group)
        if paths:
            for path in paths:
                self._path(from_wire(str(path)), urgency, check)
        else:
            for watched in self._folders.all():
                if folder_id is None or watched.id == folder_id:
                    is_planned = bool(payload.get("plan"))
                    if is_planned:  # first what is known, so that nothing is shown as safe that is not
                        self.derive(watched)
                        if self._folders.is_judged(watched):
                            self.plan(watched, watched.destinations, urgency)
                            is_planned = False
                    self._folder(watched, urgency, check, quick=bool(payload.get("quick")))
                    if is_planned:  # by other rules than before: only now it is known what is left out
                        self.plan(watched, watched.destinations, urgency)
        if group is not None:
            with self._database.write() as tx:
                groups.scanned(tx, group)
            self._on_taken(Taken(changed=True))
        return None

    def _folder(
        self,
        watched: Watched,
        urgency: Urgency,
        check: Callable[[], None],
        *,
        below: bytes = b"",
        quick: bool = False,
    ) -> None:
        try:
            looked = self._reconcile.folder(watched, urgency, check, self._on_taken, below=below, quick=quick)
            for _ in range(REST_TRIES if urgency.group_id is not None else 0):
                if not looked.restless:
                    break
                self._rest(check)
                looked = self._reconcile.folder(watched, urgency, check, self._on_taken, below=below, quick=quick)
        except Silent as problem:
            self._out_of_reach(watched, Blocked(problem.code, path=to_display(watched.root)))
            return
        except Blocked as problem:
            if not problem.code.startswith("folder_"):  # not the folder's fault: the ledger's, and all waits for that
                raise
            self._out_of_reach(watched, problem)
            return
        trouble = None
        if looked.unreadable:
            path = to_display(files.join(watched.root, looked.unreadable[0], b""))
            trouble = Blocked("folder_unreadable", path=path, count=len(looked.unreadable))
        if trouble is not None or not below:  # of what is wrong elsewhere in it, a part tells nothing
            self._on_folder(watched, trouble)
        if not quick and not below:
            self._plan_waiting(watched, urgency)
        if urgency.group_id is not None and not below:
            self.plan(watched, watched.destinations, urgency, forgive=True)
        elif urgency.group_id is not None:
            self._plan_below(watched, below, urgency)

    def _out_of_reach(self, watched: Watched, problem: Blocked) -> None:
        """Nothing of it can be sent now, so nobody need wait until it is compared."""
        self._folders.judge(watched)
        self._on_folder(watched, problem)
        self._on_taken(Taken(lanes=set(watched.destinations), changed=True))

    def _rest(self, check: Callable[[], None]) -> None:
        """A person waits for files that were written a moment ago: give them the time to rest."""
        until_s = self._clock.monotonic_s() + REST_S
        while self._clock.monotonic_s() < until_s:
            check()
            self._pause.wait(0.1)

    def _path(self, path: bytes, urgency: Urgency, check: Callable[[], None], *, tries: int = REST_TRIES) -> None:
        place = self._folders.containing(path)
        inner = [watched for watched in self._folders.all() if watched.root.startswith(path.rstrip(b"/") + b"/")]
        for watched in inner:
            self._folder(watched, urgency, check)
        if place is None:
            return
        watched, below = place
        if not below:
            self._folder(watched, urgency, check)
            return
        directory, _, name = below.rpartition(b"/")
        try:
            facts = self._reach.ask(watched.id, lambda _: None if os.path.isdir(path) else look(path), check)
        except (FileVanished, Silent, Rejected) as error:
            self._tell_unseen(watched, directory, error)
            return
        if facts is None:
            self._folder(watched, urgency, check, below=below)
            return
        if tries and 0 <= self._clock.now_at() * 1_000_000 - facts.mtime_ns < REST_NS:
            self._rest(check)
            self._path(path, urgency, check, tries=tries - 1)
            return
        taken = Taken()
        self._intake.observe(watched, directory, {name: facts}, [], urgency, taken)
        self._plan_file(watched, directory, name, urgency)
        self._on_taken(Taken(jobs=taken.jobs, lanes=set(watched.destinations), changed=True))

    def _tell_unseen(self, watched: Watched, directory: bytes, error: Fate) -> None:
        """Say why a file that a person named cannot be looked at, where that is no fault of its own."""
        if isinstance(error, Silent):
            self._on_folder(watched, Blocked(error.code, path=to_display(watched.root)))
        elif isinstance(error, Rejected) and error.__cause__ is not None:  # its path is too long, or a folder is shut
            path = to_display(files.join(watched.root, directory, b""))
            self._on_folder(watched, Blocked("folder_unreadable", path=path, count=1))

    def plan(self, watched: Watched, destinations: tuple[str, ...], urgency: Urgency, *, forgive: bool = False) -> None:
        """Write upload jobs for every asset of a folder that lacks a copy at one of these destinations."""
        forgiven = False
        for destination in destinations:
            after: int | None = 0
            while after is not None:
                with self._database.write() as tx:
                    if forgive and after == 0:
                        forgiven |= copies.forgive_folder(tx, watched.id, destination)
                    lacking, after = copies.lacking(tx, watched.id, destination, after, STRETCH)
                    self._enqueue(tx, watched, destination, lacking, urgency)
        if forgiven:
            self.derive(watched)
        self._on_taken(Taken(lanes=set(destinations), changed=True))

    def _plan_waiting(self, watched: Watched, urgency: Urgency) -> None:
        """Write jobs for what waits, should it have lost its own: nothing is to wait for ever."""
        after: int | None = 0
        while after is not None:
            with self._database.write() as tx:
                assets, after = files.waiting_assets(tx, watched.id, after, STRETCH)
                for destination in watched.destinations:
                    lost = copies.without_job(tx, assets, destination)
                    self._enqueue(tx, watched, destination, copies.lacking_of(tx, lost, destination), urgency)

    def derive(self, watched: Watched) -> None:
        """Work out the states of a folder's files anew, a stretch at a time."""
        after: int | None = 0
        while after is not None:
            with self._database.write() as tx:
                after = files.derive_folder(tx, watched.id, after, STRETCH)

    def _plan_below(self, watched: Watched, below: bytes, urgency: Urgency) -> None:
        assets = files.assets_below(self._database.read(), watched.id, below)
        self._plan_assets(watched, assets, urgency)

    def _plan_file(self, watched: Watched, directory: bytes, name: bytes, urgency: Urgency) -> None:
        row = files.find(self._database.read(), watched.id, directory, name)
        if row is not None and row.asset_id is not None:
            self._plan_assets(watched, [row.asset_id], urgency)

    def _plan_assets(self, watched: Watched, assets: list[int], urgency: Urgency) -> None:
        with self._database.write() as tx:
            for destination in watched.destinations:
                members = (
                    [member.id for some in files.members(tx, assets).values() for member in some] if assets else []
                )
                copies.forgive(tx, members, destination)
                files.derive(tx, members)
                self._enqueue(tx, watched, destination, copies.lacking_of(tx, assets, destination), urgency)

    def _enqueue(
        self, tx: Tx, watched: Watched, destination: str, lacking: list[tuple[int, int]], urgency: Urgency
    ) -> None:
        wanted = (
            copies.upload_job(
                asset_id,
                destination,
                watched.id,
                weight_bytes=weight,
                run_after=urgency.run_after,
                priority=urgency.priority,
                group_id=urgency.group_id,
            )
            for asset_id, weight in lacking
        )
        jobs.enqueue_all(tx, wanted, self._clock.now_at(), again=False)
