"""The addresses of one server (at home, by VPN, from everywhere) as one: the first that answers carries the exchange.

Nothing is lost by a switch: an exchange that could not begin on one way begins on the next. A way that leads to another
account is dropped, and what a way's proxy finds too large goes another way. Any thread. Must not know what is sent.
"""

import logging
import threading
from collections.abc import Mapping, Sequence

from agent.destinations.immich.line import SILENCE_S, Lines, Request
from agent.destinations.immich.route import Route
from agent.destinations.immich.trust import SYSTEM, Trust
from agent.destinations.immich.verdicts import Answer
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Transient
from agent.record import MutableRecord

log = logging.getLogger(__name__)

#: A way that did not answer is tried after the others for so long.
REST_S = 60.0
#: A way that is only waited for, because the others do not take a file of this size, is looked for this often.
WAIT_S = 900.0
_NO_WAY = {"server_unreachable", "certificate_untrusted", "certificate_changed", "client_certificate_needed"}


class _Way(MutableRecord):
    lines: Lines
    address: str
    is_known: bool
    down_until_s: float = 0.0
    takes_bytes: int | None = None
    is_foreign: bool = False


class Ways:
    """All ways to one server; `user_id` is whose account it must be (None: not known yet)."""

    def __init__(
        self,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        clock: Clock,
        *,
        silence_s: float = SILENCE_S,
        trust: Trust = SYSTEM,
        user_id: str | None = None,
    ) -> None:
        self._clock = clock
        self._user_id = user_id
        self._turn = threading.Lock()
        self._ways = [
            _Way(Lines(Route(one, headers, trust), clock, silence_s=silence_s), one, is_known=number == 0)
            for number, one in enumerate(addresses)
        ]
        self._last = self._ways[0]

    @property
    def address(self) -> str:
        """The way that was taken last."""
        return self._last.address

    def exchange(self, request: Request) -> Answer:
        """The answer to a request; raises what `Lines.exchange` does, of the first way if all fail.

        `Transient` `waits_for_route` where only ways are left that did not take a body of this size before.
        """
        if len(self._ways) == 1:
            return self._last.lines.exchange(request)
        trouble: Blocked | None = None
        too_large: Answer | None = None
        skipped = False
        for way in self._in_order():
            if way.takes_bytes is not None and request.length_bytes > way.takes_bytes:
                skipped = True
                continue
            try:
                self._make_sure(way)
                answer = way.lines.exchange(request)
            except Blocked as problem:
                if problem.code not in _NO_WAY and not way.is_foreign:
                    raise
                way.down_until_s = self._clock.monotonic_s() + REST_S
                trouble = trouble or problem
                continue
            self._took(way)
            if answer.status != 413:
                return answer
            way.takes_bytes = request.length_bytes - 1
            log.info("the way by %s does not take %d bytes", way.address, request.length_bytes)
            too_large = answer
        if (too_large or skipped) and trouble is not None:
            raise Transient("waits_for_route", retry_after_s=WAIT_S, address=trouble.args_.get("address"))
        if too_large is not None:
            return too_large
        if trouble is None:
            return Answer(413, {}, b"")  # every way has refused as much before
        raise trouble

    def _in_order(self) -> list[_Way]:
        now_s = self._clock.monotonic_s()
        own = [way for way in self._ways if not way.is_foreign]
        return sorted(own, key=lambda way: way.down_until_s > now_s)

    def _took(self, way: _Way) -> None:
        if way is not self._last:
            log.info("the server is reached by %s now", way.address)
            self._last = way
        way.down_until_s = 0.0

    def _make_sure(self, way: _Way) -> None:
        """Before anything else goes a way for the first time: the account there must be ours."""
        if way.is_known or self._user_id is None:
            return
        with self._turn:
            if way.is_known:
                return
            me = way.lines.exchange(Request("GET", "/users/me")).json()
            found = me.get("id") if isinstance(me, dict) else None
            if found != self._user_id:
                way.is_foreign = isinstance(found, str)
                if way.is_foreign:
                    log.warning("the way by %s leads to another account; it is not used", way.address)
                raise Blocked("server_unreachable", address=way.address, reason="other")
            way.is_known = True

    def close(self) -> None:
        """Abandon what is under way on all of them."""
        for way in self._ways:
            way.lines.close()
