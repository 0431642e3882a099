"""Numbers for the eye: counts, sizes, rates, durations, times of day, in the language's own shape.

Pure: what time it is comes in as an argument; only the local time zone is read from the system. Sizes are decimal
(1 MB is a million bytes), as drives and servers give them. Any thread may call.
"""

from datetime import UTC, datetime, tzinfo

from agent.words.catalogue import N_, _, fill, ngettext, pgettext, region_now

_UNITS = (N_("{number} kB"), N_("{number} MB"), N_("{number} GB"), N_("{number} TB"), N_("{number} PB"))
#: Numbers that name something are not grouped.
_NAMES = frozenset({"id", "pid", "port", "status", "version"})
_MINUTE_S = 60
_HOUR_S = 3_600
_DAY_S = 86_400


def number(value: float) -> str:
    """12431 as `12,431`; a fraction keeps one digit."""
    return region_now().number(value)


def by_unit(name: str, value: float) -> str:
    """A number by the unit that its name ends with."""
    if name in _NAMES:
        return str(value)
    if name.endswith("_bytes") or name == "bytes":
        return size(int(value))
    if name.endswith("_s"):
        return duration_s(value)
    if name.endswith("_at"):
        return clock_time(int(value))
    return number(value)


def size(count: int) -> str:
    """`48.2 MB`, `1.3 GB`, `812 bytes`."""
    if count < 1_000:
        return fill(ngettext("{count} byte", "{count} bytes", count), {"count": count})
    value, unit = count / 1_000, 0
    while round(value, 1) >= 1_000 and unit < len(_UNITS) - 1:
        value /= 1_000
        unit += 1
    shown = number(value if value < 100 else round(value))
    return _(_UNITS[unit]).format(number=shown)


def rate(bytes_per_second: int) -> str:
    """`3.2 MB/s`."""
    return pgettext("rate", "{size}/s").format(size=size(bytes_per_second))


def duration_s(seconds: float) -> str:
    """A span in its two largest units: `45 seconds`, `4 minutes`, `1 hour 30 minutes`, `2 days`."""
    left = max(0, round(seconds))
    days, left = divmod(left, _DAY_S)
    hours, left = divmod(left, _HOUR_S)
    minutes, secs = divmod(left, _MINUTE_S)
    parts = []
    if days:
        parts.append(fill(ngettext("{count} day", "{count} days", days), {"count": days}))
    if hours:
        parts.append(fill(ngettext("{count} hour", "{count} hours", hours), {"count": hours}))
    if minutes and not days:
        parts.append(fill(ngettext("{count} minute", "{count} minutes", minutes), {"count": minutes}))
    if (secs and not days and not hours) or not parts:
        parts.append(fill(ngettext("{count} second", "{count} seconds", secs), {"count": secs}))
    return " ".join(parts[:2])


def time_left(seconds: float) -> str:
    """How long it still takes, no more exact than can be known."""
    if seconds < 10:
        return _("a few seconds left")
    if seconds < _MINUTE_S:
        return _("less than a minute left")
    minutes = round(seconds / _MINUTE_S)
    if minutes < 60:
        return fill(ngettext("about {count} minute left", "about {count} minutes left", minutes), {"count": minutes})
    hours = round(seconds / _HOUR_S)
    if hours < 48:
        return fill(ngettext("about {count} hour left", "about {count} hours left", hours), {"count": hours})
    days = round(seconds / _DAY_S)
    return fill(ngettext("about {count} day left", "about {count} days left", days), {"count": days})


def clock_time(at: int, tz: tzinfo | None = None) -> str:
    """The time of day of an epoch time in ms: `08:00`; `tz` None is the local zone."""
    return region_now().clock(_local(at, tz))


def date_time(at: int, tz: tzinfo | None = None) -> str:
    """Day and time of an epoch time in ms: `2026-11-22 08:00`."""
    when, way = _local(at, tz), region_now()
    return f"{way.day(when)} {way.clock(when)}"


def wall_time(iso: str) -> str:
    """Day and time that a camera's clock showed, as ISO 8601 without a zone; what is none stays as it is."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    way = region_now()
    return f"{way.day(when)} {way.clock(when)}"


def moment(at: int, now_at: int | None, tz: tzinfo | None = None) -> str:
    """A time as one says it: `08:00`, `08:00 tomorrow`, else with its date; without `now_at` only the time of day."""
    if now_at is None:
        return clock_time(at, tz)
    days = (_local(at, tz).date() - _local(now_at, tz).date()).days
    if days == 0:
        return clock_time(at, tz)
    if days == 1:
        return fill(_("{time} tomorrow"), {"time": clock_time(at, tz)})
    if days == -1:
        return fill(_("{time} yesterday"), {"time": clock_time(at, tz)})
    return date_time(at, tz)


def _local(at: int, tz: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at / 1_000, UTC).astimezone(tz)
