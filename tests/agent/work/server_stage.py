"""A stage for what happens with a server: a real ledger, real files, the stand-in, and the handlers without threads.

`back_up` takes what lies in the folder into the ledger and runs all jobs that are due, one after the other.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from agent.destinations.base import Destination
from agent.destinations.immich import ImmichDestination
from agent.domain.errors import Fate
from agent.domain.live_photos import Capture, are_halves
from agent.files.reach import Reach
from agent.files.read import look
from agent.protocol.settings import DestinationSetting, FolderRules, FolderSetting, Settings
from agent.protocol.types import Agent, Backup, Snapshot
from agent.state import State
from agent.store import folders, jobs
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.store.jobs import LOCAL_LANE, Open
from agent.work.finding.intake import BACKLOG, Intake, Taken, Urgency
from agent.work.folders import Folders
from agent.work.journey.blame import Blame
from agent.work.journey.finish import Finish
from agent.work.journey.send import Sender
from agent.work.journey.transfers import Transfers
from agent.work.journey.upload import Upload
from agent.work.server.arrange import Arrange
from agent.work.server.describe import Describe
from agent.work.server.organize import Organize
from agent.work.server.sync import Sync, sync_job
from agent.work.verify import Verify
from agent.work.worker import Handler, Scope
from tests.fakes.clock import FakeClock
from tests.fakes.immich import StandIn

HERE = "here1"


class Died(BaseException):
    """The agent was killed at a checkpoint."""


class Stage:
    """One folder, one server, one ledger; everything on the test's thread but the senders."""

    def __init__(
        self, server: StandIn, *, rules: FolderRules | None = None, key: str | None = None, url: str | None = None
    ) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="sl-"))
        self.root = self.base / "Pictures"
        self.root.mkdir()
        self.server = server
        self.clock = FakeClock()
        self.database = Database(self.base / "safelight.db")
        self.watched = Folders()
        self.reach = Reach()
        self.url = url or server.url
        self.destination = ImmichDestination(self.url, key or server.api_key(), clock=self.clock)
        self.intent = IntentJournal(self.base / "intent.jsonl")
        self.captures: dict[str, Capture] = {}
        self.blame = Blame(lambda _: None)
        self.failures: list[tuple[str, Fate]] = []
        self.die_at: str | None = None
        self.on_checkpoint: Callable[[str], None] = lambda _: None
        self.rules = rules or FolderRules()
        self.configure(self.rules)

    def configure(self, rules: FolderRules) -> None:
        """Put rules into force, as `Apply` does."""
        root = os.fsencode(self.root)
        here = DestinationSetting(HERE, "immich", "Server", self.server.url)
        settings = Settings(destinations=(here,), folders=(FolderSetting(str(self.root), rules=rules),))
        with self.database.write() as tx:
            ids = folders.attach(tx, {root: [HERE]}, {HERE: "immich"})
        self.watched.replace(settings, ids)
        (self.folder,) = self.watched.all()

    def close(self) -> None:
        self.destination.close()
        self.database.close()
        shutil.rmtree(self.base)

    # --- the disk

    def file(self, path: str, content: bytes | None = None) -> Path:
        """A file below the root; its bytes are its name unless given."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content or f"bytes of {path}".encode())
        return place

    def take(self) -> None:
        """What lies there goes into the ledger."""
        intake = Intake(self.database, self.watched, self.clock, lambda: 0, lambda _: None)
        for directory, _, names in os.walk(os.fsencode(self.root)):
            below = os.path.relpath(directory, os.fsencode(self.root))
            seen = {name: look(os.path.join(directory, name)) for name in names}
            urgency = Urgency(self.clock.now_at(), BACKLOG)
            intake.observe(self.folder, b"" if below == b"." else below, seen, [], urgency, Taken())

    # --- the work

    def back_up(self) -> None:
        """Take and do all that is to be done."""
        self.take()
        self.work()

    def work(self) -> None:
        """Run jobs until none is due within a minute."""
        self.clock.advance(60)
        while self.run_one():
            self.clock.advance(5)

    def run_one(self) -> bool:
        """Claim and run one batch."""
        with self.database.write() as tx:
            batch = jobs.claim(
                tx, HERE, Open(everyone=True), "boot", self.clock.now_at(), files=100, size_bytes=1 << 28
            )
        if not batch:
            return False
        scope = Scope(HERE, self.database, self.clock, lambda _: None)
        error: Fate | None = None
        try:
            self.handler(batch[0].key)(scope, batch)
        except Fate as caught:
            error = caught
            self.failures.append((batch[0].key, caught))
        with self.database.write() as tx:
            for job in batch:
                if job.id not in scope.ended and error is not None:
                    scope.fail(tx, job, error)
        return True

    def sync(self, *, thorough: bool = False) -> None:
        """Fetch the server's changes."""
        with self.database.write() as tx:
            jobs.enqueue(tx, sync_job(HERE, thorough=thorough), self.clock.now_at())
        self.work()

    def prove(self, destination: Destination | None = None) -> None:
        """Run the proofs that are asked for, to their ends."""
        asked = destination or self.destination
        verify = Verify(
            self.database,
            self.watched,
            lambda _: asked,
            self.intent,
            self.clock,
            lambda: None,
            self.reach,
            frozenset,
        )
        while True:
            with self.database.write() as tx:
                batch = jobs.claim(
                    tx, LOCAL_LANE, Open(everyone=True), "boot", self.clock.now_at(), files=1, size_bytes=1
                )
            if not batch:
                break
            verify(Scope(LOCAL_LANE, self.database, self.clock, lambda _: None), batch)

    def recover(self) -> None:
        """What the next start of the agent does."""
        self.die_at = None
        with self.database.write() as tx:
            jobs.recover(tx, "next boot", self.clock.now_at())

    def handler(self, key: str) -> Handler:
        if key == "organize":
            watched, clock = self.watched, self.clock
            return Organize(HERE, self.destination, self.database, watched, self.intent, clock, self._checkpoint)
        if key == "describe":
            return Describe(HERE, self.destination, self.database, self.clock, self._checkpoint)
        if key == "sync":
            return Sync(
                HERE,
                self.destination,
                self.database,
                self.intent,
                self.clock,
                lambda: None,
                self._checkpoint,
            )
        assert key == "upload", key
        return self.upload_to(self.destination, Arrange(HERE, self.watched))

    def upload_to(self, destination: Destination, arrange: Arrange | None) -> Upload:
        transfers = self._transfers()
        sender = Sender(
            HERE,
            destination,
            transfers,
            captured=lambda _: None,
            are_halves=self._are_halves,
            bandwidth=None,
            blame=self.blame,
            checkpoint=self._checkpoint,
            rules=self.watched.rules,
        )
        finish = Finish(
            HERE,
            destination,
            self.database,
            self.clock,
            transfers,
            arrange=arrange,
            on_finished=lambda: None,
            checkpoint=self._checkpoint,
        )
        return Upload(
            HERE,
            destination,
            self.database,
            self.clock,
            self.reach,
            sender,
            finish,
            senders=lambda: 2,
            checkpoint=self._checkpoint,
        )

    def _transfers(self) -> Transfers:
        state = State(Snapshot(0, Agent("0", 1, 0, "running"), Backup("off", enabled=True)))
        return Transfers(state, self.database, self.clock, lambda: (0, 0), lambda *_: None)

    def _checkpoint(self, name: str) -> None:
        self.on_checkpoint(name)
        if name == self.die_at:
            raise Died(name)

    def _are_halves(self, still: bytes, video: bytes) -> bool:
        names = [os.fsdecode(os.path.basename(path)) for path in (still, video)]
        return are_halves(*(self.captures.get(name, Capture()) for name in names))

    # --- looking

    def states(self) -> dict[str, str]:
        """Name -> state, of all that lies there."""
        rows = self.database.read().execute("SELECT name, state FROM files WHERE state <> 'gone'")
        return {os.fsdecode(row[0]): row[1] for row in rows}

    def album(self, name: str) -> list[str]:
        """What is in the one album of this name, sorted."""
        (album,) = [one for one in self.server.albums if one.name == name]
        return sorted(self.remote(asset_id).filename for asset_id in album.asset_ids)

    def remote(self, asset_id: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the stand-in's own struct
        return self.server.store.assets[asset_id]

    def at_server(self, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
        (found,) = [one for one in self.server.assets if one.filename == name]
        return found

    def left(self) -> int:
        """Rows in the queue of what is to be arranged."""
        return int(self.database.read().execute("SELECT count(*) FROM organize_queue").fetchone()[0])


Make = Callable[..., Stage]
