"""The job `sync`: fetches what changed at a server into the mirror and the ledger. Never touches a local file.

Runs on the destination's lane. With a session by the sync stream: what was read is stored together with the server's
marks, and only then acknowledged, so that a death anywhere repeats a little and loses nothing. With a key alone by
`search`.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.destinations.immich import ImmichDestination, session
from agent.destinations.immich import sync as wire
from agent.destinations.immich.auth import running_version
from agent.destinations.immich.sync import Line
from agent.destinations.immich.versions import is_unknown
from agent.domain.clock import DAY_MS, Clock
from agent.domain.errors import Blocked, Rejected, Transient
from agent.domain.refusals import of_one_question
from agent.store import activity, remote
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal
from agent.store.jobs import Claimed, NewJob
from agent.work.server.mirror import Mirror
from agent.work.server.search import Search
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: Changes that are written and acknowledged together.
TOGETHER = 1_000
#: A reading that began a moment before a copy was proven says nothing about it.
SLACK_MS = 60_000


def sync_job(destination_id: str, *, group_id: int | None = None, thorough: bool = False, run_after: int = 0) -> NewJob:
    """The job that brings the mirror of a destination up to date; `thorough` asks for every copy."""
    return NewJob(
        "sync",
        {"destination": destination_id, "thorough": thorough},
        lane=destination_id,
        group_id=group_id,
        priority=20,
        run_after=run_after,
        unique_key=f"sync:{destination_id}:thorough" if thorough else f"sync:{destination_id}",
    )


class Sync:
    """The handler of `sync` for one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: ImmichDestination,
        database: Database,
        intent: IntentJournal,
        clock: Clock,
        on_changed: Callable[[], None],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._server = destination.server
        self._database = database
        self._clock = clock
        self._mirror = Mirror(destination_id, destination.check, database, intent, clock)
        self._search = Search(destination_id, destination, database, self._mirror, clock)
        self._on_changed = on_changed
        self._checkpoint = checkpoint

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run once for all jobs of the batch."""

        def check() -> None:
            scope.check(batch[0])

        self._destination.probe()  # another account, or a key that may not: nothing of it is taken for a change
        self._keep_alive()
        try:
            thorough = any(job.payload.get("thorough") for job in batch)
            if self._server.has_session:
                self._by_stream(check)
                # A server that was put back as it was yesterday tells of nothing that it lost by that.
                self._search.ask_for_copies(check, every_ms=0 if thorough else DAY_MS)
            else:
                progress = self._progress("search", None)
                if not 0 <= self._clock.now_at() - (progress.began_at or 0) < DAY_MS:
                    self._begin("search", None)  # pages do not tell of what was deleted
                    progress = self._progress("search", None)
                self._search(progress, check, thorough=thorough)
        except (Blocked, Rejected) as error:  # the lane stays open: uploads need none of these questions
            raise of_one_question(error, "sync_refused") from error
        now_at = self._clock.now_at()
        with self._database.write() as tx:
            remote.end(tx, self._id, now_at)
            for job in batch:
                scope.complete(tx, job, {"synced_at": now_at})
        self._on_changed()

    def _keep_alive(self) -> None:
        name, now_at = f"alive:{self._id}", self._clock.now_at()
        last_at = activity.marked_at(self._database.read(), name)
        if last_at is None or not 0 <= now_at - last_at < DAY_MS:
            session.keep_alive(
                self._server.address, self._destination.secret, clock=self._clock, trust=self._server.trust
            )
            with self._database.write() as tx:
                activity.mark(tx, name, now_at)

    def _progress(self, way: str, session_mark: str | None) -> remote.Progress:
        """How far this way got with this sign-in; another one begins anew."""
        found = remote.progress(self._database.read(), self._id)
        if found is None or (found.way, found.session) != (way, session_mark):
            self._begin(way, session_mark)
            found = remote.progress(self._database.read(), self._id)
        assert found is not None  # noqa: S101 - it was just written
        return found

    def _begin(self, way: str, session_mark: str | None) -> None:
        with self._database.write() as tx:
            remote.begin_whole(tx, self._id, way, session_mark, self._clock.now_at())

    # --- by the stream ----------------------------------------------------------------------------------------------

    def _by_stream(self, check: Callable[[], None]) -> None:
        mark = hashlib.sha256(self._destination.secret.token.encode()).hexdigest()[:16]
        version = running_version(self._server)
        if is_unknown(version):
            log.warning("the server's version %s is newer than what was tried", version)
        for _ in range(2):
            progress = self._progress("stream", mark)
            waiting = remote.unsent(self._database.read(), self._id)
            if waiting:
                self._acknowledge(waiting)
            reading = _Reading(self, progress, self._destination.user_id())
            for line in wire.changes(self._server, version):
                check()
                if line.kind == "SyncReset":
                    log.info("the server asks to read everything anew")
                    self._begin("stream", mark)
                    wire.acknowledge(self._server, [line.ack])
                    break
                reading.take(line)
            else:
                return
        raise Transient("sync_garbled")  # nothing was read to its end: nothing that was not seen is gone

    def commit(self, write: Callable[[Tx], None], acks: Mapping[str, str]) -> None:
        """Store changes with their marks, then tell the server."""
        with self._database.write() as tx:
            write(tx)
            remote.checkpoint(tx, self._id, acks)
        self.stored(acks)

    def stored(self, acks: Mapping[str, str]) -> None:
        """The marks are stored: tell the server."""
        self._checkpoint("sync_stored")
        if acks:
            self._acknowledge(list(acks.values()))
            self._checkpoint("sync_acknowledged")

    def _acknowledge(self, acks: Sequence[str]) -> None:
        wire.acknowledge(self._server, acks)
        with self._database.write() as tx:
            remote.sent(tx, self._id, acks)

    @property
    def id(self) -> str:
        """The destination."""
        return self._id

    @property
    def mirror(self) -> Mirror:
        """Where copies are judged."""
        return self._mirror

    def sweep(self, progress: remote.Progress, acks: Mapping[str, str]) -> None:
        """A whole reading is through: what it did not see is gone, and what we had there is missing."""

        def write(tx: Tx) -> None:
            remote.checkpoint(tx, self._id, acks)
            remote.end(tx, self._id, self._clock.now_at())

        with self._database.write() as tx:
            remote.sweep(tx, self._id, progress.reading)
        before_at = (progress.began_at or 0) - SLACK_MS
        unseen = remote.unseen_copies(self._database.read(), self._id, before_at)
        self._mirror.lacking([one[:3] for one in unseen], write)
        self.stored(acks)


class _Reading:
    """One reading of the stream: gathers lines of the same kind and has them written in order."""

    def __init__(self, sync: Sync, progress: remote.Progress, user_id: str) -> None:
        self._sync = sync
        self._progress = progress
        self._user_id = user_id
        self._kind = ""
        self._lines: list[Line] = []
        self._deleted: set[str] = set()

    def take(self, line: Line) -> None:
        """The next line. Removals of assets are judged together, however many they are."""
        limit = None if self._kind == "AssetDelete" else TOGETHER
        if self._lines and (line.kind != self._kind or (limit is not None and len(self._lines) >= limit)):
            self._flush()
        self._kind = line.kind
        if line.kind == "SyncComplete":
            acks = _marks([line])
            if self._progress.is_whole:
                self._sync.sweep(self._progress, acks)
            else:
                self._sync.commit(_nothing, acks)
        else:
            self._lines.append(line)

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        kind = self._kind
        acks = _marks(lines)
        destination, reading = self._sync.id, self._progress.reading
        if kind == "AssetDelete":
            ids = [str(line.data.get("assetId")) for line in lines]
            self._deleted.update(ids)

            def dropped(tx: Tx) -> None:
                remote.drop_assets(tx, destination, ids)
                remote.checkpoint(tx, destination, acks)

            self._sync.mirror.removed(ids, dropped)
            self._sync.stored(acks)
            return
        data = [line.data for line in lines]
        self._sync.commit(lambda tx: self._write(tx, kind, data, destination, reading), acks)

    def _write(self, tx: Tx, kind: str, data: Sequence[Mapping[str, object]], destination: str, reading: int) -> None:
        match kind:
            case "Asset":
                # What was deleted for good in this very reading does not come back by a line out of its order.
                assets = [wire.asset_of(one) for one in data if one.get("id") not in self._deleted]
                self._sync.mirror.saw(tx, assets, self._user_id, reading)
            case "Album":
                remote.put_albums(tx, destination, reading, _pairs(data, "id", "name"))
            case "AlbumDelete":
                remote.drop_albums(tx, destination, [str(one.get("albumId")) for one in data])
            case "AlbumToAsset" | "AlbumToAssetBackfill":
                remote.put_members(tx, destination, reading, _pairs(data, "albumId", "assetId"))
            case "AlbumToAssetDelete":
                remote.drop_members(tx, destination, _pairs(data, "albumId", "assetId"))
            case "User" | "AuthUser":
                rows = [(str(one.get("id")), str(one.get("name", "")), str(one.get("email", ""))) for one in data]
                remote.put_users(tx, destination, reading, rows)
            case "UserDelete":
                remote.drop_users(tx, destination, [str(one.get("userId")) for one in data])
            case "Partner" | "PartnerDelete":
                for one in data:
                    if one.get("sharedWithId") == self._user_id:
                        who = str(one.get("sharedById"))
                        remote.set_partner(tx, destination, reading, who, shares=kind == "Partner")
            case _:
                pass  # a partner's asset, or a kind of a later server: its mark is stored, that is all


def _pairs(data: Iterable[Mapping[str, object]], one: str, other: str) -> list[tuple[str, str]]:
    return [(str(each.get(one)), str(each.get(other))) for each in data]


def _marks(lines: Iterable[Line]) -> dict[str, str]:
    """The last mark of each kind."""
    return {line.ack.partition("|")[0]: line.ack for line in lines}


def _nothing(_: Tx) -> None:
    pass
