"""`enable`, `disable`, `pause`, `resume`, `backup`: when copies are made; main thread."""

from typing import Annotated

import typer

from agent import words
from agent.cli.arguments import path_argument
from agent.cli.failure import DONE, USAGE, Failure
from agent.cli.output import complain, print_json
from agent.cli.progress import Outcome, follow_group
from agent.cli.session import Session, now_at, session_of
from agent.cli.when import duration_s, until_at
from agent.protocol.methods import BackupStart, GroupId, Pause
from agent.protocol.types import Snapshot
from agent.words.catalogue import _, fill


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command("enable", help=_("Turn background backup on."))(_enable)
    root.command("disable", help=_("Turn background backup off and stop what runs."))(_disable)
    root.command("pause", help=_("Stand still for a while, or until resumed."))(_pause)
    root.command("resume", help=_("End the pause."))(_resume)
    root.command("backup", help=_("Back up now: everything, or these paths."))(_backup)


def _enable(context: typer.Context) -> None:
    session = session_of(context)
    session.call("backup.enable")
    session.answer({"enabled": True}, _("Backup is on: new photos and videos are backed up by themselves."))
    if not session.json:
        snapshot: Snapshot = session.call("state.get")
        lacking = [("no_folder", snapshot.folders), ("no_destination", snapshot.destinations)]
        for code, present in lacking:
            if not present:
                complain(words.sentences(*words.problem_text(code, {})))


def _disable(context: typer.Context) -> None:
    session = session_of(context)
    session.call("backup.disable")
    session.answer({"enabled": False}, _("Backup is off. 'safelight backup' still backs up once."))


def _pause(
    context: typer.Context,
    span: str = typer.Option("", "--for", metavar="2h", help=_("For so long, like 30m or 1h30m.")),
    until: str = typer.Option("", "--until", metavar="08:00", help=_("Until a time, 'tomorrow' (08:00) or a date.")),
) -> None:
    session = session_of(context)
    if span and until:
        raise Failure(USAGE, "usage", _("Give either --for or --until, not both."))
    now = now_at()
    end_at = now + duration_s(span) * 1_000 if span else until_at(until, now) if until else None
    session.call("backup.pause", Pause(end_at))
    if end_at is None:
        said = _("Paused until you resume.")
    else:
        said = fill(_("Paused until {until}."), {"until": words.moment(end_at, now)})
    session.answer({"paused": True, "paused_until": end_at}, said)


def _resume(context: typer.Context) -> None:
    session = session_of(context)
    session.call("backup.resume")
    session.answer({"paused": False, "paused_until": None}, _("The pause is over."))


def _backup(
    context: typer.Context,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help=_("Files or folders; none: all that is watched."))
    ] = None,
    *,
    wait: bool = typer.Option(False, "--wait", "-w", help=_("Show progress until nothing is left.")),
    anyway: bool = typer.Option(False, "--anyway", help=_("Past pause and conditions, this once.")),
    cancel: bool = typer.Option(False, "--cancel", help=_("Stop every 'back up now'; nothing is lost.")),
) -> int:
    session = session_of(context)
    if cancel:
        if paths or wait or anyway:
            raise Failure(USAGE, "usage", _("--cancel stands alone."))
        session.call("backup.cancel")
        session.answer({"cancelled": True}, _("Cancelled. The files stay in the queue."))
        return DONE
    wired = tuple(path_argument(path) for path in paths or ())
    group: GroupId = session.call("backup.start", BackupStart(wired, anyway))
    if not wait:
        session.answer({"group_id": group.group_id}, _("The backup has begun. 'safelight status --watch' shows it."))
        return DONE
    return _ended(session, follow_group(session, group.group_id, wired))


def _ended(session: Session, outcome: Outcome) -> int:
    if session.json:
        print_json(outcome.document())
    else:
        outcome.tell()
    return outcome.exit_code
