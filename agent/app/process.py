"""The agent as a process: one for each home, its log, its signals, its end.

Runs on the main thread.
"""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from agent import logs, words
from agent.app.agent import SafelightAgent
from agent.domain.errors import Blocked
from agent.platforms import current
from agent.platforms.base import AlreadyRunning, NotPrivate, Places, places
from agent.platforms.program import start_anew
from agent.platforms.systemd import tell_manager
from agent.store.settings import SettingsStore

log = logging.getLogger(__name__)

#: The exit code that asks the system to start the agent again.
RESTART = 75


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
        code = _run_locked(where)
    except Blocked as problem:
        if problem.code != "database_corrupt":
            log.exception("the agent cannot start")
            sys.stderr.write(f"Safelight cannot start: {words.problem_text(problem.code, problem.args_)}\n")
            return 1
        code = RESTART  # the next start sets the ledger aside
    finally:
        lock.release()
        logs.shut_down()
    if code == RESTART:
        start_anew()
    return code


def _run_locked(where: Places) -> int:
    values = SettingsStore(where.settings_file).get().values
    stderr = sys.stderr is not None and sys.stderr.isatty()
    logs.set_up(where.log_dir, values.log_level, detailed=values.detailed_log, stderr=stderr)
    agent = SafelightAgent(where, _checkpoint())
    _stop_by_signal(agent)
    agent.start()
    tell_manager("READY=1")
    agent.wait()
    tell_manager("STOPPING=1")
    agent.stop()
    return RESTART if agent.must_restart else 0


def _stop_by_signal(agent: SafelightAgent) -> None:
    """SIGTERM and SIGINT end the agent, whatever the main thread waits for.

    The system may hand a signal to any thread, and then the main one, which alone runs Python's handlers, sleeps on. So
    the number comes through a socket to a thread of its own; which may take locks, too, as a handler must not.
    """
    hearing, speaking = socket.socketpair()
    speaking.setblocking(False)  # noqa: FBT003 - the socket's own signature
    signal.set_wakeup_fd(speaking.fileno(), warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    def obey() -> None:
        while number := hearing.recv(1):
            agent.request_stop("system" if number[0] == signal.SIGTERM else "user")
        speaking.close()

    threading.Thread(target=obey, name="signals", daemon=True).start()


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
