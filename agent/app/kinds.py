"""The kinds of work that a job can be, and who does each: job key and lane -> handler.

Part of the composition root: builds, decides nothing. Asked by a lane's thread before each batch.
"""

from collections.abc import Callable
from datetime import date

from agent.destinations.immich import ImmichDestination
from agent.domain.clock import Clock
from agent.domain.errors import Rejected
from agent.files.reach import Reach
from agent.media.plain import day_of
from agent.media.pool import Decoders
from agent.record import Record
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.store.jobs import CACHE_LANE, LOCAL_LANE
from agent.store.settings import SettingsStore
from agent.work.cache.arrivals import Arrivals
from agent.work.destinations import Destinations
from agent.work.finding.pairs import Pairs
from agent.work.finding.scan import Scan
from agent.work.folders import Folders
from agent.work.journey.bandwidth import Bandwidth
from agent.work.journey.blame import Blame
from agent.work.journey.finish import Finish
from agent.work.journey.send import Sender
from agent.work.journey.transfers import Transfers
from agent.work.journey.upload import Upload
from agent.work.server.arrange import Arrange
from agent.work.worker import Handler, one_by_one

JOB_KEYS = frozenset({"upload", "scan", "organize", "sync", "verify", "cache"})


class Kinds(Record, frozen=True):
    """The handlers of all lanes. `on_changed` hears when a sync or a proof is through, `on_finished` of copies."""

    database: Database
    clock: Clock
    settings: SettingsStore
    watched: Folders
    destinations: Destinations
    decoders: Decoders
    scan: Scan
    reach: Reach
    arrivals: Arrivals
    transfers: Transfers
    bandwidth: Bandwidth
    intent: IntentJournal
    blame: Blame
    on_changed: Callable[[], None]
    on_finished: Callable[[], None]
    checkpoint: Callable[[str], None]

    def __call__(self, lane: str, key: str) -> Handler | None:
        """The handler of a key in a lane, None where it has no place. May raise Blocked."""
        if lane == LOCAL_LANE:
            return self._local(key)
        if lane == CACHE_LANE:
            return self.arrivals if key == "cache" else None
        if key == "upload":
            return self._upload(lane)
        destination = self.destinations.get(lane)
        return self._of_server(lane, destination, key) if isinstance(destination, ImmichDestination) else None

    def _local(self, key: str) -> Handler | None:
        if key == "scan":
            return one_by_one(self.scan)
        if key == "verify":
            from agent.work.verify import Verify

            places, changed = self.destinations, self.on_changed
            return Verify(
                self.database, self.watched, places.get, self.intent, self.clock, changed, self.reach, places.crossing
            )
        return None

    def _of_server(self, lane: str, server: ImmichDestination, key: str) -> Handler | None:
        # Loaded with the first such job: pictures are on their way before that.
        if key == "organize":
            from agent.work.server.organize import Organize

            return Organize(lane, server, self.database, self.watched, self.intent, self.clock, self.checkpoint)
        if key == "describe":
            from agent.work.server.describe import Describe

            return Describe(lane, server, self.database, self.clock, self.checkpoint)
        if key == "sync":
            from agent.work.server.sync import Sync

            return Sync(lane, server, self.database, self.intent, self.clock, self.on_changed, self.checkpoint)
        return None

    def _upload(self, lane: str) -> Upload:
        destination = self.destinations.get(lane)
        sender = Sender(
            lane,
            destination,
            self.transfers,
            captured=self._captured_on,
            are_halves=Pairs(self.decoders.metadata),
            bandwidth=self.bandwidth if lane in self.destinations.crossing() else None,
            blame=self.blame,
            checkpoint=self.checkpoint,
            rules=self.watched.rules,
        )
        finish = Finish(
            lane,
            destination,
            self.database,
            self.clock,
            self.transfers,
            arrange=Arrange(lane, self.watched) if isinstance(destination, ImmichDestination) else None,
            on_finished=self.on_finished,
            checkpoint=self.checkpoint,
        )
        return Upload(
            lane,
            destination,
            self.database,
            self.clock,
            self.reach,
            sender,
            finish,
            senders=lambda: self.settings.get().values.parallel_uploads,
            checkpoint=self.checkpoint,
        )

    def _captured_on(self, path: bytes) -> date | None:
        """The day that the picture itself tells; one that tells none, or is broken, is dated by its file."""
        try:
            return day_of(self.decoders.metadata(path))
        except Rejected:
            return None
