"""Why a file is not at a destination, in words: the nearest reason, and what happens next."""

import pytest

from agent import words
from agent.protocol.types import Agent, Backup, FileDetail, FileRow, Hold, Outstanding, Problem, Snapshot

FILE = FileRow(1, "/photos/a.jpg", "a.jpg", "queued", 1, 1, "still")
DETAIL = FileDetail(FILE, "/photos", None)
NOW_AT = 1_795_360_720_000
WAITING = Outstanding("nas", "NAS", "queued", run_after=NOW_AT - 1)
TRIED = Outstanding("nas", "NAS", "queued", run_after=NOW_AT + 60_000, attempts=1, last_error="server_busy()")
FAILED = Outstanding("nas", "NAS", "failed", "too_large", {"size_bytes": 5})
METERED = Hold("unmetered_network")
ELSEWHERE = Hold("charging", "other")
GONE = Problem("folder_missing", "warning", 1, {"path": "/photos"})
FULL = Problem("destination_full", "error", 1, {"destination": "NAS"}, blocks="nas")
NOT_OURS = Problem("destination_full", "error", 1, {"destination": "Other"}, blocks="other")


def _shown(holds: tuple[Hold, ...] = (), problems: tuple[Problem, ...] = ()) -> Snapshot:
    return Snapshot(1, Agent("1", 1, 1, "running"), Backup("waiting", enabled=True), holds=holds, problems=problems)


@pytest.mark.parametrize(
    ("one", "snapshot", "said"),
    [
        (WAITING, _shown((ELSEWHERE, METERED), (NOT_OURS,)), words.hold(METERED)),
        (WAITING, _shown((METERED,), (GONE,)), words.sentences(*words.problem(GONE))),
        (WAITING, _shown((METERED,), (FULL,)), words.sentences(*words.problem(FULL))),
        (WAITING, _shown((ELSEWHERE,), (NOT_OURS,)), "Its turn comes as soon as those before it are done."),
        (WAITING, None, "Its turn comes as soon as those before it are done."),
        (FAILED, _shown((METERED,)), words.reason("too_large", {"size_bytes": 5})),
        (Outstanding("nas", "NAS", "uploading"), _shown((METERED,)), ""),
    ],
)
def test_the_nearest_reason_is_told(one: Outstanding, snapshot: Snapshot | None, said: str) -> None:
    assert words.why_outstanding(one, DETAIL, snapshot, NOW_AT) == said


def test_what_is_tried_again_says_what_went_wrong_and_when() -> None:
    said = words.why_outstanding(TRIED, DETAIL, _shown(), NOW_AT)
    assert said.startswith(words.last_error(TRIED.last_error, is_over=False))
    assert said.endswith(f"It is its turn at {words.moment(TRIED.run_after or 0, NOW_AT)}.")


def test_the_destination_is_named() -> None:
    assert words.outstanding(WAITING, DETAIL, None, NOW_AT).startswith(f"NAS: {words.state('queued')}. ")
