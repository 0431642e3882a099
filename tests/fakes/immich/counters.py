"""What the stand-in counted: requests, connections, bytes, uploads at the same time.

For: tests that assert how a client behaved, and benchmarks.
Must not: cost noticeable time per request; the record of requests is bounded.
Thread: written by the server's thread, read by any.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field

KEPT_RECORDS = 5000
_ID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")


def route_of(method: str, path: str) -> str:
    """The counting key of a request: ``"GET /api/assets/{id}"``."""
    return f"{method} {_ID.sub('{id}', path)}"


@dataclass(slots=True)
class Record:
    """One request as it was seen; ``status`` is 0 while it runs or when no answer went out."""

    route: str
    path: str
    query: str
    raw_headers: list[tuple[bytes, bytes]]
    status: int = 0
    body_bytes: int = 0

    def header(self, name: str) -> str | None:
        """The value of a request header, by its name in any case."""
        wanted = name.lower().encode("latin-1")
        for key, value in self.raw_headers:
            if key == wanted:
                return value.decode("latin-1")
        return None


@dataclass(slots=True)
class Counters:
    """Plain numbers; ``requests`` is keyed by route, ``statuses`` by route and status."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    connections: int = 0
    open_connections: int = 0
    bytes_received: int = 0
    uploads_now: int = 0
    uploads_max: int = 0
    records: deque[Record] = field(default_factory=lambda: deque(maxlen=KEPT_RECORDS))

    def begin(self, record: Record) -> None:
        """Count a request when its headers are there."""
        self.requests[record.route] += 1
        self.records.append(record)

    def upload_begins(self) -> None:
        """One more upload is being received."""
        self.uploads_now += 1
        self.uploads_max = max(self.uploads_max, self.uploads_now)

    def upload_ends(self) -> None:
        """An upload was answered or broke off."""
        self.uploads_now -= 1

    def end(self, record: Record) -> None:
        """Count the answer of a request."""
        self.statuses[(record.route, record.status)] += 1

    def of(self, route: str) -> list[Record]:
        """The kept records of one route, oldest first."""
        return [record for record in list(self.records) if record.route == route]

    def clear(self) -> None:
        """Start counting from zero; connections that are open stay counted as open."""
        self.requests.clear()
        self.statuses.clear()
        self.records.clear()
        self.connections = self.open_connections
        self.bytes_received = 0
        self.uploads_max = self.uploads_now
