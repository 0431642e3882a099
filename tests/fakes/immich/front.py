"""The outermost layer: every request passes here first, and meets what lies in front of a server.

For: everything that is the same for all routes: counting, faults, the habits of proxies, maintenance mode.
Must not: know what a route does.
Thread: the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .addresses import Address
from .answers import OLD_ERRORS, Refusal, answer, is_api, refusal
from .counters import Record, route_of
from .exchange import EXCHANGE, WIRE, Exchange
from .faults import HTML, OTHER_SERVER, PORTAL, Fault
from .world import World


class Front:
    """The ASGI application the server runs; ``app`` holds the routes."""

    def __init__(self, world: World, app: ASGIApp) -> None:
        self._world = world
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request or one websocket."""
        if not self._world.version.is_modern:
            scope["extensions"][OLD_ERRORS] = True
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        exchange = Exchange(self._world, scope, receive, send)
        scope["extensions"][EXCHANGE] = exchange
        self._begin(exchange.record, exchange.address)
        try:
            async with asyncio.timeout(exchange.address.time_limit_s):
                await self._handle(scope, exchange)
        except TimeoutError:
            await exchange.reset()
        except asyncio.CancelledError:
            exchange.dead = True  # the server stops, and the connection is closed already
        finally:
            self._end(exchange.record)

    def _begin(self, record: Record, address: Address) -> None:
        with self._world.pulse.lock:
            self._world.counters.begin(record)
            address.requests += 1
            self._world.pulse.beat()

    def _end(self, record: Record) -> None:
        with self._world.pulse.lock:
            self._world.counters.end(record)
            self._world.pulse.beat()

    async def _handle(self, scope: Scope, exchange: Exchange) -> None:
        proxy = self._proxy(scope, exchange.address)
        canned = await self._meet(exchange, self._world.faults.take(exchange.route, exchange.checksum))
        request = Request(scope, exchange.receive, exchange.send)
        limit = exchange.body_limit
        if exchange.dead:
            return
        if proxy is not None or canned is not None:
            chosen = proxy or canned
            assert chosen is not None
            await chosen(scope, exchange.receive, exchange.send)
        elif limit is not None and exchange.announced > limit:
            await self._too_large(scope, exchange)
        elif self._world.faults.maintenance and is_api(scope["path"]) and scope["path"] != "/api/admin/maintenance":
            await self._maintenance(request)(scope, exchange.receive, exchange.send)
        else:
            await self._app(scope, exchange.receive, exchange.send)
            if exchange.too_large:
                await self._too_large(scope, exchange)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A websocket: proxies and faults come first; the connection is counted when it begins."""
        address: Address = scope["extensions"][WIRE]["address"]
        refused = self._proxy(scope, address)
        record = Record(route_of("GET", scope["path"]), scope["path"], "", scope["headers"], status=101)
        self._begin(record, address)
        for fault in self._world.faults.take(record.route):
            await self._wait(fault)
            if fault.canned is not None and refused is None:
                refused = _canned(fault)
        try:
            if refused is not None:
                record.status = refused.status_code
                await receive()  # the wish to connect
                await refused(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        except asyncio.CancelledError:
            pass  # the server stops, and the connection is closed already
        finally:
            self._end(record)

    def _proxy(self, scope: Scope, address: Address) -> Response | None:
        """What stands in front of the server says something itself, or hands the request on without its prefix."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if address.redirect_to is not None:
            return RedirectResponse(address.redirect_to + scope["path"], 301)
        if any(headers.get(name.lower()) != value for name, value in address.needed_headers.items()):
            return HTMLResponse(PORTAL, 200)
        if address.prefix:
            inside = scope["path"].removeprefix(address.prefix)
            if inside == scope["path"] or not inside.startswith("/"):
                return HTMLResponse(OTHER_SERVER, 404)
            scope["path"], scope["raw_path"] = inside, inside.encode()
        return None

    async def _wait(self, fault: Fault) -> None:
        """A delay, or the gate of a hold."""
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.gate is not None and fault.stall_after is None:
            fault.loops.append(asyncio.get_running_loop())
            if not fault.removed:
                await fault.gate.wait()

    async def _meet(self, exchange: Exchange, faults: Sequence[Fault]) -> Response | None:
        """Carry out the faults a request meets; returns the answer one of them wants to give."""
        response: Response | None = None
        for fault in faults:
            await self._wait(fault)
            exchange.throttle = fault if fault.bytes_per_second else exchange.throttle
            exchange.answer_rate = fault.answer_rate or exchange.answer_rate
            exchange.rewrite = fault.rewrite or exchange.rewrite
            exchange.cut_after = exchange.cut_after if fault.cut_after is None else fault.cut_after
            if fault.lose_answer_after is not None:
                exchange.lose_answer_after = fault.lose_answer_after
            if fault.stall_after is not None and fault.gate is not None:
                fault.loops.append(asyncio.get_running_loop())
                exchange.stall = (fault.stall_after, fault.gate)
            if fault.canned is not None and response is None:
                if fault.canned.read_body:
                    await exchange.drain()
                response = _canned(fault)
        if exchange.cut_after == 0 and not exchange.dead:
            await exchange.reset()
        return response

    async def _too_large(self, scope: Scope, exchange: Exchange) -> None:
        """The page a proxy sends for a body over its limit."""
        page = Response(b"<html><head><title>413</title></head></html>", 413, media_type=HTML)
        exchange.too_large = False
        await page(scope, exchange.receive, exchange.pass_on)

    def _maintenance(self, request: Request) -> Response:
        path, version = request.url.path, self._world.version
        if path == "/api/server/config":
            return answer(request, {"maintenanceMode": True})
        if path == "/api/server/ping" and version.pings_in_maintenance:
            return answer(request, {"res": "pong"})
        if path == "/api/server/version" and version.pings_in_maintenance:
            return answer(request, version.document)
        return refusal(request, Refusal(404, f"Cannot {request.method} {path}"))


def _canned(fault: Fault) -> Response:
    made = fault.canned
    assert made is not None
    return Response(made.body, made.status, made.headers, made.content_type)
