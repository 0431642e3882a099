"""Listens to servers while backup is on, and asks for a sync when something changed there; else looks now and then.

A thread for each server that is listened to; connected only while the gate is open, and until a minute after. What is
heard is a hint: many within a few seconds become one sync. A server that does not let us listen is looked at every
quarter of an hour instead, which is said once. Decides nothing about copies.
"""

import logging
import random
import threading
from collections.abc import Callable

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.live import UPHEAVALS, Live
from agent.domain import backoff
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Interrupted
from agent.record import MutableRecord

log = logging.getLogger(__name__)

#: Hints within so long become one sync.
DEBOUNCE_S = 5.0
#: The gate may shut for a moment without a new connection afterwards.
LINGER_S = 60.0
POLL_S = 900.0
#: Even what is listened to is looked at again after so long: nothing that was missed is told again.
SAFETY_S = 6 * 3_600.0


class _Post(MutableRecord):
    """One server that is listened to."""

    destination: ImmichDestination
    wanted_s: float
    asked_s: float
    stopping: threading.Event
    stirred: threading.Event
    live: Live | None = None
    is_refused: bool = False
    thread: threading.Thread | None = None


class Listening:
    """All servers. `server` gives the destination of an id (may raise a fate); `ask` wants a sync after seconds."""

    def __init__(
        self,
        clock: Clock,
        server: Callable[[str], ImmichDestination],
        ask: Callable[[str, float], None],
    ) -> None:
        self._clock = clock
        self._server = server
        self._ask = ask
        self._turn = threading.Lock()
        self._posts: dict[str, _Post] = {}
        self._stopped = False

    def look(self, wanted: set[str]) -> None:
        """`wanted` are the servers whose gate is open now. Called twice a minute, and when something changed."""
        now_s = self._clock.monotonic_s()
        with self._turn:
            if self._stopped:
                return
            for name in wanted:
                self._want(name, now_s)
            for name in [name for name, post in self._posts.items() if now_s - post.wanted_s > LINGER_S]:
                self._end(name)
            due = [name for name, post in self._posts.items() if name in wanted and self._is_due(post, now_s)]
            for name in due:
                self._posts[name].asked_s = now_s
        for name in due:
            self._ask(name, 0.0)

    def _want(self, name: str, now_s: float) -> None:
        post = self._posts.get(name)
        try:
            destination = self._server(name)
        except Fate:
            return  # its lane says what is wrong
        if post is not None and post.destination is not destination:
            self._end(name)  # another sign-in
            post = None
        if post is None:
            post = _Post(destination, now_s, now_s - SAFETY_S - 1, threading.Event(), threading.Event())
            post.thread = threading.Thread(target=self._listen, args=(name, post), name=f"live-{name}", daemon=True)
            self._posts[name] = post
            post.thread.start()
        post.wanted_s = now_s

    @staticmethod
    def _is_due(post: _Post, now_s: float) -> bool:
        return now_s - post.asked_s >= (POLL_S if post.live is None else SAFETY_S)

    def _end(self, name: str) -> None:
        post = self._posts.pop(name)
        post.stopping.set()
        post.stirred.set()
        if post.live is not None:
            post.live.closed.set()

    def again(self) -> None:
        """The computer may be on another network: what was listened to, or in vain, is connected anew. Never blocks."""
        with self._turn:
            posts = list(self._posts.values())
        for post in posts:
            post.stirred.set()
            if post.live is not None:
                post.live.closed.set()

    def stop(self) -> None:
        """Listen to nobody any more."""
        with self._turn:
            self._stopped = True
            posts = list(self._posts.values())
            for name in list(self._posts):
                self._end(name)
        for post in posts:
            if post.thread is not None:
                post.thread.join(3)

    # --- on the server's own thread -----------------------------------------------------------------------------------

    def _listen(self, name: str, post: _Post) -> None:
        failures = 0
        while not post.stopping.is_set():
            live = Live(post.destination.server, lambda event: self._heard(name, post, event))
            try:
                live.connect()
            except Blocked:
                post.is_refused = True
                log.info("%s does not let us listen; it is looked at every %d minutes instead", name, POLL_S // 60)
                return
            except Interrupted:
                return
            except Fate as error:
                failures += 1
                log.debug("no live events from %s: %s", name, error)
                if post.stirred.wait(backoff.delay_s(min(failures, 8), random.random())):  # noqa: S311 - jitter
                    post.stirred.clear()
                    failures = 0
                continue
            failures = 0
            post.live = live
            if not post.stopping.is_set():
                self._ask_for(name, post, 0.0)  # what was missed is not told again
                live.closed.wait()
            post.live = None
            live.close()
            post.stopping.wait(1.0 + random.random() * 4)  # noqa: S311 - not all clients at once after a restart

    def _heard(self, name: str, post: _Post, event: str) -> None:
        if event in UPHEAVALS:
            log.info("%s says %s", name, event)
            if post.live is not None:
                post.live.closed.set()
        self._ask_for(name, post, DEBOUNCE_S)

    def _ask_for(self, name: str, post: _Post, after_s: float) -> None:
        try:
            self._ask(name, after_s)
        except Fate as error:  # the ledger cannot be written just now, say: the next look asks again
            log.warning("what %s tells is asked for later: %s", name, error)
            post.asked_s -= SAFETY_S
