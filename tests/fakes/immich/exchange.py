"""One request and its answer, between the server and the routes.

For: counting, slowing down and cutting off what passes; reading large bodies without a detour; draining those that
nobody read.
Must not: decide which fault applies (``front.py`` does) or know what a route does.
Thread: the server's.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from .addresses import Address, reset
from .answers import ClientGone, is_api
from .counters import Record, route_of
from .faults import Fault
from .world import World

WIRE = "safelight.wire"
EXCHANGE = "safelight.exchange"
DRIBBLES_S = 0.05  # between two pieces of an answer that comes slowly


class Exchange:
    """One request and its answer, with the two ASGI channels wrapped."""

    def __init__(self, world: World, scope: Scope, receive: Receive, send: Send) -> None:
        self._world = world
        self._scope = scope
        self._receive = receive
        self._send = send
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        named = dict(headers)
        self.route = route_of(scope["method"], scope["path"])
        self.record = Record(self.route, scope["path"], scope["query_string"].decode("latin-1"), headers)
        #: Of the content that an upload is about to bring, as the client announces it.
        self.checksum = named.get(b"x-immich-checksum", b"").decode("latin-1")
        self.announced = int(named.get(b"content-length", b"0"))
        self._body_over = self.announced == 0 and b"transfer-encoding" not in named
        self._close = named.get(b"connection", b"").lower() == b"close" or scope["http_version"] == "1.0"
        self.address: Address = scope["extensions"][WIRE]["address"]
        self._started = 0.0
        self._answered = 0
        self.cut_after: int | None = None
        self.lose_answer_after: int | None = None
        self.stall: tuple[int, asyncio.Event] | None = None
        self.answer_rate: float | None = None
        self.rewrite: Callable[[list[bytes]], Iterable[bytes]] | None = None
        self.throttle: Fault | None = None
        self.dead = False
        self.too_large = False

    @property
    def body_limit(self) -> int | None:
        """How many bytes a request may have here; the server itself knows no limit, a proxy may."""
        limits = [one for one in (self._world.faults.body_limit, self.address.body_limit) if one is not None]
        return min(limits, default=None)

    async def receive(self) -> Message:
        """The next piece of the body: counted, slowed down, or cut off."""
        if self.dead or self.too_large:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] != "http.request":
            self.dead = True
            return message
        got = len(message.get("body", b""))
        self._body_over = not message.get("more_body", False)
        self.record.body_bytes += got
        self._world.counters.bytes_received += got
        if self.cut_after is not None and self.record.body_bytes >= self.cut_after:
            await self.reset()
            return {"type": "http.disconnect"}
        limit = self.body_limit
        if limit is not None and self.record.body_bytes > limit:
            self.too_large = True
            return {"type": "http.disconnect"}
        if self.throttle is not None and self.throttle.bytes_per_second:
            await self._slow_down(self.throttle, self.throttle.bytes_per_second)
        return message

    async def read_into(self, consume: Callable[[bytes], None]) -> None:
        """Feed the whole body to ``consume``, without a detour when nothing slows it down or counts it.

        Raises what ``consume`` raised, once the body is over, and :class:`ClientGone` when it does not end.
        """
        problem: Exception | None = None

        def take(piece: bytes) -> None:
            nonlocal problem
            try:
                if problem is None:
                    consume(piece)
            except Exception as raised:  # noqa: BLE001 - kept for the caller; the connection's parser must not see it
                problem = raised

        def take_directly(piece: bytes) -> None:
            self.record.body_bytes += len(piece)
            self._world.counters.bytes_received += len(piece)
            take(piece)

        plain = self.throttle is None and self.cut_after is None and self.body_limit is None
        while not self._body_over:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGone
            take(message.get("body", b""))
            if plain and not self._body_over:
                self._scope["extensions"][WIRE]["divert"](take_directly)
        if problem is not None:
            raise problem

    async def send(self, message: Message) -> None:
        """Pass the answer on, with the common headers, and finish only after the body was read."""
        if self.dead or self.too_large:
            return
        await self.pass_on(message)

    async def pass_on(self, message: Message) -> None:
        """Like :meth:`send`, also for the answer that reports a too large body."""
        if message["type"] == "http.response.start":
            self.record.status = message["status"]
            message["headers"] = [*message.get("headers", []), *self._common_headers()]
        if self.lose_answer_after is not None and await self._lost(message):
            return
        if self.stall is not None:
            message = await self._stalled(message, *self.stall)
        if self.answer_rate is not None and message["type"] == "http.response.body":
            message = await self._dribbled(message, self.answer_rate)
        last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if last and not self._body_over:
            await self._send({**message, "more_body": True})
            await self.drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
            if self.dead:
                return
        await self._send(message)

    async def drain(self) -> None:
        """Read the rest of the body and forget it."""
        while not self._body_over and not self.dead:
            message = await self._receive()
            if message["type"] != "http.request":
                self.dead = True
                return
            self.record.body_bytes += len(message.get("body", b""))
            self._body_over = not message.get("more_body", False)

    async def reset(self) -> None:
        """Close the connection so that the other side sees a reset, and wait until it is closed."""
        self.dead = True
        reset(self._scope["extensions"][WIRE]["transport"])
        await self._closed()

    async def _closed(self) -> None:
        """Wait until the connection is really gone, so that nobody above takes it for one in use."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _lost(self, message: Message) -> bool:
        """Whether the connection goes before this part of the answer is out completely."""
        assert self.lose_answer_after is not None
        if message["type"] == "http.response.start" and self.lose_answer_after > 0:
            return False
        body = message.get("body", b"")
        room = self.lose_answer_after - self._answered
        self._answered += len(body)
        if len(body) < room:
            return False
        await self.drain()
        if room > 0:
            await self._send({**message, "body": body[:room], "more_body": True})
            self._scope["extensions"][WIRE]["transport"].close()
            self.dead = True
            await self._closed()
        else:
            await self.reset()
        return True

    async def _stalled(self, message: Message, after: int, gate: asyncio.Event) -> Message:
        """Send so many bytes of the answer's body, and nothing more until the gate opens."""
        if message["type"] == "http.response.start":
            if after == 0:
                await gate.wait()
            return message
        body = message.get("body", b"")
        room, self._answered = after - self._answered, self._answered + len(body)
        if self.stall is None or len(body) < room:
            return message
        self.stall = None
        if room > 0:
            await self._send({**message, "body": body[:room], "more_body": True})
        await gate.wait()
        return {**message, "body": body[max(room, 0) :]}

    async def _dribbled(self, message: Message, rate: float) -> Message:
        """Send the answer's body in small pieces; what is left for the caller to send is empty."""
        body: Any = message.get("body", b"")
        step = max(1, int(rate * DRIBBLES_S))
        for place in range(0, len(body), step):
            await self._send({**message, "body": body[place : place + step], "more_body": True})
            await asyncio.sleep(DRIBBLES_S)
        return {**message, "body": b""}

    async def _slow_down(self, throttle: Fault, rate: float) -> None:
        """Wait until so much may have come; what is under way is quick again as soon as the fault is removed."""
        self._started = self._started or time.monotonic()
        due = self._started + self.record.body_bytes / rate
        while (ahead := due - time.monotonic()) > 0:
            if throttle.removed:
                return
            await asyncio.sleep(min(ahead, DRIBBLES_S))

    def _common_headers(self) -> Sequence[tuple[bytes, bytes]]:
        common = [(b"x-powered-by", b"Express")]
        if is_api(self._scope["path"]):
            common.append((b"x-correlation-id", secrets.token_hex(4).encode()))
        if not self._close:
            idle = max(1, int(self._world.settings.keep_alive))
            common += [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=%d" % idle)]
        return common


def exchange_of(request: Request) -> Exchange:
    """The exchange a request belongs to."""
    found: Exchange = request.scope["extensions"][EXCHANGE]
    return found
