"""Windows of the day: whether now is inside one, and when the next one opens. Pure; times are local and aware."""

from datetime import datetime, time, timedelta

from agent.protocol.settings import Weekday, Window

_DAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def is_open(windows: tuple[Window, ...], now: datetime) -> bool:
    """Whether a window contains now. One that ends at or before its beginning runs past midnight."""
    return any(_contains(window, now) for window in windows)


def _contains(window: Window, now: datetime) -> bool:
    since, until, at = _clock(window.since), _clock(window.until), now.time().replace(tzinfo=None)
    today, yesterday = _DAYS[now.weekday()], _DAYS[now.weekday() - 1]
    if since < until:
        return today in window.days and since <= at < until
    return (today in window.days and at >= since) or (yesterday in window.days and at < until)


def next_opening(windows: tuple[Window, ...], now: datetime) -> datetime | None:
    """When the next window opens after now, within the coming eight days."""
    openings = []
    for days in range(8):
        day = now + timedelta(days=days)
        for window in windows:
            opening = datetime.combine(day.date(), _clock(window.since), tzinfo=now.tzinfo)
            if _DAYS[day.weekday()] in window.days and opening > now:
                openings.append(opening)
    return min(openings, default=None)
