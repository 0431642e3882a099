"""Tells every subscribed client what changed: whole sections, at most five times a second.

Each client has a set of dirty sections and a task of its own, so one that reads slowly delays nobody: its changes
gather, and only the newest state is ever sent. Runs on the server's loop; `State` may report from any thread. Nothing
ticks while nothing changes.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from agent.protocol import wire
from agent.protocol.types import Changes, Snapshot

INTERVAL_S = 0.2
#: How long the last changes may take to leave when the agent stops.
FAREWELL_S = 0.5

SECTIONS: frozenset[str] = frozenset(Snapshot.__struct_fields__) - {"revision"}

Send = Callable[[bytes], Awaitable[None]]


class State(Protocol):
    """What the feed needs of `agent.state`."""

    def snapshot(self) -> Snapshot:
        """The newest snapshot, at once; from any thread."""
        ...

    def listen(self, callback: Callable[[frozenset[str]], None]) -> None:
        """From now on call this with the names of changed sections, from any thread, after the snapshot has them."""
        ...


class Feed:
    """All subscriptions. Made before the server starts; its coroutines and `subscribe` belong to the server's loop."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._guard = threading.Lock()
        self._fresh: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: set[Subscription] = set()
        self._packed: tuple[Snapshot, frozenset[str], bytes] | None = None
        state.listen(self._heard)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on changes go out by this loop."""
        with self._guard:
            self._loop = loop

    async def close(self) -> None:
        """Send what is still unsent, within a bound, and end all subscriptions."""
        with self._guard:
            self._loop = None
        self._spread()
        if self._subscriptions:
            await asyncio.wait([asyncio.ensure_future(one.flush()) for one in self._subscriptions], timeout=FAREWELL_S)
        for one in list(self._subscriptions):
            one.end()

    def subscribe(self, send: Send) -> "Subscription":
        """A new subscription, with every section dirty."""
        return Subscription(self, send)

    def pack(self, sections: Iterable[str]) -> bytes:
        """The line that carries these sections as they are now."""
        snapshot = self._state.snapshot()
        names = frozenset(sections)
        # Clients that are up to date want the same line; it is made once.
        if self._packed is not None and self._packed[0] is snapshot and self._packed[1] == names:
            return self._packed[2]
        line = wire.pack_changes(Changes(snapshot.revision, **{name: getattr(snapshot, name) for name in names}))
        self._packed = (snapshot, names, line)
        return line

    def _heard(self, sections: frozenset[str]) -> None:
        """Any thread. Wakes the loop once for all changes until it has looked, and not at all without listeners."""
        with self._guard:
            if self._loop is None or not self._subscriptions:
                return  # a later client begins with everything
            waking = bool(self._fresh)
            self._fresh |= sections & SECTIONS
            if self._fresh and not waking:
                with contextlib.suppress(RuntimeError):  # the loop has closed
                    self._loop.call_soon_threadsafe(self._spread)

    def _spread(self) -> None:
        with self._guard:
            sections, self._fresh = self._fresh, set()
        for one in self._subscriptions:
            one.mark(sections)


class Subscription:
    """One client's share of the feed. On the loop's thread only."""

    def __init__(self, feed: Feed, send: Send) -> None:
        self._feed = feed
        self._send = send
        self._dirty: set[str] = set(SECTIONS)
        self._marked = asyncio.Event()
        self._marked.set()
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(_show_failure)
        feed._subscriptions.add(self)  # noqa: SLF001 - the two are one thing in two classes

    def mark(self, sections: Iterable[str]) -> None:
        """These sections have changed."""
        self._dirty.update(sections)
        if self._dirty:
            self._marked.set()

    def mark_all(self) -> None:
        """The client asked to begin anew."""
        self.mark(SECTIONS)

    async def flush(self) -> None:
        """Send what is dirty now, without waiting for the interval."""
        sections, self._dirty = self._dirty, set()
        if sections:
            await self._send(self._feed.pack(sections))

    def end(self) -> None:
        """No more changes for this client."""
        self._feed._subscriptions.discard(self)  # noqa: SLF001 - the two are one thing in two classes
        self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last_s = loop.time() - INTERVAL_S
        while True:
            await self._marked.wait()
            await asyncio.sleep(max(0.0, last_s + INTERVAL_S - loop.time()))
            self._marked.clear()
            last_s = loop.time()
            await self.flush()


def _show_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.result()  # nothing of it may raise; if it does, the loop logs it at once
