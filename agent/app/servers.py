"""What goes between the engine and the servers: who is listened to, when a sync or a proof is asked for.

Part of the composition root: passes things on, decides nothing. Any thread.
"""

from collections.abc import Callable

from agent.destinations.immich import ImmichDestination
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate
from agent.domain.facts import HostFacts
from agent.facts import own_addresses
from agent.store import activity, copies, files, groups, job_history, jobs
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.store.jobs import LOCAL_LANE, NewJob
from agent.store.settings import SettingsStore
from agent.work.blocks import Blocks
from agent.work.destinations import Destinations
from agent.work.gate import Gate
from agent.work.lanes import Lanes
from agent.work.server.live import Listening
from agent.work.server.sync import sync_job
from agent.work.whereabouts import Whereabouts


class Servers:
    """The accounts at servers, as the engine's rooms see them together."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: SettingsStore,
        intent: IntentJournal,
        destinations: Destinations,
        gate: Gate,
        lanes: Lanes,
        blocks: Blocks,
        refresh: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._intent = intent
        self._destinations = destinations
        self._gate = gate
        self._lanes = lanes
        self._blocks = blocks
        self._refresh = refresh
        self._listening = Listening(clock, self._server, self._ask)
        self._whereabouts = Whereabouts(own_addresses, self.moved)
        self._has_moved = False

    def names(self) -> dict[str, str]:
        """Id -> name."""
        return {one.id: one.name for one in self._settings.get().destinations if one.kind == "immich"}

    def start(self) -> None:
        """Take up what only the journal knows."""
        with self._database.write() as tx:
            buried = copies.bury(tx, self._intent.tombstones(), self._clock.now_at())
            files.derive(tx, files.sharing(tx, buried))

    def stop(self) -> None:
        """Listen no more."""
        self._listening.stop()

    def look(self) -> None:
        """Listen to those whose gate is open, notice another network; twice a minute."""
        if self.names().keys() & self._destinations.crossing():
            self._whereabouts.look()
        if self._has_moved:
            self._has_moved = False
            self._try_ways()
        self._listening.look({one for one in self.names() if self._gate.passing(one).everyone})

    def network(self, facts: HostFacts) -> None:
        """What the system says of the network now. Never blocks."""
        self._whereabouts.tell(facts)

    def moved(self) -> None:
        """The computer may be on another network: each way to a server is found out anew. Never blocks."""
        self._destinations.moved()
        self._listening.again()
        self._blocks.look_again()
        self._has_moved = True

    def asked(self) -> None:
        """A person asked for something that stands in the queue now."""
        self._gate.tell(groups=groups.unfinished(self._database.read()))
        self._blocks.look_again()
        self._lanes.kick()
        self._refresh()

    def signed_in(self, destination_id: str) -> None:
        """There is a new sign-in: what was shut for want of one is looked at."""
        self._blocks.look_again(destination_id)
        self._lanes.kick([destination_id])
        self.look()

    def prove_share(self) -> None:
        """The day's share of the proof; not on the very first day."""
        with self._database.write() as tx:
            if activity.marked_at(tx, "proven") is not None:
                jobs.enqueue(tx, NewJob("verify", {}, priority=-10, unique_key="verify:share"), self._clock.now_at())
            activity.mark(tx, "proven", self._clock.now_at())
        self._lanes.kick([LOCAL_LANE])

    def _try_ways(self) -> None:
        """What waits for another way is due: it may be there now."""
        try:
            with self._database.write() as tx:
                job_history.make_due(tx, self._clock.now_at(), waits_for="waits_for_route")
        except Fate:
            self._has_moved = True
            raise
        self._lanes.kick()

    def _server(self, destination_id: str) -> ImmichDestination:
        found = self._destinations.get(destination_id)
        if not isinstance(found, ImmichDestination):
            raise Blocked("destination_unknown", name=destination_id)
        return found

    def _ask(self, destination_id: str, after_s: float) -> None:
        with self._database.write() as tx:
            run_after = self._clock.now_at() + round(after_s * 1000)
            jobs.enqueue(tx, sync_job(destination_id, run_after=run_after), self._clock.now_at())
        self._lanes.kick([destination_id])
