"""The agent's door: everything that a client may ask, built and wired, and the socket that answers.

Opened once the engine works, and loaded only then. Part of the composition root: decides nothing.
"""

from collections.abc import Callable

from agent import logs
from agent.app.engine import Engine
from agent.platforms import current
from agent.protocol.types import Snapshot, StopReason
from agent.rpc.feed import Feed
from agent.rpc.handlers import Handlers
from agent.rpc.server import Server
from agent.store.settings import SettingsStore
from agent.work.asked.accounts import Accounts
from agent.work.asked.browsing import Browsing
from agent.work.asked.control import Control
from agent.work.asked.leaving import Leaving
from agent.work.asked.library import Library
from agent.work.asked.putback import PuttingBack


class Door:
    """What `rpc.handlers` find behind it. `open` and `close` on the main thread; all else on the threads of calls."""

    def __init__(
        self,
        engine: Engine,
        control: Control,
        leaving: Leaving,
        settings: SettingsStore,
        request_stop: Callable[[StopReason], None],
    ) -> None:
        self._engine = engine
        self.control = control
        self.leaving = leaving
        self.request_stop = request_stop
        self.library = Library(
            engine.database,
            settings,
            engine.credentials,
            engine.watched,
            engine.destinations,
            engine.clock,
            logs.add_secret,
        )
        self.accounts = Accounts(
            settings,
            engine.credentials,
            engine.destinations,
            engine.clock,
            logs.add_secret,
            engine.servers.signed_in,
        )
        self.put_back = PuttingBack(
            engine.database, engine.intent, engine.watched, engine.clock, engine.servers.names, engine.servers.asked
        )
        self.browsing = Browsing(engine.clock, logs.add_secret)
        self.cache = engine.pictures.cache
        self._server: Server | None = None

    def open(self, address: str) -> None:
        """Clients can connect when this returns. Raises AlreadyRunning."""
        self._server = Server(current(), address, Handlers(self).dispatch, Feed(self._engine.state))
        self._server.start()

    def close(self) -> None:
        """Take no more clients; answer the calls that have begun, within a bound."""
        if self._server is not None:
            self._server.stop()

    def rebuild_cache(self, *, anew: bool = False) -> int:
        """Ask for a whole pass over the media cache; the job's id."""
        return self._engine.rebuild_cache(anew=anew)

    def snapshot(self) -> Snapshot:
        """What the agent shows of itself."""
        return self._engine.state.snapshot()

    def dismiss(self, notice_id: str) -> None:
        """The user has seen a notice."""
        self._engine.notices.dismiss(notice_id)
