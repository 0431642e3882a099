"""`run`, `start`, `stop`, `restart`: the agent as a process. Blocks until what was asked for is so; main thread."""

import sys
import time

import typer

from agent.cli.client import Client, NotRunning
from agent.cli.failure import failure
from agent.cli.run import run as run_agent
from agent.cli.session import Session, session_of
from agent.platforms import current, places
from agent.platforms.base import AlreadyRunning
from agent.protocol.methods import Nothing, Stop, Welcome
from agent.words.catalogue import _, fill

_START_LIMIT_S = 20.0
_STOP_LIMIT_S = 20.0
_LOOK_S = 0.05


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command("run", help=_("Be the agent, in the foreground."))(_run)
    root.command("start", help=_("Start the agent in the background."))(_start)
    root.command("stop", help=_("Stop the agent."))(_stop)
    root.command("restart", help=_("Stop the agent and start it again."))(_restart)


def _run(context: typer.Context) -> int:
    return run_agent(session_of(context).home)


def _start(context: typer.Context) -> None:
    session = session_of(context)
    found = version_of(session)
    if found is not None:
        said = fill(_("The agent is running already (process {pid})."), {"pid": str(found.pid)})
    else:
        found = start_agent(session)
        said = fill(_("The agent is running (process {pid})."), {"pid": str(found.pid)})
    session.answer({"running": True, "pid": found.pid, "version": found.app}, said)


def _stop(context: typer.Context) -> None:
    session = session_of(context)
    stopped = stop_agent(session)
    session.answer({"running": False}, _("The agent has stopped.") if stopped else _("The agent was not running."))


def _restart(context: typer.Context) -> None:
    session = session_of(context)
    stop_agent(session)
    found = start_agent(session)
    said = fill(_("The agent is running anew (process {pid})."), {"pid": str(found.pid)})
    session.answer({"running": True, "pid": found.pid, "version": found.app}, said)


def agent_argv(session: Session) -> list[str]:
    """The command that is the agent of this home."""
    frozen = getattr(sys, "frozen", False)
    itself = [sys.executable] if frozen else [sys.executable, "-m", "agent"]
    where = ["--home", str(session.home)] if session.home is not None else []
    return [*itself, *where, "run"]


def version_of(session: Session) -> Welcome | None:
    """Which agent answers, None where none does."""
    try:
        with Client.connect(session.home, parting=True) as client:
            answer: Welcome = client.call("agent.version", Nothing())
            return answer
    except NotRunning:
        return None


def start_agent(session: Session) -> Welcome:
    """Start a detached agent and wait until it answers."""
    current().spawn_detached(agent_argv(session))
    deadline_s = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline_s:
        found = version_of(session)
        if found is not None:
            return found
        time.sleep(_LOOK_S)
    raise failure("start_failed")


def stop_agent(session: Session) -> bool:
    """Ask the agent to stop and wait until its process has let go of the home; False where none ran."""
    try:
        with Client.connect(session.home, parting=True) as client:
            client.call("agent.stop", Stop("user"))
    except NotRunning:
        return False
    deadline_s = time.monotonic() + _STOP_LIMIT_S
    lock_file = places(session.home).lock_file
    while time.monotonic() < deadline_s:
        try:
            current().lock(lock_file).release()
        except AlreadyRunning:
            time.sleep(_LOOK_S)
        else:
            return True
    raise failure("stop_failed")
