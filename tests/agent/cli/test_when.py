"""Durations and times as people type them, in a zone with daylight saving."""

import sys
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from agent.cli.failure import USAGE, Failure
from agent.cli.when import duration_s, until_at


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if sys.platform == "win32":
        pytest.skip("a process cannot change its zone there")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def local(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


NOW_AT = local("2026-11-22T17:30:00+01:00")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7_200), ("30m", 1_800), ("1h30m", 5_400), ("45s", 45), ("1d", 86_400), ("90min", 5_400), ("1H 5M", 3_900)],
)
def test_a_duration_is_understood(text: str, seconds: int) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "0m", "2", "2x", "-1h", "1.5h", "h", "10000d", "30m2h"])
def test_what_is_no_duration_is_wrong_usage(text: str) -> None:
    with pytest.raises(Failure) as caught:
        duration_s(text)
    assert caught.value.exit_code == USAGE


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("18:00", "2026-11-22T18:00:00+01:00"),
        ("08:00", "2026-11-23T08:00:00+01:00"),
        ("8:00", "2026-11-23T08:00:00+01:00"),
        ("17:30", "2026-11-23T17:30:00+01:00"),
        ("tomorrow", "2026-11-23T08:00:00+01:00"),
        ("2026-12-24", "2026-12-24T00:00:00+01:00"),
        ("2026-12-24 18:30", "2026-12-24T18:30:00+01:00"),
        ("2027-06-01T09:00", "2027-06-01T09:00:00+02:00"),
        ("2026-12-24T18:30:00Z", "2026-12-24T18:30:00+00:00"),
    ],
)
def test_a_time_is_the_next_one_in_local_time(text: str, then: str) -> None:
    assert until_at(text, NOW_AT) == local(then)


def test_the_morning_after_the_clocks_change_is_not_an_hour_off() -> None:
    evening_at = local("2027-03-27T22:00:00+01:00")
    assert until_at("08:00", evening_at) == local("2027-03-28T08:00:00+02:00")


@pytest.mark.parametrize("text", ["", "noon", "25:00", "08:60", "2026-13-01", "99999999-01-01"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(Failure) as caught:
        until_at(text, NOW_AT)
    assert (caught.value.exit_code, caught.value.code) == (USAGE, "bad_time")


def test_a_time_that_has_passed_is_wrong_usage() -> None:
    with pytest.raises(Failure) as caught:
        until_at("2026-11-22 17:00", NOW_AT)
    assert caught.value.code == "time_past"
