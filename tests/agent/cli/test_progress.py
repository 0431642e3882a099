"""How a request ends: its exit code, its document, and what a person is told."""

import pytest
from msgspec.structs import replace

from agent.cli.failure import DONE, HELD, SIGNED_OUT, SOME_FAILED
from agent.cli.progress import Outcome, only_held, signed_out
from agent.protocol.types import Agent, Backup, FileRow, GroupRow, Hold, Problem, Snapshot

QUIET = Snapshot(1, Agent("0.1.0", 1, 0, "running"), Backup("safe", enabled=True))
FAILED_FILE = FileRow(1, "/p/a.jpg", "a.jpg", "failed", 3, 0, "still", "empty")


def group(*, completed: int = 0, failed: int = 0, held: int = 0, left: int = 0, **more: bool) -> GroupRow:
    finished = more.get("finished", left == 0)
    total = completed + failed + left
    return GroupRow(
        7,
        "backup",
        scanning=more.get("scanning", False),
        total=total,
        completed=completed,
        failed=failed,
        outstanding=left,
        held=held,
        bytes_total=10 * total,
        bytes_done=10 * completed,
        finished=finished,
        cancelled=more.get("cancelled", False),
    )


def waiting(*holds: Hold, problems: tuple[Problem, ...] = ()) -> Snapshot:
    return Snapshot(1, QUIET.agent, QUIET.backup, holds=holds, problems=problems)


ENDS = (
    (group(completed=3), QUIET, DONE),
    (group(), QUIET, DONE),
    (group(completed=2, failed=1), QUIET, SOME_FAILED),
    (group(completed=2, cancelled=True), QUIET, SOME_FAILED),
    (group(completed=2, left=1, held=1), waiting(Hold("paused")), HELD),
    (group(completed=2, left=1, held=1), waiting(Hold("blocked", "a", None, {"problem": "server_unreachable"})), HELD),
    (group(left=1, held=1), waiting(Hold("blocked", "a", None, {"problem": "signed_out"})), SIGNED_OUT),
    (group(left=1, held=1), waiting(problems=(Problem("signed_out", "error", 1, blocks="a"),)), SIGNED_OUT),
    (group(failed=1, left=1, held=1), waiting(Hold("paused")), SOME_FAILED),
)


@pytest.mark.parametrize(("row", "snapshot", "exit_code"), ENDS)
def test_a_request_ends_with_its_exit_code(row: GroupRow, snapshot: Snapshot, exit_code: int) -> None:
    assert Outcome(row, snapshot, []).exit_code == exit_code
    assert Outcome(row, snapshot, []).document()["exit_code"] == exit_code


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (group(left=2, held=2), True),
        (group(left=2, held=1), False),
        (group(left=2, held=2, scanning=True), False),
        (group(completed=2), False),
        (group(scanning=True, finished=False), False),
    ],
)
def test_only_held_work_is_left_when_nothing_else_can_come(row: GroupRow, verdict: bool) -> None:
    assert only_held(row) is verdict


def test_a_problem_that_blocks_nothing_is_no_sign_in() -> None:
    assert not signed_out(waiting(problems=(Problem("signed_out", "error", 1),)))


def test_failed_files_are_listed_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    Outcome(group(completed=2, failed=1), QUIET, [FAILED_FILE]).tell()
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "One file could not be backed up:\n  /p/a.jpg: The file is empty. It is taken as soon as it has content.\n"
    )


def test_a_long_list_of_failed_files_is_cut_and_says_where_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    Outcome(group(failed=200), QUIET, [FAILED_FILE] * 200).tell()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 52
    assert "library list --state failed" in lines[-1]


def test_what_is_held_names_each_hold_once(capsys: pytest.CaptureFixture[str]) -> None:
    Outcome(group(left=3, held=3), waiting(Hold("charging", "a"), Hold("charging", "b")), []).tell()
    assert capsys.readouterr().err == "3 copies wait:\n  Waiting for the charger.\n"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (group(), "Nothing to do: all of it is safe already.\n"),
        (group(completed=1), "One copy made.\n"),
        (group(completed=4), "4 copies made or found in place.\n"),
    ],
)
def test_what_is_done_is_said_on_stdout(row: GroupRow, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Outcome(row, QUIET, []).tell()
    assert capsys.readouterr() == (said, "")


def test_a_cancelled_request_says_that_nothing_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    Outcome(group(completed=1, cancelled=True), QUIET, []).tell()
    assert capsys.readouterr().err == "Cancelled. The files stay in the queue.\n"


def test_a_request_that_could_not_look_through_the_folders_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    called_off = replace(group(cancelled=True), reason="bug(detail='KeyError')")
    Outcome(called_off, QUIET, []).tell()
    assert capsys.readouterr().err == (
        "The folders could not be looked through to the end:\n"
        "  Something unexpected happened; the log tells what. Retry, or report it.\n"
    )
