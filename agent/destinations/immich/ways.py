"""The addresses of one server (at home, by VPN, from everywhere) as one: the first that answers carries the exchange.

Nothing is lost by a switch: an exchange that could not begin on one way begins on the next, and so does one whose
answer may be somebody else's: a home address leads elsewhere in a hotel. A way that leads to another account is
dropped as long as another is left, one that breaks rests, and what its proxy finds too large goes another way. Any
thread. Must not know what is sent.
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

#: A way that did not answer, or broke, is tried after the others for so long; each time in a row for twice as long.
REST_S = 60.0
LONGEST_REST_S = 900.0
#: After so long without a good answer nobody knows who is at the end of a way.
KNOWN_S = 300.0
_NO_WAY = {"server_unreachable", "certificate_untrusted", "certificate_changed", "client_certificate_needed"}
#: What another server, a portal or a proxy before a dead one would say as well.
_DOUBTFUL = frozenset({401, 502, 503, 504})
#: A proxy gave up on its server, which may carry out all the same what it was asked.
_GIVEN_UP = frozenset({502, 504})
_NOT_MODIFIED = 304
#: Who is there is a short question, asked before all others: a way that says nothing does not hold them up for longer.
WHO_S = 15.0


class _Way(MutableRecord):
    route: Route
    lines: Lines
    known_until_s: float = 0.0
    down_until_s: float = 0.0
    failures: int = 0
    takes_bytes: int | None = None
    is_foreign: bool = False

    def takes(self, request: Request) -> bool:
        """As far as is known."""
        return self.takes_bytes is None or request.length_bytes <= self.takes_bytes


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
        routes = [Route(one, headers, trust) for one in addresses]
        self._ways = [_Way(route, Lines(route, clock, silence_s=silence_s)) for route in routes]
        self._last = self._ways[0]

    @property
    def route(self) -> Route:
        """The way that was taken last."""
        return self._last.route

    def first(self) -> Route:
        """The way for what is no exchange: the one that exchanges take now. Raises what `exchange` does."""
        if len(self._ways) > 1 and self._clock.monotonic_s() >= self._last.known_until_s:
            self.exchange(Request("GET", "/users/me"))
        return self._last.route

    def exchange(self, request: Request, *, of_anyone: bool = False) -> Answer:
        """The answer to a request; raises what `Lines.exchange` does, of the first way if all fail.

        `Transient` `waits_for_route` where only ways are left that did not take a body of this size before; `Blocked`
        `account_changed` where every way leads to another account. `of_anyone`: also where nobody can say whose account
        is there.
        """
        if len(self._ways) == 1:
            return self._last.lines.exchange(request)
        trouble: Blocked | None = None
        doubtful: Answer | None = None
        too_large: Answer | None = None
        ways = self._in_order()
        for way in self._worth_asking(ways, request):
            if too_large is not None and self._rests(way):
                break  # only those that rest are left
            try:
                answer, is_doubtful = self._ask(way, request, of_anyone=of_anyone)
            except Blocked as problem:
                if problem.code not in _NO_WAY and not way.is_foreign:
                    raise
                self._rest(way)
                trouble = trouble or problem
                continue
            except Transient as lost:
                if lost.code == "connection_lost":
                    self._rest(way)  # the next attempt takes another one
                raise
            if answer.status == 413:
                way.takes_bytes = request.length_bytes - 1
                log.info("the way by %s does not take %d bytes", way.route.address, request.length_bytes)
                too_large = answer
            elif is_doubtful:
                self._rest(way)
                doubtful = doubtful or answer
            else:
                self._took(way, request, answer, of_anyone=of_anyone)
                return answer
        if all(way.is_foreign for way in self._ways):
            raise self._changed()
        self._require_taker(ways, request)
        refusal = too_large or doubtful
        if refusal is None:
            raise trouble or Blocked("server_unreachable", address=None, reason="other")
        return refusal

    def _ask(self, way: _Way, request: Request, *, of_anyone: bool) -> tuple[Answer, bool]:
        """What a way answers, and whether another may say better; not of what may be done already."""
        said = None if of_anyone else self._stranger(way)
        if said is not None:
            return said, True
        answer = way.lines.exchange(request)
        return answer, _is_doubtful(answer) and (answer.status not in _GIVEN_UP or request.may_repeat())

    def _require_taker(self, ways: list[_Way], request: Request) -> None:
        """Where none carried it: raise `waits_for_route` if some answer and do not take it, and others may take it."""
        takers = [way for way in ways if way.takes(request)]
        if 0 < len(takers) < len(ways):
            wait_s = min(way.down_until_s for way in takers) - self._clock.monotonic_s()
            raise Transient("waits_for_route", retry_after_s=max(1.0, wait_s), address=takers[0].route.address)

    def _worth_asking(self, ways: list[_Way], request: Request) -> list[_Way]:
        """Those that may take it. Of many films that wait for a way that rests, the first asks it for all."""
        takers = [way for way in ways if way.takes(request)]
        if not takers:  # what every way has refused before is really asked for again
            return ways
        is_up = any(not self._rests(way) for way in ways if way not in takers)
        return [way for way in takers if not (is_up and self._rests(way))]

    def _in_order(self) -> list[_Way]:
        own = [way for way in self._ways if not way.is_foreign]
        if own:
            return sorted(own, key=self._rests)
        # Not one place is a stranger's then: the server was set up anew, and may be put back as it was.
        rested = [way for way in self._ways if not self._rests(way)]
        if not rested:
            raise self._changed()
        return rested

    def _rests(self, way: _Way) -> bool:
        return way.down_until_s > self._clock.monotonic_s()

    def _changed(self) -> Blocked:
        return Blocked("account_changed", address=self._ways[0].route.address)

    def _took(self, way: _Way, request: Request, answer: Answer, *, of_anyone: bool) -> None:
        if of_anyone:  # which tells nothing of who is there
            return
        if answer.status in _GIVEN_UP:
            self._rest(way)
            return
        if way is not self._last:
            log.info("the server is reached by %s now", way.route.address)
            self._last = way
        if way.takes_bytes is not None and request.length_bytes > way.takes_bytes:
            way.takes_bytes = None
        way.down_until_s, way.failures = 0.0, 0
        way.known_until_s = self._clock.monotonic_s() + KNOWN_S

    def _rest(self, way: _Way) -> None:
        way.known_until_s = 0.0
        if self._rests(way):  # several senders met the same trouble: it counts once
            return
        rest_s = min(REST_S * float(2 ** min(way.failures, 10)), LONGEST_REST_S)
        way.failures += 1
        way.down_until_s = self._clock.monotonic_s() + rest_s

    def _stranger(self, way: _Way) -> Answer | None:
        """Before anything else goes a way after a while: the account there must be ours. Else what is said instead."""
        if self._user_id is None or self._clock.monotonic_s() < way.known_until_s:
            return None
        failures = way.failures
        with self._turn:
            if self._clock.monotonic_s() < way.known_until_s:
                return None
            if way.failures > failures:  # who asked meanwhile waited in vain
                raise Blocked("server_unreachable", address=way.route.address, reason="other")
            try:
                doubtful = self._ask_who(way)
            except Blocked:
                self._rest(way)
                raise
            if doubtful is None:
                way.known_until_s = self._clock.monotonic_s() + KNOWN_S
            return doubtful

    def _ask_who(self, way: _Way) -> Answer | None:
        """None where our account is; an answer that is right if all say it; raises `Blocked` where this way is none."""
        try:
            answer = way.lines.exchange(Request("GET", "/users/me", silence_s=WHO_S))
        except Transient as lost:
            raise Blocked("server_unreachable", address=way.route.address, reason="other") from lost
        me = answer.json()
        found = me.get("id") if isinstance(me, dict) else None
        if found == self._user_id:
            if way.is_foreign:  # they all were: the server is as it was, at all its addresses
                for one in self._ways:
                    one.is_foreign = False
            return None
        way.is_foreign = isinstance(found, str)
        if way.is_foreign:
            log.warning("the way by %s leads to another account; it is not used", way.route.address)
        elif answer.status != 200 or _is_doubtful(answer):
            return answer
        raise Blocked("server_unreachable", address=way.route.address, reason="other")

    def moved(self) -> None:
        """The computer may be on another network: who is at the end of each way is asked anew, the first way first."""
        for way in self._ways:
            way.lines.let_go()
            way.known_until_s, way.down_until_s, way.failures, way.is_foreign = 0.0, 0.0, 0, False

    def close(self) -> None:
        """Abandon what is under way on all of them."""
        for way in self._ways:
            way.lines.close()


def _is_doubtful(answer: Answer) -> bool:
    """Whether it may be another's: a refusal to know us, a redirection, a page."""
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    is_redirection = 300 <= answer.status < 400 and answer.status != _NOT_MODIFIED
    return answer.status in _DOUBTFUL or is_redirection or is_page
