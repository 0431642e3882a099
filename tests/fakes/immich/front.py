"""The outermost layer: every request passes here first, and meets the faults that a test ordered.

For: everything that is the same for all routes: counting, faults, size limits, maintenance mode.
Must not: know what a route does.
Thread: the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .answers import answer, is_api
from .exchange import EXCHANGE, Exchange
from .faults import HTML, Fault
from .server_info import VERSION
from .world import World


class Front:
    """The ASGI application the server runs; ``app`` holds the routes."""

    def __init__(self, world: World, app: ASGIApp) -> None:
        self._world = world
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of connection go straight to the routes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(self._world, scope, receive, send)
        scope["extensions"][EXCHANGE] = exchange
        with self._world.pulse.lock:
            self._world.counters.begin(exchange.record)
            self._world.pulse.beat()
        try:
            await self._handle(scope, exchange)
        except asyncio.CancelledError:
            exchange.dead = True  # the server stops, and the connection is closed already
        finally:
            with self._world.pulse.lock:
                self._world.counters.end(exchange.record)
                self._world.pulse.beat()

    async def _handle(self, scope: Scope, exchange: Exchange) -> None:
        canned = await self._meet(exchange, self._world.faults.take(exchange.route))
        request = Request(scope, exchange.receive, exchange.send)
        limit = self._world.faults.body_limit
        if exchange.dead:
            return
        if canned is not None:
            await canned(scope, exchange.receive, exchange.send)
        elif limit is not None and exchange.announced > limit:
            await self._too_large(scope, exchange)
        elif self._world.faults.maintenance and is_api(scope["path"]):
            await self._maintenance(request)(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, exchange.receive, exchange.send)
            if exchange.too_large:
                await self._too_large(scope, exchange)

    async def _meet(self, exchange: Exchange, faults: Sequence[Fault]) -> Response | None:
        """Carry out the faults a request meets; returns the answer one of them wants to give."""
        response: Response | None = None
        for fault in faults:
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.gate is not None:
                fault.loops.append(asyncio.get_running_loop())
                if not fault.removed:
                    await fault.gate.wait()
            exchange.rate = fault.bytes_per_second or exchange.rate
            exchange.cut_after = exchange.cut_after if fault.cut_after is None else fault.cut_after
            if fault.lose_answer_after is not None:
                exchange.lose_answer_after = fault.lose_answer_after
            if fault.canned is not None and response is None:
                if fault.canned.read_body:
                    await exchange.drain()
                made = fault.canned
                response = Response(made.body, made.status, made.headers, made.content_type)
        if exchange.cut_after == 0 and not exchange.dead:
            await exchange.reset()
        return response

    async def _too_large(self, scope: Scope, exchange: Exchange) -> None:
        """The page a proxy sends for a body over its limit."""
        page = Response(b"<html><head><title>413</title></head></html>", 413, media_type=HTML)
        exchange.too_large = False
        await page(scope, exchange.receive, exchange.pass_on)

    def _maintenance(self, request: Request) -> Response:
        path = request.url.path
        if path == "/api/server/config":
            return answer(request, {"maintenanceMode": True})
        if path == "/api/server/ping":
            return answer(request, {"res": "pong"})
        if path == "/api/server/version":
            return answer(request, VERSION)
        return answer(request, {"message": f"Cannot {request.method} {path}"}, 404)
