"""The sync stream and its checkpoints.

For: the routes below ``/api/sync``; only a session may use them.
Must not: decide what a line looks like (``sync_lines.py``) or what is new (``sync_feed.py``).
Thread: the server's.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, refusal
from .calendar import millisecond_of
from .checks import Issue, json_body, not_one_of, wrong_type
from .exchange import exchange_of
from .models import Session
from .sync_feed import Feed
from .sync_lines import DEPRECATED, ENTITY_TYPES, SENT_ORDER, line, request_types
from .world import World

STREAM_TYPE = "application/jsonlines+json"
LINES_AT_ONCE = 200
KEPT_FOR = timedelta(days=30)  # who was away longer starts anew
MOST_ACKS = 1000
RESET = "SyncResetV1|reset"


class Sync:
    """Sync routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/sync/stream", self.stream, methods=["POST"]),
            Route("/api/sync/ack", self.show_acks, methods=["GET"]),
            Route("/api/sync/ack", self.ack, methods=["POST"]),
            Route("/api/sync/ack", self.forget, methods=["DELETE"]),
        ]

    async def stream(self, request: Request) -> Response:
        """Everything this session has not heard of, one JSON object a line."""
        body = await json_body(request)
        caller = self._guard.allow(request, "sync.stream")
        try:
            types = self._types(body)
        except Refusal as problem:
            response = refusal(request, problem)
            response.headers["content-type"] = f"{STREAM_TYPE}; charset=utf-8"
            return response
        session = _needed(caller.session)
        if body.get("reset") is True:
            _forget(session)
        if session.pending_sync_reset or self._was_away_too_long(session):
            return await self._send(request, iter([line("SyncResetV1", {}, RESET)]))
        wanted = [name for name in SENT_ORDER if name in types]
        refused = next((name for name in wanted if name in DEPRECATED and self._world.version.is_modern), None)
        if refused is None:
            return await self._send(request, self._lines(session, wanted))
        before = self._lines(session, wanted[: wanted.index(refused)], complete=False)
        first = next(before, None)
        if first is None:
            instead = f"use SyncRequestType.{DEPRECATED[refused]} instead"
            raise Refusal(400, f"SyncRequestType.{refused} is deprecated, {instead}")
        return await self._send(request, chain([first], before), breaks_off=True)

    async def show_acks(self, request: Request) -> Response:
        """The checkpoints of this session."""
        session = _needed(self._guard.allow(request, "syncCheckpoint.read").session)
        return answer(request, [{"type": kind, "ack": ack} for kind, ack in session.checkpoints.items()])

    async def ack(self, request: Request) -> Response:
        """Remember how far the client is."""
        body = await json_body(request)
        session = _needed(self._guard.allow(request, "syncCheckpoint.update").session)
        acks = body.get("acks") if isinstance(body, dict) else None
        if not isinstance(acks, list) or not all(isinstance(one, str) for one in acks):
            raise invalid([wrong_type(["acks"], "array")])
        if len(acks) > MOST_ACKS:
            big = {"origin": "array", "code": "too_big", "maximum": MOST_ACKS, "inclusive": True, "path": ["acks"]}
            raise invalid([{**big, "message": f"Too big: expected array to have <={MOST_ACKS} items"}])
        fresh: dict[str, str] = {}
        for one in acks:
            kind = one.split("|")[0]
            if kind == "SyncResetV1":
                _forget(session)
                return empty()
            if kind not in ENTITY_TYPES:
                raise Refusal(400, f"Invalid ack type: {kind}")
            fresh[kind] = one
        with self._world.pulse.lock:
            session.checkpoints |= fresh
            self._world.pulse.beat()
        return empty()

    async def forget(self, request: Request) -> Response:
        """Forget some checkpoints, or all."""
        body = await json_body(request)
        session = _needed(self._guard.allow(request, "syncCheckpoint.delete").session)
        types = body.get("types")
        if types is None:
            session.checkpoints.clear()
            return empty()
        if any(one not in ENTITY_TYPES for one in types):
            raise invalid([not_one_of(["types"], sorted(ENTITY_TYPES))])
        for one in types:
            session.checkpoints.pop(one, None)
        return empty()

    def _types(self, body: Any) -> list[str]:
        """The types asked for; refuses names that this release does not know."""
        types = body.get("types") if isinstance(body, dict) else None
        if not isinstance(types, list):
            raise invalid([wrong_type(["types"], "array")])
        known = request_types(self._world.version)
        issues: list[Issue] = [
            not_one_of(["types", place], known) for place, name in enumerate(types) if name not in known
        ]
        if issues:
            raise invalid(issues)
        return types

    def _was_away_too_long(self, session: Session) -> bool:
        """The lists of what is gone are kept for a month only."""
        ack = session.checkpoints.get("SyncCompleteV1")
        if ack is None:
            return False
        oldest = self._world.ledger.calendar.now() - KEPT_FOR
        return millisecond_of(ack.split("|")[1]) < oldest.timestamp() * 1000

    def _lines(self, session: Session, wanted: list[str], *, complete: bool = True) -> Iterator[bytes]:
        feed, now = Feed(self._world, session), self._world.ledger.mark()
        for name in wanted:
            yield from feed.lines(name)
        if complete:
            yield line("SyncCompleteV1", {}, f"SyncCompleteV1|{now}")

    async def _send(self, request: Request, lines: Iterator[bytes], *, breaks_off: bool = False) -> Response:
        rewrite = exchange_of(request).rewrite
        lines = lines if rewrite is None else iter(rewrite(list(lines)))
        headers = {"vary": "Accept-Encoding"}
        pieces = _pieces(lines)
        if breaks_off:
            pieces = _broken(pieces, request)
        if "gzip" in request.headers.get("accept-encoding", ""):
            pieces = _packed(pieces)
            headers["content-encoding"] = "gzip"
        return StreamingResponse(pieces, headers=headers, media_type=STREAM_TYPE)


def _needed(session: Session | None) -> Session:
    if session is None:
        raise Refusal(403, "Sync endpoints cannot be used with API keys")
    return session


def _forget(session: Session) -> None:
    session.pending_sync_reset = False
    session.checkpoints.clear()


async def _pieces(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    while piece := b"".join(islice(lines, LINES_AT_ONCE)):
        yield piece


async def _broken(pieces: AsyncIterator[bytes], request: Request) -> AsyncIterator[bytes]:
    """What was written before the server found a type that it refuses; then the connection ends."""
    async for piece in pieces:
        yield piece
    await exchange_of(request).reset()


async def _packed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    async for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
