"""The websocket of the server: socket.io 4 over engine.io 4, as far as an Immich client sees of it.

For: ``/api/socket.io``. Written out by hand, so that it shares no reading of the protocol with the client under test.
Must not: offer long polling (the real server does not), or decide who is told what (``herald.py``).
Thread: the server's.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from .hall import HANG_UP, KICK, Event, Guest
from .world import World

PATHS = ("/api/socket.io", "/api/socket.io/")
PING, PONG, CLOSE = "2", "3", "1"
CONNECT, DISCONNECT, EVENT = "40", "41", "42"
UNUSED_S = 45.0  # how long a connection may stay that nobody is signed in on
TRANSPORT_UNKNOWN = {"code": 0, "message": "Transport unknown"}
WRONG_PROTOCOL = {"code": 5, "message": "Unsupported protocol version"}


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def new_name() -> str:
    """An id of a connection."""
    return secrets.token_urlsafe(15)


class Live:
    """The websocket route, and what it says to those who come without a websocket."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hall = world.hall

    def routes(self) -> list[BaseRoute]:
        """All routes of this module."""
        polling = [Route(path, self.poll, methods=["GET", "POST"]) for path in PATHS]
        return [*polling, *(WebSocketRoute(path, self.serve) for path in PATHS)]

    async def poll(self, _request: Request) -> Response:
        """There is no long polling."""
        return JSONResponse(TRANSPORT_UNKNOWN, 400)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from its handshake to its end."""
        query = socket.query_params
        problem = TRANSPORT_UNKNOWN if query.get("transport") != "websocket" else None
        problem = problem or (WRONG_PROTOCOL if query.get("EIO") != "4" else None)
        if problem is not None:
            await socket.send_denial_response(JSONResponse(problem, 400))
            return
        await socket.accept()
        self._hall.shake(dict(socket.headers))
        await Line(self._world, socket).run()


class Line:
    """One open connection."""

    def __init__(self, world: World, socket: WebSocket) -> None:
        self._world = world
        self._hall = world.hall
        self._socket = socket
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._guest = Guest(asyncio.get_running_loop(), self._over.set, dict(socket.headers))

    async def run(self) -> None:
        """Greet, then read, write and ping until one side ends it."""
        hello = {"sid": new_name(), "upgrades": [], "maxPayload": 1_000_000}
        times = {"pingInterval": int(self._hall.ping_interval_s * 1000)}
        times["pingTimeout"] = int(self._hall.ping_timeout_s * 1000)
        work = [asyncio.ensure_future(one) for one in (self._read(), self._write(), self._ping(), self._over.wait())]
        try:
            await self._socket.send_text("0" + compact(hello | times))
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        except (WebSocketDisconnect, RuntimeError):
            pass  # gone before it was greeted
        finally:
            self._hall.leave(self._guest)
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self._hang_up()

    def _hang_up(self) -> None:
        transport = self._socket.scope["extensions"]["safelight.wire"]["transport"]
        transport.abort() if self._over.is_set() else transport.close()

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or ""
            if text.startswith(PONG):
                self._answered.set()
            elif text.startswith(CONNECT):
                await self._admit()
            elif text.startswith((CLOSE, DISCONNECT)):
                return

    async def _write(self) -> None:
        while True:
            name, values = event = await self._guest.queue.get()
            if event == HANG_UP:
                return
            if event == KICK:
                await self._socket.send_text(DISCONNECT)
                self._hall.leave(self._guest)
                await asyncio.sleep(UNUSED_S)
                return
            await self._socket.send_text(EVENT + compact([name, *values]))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._hall.ping_interval_s)
            if not self._hall.pings:
                continue
            self._answered.clear()
            await self._socket.send_text(PING)
            try:
                await asyncio.wait_for(self._answered.wait(), self._hall.ping_timeout_s)
            except TimeoutError:
                return

    async def _admit(self) -> None:
        """Let a client in, or tell it so and send it away. In maintenance mode everybody may come in."""
        await self._socket.send_text(CONNECT + compact({"sid": new_name()}))
        if self._world.faults.maintenance:
            self._greet(("MaintenanceStatusV1", ({"active": True, "action": "start"},)), frozenset({"public"}))
            return
        caller = self._world.guard.greet(self._socket)
        if caller is None:
            self._hall.refuse()
            self._guest.queue.put_nowait(("error", ("unauthorized",)))
            self._guest.queue.put_nowait(KICK)
            return
        rooms = {caller.user.id} | ({caller.session.id} if caller.session else set())
        self._greet(("on_server_version", (self._world.version.document,)), frozenset(rooms))

    def _greet(self, event: Event, rooms: frozenset[str]) -> None:
        self._guest.rooms = rooms
        self._guest.queue.put_nowait(event)
        self._hall.enter(self._guest)
