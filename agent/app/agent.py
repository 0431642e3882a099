"""The whole agent: the engine, and the door at which clients may ask things of it.

Started and stopped on the main thread; a stop may be asked for from any thread and from a signal handler.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from agent import __version__
from agent.app.engine import Engine
from agent.app.kinds import JOB_KEYS
from agent.app.upkeep import Upkeep
from agent.platforms.base import Places
from agent.protocol.types import Agent, Backup, Phase, Snapshot, StopReason
from agent.state import State
from agent.store.settings import SettingsStore
from agent.work.asked.control import Control
from agent.work.asked.leaving import Leaving

if TYPE_CHECKING:
    from agent.app.door import Door

log = logging.getLogger(__name__)


class SafelightAgent:
    """The agent, built and ready to start."""

    def __init__(self, where: Places, checkpoint: Callable[[str], None] = lambda _: None) -> None:
        settings = SettingsStore(where.settings_file)
        self._stop_asked = threading.Event()
        #: Set when the agent ends because it must be started anew.
        self.must_restart = False
        self._engine = engine = Engine(where, settings, self._first_state(settings), checkpoint, self._start_anew)
        self._state = engine.state
        self._settings = settings
        self._where = where
        self.control = Control(
            engine.database,
            settings,
            engine.intent,
            engine.watched,
            engine.intake,
            engine.gate,
            engine.lanes,
            engine.blocks,
            engine.clock,
            engine.view.refresh,
            JOB_KEYS,
        )
        self.leaving = Leaving(
            engine.database,
            engine.intent,
            engine.watched,
            engine.intake,
            engine.clock,
            engine.lanes.cancel,
            engine.servers.asked,
        )
        self._upkeep = Upkeep(where, settings.get, self._program_replaced)
        settings.listen(self._upkeep.settings_changed)
        self._door: Door | None = None

    def _first_state(self, settings: SettingsStore) -> State:
        backup = Backup("off", enabled=settings.get().values.background_backup)
        return State(Snapshot(0, self._shown("initialized"), backup))

    def _shown(self, phase: Phase, reason: StopReason | None = None, started_at: int = 0) -> Agent:
        return Agent(__version__, os.getpid(), started_at, phase, reason)

    def start(self) -> None:
        """Start everything; clients can connect when this returns. Raises AlreadyRunning."""
        started_at = self._engine.clock.now_at()
        self._state.update(agent=self._shown("initialized", started_at=started_at))
        with self._engine.database.guard():
            self.control.restore()
            self._engine.start(before_work=self._take_up_wishes)
        self._open_door()
        self._upkeep.start()
        self._state.update(agent=self._shown("running", started_at=started_at))
        log.info("Safelight %s is running", __version__)

    def _take_up_wishes(self) -> None:
        """What a person chose and the ledger may not know, should it be an older copy of itself."""
        self._engine.servers.start()
        self.leaving.restore()

    def _open_door(self) -> None:
        # Loaded only now: it is a tenth of all code, and the first photos are on their way meanwhile.
        from agent.app.door import Door

        self._door = Door(self._engine, self.control, self.leaving, self._settings, self.request_stop)
        self._door.open(self._where.socket_address)

    def request_stop(self, reason: StopReason) -> None:
        """Ask for the end; `wait` returns."""
        self._state.update(agent=self._shown("stopping", reason, self._state.snapshot().agent.started_at))
        self._stop_asked.set()

    def _start_anew(self) -> None:
        """The ledger is broken: end, so that the system starts the agent again and the next one mends it."""
        log.error("the ledger is broken; the agent ends and begins anew")
        self.must_restart = True
        self._stop_asked.set()

    def _program_replaced(self) -> None:
        """Another version was installed under us: end well, and let that one go on."""
        self.must_restart = True
        self.request_stop("system")

    def wait(self) -> None:
        """Until the end is asked for."""
        while not self._stop_asked.wait(3_600):
            pass

    def stop(self) -> None:
        """Finish or abandon what is under way, within a bound, and leave a consistent state."""
        self._upkeep.stop()
        self._engine.stop()
        if self._door is not None:
            self._door.close()
        self._engine.close()
        log.info("Safelight has stopped")
