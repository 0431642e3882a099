"""How a country writes numbers, days and times of day: small tables, so that no foreign package is carried for them.

The facts are those of the Unicode CLDR, which the tests compare every row with. A language that is not listed counts
as English without a country: `12,431.5`, `2026-11-22`, `08:00`. Pure; any thread.
"""

from datetime import datetime
from typing import TypeVar

from agent.record import Record

_Row = TypeVar("_Row")

_NBSP, _NARROW, _APOSTROPHE = "\u00a0", "\u202f", "\u2019"

#: thousands separator, decimal point -> languages, and countries that differ from their language.
_NUMBERS = {
    (".", ","): "ca da de el es gl hr id it nl pt ro sl sr tr vi",
    (_NBSP, ","): "bg cs et fi hu lt lv nb pl ru sk sv uk fr_CA pt_PT",
    (_NARROW, ","): "fr",
    (_APOSTROPHE, "."): "de_CH de_LI it_CH",
    (",", "."): "en ja ko zh es_MX es_US es_GT es_PA es_PE",
}
#: Where four digits stand together: `1234`, but `12.345`.
_FOUR_TOGETHER = frozenset("bg ca es et lv pl pt_PT".split())
_ISO = "{y}-{m:02}-{d:02}"
#: day, month, year in their order -> languages and countries.
_DATES = {
    "{d:02}.{m:02}.{y}": "de et fr_CH lv nb pl ro ru tr uk",
    "{d}.{m}.{y}": "fi",
    "{d:02}/{m:02}/{y}": "el en_GB en_IE en_AU en_NZ en_IN es fr it pt vi",
    "{d:02}-{m:02}-{y}": "nl",
    "{m}/{d}/{y}": "en_US en_PH",
    "{y}/{m}/{d}": "zh",
    "{y}/{m:02}/{d:02}": "ja en_ZA",
    _ISO: "sv en_CA fr_CA",
}
#: Where people write `8:00 AM`.
_TWELVE_HOURS = {"AM PM": "en_US en_CA en_PH", "am pm": "en_AU en_IN en_NZ"}


class Region(Record, frozen=True):
    """One way of writing numbers and one of writing times; the two may come from different countries."""

    thousands: str = ","
    point: str = "."
    #: The smallest whole number that is grouped.
    grouped_from: int = 1_000
    date: str = _ISO
    #: What stands behind the hours before and after noon; none where the day has 24.
    halves: tuple[str, ...] = ()

    def number(self, value: float) -> str:
        """12431 as `12,431`; a fraction keeps one digit."""
        text = f"{value:,d}" if isinstance(value, int) else f"{value:,.1f}"
        thousands = self.thousands if abs(value) >= self.grouped_from else ""
        return text.translate({ord(","): thousands, ord("."): self.point})

    def day(self, when: datetime) -> str:
        """`2026-11-22`, in the country's order."""
        return self.date.format(d=when.day, m=when.month, y=when.year)

    def clock(self, when: datetime) -> str:
        """`08:00`, or `8:00 AM`."""
        if self.halves:
            return f"{when.hour % 12 or 12}:{when.minute:02} {self.halves[when.hour // 12]}"
        return f"{when.hour:02}:{when.minute:02}"


def region(numbers: str, times: str | None = None) -> Region:
    """The ways of two countries, as `de_AT` or `de`; `times` None: the same as for numbers."""
    times = numbers if times is None else times
    thousands, point = _find(_NUMBERS, numbers) or (",", ".")
    together = any(name in _FOUR_TOGETHER for name in _names(numbers)) and thousands != ","
    halves = _find(_TWELVE_HOURS, times)
    return Region(
        thousands=thousands,
        point=point,
        grouped_from=10_000 if together else 1_000,
        date=_find(_DATES, times) or _ISO,
        halves=tuple(halves.split()) if halves else (),
    )


def _names(tag: str) -> tuple[str, ...]:
    """The country first, then the language alone."""
    return (tag, tag.partition("_")[0])


def _find(table: dict[_Row, str], tag: str) -> _Row | None:
    for name in _names(tag):
        for row, names in table.items():
            if name in names.split():
                return row
    return None
