"""The agent's ear: listens at the home's address and lets each client converse.

asyncio in one thread of its own, started and stopped by the composition root; calls run in the threads of `pool`, so
`dispatch` may block. What a call does and what it means is none of this room's business.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from agent.domain.errors import Fate
from agent.platforms.base import Listener, Platform
from agent.protocol import wire
from agent.protocol.methods import LINE_LIMIT_BYTES, Message
from agent.protocol.types import Section
from agent.rpc.connection import Connection
from agent.rpc.feed import Feed
from agent.rpc.pool import Pool

log = logging.getLogger(__name__)

#: More clients than any desktop has; a flood of connections must not use up the process's files.
_CONNECTIONS: Final = 128
_START_LIMIT_S: Final = 10.0
_LEAVE_LIMIT_S: Final = 1.0

#: Runs a call: the method's name and parameters in, its result out. May block; any worker thread.
Dispatch = Callable[[str, Message], Message | Section]


class Server:
    """Serves one address. `start` and `stop` from any thread that is neither a call's nor the loop's."""

    def __init__(self, platform: Platform, address: str, dispatch: Dispatch, feed: Feed) -> None:
        self._platform = platform
        self._address = address
        self._dispatch = dispatch
        self._feed = feed
        self._pool = Pool()
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._ready: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="rpc", daemon=True)
        self._grace_s = 0.0

    def start(self) -> None:
        """Listen; returns when clients can connect. Raises `AlreadyRunning`, `NotPrivate`, `OSError`."""
        self._thread.start()
        self._ready.result(_START_LIMIT_S)

    def stop(self, grace_s: float = 3.0) -> None:
        """Take no more clients, answer the calls that have begun if that takes no longer than `grace_s`, and end."""
        loop, stopping = self._loop, self._stopping
        if loop is None or stopping is None or not self._thread.is_alive():
            return
        self._grace_s = grace_s
        try:
            loop.call_soon_threadsafe(stopping.set)
        except RuntimeError:
            return  # it ended in this moment
        self._thread.join(grace_s + 3.0)
        if self._thread.is_alive():
            log.warning("the server's thread is left behind")

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise  # a bug: the thread ends and says so
            self._ready.set_exception(error)
        finally:
            self._pool.close()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        listener = await self._platform.serve(self._address, self._welcome, LINE_LIMIT_BYTES)
        self._feed.open(self._loop)
        self._ready.set_result(None)
        try:
            await self._stopping.wait()
        finally:
            await self._finish(listener)

    async def _finish(self, listener: Listener) -> None:
        listener.close()
        open_ones = dict(self._connections)
        if open_ones:
            # The answer to the very call that stops the agent is among these.
            await asyncio.wait([asyncio.ensure_future(one.settle()) for one in open_ones], timeout=self._grace_s)
        await self._feed.close()
        for one in open_ones:
            one.leave()
        if open_ones:
            await asyncio.wait(open_ones.values(), timeout=_LEAVE_LIMIT_S)
        for one in list(self._connections):
            one.drop()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer, self._run, self._feed)
        if len(self._connections) >= _CONNECTIONS or (self._stopping is not None and self._stopping.is_set()):
            connection.drop()
            return
        task = asyncio.create_task(connection.converse())
        self._connections[connection] = task
        try:
            await task
        finally:
            del self._connections[connection]

    async def _run(self, request: wire.Request, params: Message) -> bytes:
        return await asyncio.wrap_future(self._pool.submit(lambda: self._call(request, params)))

    def _call(self, request: wire.Request, params: Message) -> bytes:
        """Run a call and make the line that answers it. In a worker thread."""
        try:
            line = wire.pack_result(request.id, self._dispatch(request.method, params))
            if len(line) <= LINE_LIMIT_BYTES:
                return line
            log.error("the answer to %s is too long: %d bytes", request.method, len(line))
        except wire.Mistake as mistake:
            return wire.pack_error(request.id, wire.MISTAKE, mistake.code, mistake.args_)
        except Fate as fate:
            return wire.pack_error(request.id, wire.MISTAKE, fate.code, fate.args_)
        except Exception:  # the border: a bug in one call ends that call only
            log.exception("a bug in the call %s", request.method)
        return wire.pack_error(request.id, wire.INTERNAL_ERROR, "internal")
