"""When the folders are compared whole after a start: soon where a person may have worked unseen, else once a day."""

import pytest

from agent.domain.clock import DAY_MS
from agent.domain.comparison import SOON_MS, UNWATCHED_MS, compared_at, first_look

NOW = 1_800_000_000_000
YESTERDAY = NOW - DAY_MS // 2


@pytest.mark.parametrize(
    ("whole_at", "left_at", "due_in_ms"),
    [
        pytest.param(YESTERDAY, NOW - 5_000, DAY_MS // 2, id="an update or a restart leaves the daily rhythm alone"),
        pytest.param(YESTERDAY, NOW - UNWATCHED_MS, DAY_MS // 2, id="ten minutes still do"),
        pytest.param(YESTERDAY, NOW - UNWATCHED_MS - 1, SOON_MS, id="after a longer time unwatched it comes soon"),
        pytest.param(YESTERDAY, NOW + 60_000, SOON_MS, id="nobody knows how long, the clock was set back: soon"),
        pytest.param(None, NOW - 5_000, SOON_MS, id="never compared whole: soon"),
        pytest.param(NOW - 2 * DAY_MS, NOW - DAY_MS, -DAY_MS, id="what was due long ago is not put off"),
        pytest.param(NOW - 2 * DAY_MS, NOW - 5_000, -DAY_MS, id="nor by a short stop"),
        pytest.param(YESTERDAY, None, DAY_MS, id="after a crash the first look is the whole one"),
    ],
)
def test_the_whole_comparison_after_a_start_is_due(whole_at: int | None, left_at: int | None, due_in_ms: int) -> None:
    assert compared_at(whole_at, left_at, NOW) + DAY_MS - NOW == due_in_ms


def test_only_a_start_after_a_clean_end_looks_quickly() -> None:
    assert first_look(NOW - 5_000) == "quick"
    assert first_look(None) == "whole"
