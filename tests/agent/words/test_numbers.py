"""Numbers as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from agent import words

DAY_S = 86_400


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (3_200_000, "3.2 MB"),
        (48_211_034, "48.2 MB"),
        (999_960, "1.0 MB"),
        (812_000_000, "812 MB"),
        (1_300_000_000_000, "1.3 TB"),
        (10**18, "1,000 PB"),
    ],
)
def test_sizes_are_decimal(count: int, said: str) -> None:
    assert words.size(count) == said


def test_rates_are_sizes_by_the_second() -> None:
    assert words.rate(3_200_000) == "3.2 MB/s"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (45.4, "45 seconds"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (5_400, "1 hour 30 minutes"),
        (7_200, "2 hours"),
        (DAY_S + 3_600, "1 day 1 hour"),
        (2 * DAY_S + 59, "2 days"),
        (-5, "0 seconds"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, said: str) -> None:
    assert words.duration_s(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3, "a few seconds left"),
        (45, "less than a minute left"),
        (70, "about 1 minute left"),
        (240, "about 4 minutes left"),
        (7_300, "about 2 hours left"),
        (5 * DAY_S, "about 5 days left"),
    ],
)
def test_the_time_left_is_no_more_exact_than_it_can_be(seconds: float, said: str) -> None:
    assert words.time_left(seconds) == said


def test_times_are_told_as_one_says_them() -> None:
    berlin = timezone(timedelta(hours=1))
    now_at = round(datetime(2026, 11, 22, 17, 30, tzinfo=berlin).timestamp() * 1_000)
    eight = datetime(2026, 11, 22, 8, 0, tzinfo=berlin)

    def at(days: int) -> int:
        return round((eight + timedelta(days=days)).timestamp() * 1_000)

    assert words.clock_time(at(0), berlin) == "08:00"
    assert words.clock_time(at(0), UTC) == "07:00"
    assert words.moment(at(0), now_at, berlin) == "08:00"
    assert words.moment(at(1), now_at, berlin) == "08:00 tomorrow"
    assert words.moment(at(-1), now_at, berlin) == "08:00 yesterday"
    assert words.moment(at(9), now_at, berlin) == "2026-12-01 08:00"
    assert words.moment(at(9), None, berlin) == "08:00"


def test_large_numbers_are_grouped() -> None:
    assert words.number(12_431) == "12,431"
    assert words.number(1.25) == "1.2"


@pytest.mark.parametrize(
    ("language", "camera", "tomorrow"),
    [("de", "03.08.2024 17:10", "08:00 tomorrow"), ("en_US", "8/3/2024 5:10 PM", "8:00 AM tomorrow")],
)
def test_times_follow_the_region(language: str, camera: str, tomorrow: str) -> None:
    now_at = round(datetime(2026, 11, 22, 17, 30, tzinfo=UTC).timestamp() * 1_000)
    eight_at = round(datetime(2026, 11, 23, 8, 0, tzinfo=UTC).timestamp() * 1_000)
    words.use(language)
    assert words.wall_time("2024-08-03T17:10:11") == camera
    assert words.moment(eight_at, now_at, UTC) == tomorrow
    words.use(None)


def test_the_time_of_a_camera_is_shown_as_it_was_there() -> None:
    assert words.wall_time("2024-08-03T17:10:11") == "2024-08-03 17:10"
    assert words.wall_time("some day") == "some day"
