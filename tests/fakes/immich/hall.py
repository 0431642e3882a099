"""Who is connected by websocket, and what they are told.

For: tests look at ``server.live`` to see connections, hold events back, double them, lose them, or cut the line.
Must not: know the protocol (``live.py``) or which change leads to which event (``herald.py``).
Thread: any; each connection has a queue that belongs to the server's loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .pulse import Pulse

Event = tuple[str, tuple[Any, ...]]
KICK: Event = ("", ("kick",))
HANG_UP: Event = ("", ())
EVERYBODY = "*"
KEPT_EVENTS = 10_000


@dataclass(eq=False, slots=True)
class Guest:
    """One connection: the rooms it is in, its headers, and what waits to be sent to it."""

    loop: asyncio.AbstractEventLoop
    abort: Callable[[], None]
    headers: dict[str, str]
    rooms: frozenset[str] = frozenset()
    queue: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)

    def send(self, event: Event) -> None:
        """Queue an event; callable from any thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.queue.put_nowait, event)

    def cut(self) -> None:
        """End the connection without a word."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.abort)


class Hall:
    """All websocket connections of one stand-in.

    ``pings`` off lets clients believe that the server died. ``session_notice_s`` is how long after the end of a
    session its connections hear of it.
    """

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._guests: list[Guest] = []
        self._held: list[tuple[str, Event]] | None = None
        self._muted = False
        self._copies = 1
        self.refused = 0
        self.welcomed = 0
        self.handshakes: list[dict[str, str]] = []
        self.sent: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.pings = True
        self.ping_interval_s = 25.0
        self.ping_timeout_s = 20.0
        self.session_notice_s = 0.5

    # -- for tests -------------------------------------------------------------------------

    @property
    def open(self) -> int:
        """How many connections have been let in and are still there."""
        with self._pulse.lock:
            return len(self._guests)

    def wait_open(self, count: int = 1, timeout: float = 10.0) -> None:
        """Block until exactly so many connections are let in."""
        self._pulse.wait_for(lambda: len(self._guests) == count, timeout)

    def wait_sent(self, event: str, count: int = 1, timeout: float = 10.0) -> None:
        """Block until an event of this name was sent so often, heard or not."""
        self._pulse.wait_for(lambda: [name for name, _ in self.sent].count(event) >= count, timeout)

    def emit(self, event: str, *values: Any, room: str = EVERYBODY) -> None:
        """Send an event to a room: the id of a user or a session, or everybody."""
        with self._pulse.lock:
            if self._held is not None:
                self._held.append((room, (event, values)))
            elif not self._muted:
                self._deliver([(room, (event, values))] * self._copies)

    def mute(self) -> None:
        """Lose every event from now on."""
        self._muted = True

    def double(self, copies: int = 2) -> None:
        """Send every event so often."""
        self._copies = copies

    def hold(self) -> None:
        """Keep events back until :meth:`release`."""
        with self._pulse.lock:
            self._held = []

    def release(self, order: Callable[[list[Any]], Iterable[Any]] = list) -> None:
        """Send what was held back, in another order when one is given, such as ``reversed``."""
        with self._pulse.lock:
            held, self._held = self._held or [], None
            self._deliver(order(held))

    def heal(self) -> None:
        """Neither lose, nor double, nor hold events any more."""
        with self._pulse.lock:
            self._muted, self._copies, self.pings = False, 1, True
        self.release()

    def cut(self) -> None:
        """End every connection without a word, as a lost network does."""
        for guest in self._all():
            guest.cut()

    def kick(self, room: str = EVERYBODY) -> None:
        """Send connections away in the way of the protocol."""
        for guest in self._all(room):
            guest.send(KICK)

    def hang_up(self) -> None:
        """End every connection after what waits to be sent to it, as a server that restarts does."""
        for guest in self._all():
            guest.send(HANG_UP)

    # -- for the server --------------------------------------------------------------------

    def enter(self, guest: Guest) -> None:
        """Somebody was let in."""
        with self._pulse.lock:
            self._guests.append(guest)
            self.welcomed += 1
            self._pulse.beat()

    def leave(self, guest: Guest) -> None:
        """Somebody is gone, let in or not."""
        with self._pulse.lock:
            if guest in self._guests:
                self._guests.remove(guest)
            self._pulse.beat()

    def shake(self, headers: dict[str, str]) -> None:
        """Remember the headers of a handshake."""
        with self._pulse.lock:
            self.handshakes.append(headers)
            self._pulse.beat()

    def refuse(self) -> None:
        """Somebody was not let in."""
        with self._pulse.lock:
            self.refused += 1
            self._pulse.beat()

    def _all(self, room: str = EVERYBODY) -> list[Guest]:
        with self._pulse.lock:
            return [guest for guest in self._guests if room == EVERYBODY or room in guest.rooms]

    def _deliver(self, events: Iterable[tuple[str, Event]]) -> None:
        for room, event in events:
            self.sent.append(event)
            for guest in self._all(room):
                guest.send(event)
        self._pulse.beat()
