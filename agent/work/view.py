"""Shows the work: brings the snapshot up to date from the ledger's running totals, the gate and the problems.

Called after whatever may have changed something, on any thread; costs the same for every size of library.
"""

from collections.abc import Callable

from agent.domain.clock import DAY_MS, Clock
from agent.domain.errors import Blocked
from agent.domain.light import decide
from agent.domain.problems import OUT_OF_REACH, kind_of, visible
from agent.protocol.paths import to_display, to_wire
from agent.protocol.types import Args, Backup, Counts, Destination, Folder, Jobs, Library, Problem
from agent.state import State
from agent.store import activity, copies, job_history, library, lost
from agent.store.db import Database
from agent.store.jobs import OWN_LANES
from agent.store.settings import SettingsStore
from agent.work.blocks import Block
from agent.work.folders import Folders, Watched
from agent.work.gate import Gate
from agent.work.journey.transfers import Transfers


class View:
    """The sections that follow from the ledger."""

    def __init__(
        self,
        state: State,
        database: Database,
        settings: SettingsStore,
        folders: Folders,
        gate: Gate,
        clock: Clock,
        transfers: Transfers,
        gathering_until: Callable[[], int | None],
    ) -> None:
        self._state = state
        self._database = database
        self._settings = settings
        self._folders = folders
        self._gate = gate
        self._clock = clock
        self._troubles: dict[int, tuple[int, Blocked]] = {}
        self._blocks: dict[str, Block] = {}
        self._transfers = transfers
        self._gathering_until = gathering_until
        self._last_backup_at: int | None = None
        self._last_check_at: int | None = None
        self._runs = False
        state.listen(self._heard)

    def _heard(self, sections: frozenset[str]) -> None:
        """A run begins: the light says so at once, and not only when its first file is through."""
        if "run" not in sections:
            return
        ran, self._runs = self._runs, self._state.snapshot().run is not None
        if self._runs and not ran:
            self.refresh()

    def folder(self, watched: Watched, problem: Blocked | None) -> None:
        """A folder was looked at: it is well, or this is what is wrong with it."""
        if problem is None:
            self._troubles.pop(watched.id, None)
            self._last_check_at = self._clock.now_at()
        elif watched.id not in self._troubles or str(self._troubles[watched.id][1]) != str(problem):
            self._troubles[watched.id] = (self._clock.now_at(), problem)
        self.refresh()

    def blocks(self, blocks: dict[str, Block]) -> None:
        """Which destinations are blocked now."""
        self._blocks = blocks
        self.refresh()

    def worked(self) -> None:
        """Something was put at a destination."""
        self._last_backup_at = self._clock.now_at()

    def refresh(self) -> None:
        """Bring everything up to date."""
        tx = self._database.read()
        counts, sizes, by_folder = library.counts(tx)
        flying = min(self._transfers.in_flight(), counts.queued)
        shown = _with_uploading(counts, flying)
        problems = self._problems(counts)
        self._state.update(
            library=Library(shown, sizes),
            problems=problems,
            holds=self._gate.holds(),
            folders=self._folder_rows(by_folder),
            destinations=self._destination_rows(),
            jobs=self._job_counts(job_history.counts(tx)),
            backup=self._backup(shown, problems),
        )

    def _backup(self, counts: Counts, problems: tuple[Problem, ...]) -> Backup:
        pause = self._gate.paused()
        must_act = any(kind_of(problem.code).must_act for problem in problems)
        enabled = self._gate.enabled()
        if self._last_backup_at is None:
            self._last_backup_at = activity.last_run_at(self._database.read())
        return Backup(
            light=decide(
                must_act=must_act,
                paused=pause is not None,
                in_flight=self._transfers.is_active(),
                enabled=enabled,
                asked=self._gate.asked(),
                counts=counts,
            ),
            enabled=enabled,
            paused=pause is not None,
            paused_until=pause.until_at if pause else None,
            gathering_until=self._gathering_until() if counts.queued else None,
            last_backup_at=self._last_backup_at,
            failed_since=next((one.since_at for one in problems if one.code == "files_failed"), None),
            last_check_at=self._last_check_at,
            next_check_at=self._next_check_at(),
            asked=self._gate.asked(),
        )

    def _next_check_at(self) -> int | None:
        last_at = activity.marked_at(self._database.read(), "whole_check") if self._folders.all() else None
        return None if last_at is None else last_at + DAY_MS

    def _problems(self, counts: Counts) -> tuple[Problem, ...]:
        now_at = self._clock.now_at()
        found = []
        if self._settings.trouble is not None:
            told: Args = {"detail": self._settings.trouble, "known": self._settings.is_known}
            found.append(_problem("settings_unreadable", now_at, told))
        for lane, block in self._blocks.items():
            args = {**block.problem.args_, "destination": self._name(lane)}
            found.append(_problem(block.problem.code, block.since_at, args, blocks=lane))
        for folder_id, (since_at, problem) in list(self._troubles.items()):
            if self._folders.get(folder_id) is None:
                self._troubles.pop(folder_id, None)
            else:
                found.append(_problem(problem.code, since_at, dict(problem.args_)))
        if counts.failed:
            found.append(
                _problem(
                    "files_failed",
                    self._since("files_failed", copies.failing_since(self._database.read()) or now_at),
                    {"count": counts.failed},
                )
            )
        if counts.missing_at_destination:
            code, count = "missing_at_destination", counts.missing_at_destination
            found.append(_problem(code, self._since(code, now_at), {"count": count}))
        for lane, count, since_at in copies.waiting_for_room(self._database.read()):
            wish: Args = {"count": count, "destination": self._name(lane)}
            found.append(_problem("waits_for_room", self._since("waits_for_room", since_at), wish))
        rotten, path = lost.rotten(self._database.read())
        if rotten:
            shown: Args = {"count": rotten, "path": to_display(path or b"")}
            found.append(_problem("bit_rot", self._since("bit_rot", now_at), shown))
        settings = self._settings.get()
        if settings.values.background_backup and settings.folders and not settings.destinations:
            found.append(_problem("no_destination", self._since("no_destination", now_at), {}))
        return visible(found, now_at)

    def _since(self, code: str, now_at: int) -> int:
        return next((one.since_at for one in self._state.snapshot().problems if one.code == code), now_at)

    def _name(self, lane: str) -> str:
        return next((one.name for one in self._settings.get().destinations if one.id == lane), lane)

    def _folder_rows(self, by_folder: dict[int, Counts]) -> tuple[Folder, ...]:
        return tuple(
            Folder(
                id=one.id,
                path=to_wire(one.root),
                available=one.id not in self._troubles,
                destinations=one.destinations,
                counts=by_folder.get(one.id, Counts()),
            )
            for one in self._folders.all()
        )

    def _destination_rows(self) -> tuple[Destination, ...]:
        return tuple(
            Destination(
                id=one.id,
                kind=one.kind,
                name=one.name,
                location=one.location,
                account=one.account,
                secret_store=one.secret_store,
                reachable=False if self._is_out_of_reach(one.id) else None,
            )
            for one in self._settings.get().destinations
        )

    def _is_out_of_reach(self, lane: str) -> bool:
        block = self._blocks.get(lane)
        return block is not None and block.problem.code in OUT_OF_REACH

    def _job_counts(self, by_lane: dict[tuple[str, str], tuple[int, int]]) -> Jobs:
        def of(status: str) -> int:
            return sum(number for (_, one), (number, _) in by_lane.items() if one == status)

        old = self._state.snapshot().jobs
        new = Jobs(old.revision, of("PENDING"), of("RUNNING"), of("FAILED"))
        return old if new == old else Jobs(old.revision + 1, new.pending, new.running, new.failed)


def outstanding(database: Database) -> tuple[int, int]:
    """Copies that are still to be made at all destinations, and their bytes; other work there does not count."""
    waiting = [
        pair
        for (lane, status), pair in job_history.counts(database.read(), key="upload").items()
        if lane not in OWN_LANES and status in ("PENDING", "RUNNING")
    ]
    return sum(number for number, _ in waiting), sum(size for _, size in waiting)


def _with_uploading(counts: Counts, flying: int) -> Counts:
    return Counts(
        total=counts.total,
        safe=counts.safe,
        queued=counts.queued - flying,
        uploading=flying,
        failed=counts.failed,
        excluded=counts.excluded,
        deleted_at_destination=counts.deleted_at_destination,
        in_trash=counts.in_trash,
        missing_at_destination=counts.missing_at_destination,
    )


def _problem(
    code: str, since_at: int, args: dict[str, str | int | float | bool | None], blocks: str | None = None
) -> Problem:
    shown = {key: to_display(value.encode()) if isinstance(value, str) else value for key, value in args.items()}
    return Problem(code, kind_of(code).severity, since_at, shown, blocks)
