"""The stand-in's own idea of the time, and the identifiers that carry it.

For: everything the server dates, and the ever growing version 7 UUIDs that its sync stream orders changes by.
Must not: be read by tests as the real time; :attr:`Calendar.skew_s` may set it wrong on purpose.
Thread: any; identifiers are given out under a lock of their own.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


def iso(moment: datetime) -> str:
    """A moment as UTC text with milliseconds and a final ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(millisecond: int, place: int) -> str:
    """The identifier number ``place`` (at most 74 bits) of a millisecond; they sort as text by time, then by place."""
    high, low = place >> 62, place & ((1 << 62) - 1)
    digits = f"{(millisecond << 80) | (0x7000 | high & 0xFFF) << 64 | 0x2 << 62 | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def millisecond_of(identifier: str) -> int:
    """The time in an identifier of version 7, in milliseconds since 1970; ValueError when it is none."""
    return int(identifier.replace("-", "")[:12], 16)


class Calendar:
    """What the server takes for now; ``skew_s`` is how far it is ahead of the truth, negative when behind."""

    def __init__(self, skew_s: float = 0.0) -> None:
        self.skew_s = skew_s
        self._lock = threading.Lock()
        self._last_ms = 0
        self._place = 0

    def now(self) -> datetime:
        """The present moment as the server sees it."""
        return datetime.now(UTC) + timedelta(seconds=self.skew_s)

    def now_iso(self) -> str:
        """The present moment as text."""
        return iso(self.now())

    def next_id(self) -> str:
        """An identifier that sorts after all before it, even when the clock was set back."""
        return self.reserve(1)[0]

    def reserve(self, count: int) -> tuple[str, int, int]:
        """A run of identifiers: the first one, its millisecond, and its place there; the others follow by place."""
        now = int(self.now().timestamp() * 1000)
        with self._lock:
            if now > self._last_ms:
                self._last_ms, self._place = now, 0
            first = self._place + 1
            self._place += count
            return uuid7(self._last_ms, first), self._last_ms, first
