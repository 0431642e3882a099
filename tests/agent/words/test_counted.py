"""One and many: what is wrong is told in the number that it has."""

import pytest

from agent import words
from agent.protocol.types import Args
from agent.words.checkup import finding


@pytest.mark.parametrize(
    ("code", "args", "said"),
    [
        ("files_failed", {"count": 1}, "One file could not be uploaded."),
        ("files_failed", {"count": 2}, "2 files could not be uploaded."),
        ("files_failed", {}, "Some files could not be uploaded."),
        ("bit_rot", {"count": 1, "path": "/p/a.jpg"}, "The file /p/a.jpg holds other bytes than were copied"),
        ("bit_rot", {"count": 1_200, "path": "/p/a.jpg"}, "1,200 files hold other bytes than were copied"),
    ],
)
def test_a_problem_is_counted(code: str, args: Args, said: str) -> None:
    text, step = words.problem_text(code, args)
    assert text.startswith(said)
    assert step


@pytest.mark.parametrize(("days", "said"), [(1, "expires in 1 day."), (0, "expires in 0 days."), (9, "in 9 days.")])
def test_days_are_counted(days: int, said: str) -> None:
    assert finding("certificate_expires", {"address": "photos.example.org", "days": days})[0].endswith(said)
