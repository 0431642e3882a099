"""Keeps the agent's own installation in order while it runs: what is registered, and which program this is.

- The registered nightly pass follows the settings, and units that an older version wrote are written anew. Only what a
  person registered is touched, and nothing that they switched off.
- When the program on disk is replaced by another version, the agent ends well and is started anew.

One thread of its own, which looks once a minute and otherwise sleeps. A home of its own is never registered.
"""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import agent
from agent.checkup.plan import plan_for
from agent.domain.registration import Plan, mismatches
from agent.platforms.base import Places
from agent.platforms.program import exists, is_frozen
from agent.platforms.registration import Refused, registration
from agent.protocol.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0
#: What differs and may be set right without asking: the person's settings say so, or our own new version does.
_MENDED: Final = frozenset({"nightly_other_time", "nightly_unwanted", "service_outdated", "nightly_outdated"})


class Upkeep:
    """The thread that looks."""

    def __init__(self, where: Places, settings: Callable[[], Settings], on_replaced: Callable[[], None]) -> None:
        """`on_replaced` is called once, on this thread, when another version lies where this program began."""
        self._is_usual = where.home_id == "default"
        self._settings = settings
        self._on_replaced = on_replaced
        self._program = Path(sys.executable if is_frozen() else str(agent.__file__))
        self._stamp = stamp_of(self._program)
        self._fresh = self._stamp
        self._planned: Plan | None = None
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def settings_changed(self, _settings: Settings) -> None:
        """Look soon; any thread."""
        self._wake.set()

    def stop(self) -> None:
        """End; a tool of the system that is just running is left behind."""
        self._is_stopping = True
        self._wake.set()

    def _run(self) -> None:
        while not self._is_stopping:
            if self._is_usual:
                self._follow()
            if self.is_replaced():
                log.info("the program was replaced; the agent ends and begins anew")
                self._on_replaced()
                return
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()

    def _follow(self) -> None:
        """Bring the registration up to date, when the plan is another one than at the last look."""
        plan = plan_for(self._settings().values)
        before, self._planned = self._planned, plan
        if plan == before:
            return
        manager = registration()
        found = manager.read(plan)
        agent_job = found.job("agent")
        if not found.runs_agent or not agent_job.enabled or agent_job.command != plan.agent:
            return  # not registered, switched off, or another installation's
        wrong = {one.code for one in mismatches(found, plan, exists)} & _MENDED
        if before is not None and before.nightly_at is None:
            wrong.add("nightly_other_time")  # switched off in the settings before, and now on again
        if not wrong:
            return
        try:
            manager.install(Plan(plan.agent, plan.nightly, plan.nightly_at))  # the tray stays as it is
        except Refused as error:
            log.warning("the system refused the changed registration: %s", error)
        else:
            log.info("registered anew: %s", ", ".join(sorted(wrong)))

    def is_replaced(self) -> bool:
        """Whether another program lies there, the same at two looks: an update may be half done at the first."""
        now = stamp_of(self._program)
        is_settled, self._fresh = now == self._fresh, now
        return is_settled and now is not None and now != self._stamp


def stamp_of(program: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None while there is none."""
    with contextlib.suppress(OSError):
        facts = os.stat(program)
        return facts.st_mtime_ns, facts.st_size, facts.st_ino
    return None
