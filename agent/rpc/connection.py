"""One client's conversation: its lines in, answers and changes out.

Anything that is no message of ours ends this conversation and no other. On the server's loop; the calls run in worker
threads (`Run`).
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Final

from agent import __version__
from agent.protocol import wire
from agent.protocol.methods import PROTOCOL, Hello, Message, Nothing, Welcome
from agent.rpc.feed import Feed, Subscription

log = logging.getLogger(__name__)

#: A connection that has not said hello by then is closed.
GREETING_S: Final = 10.0
#: How long a client may leave a full buffer unread before it is dropped.
STALL_S: Final = 5.0
_BUFFER_BYTES: Final = 256 * 1024
#: Calls of one client that run at the same time; further ones wait unread in its socket.
_CALLS_AT_ONCE: Final = 4
#: What a client of another protocol may still ask, so that the two versions can part.
_UNGREETED = frozenset({"hello", "agent.version", "agent.stop"})

#: Runs a call in a worker thread and gives the line that answers it; never raises.
Run = Callable[[wire.Request, Message], Awaitable[bytes]]


class Connection:
    """A client, from its first byte to its last."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, run: Run, feed: Feed) -> None:
        self._reader = reader
        self._writer = writer
        self._run = run
        self._feed = feed
        self._greeted = False
        self._slots = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._answers: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._subscription: Subscription | None = None
        writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)

    async def converse(self) -> None:
        """Serve this client until it leaves or has to go."""
        impatience = asyncio.get_running_loop().call_later(GREETING_S, self._give_up_greeting)
        try:
            while (line := await self._next_line()) is not None:
                if not await self._take(line):
                    break
                if self._greeted:
                    impatience.cancel()
            # A client that has only closed its own side still waits for answers.
            await self.settle()
        except ConnectionError:
            pass
        finally:
            impatience.cancel()
            await self._end()

    async def settle(self) -> None:
        """Wait until every call that has begun is answered."""
        if self._answers:
            await asyncio.wait(set(self._answers))

    def leave(self) -> None:
        """Close after what is already written; no answer comes any more."""
        for task in self._answers:
            task.cancel()
        self._writer.close()

    def drop(self) -> None:
        """Close at once, unsent or not."""
        self._writer.transport.abort()

    async def send(self, line: bytes) -> None:
        """Send a line, waiting while the client's buffer is full; one that does not read for too long is dropped."""
        async with self._writing:
            if self._writer.is_closing():
                return
            self._writer.write(line)
            try:
                async with asyncio.timeout(STALL_S):
                    await self._writer.drain()
            except TimeoutError:
                log.info("dropped a client that does not read")
                self.drop()
            except ConnectionError:
                self.drop()

    async def _next_line(self) -> bytes | None:
        """The next line, None at the end. A line that is too long gets its answer and counts as the end."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None  # the end, or half a line before it: nothing that could be answered
        except asyncio.LimitOverrunError:
            await self._refuse(None, wire.INVALID_REQUEST, "the line is too long")
            return None

    async def _take(self, line: bytes) -> bool:
        """Begin what a line asks for; False ends the conversation."""
        try:
            request = wire.unpack_request(line)
        except wire.WireError as error:
            await self._refuse(None, error.code, str(error))
            return False
        if not self._greeted and request.method not in _UNGREETED:
            await self._refuse(request.id, wire.UNGREETED, "The first call must be hello.")
            return False
        try:
            params = wire.unpack_params(request)
        except wire.WireError as error:
            await self.send(wire.pack_error(request.id, error.code, str(error)))
            return True
        if isinstance(params, Hello):
            await self._greet(request, params)
        elif request.method == "state.subscribe":
            await self.send(wire.pack_result(request.id, Nothing()))
            self._subscribe()
        else:
            await self._slots.acquire()
            task = asyncio.get_running_loop().create_task(self._answer(request, params))
            self._answers.add(task)
            task.add_done_callback(self._answered)
        return True

    async def _greet(self, request: wire.Request, hello: Hello) -> None:
        """Welcome, or one sentence. A refused client may still ask `agent.version` and `agent.stop`."""
        if hello.protocol == PROTOCOL:
            self._greeted = True
            await self.send(wire.pack_result(request.id, Welcome(PROTOCOL, __version__, os.getpid())))
            return
        sentence = (
            f"This agent (version {__version__}) speaks protocol {PROTOCOL}, "
            f"and {hello.client} (version {hello.app}) speaks protocol {hello.protocol}: update the older one."
        )
        await self.send(wire.pack_error(request.id, wire.UNGREETED, sentence))

    async def _answer(self, request: wire.Request, params: Message) -> None:
        await self.send(await self._run(request, params))

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answers.discard(task)
        self._slots.release()
        if not task.cancelled():
            task.result()  # nothing of it may raise; if it does, the loop logs it

    def _subscribe(self) -> None:
        if self._subscription is None:
            self._subscription = self._feed.subscribe(self.send)
        else:
            self._subscription.mark_all()

    async def _refuse(self, call_id: int | None, code: int, sentence: str) -> None:
        log.info("closed a connection: %s", sentence)
        await self.send(wire.pack_error(call_id, code, sentence))

    def _give_up_greeting(self) -> None:
        log.info("closed a connection that did not say hello")
        self.drop()

    async def _end(self) -> None:
        if self._subscription is not None:
            self._subscription.end()
        self.leave()
        # Frees the socket; a client that reads nothing any more cannot hold it.
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(STALL_S):
                await self._writer.wait_closed()
            return
        self.drop()
