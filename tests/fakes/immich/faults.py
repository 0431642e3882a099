"""Trouble on demand: what a test can make the stand-in do instead of answering properly.

For: tests of how a client copes. ``server.faults.answer("POST /api/assets", 503, times=2)``.
Must not: act by itself; ``front.py`` asks here for every request and carries it out.
Thread: tests add and remove faults, the server's thread takes them; the shared lock protects the list.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .pulse import Pulse

PORTAL = b"<!doctype html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
Rewrite = Callable[[list[bytes]], Iterable[bytes]]
OTHER_SERVER = b"<html><head><title>404 Not Found</title></head><body>Nothing here.</body></html>"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer that is sent instead of the route's own."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]
    read_body: bool


@dataclass(eq=False, slots=True)
class Fault:
    """One active fault: where it applies, for how long, and what it does.

    ``route`` is ``None`` for every request, or a pattern such as ``"POST /api/assets"`` or ``"GET *"``; with
    ``checksum`` only the upload that announces it is meant.
    """

    pulse: Pulse
    route: str | None = None
    times: int | None = None
    checksum: str | None = None
    until: float | None = None
    canned: Canned | None = None
    cut_after: int | None = None
    lose_answer_after: int | None = None
    delay: float = 0.0
    bytes_per_second: float | None = None
    answer_rate: float | None = None
    stall_after: int | None = None
    rewrite: Rewrite | None = None
    gate: asyncio.Event | None = None
    hits: int = 0
    removed: bool = False
    loops: list[asyncio.AbstractEventLoop] = field(default_factory=list)

    def matches(self, route: str, checksum: str | None) -> bool:
        """Whether this fault is still active for a request to ``route`` that announces ``checksum``."""
        if self.removed or self.times == 0:
            return False
        if self.until is not None and time.monotonic() >= self.until:
            return False
        if self.checksum not in (None, checksum):
            return False
        return self.route is None or fnmatchcase(route, self.route)

    def remove(self) -> None:
        """End this fault; requests held by it go on."""
        with self.pulse.lock:
            self.removed = True
        self.release()

    def release(self) -> None:
        """Let the requests go on that a hold stopped, and stop holding further ones."""
        with self.pulse.lock:
            self.removed = self.removed or self.gate is not None  # first: who comes now sees it, or is in the list
            gate, loops = self.gate, list(self.loops)
        for loop in loops:
            if gate is not None and not loop.is_closed():
                loop.call_soon_threadsafe(gate.set)

    def wait_hit(self, hits: int = 1, timeout: float = 10.0) -> None:
        """Block until this fault was met so many times."""
        self.pulse.wait_for(lambda: self.hits >= hits, timeout)


class Faults:
    """The faults of one stand-in. Methods that add one return it, so that a test can watch and remove it."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._active: list[Fault] = []
        self.maintenance = False
        self.body_limit: int | None = None

    def take(self, route: str, checksum: str | None = None) -> list[Fault]:
        """All faults a request meets; each one that has a number of times is used up by one."""
        if not self._active:
            return []
        with self._pulse.lock:
            met = [fault for fault in self._active if fault.matches(route, checksum)]
            for fault in met:
                fault.hits += 1
                if fault.times is not None:
                    fault.times -= 1
            self._active = [fault for fault in self._active if not fault.removed]
            self._pulse.beat()
        return met

    def clear(self) -> None:
        """Back to a healthy server."""
        with self._pulse.lock:
            ended, self._active = self._active, []
            self.maintenance, self.body_limit = False, None
        for fault in ended:
            fault.remove()

    def answer(
        self,
        route: str | None,
        status: int,
        body: Any = None,
        *,
        times: int | None = 1,
        for_seconds: float | None = None,
        content_type: str = "application/json; charset=utf-8",
        headers: dict[str, str] | None = None,
        read_body: bool = True,
    ) -> Fault:
        """Answer with this status. ``body`` is sent as it is when it is bytes, else as JSON.

        ``read_body=False`` answers while the client is still sending.
        """
        if not isinstance(body, bytes):
            body = json.dumps({"message": "Injected"} if body is None else body).encode()
        canned = Canned(status, body, content_type, headers or {}, read_body)
        return self._add(Fault(self._pulse, route, times, canned=canned), for_seconds)

    def server_error(self, route: str | None = None, *, status: int = 502, for_seconds: float | None = None) -> Fault:
        """A proxy whose server is away: HTML with a 5xx, until removed or for a time."""
        page = f"<html><head><title>{status}</title></head></html>".encode()
        return self.answer(route, status, page, times=None, for_seconds=for_seconds, content_type=HTML)

    def html(self, route: str | None = None, *, times: int | None = 1) -> Fault:
        """A sign-in page with status 200 where JSON was expected."""
        return self.answer(route, 200, PORTAL, times=times, content_type=HTML)

    def refuse_one(self, content: bytes, *, status: int = 403, page: bytes = PORTAL) -> Fault:
        """A firewall that does not let the upload of this content through, and says so in a page of its own."""
        fault = self.answer("POST /api/assets", status, page, times=None, content_type=HTML)
        fault.checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        return fault

    def not_immich(self) -> Fault:
        """Another web server answers on this address."""
        return self.answer(None, 404, OTHER_SERVER, times=None, content_type=HTML)

    def cut(self, route: str | None = "POST /api/assets", *, after: int = 0, times: int | None = 1) -> Fault:
        """Reset the connection once so many bytes of the request body came in. Nothing is stored."""
        return self._add(Fault(self._pulse, route, times, cut_after=after))

    def lose_answer(self, route: str | None = "POST /api/assets", *, after: int = 0, times: int | None = 1) -> Fault:
        """Do the work, then reset the connection after so many bytes of the answer's body.

        With 0 not even the status line arrives.
        """
        return self._add(Fault(self._pulse, route, times, lose_answer_after=after))

    def delay(self, seconds: float, route: str | None = None, *, times: int | None = None) -> Fault:
        """Wait before the request is looked at."""
        return self._add(Fault(self._pulse, route, times, delay=seconds))

    def throttle(self, bytes_per_second: float, route: str | None = None, *, times: int | None = None) -> Fault:
        """Read request bodies no faster than this."""
        return self._add(Fault(self._pulse, route, times, bytes_per_second=bytes_per_second))

    def hold(self, route: str | None = None, *, times: int | None = None) -> Fault:
        """Stop requests before they are looked at until the fault is released."""
        return self._add(Fault(self._pulse, route, times, gate=asyncio.Event()))

    def bad_json(self, route: str | None = None, *, times: int | None = 1) -> Fault:
        """JSON that ends too early, with status 200."""
        return self.answer(route, 200, b'{"results":[{"id":', times=times)

    def dribble(self, bytes_per_second: float, route: str | None = None, *, times: int | None = None) -> Fault:
        """Send the bodies of answers no faster than this, in small pieces."""
        return self._add(Fault(self._pulse, route, times, answer_rate=bytes_per_second))

    def stall(self, route: str | None = None, *, after: int = 0, times: int | None = 1) -> Fault:
        """Do the work, send so many bytes of the answer's body, then nothing until the fault is released.

        With 0 not even the status line arrives.
        """
        return self._add(Fault(self._pulse, route, times, stall_after=after, gate=asyncio.Event()))

    def rewrite(self, edit: Rewrite, route: str = "POST /api/sync/stream", *, times: int | None = 1) -> Fault:
        """Change the lines of the sync stream: ``edit`` gets all of them and gives what is sent. See ``edits.py``."""
        return self._add(Fault(self._pulse, route, times, rewrite=edit))

    def _add(self, fault: Fault, for_seconds: float | None = None) -> Fault:
        if for_seconds is not None:
            fault.until = time.monotonic() + for_seconds
        with self._pulse.lock:
            self._active.append(fault)
        return fault
