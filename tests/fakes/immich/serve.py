"""Running the stand-in on loopback ports with uvicorn, in a thread of its own.

For: ``standin.py``; starts, stops, opens and closes addresses.
Must not: know routes or faults.
Thread: :class:`ServerThread` is used from tests; everything else runs on the server's event loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .addresses import Address, Doing, Silence, Slam, reset
from .calendar import Calendar
from .counters import Counters
from .exchange import WIRE

Sink = Callable[[bytes], None]

START_TIMEOUT = 10.0
LAST_WORDS = 0.1  # seconds a request has to notice that its connection is gone


def socket_for(counters: Counters, address: Address) -> type[WebSocketsSansIOProtocol]:
    """uvicorn's websocket protocol for one address: a connection after it became a websocket."""

    class CountedSocket(WebSocketsSansIOProtocol):
        """One websocket."""

        def connection_lost(self, exc: Exception | None) -> None:
            counters.open_connections -= 1
            super().connection_lost(exc)

        async def run_asgi(self) -> None:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[WIRE] = {"transport": self.transport, "address": address}
            await super().run_asgi()

        async def send(self, message: Any) -> None:
            await super().send(message)
            if message["type"] == "websocket.http.response.body":
                self.handshake_complete = True  # a refusal is an answer too, which uvicorn forgets

    return CountedSocket


def protocol_for(counters: Counters, address: Address) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol for one address, which also counts connections and lets the application reset them."""
    websocket = socket_for(counters, address)

    class CountedProtocol(HttpToolsProtocol):
        """One connection."""

        sink: Sink | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            counters.connections += 1
            counters.open_connections += 1
            super().connection_made(transport)
            self.ws_protocol_class = websocket

        def connection_lost(self, exc: Exception | None) -> None:
            counters.open_connections -= 1
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.sink = None
            wire = {"transport": self.transport, "divert": self.divert, "address": address}
            self.scope["extensions"] = {WIRE: cast(Any, wire)}

        def divert(self, sink: Sink) -> None:
            """Hand the rest of this request's body straight to ``sink``, past the queue of ASGI messages."""
            self.sink = sink

        def on_body(self, body: bytes) -> None:
            if self.sink is not None:
                self.sink(body)
            else:
                super().on_body(body)

        def on_headers_complete(self) -> None:
            # The real server confirms every Expect header before anybody looked at the request.
            if self.expect_100_continue:
                self.expect_100_continue = False
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            super().on_headers_complete()

    return CountedProtocol


class LoopbackServer(uvicorn.Server):
    """uvicorn's server without its pauses: it stops at once and can close and reopen its ports."""

    def __init__(
        self, app: ASGIApp, counters: Counters, addresses: list[Address], keep_alive: float, calendar: Calendar
    ) -> None:
        config = uvicorn.Config(
            cast(Any, app),
            http=HttpToolsProtocol,
            ws="websockets-sansio",
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            loop="none",
            lifespan="off",
            log_config=None,
            log_level=logging.ERROR,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=cast(int, keep_alive),
        )
        super().__init__(config)
        self._counters = counters
        self._addresses = addresses
        self._calendar = calendar
        self._open: dict[Address, asyncio.Server] = {}
        self._quiet: dict[Address, set[asyncio.BaseTransport]] = {}
        self.servers = []
        self.stopping = asyncio.Event()
        self.running = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open every address."""
        for address in self._addresses:
            await self.reopen(address)
        self.started = True

    async def reopen(self, address: Address) -> None:
        """Close an address with its connections, and open it again as it wants to be."""
        if (former := self._open.pop(address, None)) is not None:
            former.close()
        self.drop_connections(address)
        if address.doing is not Doing.REFUSING:
            factory, context = self._factory(address)
            loop = asyncio.get_running_loop()
            self._open[address] = await loop.create_server(factory, sock=address.bind(), ssl=context)

    def _factory(self, address: Address) -> tuple[Callable[[], asyncio.Protocol], Any]:
        """What to make for each connection, and its TLS."""
        if address.doing is Doing.SLAMMING:
            return Slam, None
        if address.doing is Doing.SILENT:
            quiet = self._quiet

            class Held(Silence):
                def connection_made(self, transport: asyncio.BaseTransport) -> None:
                    if address.doing is Doing.SILENT:
                        quiet.setdefault(address, set()).add(transport)
                    else:  # it was taken in the moment before the address changed
                        reset(cast(asyncio.Transport, transport))

            return Held, None
        kind = protocol_for(self._counters, address)
        state = self.server_state
        return lambda: kind(self.config, state, self.lifespan.state), address.context()

    async def main_loop(self) -> None:
        """Keep the Date header fresh until told to stop."""
        while not self.stopping.is_set():
            await self.on_tick(0)
            date = format_datetime(self._calendar.now(), usegmt=True).encode()
            self.server_state.default_headers = [(b"date", date)]
            self.running.set()
            try:
                await asyncio.wait_for(self.stopping.wait(), 1.0)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the ports, drop every connection, end what still runs."""
        for server in self._open.values():
            server.close()
        self._open.clear()
        self.drop_connections()
        if tasks := set(self.server_state.tasks):
            _, waiting = await asyncio.wait(tasks, timeout=LAST_WORDS)
            for task in waiting:  # held or delayed by a fault
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def drop_connections(self, address: Address | None = None) -> None:
        """Reset the open connections of an address, or of all."""
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if address is None or _port_of(transport) == address.port:
                transport.abort()
        for one in [address] if address is not None else list(self._quiet):
            for quiet in self._quiet.pop(one, ()):
                reset(cast(asyncio.Transport, quiet))


def _port_of(transport: asyncio.Transport) -> int | None:
    name = transport.get_extra_info("sockname")
    return name[1] if name else None


def new_loop() -> asyncio.AbstractEventLoop:
    """The fast event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class ServerThread:
    """A running server; ports stay the same when it refuses and accepts again."""

    def __init__(
        self,
        app: ASGIApp,
        counters: Counters,
        addresses: list[Address],
        *,
        keep_alive: float = 5.0,
        calendar: Calendar | None = None,
    ) -> None:
        self._addresses = addresses
        self._server = LoopbackServer(app, counters, addresses, keep_alive, calendar or Calendar())
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)
        self._problem: BaseException | None = None

    def start(self) -> None:
        """Start and return when requests are answered."""
        self._thread.start()
        if not self._server.running.wait(START_TIMEOUT):
            raise TimeoutError("the stand-in server did not start") from self._problem
        if self._problem is not None:
            raise self._problem
        for address in self._addresses:
            address.opener = self

    def stop(self) -> None:
        """Stop at once; open connections are reset."""
        for address in self._addresses:
            address.opener = None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stopping.set)
            self._thread.join(START_TIMEOUT)

    def open(self, address: Address) -> None:
        """Open one more address."""
        address.opener = self
        self.reopen(address)

    def reopen(self, address: Address) -> None:
        """Do with an address what it says."""
        self.await_(self._server.reopen(address))

    def drop_connections(self, address: Address | None = None) -> None:
        """Reset the open connections of an address, or of all."""
        self.call(lambda: self._server.drop_connections(address))

    def call(self, action: Callable[[], object]) -> None:
        """Run something on the server's loop and wait for it."""

        async def act() -> None:
            action()

        self.await_(act())

    def await_(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the server's loop and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[]))
        except BaseException as problem:  # noqa: BLE001 - handed to whoever waits for the start
            self._problem = problem
            self._server.running.set()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
