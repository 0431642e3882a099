"""Running the stand-in on a loopback port with uvicorn, in a thread of its own.

For: ``standin.py``; starts, stops, refuses and takes up connections again.
Must not: know routes or faults.
Thread: :class:`ServerThread` is used from tests; everything else runs on the server's event loop.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .counters import Counters
from .exchange import WIRE

Sink = Callable[[bytes], None]

START_TIMEOUT = 10.0
LAST_WORDS = 0.1  # seconds a request has to notice that its connection is gone


def protocol_for(counters: Counters) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol, which also counts connections and lets the application reset them."""

    class CountedProtocol(HttpToolsProtocol):
        """One connection."""

        sink: Sink | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            counters.connections += 1
            counters.open_connections += 1
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            counters.open_connections -= 1
            super().connection_lost(exc)

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.sink = None
            self.scope["extensions"] = {WIRE: {"transport": self.transport, "divert": self.divert}}

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
    """uvicorn's server without its pauses: it stops at once and can close and reopen its port."""

    def __init__(self, app: ASGIApp, counters: Counters, keep_alive: float) -> None:
        config = uvicorn.Config(
            cast(Any, app),
            http=protocol_for(counters),
            ws="none",
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
        self.stopping = asyncio.Event()
        self.running = threading.Event()

    async def main_loop(self) -> None:
        """Keep the Date header fresh until told to stop."""
        self.running.set()
        while not self.stopping.is_set():
            await self.on_tick(0)
            try:
                await asyncio.wait_for(self.stopping.wait(), 1.0)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, drop every connection, end what still runs."""
        self.refuse()
        if tasks := set(self.server_state.tasks):
            _, waiting = await asyncio.wait(tasks, timeout=LAST_WORDS)
            for task in waiting:  # held or delayed by a fault
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def refuse(self) -> None:
        """Close the port and drop every connection."""
        for server in self.servers:
            server.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Reset every open connection."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def bind(port: int) -> socket.socket:
    """A listening socket on the loopback interface; port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(512)
    return listener


def new_loop() -> asyncio.AbstractEventLoop:
    """The fast event loop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class ServerThread:
    """A running server; the port stays the same when it refuses and accepts again."""

    def __init__(self, app: ASGIApp, counters: Counters, *, port: int = 0, keep_alive: float = 5.0) -> None:
        self._listener = bind(port)
        self.port: int = self._listener.getsockname()[1]
        self._server = LoopbackServer(app, counters, keep_alive)
        self._loop = new_loop()
        self._thread = threading.Thread(target=self._run, name=f"stand-in-{self.port}", daemon=True)

    def start(self) -> None:
        """Start and return when requests are answered."""
        self._thread.start()
        if not self._server.running.wait(START_TIMEOUT):
            raise TimeoutError("the stand-in server did not start")

    def stop(self) -> None:
        """Stop at once; open connections are reset."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._server.stopping.set)
            self._thread.join(START_TIMEOUT)
        self._listener.close()

    def refuse(self) -> None:
        """Let every connection attempt fail until :meth:`accept`."""
        self.call(self._server.refuse)
        self._listener.close()

    def drop_connections(self) -> None:
        """Reset every open connection."""
        self.call(self._server.drop_connections)

    def accept(self) -> None:
        """Listen on the same port again."""
        self._listener = bind(self.port)
        self.await_(self._server.startup(sockets=[self._listener]))

    def call(self, action: Callable[[], object]) -> None:
        """Run something on the server's loop and wait for it."""

        async def act() -> None:
            action()

        self.await_(act())

    def await_(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the server's loop and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT)

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Run something on the server's loop after a time; callable from any thread."""
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, action)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._server.serve(sockets=[self._listener]))
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
