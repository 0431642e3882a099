"""`service`: the agent, the nightly pass and the tray registered with the operating system; main thread.

Says what the system itself answers, read back after every change, and what does not fit with the next step. A home of
its own (--home, SAFELIGHT_HOME) is never registered.
"""

from collections.abc import Sequence
from typing import Any

import typer

from agent.cli.failure import SOME_FAILED, USAGE, Failure, failure
from agent.cli.output import print_facts, print_json, say
from agent.cli.process import start_agent, stop_agent, version_of
from agent.cli.session import Session, new_group, session_of
from agent.domain.registration import Job, Mismatch, Plan, Registered, mismatches
from agent.platforms import places
from agent.platforms.base import Places
from agent.platforms.program import exists
from agent.platforms.registration import Refused, registration
from agent.words import checkup
from agent.words.catalogue import _, fill


def group() -> typer.Typer:
    """The commands of this module."""
    service = new_group(_("The agent registered with the system, so that it starts by itself."))
    service.command("install", help=_("Start the agent at login, and the nightly pass at its time."))(_install)
    service.command("uninstall", help=_("Take back what was registered. Pictures, settings and queue stay."))(
        _uninstall
    )
    service.command("status", help=_("Show what is registered, as the system says."))(_status)
    return service


def _install(
    context: typer.Context,
    agent: bool = typer.Option(True, "--agent/--no-agent", help=_("Start the agent at login.")),
    tray: bool = typer.Option(True, "--tray/--no-tray", help=_("Start the light in the tray at login too.")),
    start: bool = typer.Option(True, "--start/--no-start", help=_("Start the agent now.")),
) -> None:
    session = session_of(context)
    where = usual_home(session)
    _something(agent=agent, tray=tray)
    plan = _plan(where, tray=tray)
    manager = registration()
    if not agent and plan.tray is None:
        raise Failure(SOME_FAILED, "service_refused", _("This installation has no tray."))
    start = start and agent
    was_running = stop_agent(session) if start else False  # one that a terminal started gives way to the system's
    try:
        manager.install(plan, agent=agent)
    except Refused as error:
        if was_running:
            start_agent(session)
        raise Failure(SOME_FAILED, "service_refused", _refused(error)) from None
    if start:
        start_agent(session)
    _show(session, where, plan, manager.read(plan))


def _uninstall(
    context: typer.Context,
    agent: bool = typer.Option(
        True, "--agent/--no-agent", help=_("No longer start the agent at login, nor the nightly pass at its time.")
    ),
    tray: bool = typer.Option(True, "--tray/--no-tray", help=_("No longer start the light in the tray at login.")),
    stop: bool = typer.Option(True, "--stop/--no-stop", help=_("Stop the agent now.")),
) -> None:
    session = session_of(context)
    where = usual_home(session)
    _something(agent=agent, tray=tray)
    manager = registration()
    was_running = agent and manager.read(_plan(where)).job("agent").installed and stop_agent(session)
    try:
        removed = manager.uninstall(agent=agent, tray=tray)
    except (Refused, OSError) as error:
        raise Failure(SOME_FAILED, "service_refused", _refused(error)) from None
    finally:
        if was_running and not stop:  # the system's gives way to one of its own, and the work goes on
            start_agent(session)
    _say_removed(session, where, removed, everything=agent and tray)


def _say_removed(session: Session, where: Places, removed: Sequence[str], *, everything: bool) -> None:
    kept = _data(where)
    if session.json:
        print_json({"removed": list(removed), "kept": kept})
        return
    for path in removed:
        say(fill(_("Removed: {path}"), {"path": path}))
    if not everything:
        return
    say(_("Nothing starts by itself any more. Your data stays here until you delete it:"))
    for path in kept:
        say(f"  {path}")


def _status(context: typer.Context) -> None:
    session = session_of(context)
    where = usual_home(session)
    plan = _plan(where)
    _show(session, where, plan, registration().read(plan))


def usual_home(session: Session) -> Places:
    """The places of the usual home; exit code 2 for any other."""
    where = places(session.home)
    if where.home_id != "default":
        raise failure("service_own_home", path=str(where.config_dir))
    return where


def _something(*, agent: bool, tray: bool) -> None:
    if not (agent or tray):
        raise Failure(USAGE, "service_nothing", _("Without the agent and without the tray nothing is left to do."))


def _plan(where: Places, *, tray: bool = True) -> Plan:
    from agent.checkup.plan import plan_of

    plan = plan_of(where)
    return plan if tray else Plan(plan.agent, plan.nightly, plan.nightly_at)


def _refused(error: Exception) -> str:
    said = _("The system refused: {detail}. 'safelight doctor' looks for the reason; 'safelight start' works without.")
    return fill(said, {"detail": str(error).rstrip(".")})


def _show(session: Session, where: Places, plan: Plan, found: Registered) -> None:
    wrong = mismatches(found, plan, exists)
    answering = version_of(session)
    if session.json:
        document: dict[str, Any] = {
            "manager": found.manager,
            "answers": found.answers,
            "registered": found.job("agent").installed,
            "at_login": {name: found.begins(name) for name in ("agent", "tray")},
            "lingering": found.lingering,
            "agent_pid": answering.pid if answering else None,
            "findings": [_finding(one) for one in wrong],
            "data": _data(where),
        }
        print_json(document | {job.name: _job(job) for job in found.jobs})
        return
    print_facts(
        [
            (_("manager"), _manager(found)),
            *((_name(job), _line(job)) for job in found.jobs),
            (_("answers now"), str(answering.pid) if answering else _("no agent")),
        ]
    )
    for one in wrong:
        text, step = checkup.finding(one.code, {"found": one.found, "expected": one.expected})
        say(f"- {text} {step}")


def _manager(found: Registered) -> str:
    return found.manager if found.answers else fill(_("{found}, which does not answer"), {"found": found.manager})


def _name(job: Job) -> str:
    return {"agent": _("agent"), "nightly": _("nightly pass"), "tray": _("tray")}[job.name]


def _line(job: Job) -> str:
    if not job.installed:
        return _("not registered")
    parts = [_("starts by itself") if job.enabled else _("switched off")]
    if job.at and job.enabled:
        parts = [fill(_("every day at {time}"), {"time": job.at})]
    if job.running:
        parts.append(fill(_("running (process {pid})"), {"pid": str(job.pid)}) if job.pid else _("running"))
    return f"{', '.join(parts)}: {job.where}"


def _job(job: Job) -> dict[str, Any]:
    return {
        "installed": job.installed,
        "enabled": job.enabled,
        "running": job.running,
        "pid": job.pid,
        "at": job.at,
        "command": list(job.command),
        "where": job.where,
        "trouble": job.trouble or None,
    }


def _finding(one: Mismatch) -> dict[str, Any]:
    text, step = checkup.finding(one.code, {"found": one.found, "expected": one.expected})
    return {"code": one.code, "args": {"found": one.found, "expected": one.expected}, "text": text, "next_step": step}


def _data(where: Places) -> list[str]:
    """The folders of the user's data that exist, each once."""
    folders = dict.fromkeys((where.config_dir, where.data_dir, where.cache_dir, where.log_dir))
    outer = [one for one in folders if not any(one != other and one.is_relative_to(other) for other in folders)]
    return [str(one) for one in outer if one.exists()]
