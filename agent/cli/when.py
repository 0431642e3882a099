"""Durations and times as a person types them. Pure: what time it is comes in; the local zone is the system's."""

import re
from datetime import datetime, time, timedelta

from agent.cli.failure import failure

_UNITS_S = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
#: What 'tomorrow' means to somebody who pauses today.
_MORNING = time(8, 0)
_LONGEST_S = 366 * 86_400


def duration_s(text: str) -> int:
    """`2h`, `30m`, `1h30m`, `1d`, `45s` in seconds; exit code 2 for anything else."""
    found = _DURATION.fullmatch(text.strip().lower().replace(" ", ""))
    total = 0
    if found:
        total = sum(int(part or 0) * unit for part, unit in zip(found.groups(), _UNITS_S.values(), strict=True))
    if not 0 < total <= _LONGEST_S:
        raise failure("bad_duration", text=text)
    return total


def until_at(text: str, now_at: int) -> int:
    """`08:00` (its next occurrence), `tomorrow` (at 08:00), or an ISO date and time, as epoch ms."""
    now = datetime.fromtimestamp(now_at / 1_000)  # noqa: DTZ006 - local time is what a person types
    word = text.strip()
    if word.lower() == "tomorrow":
        return _epoch_ms(datetime.combine(now.date() + timedelta(days=1), _MORNING))
    clock = _CLOCK.fullmatch(word)
    if clock:
        at = time(int(clock[1]), int(clock[2]))
        today = _epoch_ms(datetime.combine(now.date(), at))
        return today if today > now_at else _epoch_ms(datetime.combine(now.date() + timedelta(days=1), at))
    try:
        then = _epoch_ms(datetime.fromisoformat(word))
    except (ValueError, OverflowError, OSError):
        raise failure("bad_time", text=text) from None
    if then <= now_at:
        raise failure("time_past", text=text)
    return then


def _epoch_ms(moment: datetime) -> int:
    """A naive time is local, daylight saving included."""
    return round(moment.timestamp() * 1_000)
