"""`run`, `start`, `stop`, `restart`: the agent as a process. Blocks until what was asked for is so; main thread.

Where the agent of the usual home is registered with the system, the system starts it and hears that it was stopped.
"""

import time

import typer

from agent.cli.client import Client, NotRunning
from agent.cli.failure import failure
from agent.cli.output import complain
from agent.cli.run import run as run_agent
from agent.cli.session import Session, session_of
from agent.platforms import current, places
from agent.platforms.base import AlreadyRunning
from agent.platforms.program import command, exists
from agent.platforms.registration import Refused, Registration, plan_of_this_program, registration
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
    where = ["--home", str(session.home)] if session.home is not None else []
    return [*command(), *where, "run"]


def version_of(session: Session) -> Welcome | None:
    """Which agent answers, of whatever version; None where none does."""
    try:
        with Client.connect(session.home, parting=True) as client:
            answer: Welcome = client.call("agent.version", Nothing())
            return answer
    except NotRunning:
        return None


def start_agent(session: Session) -> Welcome:
    """Start the agent, through the system where it is registered, and wait until it answers."""
    manager = service_of(session)
    if manager is None or not _started(manager):
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
    where = places(session.home)
    answers = _asked_to_stop(session)
    manager = service_of(session)
    if manager is not None:  # one that does not answer is ended too, and the system knows that it is meant to rest
        _stopped(manager)
    if not answers and (manager is None or not where.lock_file.exists()):
        return False
    deadline_s = time.monotonic() + _STOP_LIMIT_S
    while time.monotonic() < deadline_s:
        try:
            current().lock(where.lock_file).release()
        except AlreadyRunning:
            time.sleep(_LOOK_S)
        else:
            return answers
    raise failure("stop_failed")


def service_of(session: Session) -> Registration | None:
    """The system's service manager if the agent of this home is registered there and its program is on disk."""
    if places(session.home).home_id != "default":
        return None
    manager = registration()
    found = manager.read(plan_of_this_program(None))
    agent = found.job("agent")
    return manager if found.runs_agent and agent.command and exists(agent.command[0]) else None


def _asked_to_stop(session: Session) -> bool:
    try:
        with Client.connect(session.home, parting=True) as client:
            client.call("agent.stop", Stop("user"))
    except NotRunning:
        return False
    return True


def _started(manager: Registration) -> bool:
    try:
        manager.start()
    except Refused as error:
        complain(
            fill(_("The system did not start the agent ({detail}), so it is started without."), {"detail": str(error)})
        )
        return False
    return True


def _stopped(manager: Registration) -> None:
    try:
        manager.stop()
    except Refused as error:
        complain(fill(_("The system's service did not stop: {detail}."), {"detail": str(error)}))
