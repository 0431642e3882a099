"""The agent as a process: one for each home, its log, its signals, its end.

Runs on the main thread.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from agent import logs
from agent.app.agent import SafelightAgent
from agent.domain.errors import Blocked
from agent.platforms import current
from agent.platforms.base import AlreadyRunning, NotPrivate, Places, places
from agent.store.settings import SettingsStore

log = logging.getLogger(__name__)


def run(home: Path | None) -> int:
    """The agent in the foreground; returns the exit code."""
    where = places(home)
    try:
        where.create()
        lock = current().lock(where.lock_file)
    except AlreadyRunning:
        sys.stderr.write("Safelight is already running for this home.\n")
        return 1
    except (NotPrivate, OSError) as error:
        sys.stderr.write(f"Safelight cannot use its folders: {error}\n")
        return 1
    try:
        return _run_locked(where)
    except Blocked as problem:
        log.exception("the agent cannot start")
        sys.stderr.write(f"Safelight cannot start: {problem.code}\n")
        return 1
    finally:
        lock.release()
        logs.shut_down()


def _run_locked(where: Places) -> int:
    values = SettingsStore(where.settings_file).get().values
    stderr = sys.stderr is not None and sys.stderr.isatty()
    logs.set_up(where.log_dir, values.log_level, detailed=values.detailed_log, stderr=stderr)
    agent = SafelightAgent(where, _checkpoint())

    def stop(number: int, _: FrameType | None) -> None:
        agent.request_stop("system" if number == signal.SIGTERM else "user")

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    agent.start()
    agent.wait()
    agent.stop()
    return 0


def _checkpoint() -> Callable[[str], None]:
    """For tests that end the agent at a step of a photo's journey: SAFELIGHT_DIE_AT=step[:count] kills it there."""
    step, _, count = os.environ.get("SAFELIGHT_DIE_AT", "").partition(":")
    left = int(count or 1)

    def checkpoint(name: str) -> None:
        nonlocal left
        if name == step:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    return checkpoint if step else lambda _: None
