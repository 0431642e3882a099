"""`sync`, `verify`, `library restore` and `library accept`: what is asked about copies at servers; main thread."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from agent import words
from agent.cli.arguments import path_argument
from agent.cli.failure import DONE, HELD, SOME_FAILED, USAGE, Failure, exit_for
from agent.cli.follow import Follower
from agent.cli.output import complain, print_json, say
from agent.cli.progress import follow_group
from agent.cli.session import Session, session_of
from agent.protocol.methods import JobRef
from agent.protocol.server import Accepted, JobIds, Paths, PutBack, SyncStart
from agent.protocol.types import Args, JobRow, Problem
from agent.protocol.wire import as_json, to_plain
from agent.words.catalogue import _, fill, ngettext

_TICK_S = 0.3
#: A lane that is shut says so within a moment; a job that waits longer than this is held.
_HELD_LOOKS = 10
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_PATHS = typer.Argument(metavar="[PATH]...", help=_("Files or folders."))


def register(root: typer.Typer) -> None:
    """Add `sync` and `verify`."""
    root.command("sync", help=_("Fetch the changes of your servers now."))(_sync)
    root.command("verify", help=_("Prove the backup: read the files again, and ask for exactly their bytes."))(_verify)


def register_library(root: typer.Typer) -> None:
    """Add what belongs to `library`."""
    root.command("restore", help=_("Put back at the destination what was deleted there."))(_restore)
    root.command("accept", help=_("Say that missing copies were deleted on purpose (no PATH: all)."))(_accept)


def _sync(
    context: typer.Context,
    destination: str = typer.Option("", "--destination", metavar="N", help=_("Only this one.")),
) -> int:
    session = session_of(context)
    started: JobIds = session.call("sync.start", SyncStart(destination or None))
    rows, problems = _follow(session, started.ids)
    code = _exit_code(rows, problems)
    if session.json:
        print_json({"jobs": to_plain(rows), "exit_code": code})
    elif not started.ids:
        complain(_("There is no server to sync with. Add one with 'safelight destination add immich'."))
    elif code == DONE:
        say(_("All changes are fetched."))
    _tell(rows, problems)
    return code


def _verify(
    context: typer.Context,
    paths: Annotated[list[str] | None, _PATHS] = None,
    *,
    report: Annotated[str, typer.Option("--report", metavar="FILE", help=_("Write the statement there, too."))] = "",
) -> int:
    session = session_of(context)
    wired = tuple(path_argument(path) for path in paths or ())
    if report and Path(report).is_dir():
        raise Failure(USAGE, "not_a_file", fill(_("{path} is a folder. Name a file."), {"path": report}))
    started: JobIds = session.call("verify.start", Paths(wired))
    rows, problems = _follow(session, started.ids)
    results: list[dict[str, Any]] = [row.result for row in rows if row.result]
    result = results[0] if results else {}
    bad = sum(int(result.get(name, 0)) for name in ("rotten", "lost", "unreadable"))
    code = _exit_code(rows, problems)
    code = SOME_FAILED if code == DONE and bad else code
    text = _statement(result)
    if report:
        shown = as_json(result) if report.endswith(".json") else text.encode()
        try:
            Path(report).write_bytes(shown + b"\n")
        except OSError as error:
            args: Args = {"path": report, "detail": error.strerror or ""}
            raise Failure(USAGE, "out_unwritable", words.mistake("file_unwritable", args)) from None
    if session.json:
        print_json({**result, "exit_code": code})
    else:
        say(text)
    _tell(rows, problems)
    return code


def _statement(result: dict[str, Any]) -> str:
    """The dated proof for a person."""
    counts = ("whole", "in_trash", "unsafe", "lost", "rotten", "unreadable")
    lines = [
        words.date_time(int(result.get("ended_at", 0))),
        words.proof(int(result.get("files", 0)), int(result.get("whole", 0))),
        *(f"  {words.verdict(one)}: {words.number(int(result[one]))}" for one in counts if result.get(one)),
    ]
    lines += [
        f"  {words.display_path(str(one['path']))}: {words.verdict(str(one['verdict']))}"
        for one in result.get("found", ())
    ]
    if result.get("unreachable"):
        lines.append(_("Not every destination could be asked; the proof is to be repeated when they are there."))
    return "\n".join(lines)


def _restore(
    context: typer.Context,
    paths: Annotated[list[str], _PATHS],
    *,
    wait: bool = typer.Option(False, "--wait", "-w", help=_("Wait until it is there.")),
) -> int:
    session = session_of(context)
    wired = tuple(path_argument(path, must_exist=False) for path in paths)
    done: PutBack = session.call("library.restore", Paths(wired))
    number = done.from_trash + done.again
    if not session.json:
        if number:
            said = ngettext("One file is put back.", "{count} files are put back.", number)
            say(fill(said, {"count": number}))
        else:
            say(_("There is nothing to put back."))
    outcome = follow_group(session, done.group_id, wired) if wait and number and done.group_id is not None else None
    if session.json:
        print_json({**to_plain(done), **({"outcome": outcome.document()} if outcome else {})})
    elif outcome is not None and outcome.exit_code != DONE:
        outcome.tell()
    return outcome.exit_code if outcome else DONE


def _accept(context: typer.Context, paths: Annotated[list[str] | None, _PATHS] = None) -> None:
    session = session_of(context)
    wired = tuple(path_argument(path, must_exist=False) for path in paths or ())
    done: Accepted = session.call("library.accept", Paths(wired))
    said = ngettext(
        "One missing copy counts as deleted now.", "{count} missing copies count as deleted now.", done.files
    )
    session.answer(to_plain(done), fill(said, {"count": done.files}) if done.files else _("No copy is missing."))


def _follow(session: Session, ids: tuple[int, ...]) -> tuple[list[JobRow], list[Problem]]:
    """The jobs when they have ended, or wait for something; and the problems that their destinations have."""
    if not ids:
        return [], []
    with Follower(session.home) as follower:
        looks = 0
        while True:
            rows: list[JobRow] = [follower.call("jobs.show", JobRef(one)) for one in ids]
            left = [row for row in rows if row.status not in _ENDED]
            lanes = {row.lane for row in left}
            problems = [one for one in follower.snapshot.problems if one.blocks in lanes]
            waits = left and all(row.status == "PENDING" and row.lane != "local" for row in left)
            looks = looks + 1 if waits else 0
            if not left or (waits and len({one.blocks for one in problems}) == len(lanes)) or looks >= _HELD_LOOKS:
                return rows, problems
            follower.wait(_TICK_S)
            time.sleep(0)


def _exit_code(rows: list[JobRow], problems: list[Problem]) -> int:
    if any(row.status in ("FAILED", "CANCELLED") for row in rows):
        return SOME_FAILED
    if problems:
        code = exit_for(problems[0].code)
        return SOME_FAILED if code == USAGE else code
    return HELD if any(row.status not in _ENDED for row in rows) else DONE


def _tell(rows: list[JobRow], problems: list[Problem]) -> None:
    for row in rows:
        if row.status == "FAILED" or (row.status not in _ENDED and row.last_error):  # it will be tried again
            complain(words.last_error(row.last_error, is_over=row.status == "FAILED"))
    for one in problems:
        complain(words.sentences(*words.problem(one)))
