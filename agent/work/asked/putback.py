"""Putting back by choice what was deleted at a destination, or accepting that it was. Also: sync now, verify now.

Called on the threads that answer clients. Writes jobs and ends; the lanes do the rest. Touches no local file.
"""

from collections.abc import Callable, Iterable, Sequence

from agent.domain.clock import Clock
from agent.protocol.paths import from_wire, to_display
from agent.protocol.server import Accepted, JobIds, PutBack
from agent.protocol.wire import Mistake
from agent.store import copies, files, groups, jobs, lost, organize
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal
from agent.store.jobs import LOCAL_LANE, NewJob
from agent.store.organize import Wish
from agent.work.finding.intake import ASKED
from agent.work.folders import Folders, Watched
from agent.work.server.again import copy_again
from agent.work.server.sync import sync_job

_GONE = ("deleted_at_destination", "missing_at_destination")
_AWAY = (*_GONE, "in_trash")


class PuttingBack:
    """A person's wishes about copies that are not where they were."""

    def __init__(
        self,
        database: Database,
        intent: IntentJournal,
        watched: Folders,
        clock: Clock,
        servers: Callable[[], dict[str, str]],
        on_asked: Callable[[], None],
    ) -> None:
        self._database = database
        self._intent = intent
        self._folders = watched
        self._clock = clock
        self._servers = servers
        self._on_asked = on_asked

    def sync(self, named: str | None) -> JobIds:
        """Fetch the changes of a server by id or name, or of all."""
        servers = self._servers()
        chosen = [one for one, name in servers.items() if named in (None, one, name)]
        if named is not None and not chosen:
            raise Mistake("destination_unknown", name=named)
        now_at = self._clock.now_at()
        with self._database.write() as tx:
            group_id = groups.begin(tx, "sync", "all", now_at)
            ids = tuple(jobs.enqueue(tx, sync_job(one, group_id=group_id, thorough=True), now_at) for one in chosen)
            groups.scanned(tx, group_id)
        self._on_asked()
        return JobIds(ids, group_id)

    def verify(self, wire_paths: Sequence[str]) -> JobIds:
        """Prove the backup of these paths, or of everything."""
        for wire in wire_paths:
            self._places([from_wire(wire)])
        payload: dict[str, object] = {"paths": list(wire_paths), "whole": True}
        with self._database.write() as tx:
            job_id = jobs.enqueue(tx, NewJob("verify", payload, lane=LOCAL_LANE, priority=ASKED), self._clock.now_at())
        self._on_asked()
        return JobIds((job_id,))

    def restore(self, wire_paths: Sequence[str]) -> PutBack:
        """Put back what was deleted: out of the trash where it is there, else by copying again."""
        if not wire_paths:
            raise Mistake("path_missing", path="")
        places = self._places([from_wire(wire) for wire in wire_paths])
        now_at = self._clock.now_at()
        from_trash: set[int] = set()
        again: set[int] = set()
        looked_at: set[int] = set()
        with self._database.write() as tx:
            group_id = groups.begin(tx, "restore", "off", now_at)
            for folder, below in places:
                rows = _whole(tx, lost.below(tx, folder.id, below))
                looked_at |= {row.file_id for row in rows}
                trashed = [row for row in rows if row.state == "in_trash" and row.remote_id is not None]
                gone = [row for row in rows if row.state in _GONE]
                self._from_trash(tx, folder, trashed, group_id, now_at)
                self._again(tx, folder, gone, group_id, now_at)
                from_trash |= {row.file_id for row in trashed}
                again |= {row.file_id for row in gone}
            groups.scanned(tx, group_id)
        self._on_asked()
        return PutBack(len(from_trash), len(again), len(looked_at - from_trash - again), group_id)

    def _from_trash(self, tx: Tx, folder: Watched, rows: Iterable[lost.Row], group_id: int, now_at: int) -> None:
        by_destination: dict[str, list[Wish]] = {}
        for row in rows:
            by_destination.setdefault(row.destination_id, []).append(Wish("restore", "", row.remote_id or ""))
        for destination_id, wishes in by_destination.items():
            organize.want(tx, destination_id, wishes)
            jobs.enqueue(tx, organize.job(destination_id, folder.id, now_at - organize.GATHER_MS, group_id), now_at)

    def _again(self, tx: Tx, folder: Watched, rows: Sequence[lost.Row], group_id: int, now_at: int) -> None:
        by_destination: dict[str, list[lost.Row]] = {}
        for row in rows:
            by_destination.setdefault(row.destination_id, []).append(row)
        for destination_id, some in by_destination.items():
            contents = [(row.content_id, row.sha1, row.size_bytes) for row in some]
            assets = {(row.asset_id, folder.id) for row in some if row.asset_id is not None}
            copy_again(tx, self._intent, destination_id, contents, assets, group_id=group_id, now_at=now_at)

    def accept(self, wire_paths: Sequence[str]) -> Accepted:
        """The missing copies of these paths (none: all) were deleted on purpose."""
        if wire_paths:
            places = self._places([from_wire(wire) for wire in wire_paths])
        else:
            places = [(folder, b"") for folder in self._folders.all()]
        now_at = self._clock.now_at()
        accepted: set[int] = set()
        with self._database.write() as tx:
            for folder, below in places:
                rows = [row for row in lost.below(tx, folder.id, below) if row.state == "missing_at_destination"]
                for destination_id in {row.destination_id for row in rows}:
                    some = [row for row in rows if row.destination_id == destination_id]
                    self._intent.bury(destination_id, [(row.sha1, row.size_bytes) for row in some], now_at)
                    copies.set_state(tx, destination_id, [row.content_id for row in some], "deleted_at_destination")
                files.derive(tx, files.sharing(tx, [row.content_id for row in rows]))
                accepted |= {row.file_id for row in rows}
        self._on_asked()
        return Accepted(len(accepted))

    def _places(self, paths: Iterable[bytes]) -> list[tuple[Watched, bytes]]:
        """Where these paths lie: folder, and path below it ('' for all of it)."""
        found: list[tuple[Watched, bytes]] = []
        for path in paths:
            place = self._folders.containing(path)
            inside = [folder for folder in self._folders.all() if folder.root.startswith(path.rstrip(b"/") + b"/")]
            if place is None and not inside:
                raise Mistake("path_not_watched", path=to_display(path))
            found += [(folder, b"") for folder in inside]
            if place is not None:
                found.append(place)
        return found


def _whole(tx: Tx, rows: list[lost.Row]) -> list[lost.Row]:
    """With the other half of each live photo that is away: it was deleted with the one that was named."""
    away = {row.asset_id for row in rows if row.asset_id is not None and row.state in _AWAY}
    known = {(row.file_id, row.destination_id) for row in rows}
    others = [row for row in lost.of_assets(tx, sorted(away)) if (row.file_id, row.destination_id) not in known]
    return rows + [row for row in others if row.state in _AWAY]
