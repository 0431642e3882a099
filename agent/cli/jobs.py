"""`jobs`: the queue, for whoever looks closer, and for scripts that enqueue; main thread."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import typer

from agent import words
from agent.cli.arguments import json_argument
from agent.cli.failure import DONE, SOME_FAILED
from agent.cli.follow import Follower
from agent.cli.output import console, print_facts, print_json, print_table, say
from agent.cli.session import Session, new_group, session_of
from agent.protocol.history import Retried, RunRow, RunRows, RunsList
from agent.protocol.methods import JobEnqueue, JobId, JobPrioritise, JobRef, JobRows, JobsList
from agent.protocol.types import JobRow
from agent.protocol.wire import as_json, to_plain
from agent.words.catalogue import _, fill, ngettext

Status = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
_ENDED = {"COMPLETED", "FAILED", "CANCELLED"}
_WATCHED = 20
_TICK_S = 2.0
_ID = typer.Argument(..., metavar="ID")
#: Lets a negative number be a value and no option.
_NEGATIVE = {"ignore_unknown_options": True}


def group() -> typer.Typer:
    """The commands of this module."""
    root = new_group(_("The queue of jobs."))
    root.command("list", help=_("List jobs, newest first."))(_list)
    root.command("show", help=_("Show one job."))(_show)
    root.command("runs", help=_("List the runs that are over, newest first."))(_runs)
    root.command("watch", help=_("Follow the queue, or one job until it ends."))(_watch)
    root.command("retry", help=_("Put a failed job back into the queue."))(_retry)
    root.command("retry-failed", help=_("Put every failed job back into the queue."))(_retry_failed)
    root.command("cancel", help=_("End a job that has not finished."))(_cancel)
    root.command("prioritise", help=_("Change how urgent a job is."), context_settings=_NEGATIVE)(_prioritise)
    root.command("enqueue", help=_("Add a job for a registered handler."))(_enqueue)
    return root


def _list(
    context: typer.Context,
    *,
    status: Annotated[Status | None, typer.Option("--status", case_sensitive=False, help=_("Only these."))] = None,
    limit: int = typer.Option(100, "--limit", min=1, metavar="N", help=_("At most so many.")),
) -> None:
    session = session_of(context)
    rows = list(_rows(session, status, limit))
    if session.json:
        print_json({"jobs": to_plain(rows)})
    elif not rows:
        say(_("No such jobs."))
    else:
        _print(rows)


def _runs(
    context: typer.Context,
    *,
    limit: int = typer.Option(20, "--limit", min=1, max=500, metavar="N", help=_("At most so many.")),
) -> None:
    session = session_of(context)
    found: RunRows = session.call("runs.list", RunsList(limit=limit))
    if session.json:
        print_json({"runs": to_plain(found.rows)})
    elif not found.rows:
        say(_("Nothing was backed up yet."))
    else:
        heads = (_("When"), _("It took"), _("Files"), _("Size"), _("Failed"))
        print_table(heads, [_run_line(run) for run in found.rows], right=(2, 3, 4))


def _run_line(run: RunRow) -> tuple[str, ...]:
    took = words.duration_s((run.ended_at - run.started_at) / 1_000)
    numbers = words.number(run.completed), words.size(run.bytes), words.number(run.failed)
    return words.date_time(run.started_at), took, *numbers


def _rows(session: Session, status: Status | None, limit: int) -> Iterator[JobRow]:
    with session.connected() as client:
        before: int | None = None
        while limit > 0:
            page: JobRows = client.call("jobs.list", JobsList(status, before, min(limit, 100)))
            yield from page.rows
            limit -= len(page.rows)
            before = page.next
            if before is None:
                return


def _print(rows: list[JobRow]) -> None:
    heads = (_("ID"), _("Job"), _("State"), _("Tries"), _("Priority"), _("Changed"), _("Last error"))
    print_table(heads, [_line(row) for row in rows], right=(0, 3, 4), folding=(6,))


def _line(row: JobRow) -> tuple[str, ...]:
    state = f"{row.status} {row.progress} %" if row.status == "RUNNING" and row.progress else row.status
    attempts = f"{row.attempts}/{row.max_attempts}"
    changed = row.updated_at.replace("T", " ")[:19]
    return (
        str(row.id),
        row.job_key,
        state,
        attempts,
        str(row.priority),
        changed,
        words.last_error(row.last_error, is_over=row.status == "FAILED"),
    )


def _show(context: typer.Context, job_id: int = _ID) -> None:
    session = session_of(context)
    row: JobRow = session.call("jobs.show", JobRef(job_id))
    if session.json:
        print_json(row)
    else:
        _print_one(row)


def _print_one(row: JobRow) -> None:
    print_facts((name, _shown(value)) for name, value in to_plain(row).items() if value is not None)


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    return as_json(value).decode() if isinstance(value, dict) else str(value)


def _watch(context: typer.Context, job_id: int | None = typer.Argument(None, metavar="[ID]")) -> int:
    session = session_of(context)
    with Follower(session.home) as follower:
        if job_id is not None:
            last = None
            while True:
                row: JobRow = follower.call("jobs.show", JobRef(job_id))
                if row != last:
                    _tell_one(session, row)
                    last = row
                if row.status in _ENDED:
                    return DONE if row.status == "COMPLETED" else SOME_FAILED
                follower.wait(_TICK_S)
        revision = -1
        while True:
            if follower.snapshot.jobs.revision != revision:
                revision = follower.snapshot.jobs.revision
                page: JobRows = follower.call("jobs.list", JobsList(None, None, _WATCHED))
                _tell_all(session, list(page.rows))
            follower.wait(60)


def _tell_one(session: Session, row: JobRow) -> None:
    if session.json:
        print_json(row)
    else:
        say("  ".join(part for part in _line(row) if part))


def _tell_all(session: Session, rows: list[JobRow]) -> None:
    if session.json:
        print_json({"jobs": to_plain(rows)})
        return
    if sys.stdout.isatty():
        console().clear()
    _print(rows)


def _retry(context: typer.Context, job_id: int = _ID) -> None:
    session = session_of(context)
    session.call("jobs.retry", JobRef(job_id))
    session.answer({"id": job_id, "retried": True}, fill(_("Job {id} is back in the queue."), {"id": str(job_id)}))


def _retry_failed(context: typer.Context) -> None:
    session = session_of(context)
    done: Retried = session.call("jobs.retry_failed")
    said = ngettext("One job is back in the queue.", "{count} jobs are back in the queue.", done.jobs)
    session.answer(to_plain(done), fill(said, {"count": done.jobs}) if done.jobs else _("No job has failed."))


def _cancel(context: typer.Context, job_id: int = _ID) -> None:
    session = session_of(context)
    session.call("jobs.cancel", JobRef(job_id))
    session.answer({"id": job_id, "cancelled": True}, fill(_("Job {id} is cancelled."), {"id": str(job_id)}))


def _prioritise(
    context: typer.Context,
    job_id: int = _ID,
    priority: int = typer.Argument(..., metavar="N", min=-1_000_000, max=1_000_000, help=_("Higher is more urgent.")),
) -> None:
    session = session_of(context)
    session.call("jobs.prioritise", JobPrioritise(job_id, priority))
    said = fill(_("Job {id} has priority {priority} now."), {"id": str(job_id), "priority": str(priority)})
    session.answer({"id": job_id, "priority": priority}, said)


def _enqueue(
    context: typer.Context,
    key: str = typer.Argument(..., metavar="KEY"),
    payload: str = typer.Option("null", "--payload", metavar="JSON", help=_("What the handler gets.")),
    priority: int = typer.Option(0, "--priority", metavar="N", min=-1_000_000, max=1_000_000),
    max_attempts: int = typer.Option(3, "--max-attempts", metavar="N", min=1, max=100),
) -> None:
    session = session_of(context)
    made: JobId = session.call("jobs.enqueue", JobEnqueue(key, json_argument(payload), priority, max_attempts))
    session.answer({"id": made.id}, fill(_("Job {id} is in the queue."), {"id": str(made.id)}))
