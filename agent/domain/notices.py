"""What deserves a notice, as pure decisions over what is known.

A notice is a structure; `agent.words` makes title and content of it, and the tray shows it. Progress is updated in
place (one id for each kind); an error is told once its grace is used up, and again only after it had healed.
"""

from collections.abc import Sequence

from agent.domain.problems import kind_of
from agent.protocol.settings import Values
from agent.protocol.types import Args, Notice, Problem, Run, Transfer

TOTAL, SINGLE, DONE, FAILED = "total", "single", "done", "error"


def progress(values: Values, run: Run | None, transfers: Sequence[Transfer]) -> list[Notice]:
    """The notices about what is under way."""
    found = []
    if run is not None and values.total_progress and run.total > 1:
        args: Args = {"completed": run.completed, "total": run.total}
        found.append(Notice(TOTAL, "total", "uploading", args, progress=run.completed, max=run.total))
    if values.single_progress and transfers:
        one = transfers[0]
        found.append(
            Notice(
                SINGLE,
                "single",
                "uploading_file",
                {"path": one.path},
                progress=one.progress,
                max=100,
                indeterminate=one.size_bytes == 0,
                is_detail=True,
            )
        )
    return found


def done(values: Values, *, completed: int, ended_at: int) -> Notice | None:
    """The notice that a stretch of work is over."""
    if not values.notify_done or completed == 0:
        return None
    return Notice(id=DONE, kind="done", code="done", args={"count": completed}, raised_at=ended_at, action="library")


def errors(values: Values, problems: Sequence[Problem], failed_uploads: int, failed_since: int | None) -> list[Notice]:
    """The notices about what went wrong: failed uploads beyond the grace, and problems that need a person."""
    found = [
        Notice(
            f"action:{problem.code}:{problem.blocks or ''}",
            "action",
            problem.code,
            problem.args,
            raised_at=problem.since_at,
            action="overview",
        )
        for problem in problems
        if problem.code != "files_failed" and kind_of(problem.code).must_act
    ]
    if failed_uploads > values.error_grace_uploads:
        args: Args = {"count": failed_uploads}
        found.append(Notice(FAILED, "error", "files_failed", args, raised_at=failed_since or 0, action="activity"))
    return found
