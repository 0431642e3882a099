"""Numbers and dates as countries write them, held against the Unicode CLDR that babel carries."""

import re
from datetime import UTC, datetime

import pytest
from babel.dates import get_date_format, get_time_format
from babel.numbers import format_decimal

from agent.words import region as regions
from agent.words.region import Region, region

EVENING = datetime(2026, 1, 5, 20, 4, tzinfo=UTC)
MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def listed(*tables: dict[str, str] | dict[tuple[str, str], str]) -> list[str]:
    return sorted({name for table in tables for names in table.values() for name in names.split()})


@pytest.mark.parametrize("tag", listed(regions._NUMBERS))
@pytest.mark.parametrize("value", [999, 1_234, 12_431, 1_234_567, 0.5, 2_345.5])
def test_numbers_are_written_as_the_cldr_says(tag: str, value: float) -> None:
    shown = region(tag).number(value)
    if tag in regions._FOUR_TOGETHER and 1_000 <= value < 10_000:  # known to the CLDR, but not to babel
        assert shown == str(value).replace(".", region(tag).point)
        return
    assert shown == format_decimal(value, "#,##0" if isinstance(value, int) else "#,##0.0", locale=tag)


def order(pattern: str) -> list[str]:
    """Day, month and year as they follow each other, and what stands between the first two."""
    return [letter for letter in re.sub(r"[^dmy]", "", pattern.lower()) if letter]


@pytest.mark.parametrize("tag", [*listed(regions._DATES), "sv", "en_CA", "fr_CA", "de_AT", "es_MX"])
def test_days_are_written_in_the_order_that_the_cldr_says(tag: str) -> None:
    wanted = get_date_format("short", locale=tag).pattern
    ours = re.sub(r":02", "", region(tag).date)
    assert list(dict.fromkeys(order(ours))) == list(dict.fromkeys(order(wanted)))
    if tag != "fr_CA":  # which writes its years with two digits otherwise than with four
        assert re.findall(r"[./-]", ours)[:1] == re.findall(r"[./-]", wanted)[:1]


@pytest.mark.parametrize("tag", ["de", "en", "en_GB", "es", "fr", "zh_CN", *listed(regions._TWELVE_HOURS)])
def test_the_hours_are_counted_as_the_cldr_says(tag: str) -> None:
    has_halves = "a" in get_time_format("short", locale=tag).pattern
    assert bool(region(tag).halves) == (has_halves and tag != "en")  # English of nowhere counts to 24, as `date` does


def test_what_is_not_known_is_written_plainly() -> None:
    plain = region("")
    assert (plain, region("tlh")) == (Region(), Region())
    assert plain.number(12_431) == "12,431"
    assert plain.number(-1_234.56) == "-1,234.6"
    assert (plain.day(EVENING), plain.clock(EVENING), plain.clock(MORNING)) == ("2026-01-05", "20:04", "08:00")


@pytest.mark.parametrize(
    ("tag", "day", "clock"),
    [
        ("de_DE", "05.01.2026", "20:04"),
        ("fr_FR", "05/01/2026", "20:04"),
        ("es_ES", "05/01/2026", "20:04"),
        ("zh_CN", "2026/1/5", "20:04"),
        ("en_US", "1/5/2026", "8:04 PM"),
        ("en_GB", "05/01/2026", "20:04"),
        ("en_AU", "05/01/2026", "8:04 pm"),
    ],
)
def test_days_and_times_as_one_reads_them(tag: str, day: str, clock: str) -> None:
    assert (region(tag).day(EVENING), region(tag).clock(EVENING)) == (day, clock)


def test_noon_and_midnight_are_twelve() -> None:
    american = region("en_US")
    assert american.clock(EVENING.replace(hour=0)) == "12:04 AM"
    assert american.clock(EVENING.replace(hour=12)) == "12:04 PM"


def test_numbers_and_times_may_come_from_two_countries() -> None:
    mixed = region("de_DE", "en_US")
    assert (mixed.number(1_234.5), mixed.day(EVENING)) == ("1.234,5", "1/5/2026")
