"""Which bandwidth limit is in force at a moment. Pure."""

from datetime import datetime, time

from agent.protocol.settings import Values


def limit_bytes_s(values: Values, now: datetime) -> int:
    """Bytes a second, 0 for none: the first window of the timetable that contains now, else the general limit."""
    at = now.time().replace(tzinfo=None)
    for window in values.bandwidth_timetable:
        since, until = time.fromisoformat(window.since), time.fromisoformat(window.until)
        inside = since <= at < until if since < until else at >= since or at < until
        if inside:
            return window.bytes_s
    return values.bandwidth_limit_bytes_s
