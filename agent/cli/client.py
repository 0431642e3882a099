"""The agent's calls for a script or a command: one blocking connection, typed answers.

    with Client.connect() as client:
        print(client.call("state.get").library.counts)

One thread at a time; only `close` may come from another, and ends whatever waits. Holds no truth and makes no sentence:
what the agent refuses is raised as it came.
"""

import contextlib
import socket
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from agent import __version__
from agent.platforms import current, places
from agent.platforms.base import Channel, NotPrivate
from agent.protocol import wire
from agent.protocol.methods import (
    LINE_LIMIT_BYTES,
    PAGE_LIMIT,
    PROTOCOL,
    Hello,
    JobEnqueue,
    JobId,
    JobRef,
    JobRows,
    JobsList,
    Message,
    Nothing,
)
from agent.protocol.types import Changes, JobRow, JobStatus

_CHUNK_BYTES: Final = 256 * 1024
#: Longer than any call takes; signing in to a slow server is the slowest.
_ANSWER_LIMIT_S: Final = 120.0


class NotRunning(Exception):
    """No agent answers at this home: none runs, it stopped while we waited, or it hangs."""


class NotAnswering(NotRunning):
    """An agent is there, and does not answer in time: it hangs, or is stopped by a debugger or a signal."""


class Client:
    """A connection that has said hello."""

    def __init__(self, channel: Channel) -> None:
        """For `connect`; takes over the channel."""
        self._channel = channel
        self._buffer = bytearray()
        self._searched = 0
        self._last_id = 0
        self._changes: deque[Changes] = deque()
        self._subscribed = False

    @classmethod
    def connect(
        cls, home: Path | None = None, timeout_s: float = 5.0, *, name: str = "cli", parting: bool = False
    ) -> Self:
        """Connect to the agent of a home (None: SAFELIGHT_HOME or the usual one), within `timeout_s`.

        Raises `NotRunning`, and `Mistake` when the agent speaks another protocol; with `parting` that is no error, and
        `agent.version` and `agent.stop` can be called all the same.
        """
        try:
            client = cls(current().connect(places(home).socket_address, timeout_s))
        except (OSError, NotPrivate) as error:
            raise NotRunning("no agent runs here") from error
        try:
            client.call("hello", Hello(PROTOCOL, __version__, name), timeout_s=timeout_s)
        except wire.Mistake as error:
            if not (parting and error.code == "version_mismatch"):
                client.close()
                raise
        except BaseException:
            client.close()
            raise
        return client

    def call(self, method: str, params: Message | None = None, *, timeout_s: float = _ANSWER_LIMIT_S) -> Any:  # noqa: ANN401 - METHODS[method].result
        """Call, wait, and give the typed result. Raises `Mistake` with a code of `agent.words`, `NotRunning`."""
        self._last_id += 1
        deadline_s = time.monotonic() + timeout_s
        self._send(self._packed(method, params if params is not None else Nothing()), timeout_s)
        while True:
            reply = self._next_reply(deadline_s)
            if isinstance(reply.error, wire.Error) and reply.id in {self._last_id, None}:
                raise _as_mistake(method, reply.error)
            if reply.id == self._last_id:
                raw: Any = reply.result  # an answer without an error has one
                try:
                    return wire.unpack_result(method, raw)
                except wire.WireError as error:
                    raise wire.Mistake("internal") from error

    def enqueue(self, key: str, payload: dict[str, Any] | None = None, priority: int = 0, max_attempts: int = 3) -> int:
        """Add a job for a registered handler; its id."""
        answer: JobId = self.call("jobs.enqueue", JobEnqueue(key, payload, priority, max_attempts))
        return answer.id

    def job(self, job_id: int) -> JobRow:
        """One job; `Mistake` where there is none."""
        row: JobRow = self.call("jobs.show", JobRef(job_id))
        return row

    def jobs(self, status: JobStatus | None = None) -> Iterator[JobRow]:
        """All jobs (of a status), newest first, fetched page by page as they are taken."""
        before: int | None = None
        while True:
            page: JobRows = self.call("jobs.list", JobsList(status, before, PAGE_LIMIT))
            yield from page.rows
            if page.next is None:
                return
            before = page.next

    def changes(self) -> Iterator[Changes]:
        """Subscribe, and give changed sections for as long as the agent runs: at first all of them.

        Ends with `NotRunning`. Calls may be made in between.
        """
        self.subscribe()
        while True:
            change = self.next_change(None)
            if change is not None:
                yield change

    def subscribe(self) -> None:
        """From now on `next_change` gives something: at first all sections."""
        if not self._subscribed:
            self.call("state.subscribe")
            self._subscribed = True

    def next_change(self, timeout_s: float | None) -> Changes | None:
        """The next changed sections, None when there are none within the time (None: no limit)."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._changes:
            line = self._next_line(deadline_s)
            if line is None:
                return None
            self._understand(line)
        return self._changes.popleft()

    def close(self) -> None:
        """Leave. From any thread; a second time does nothing."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _packed(self, method: str, params: Message) -> bytes:
        try:
            return wire.pack_request(self._last_id, method, params)
        except UnicodeEncodeError as error:  # typed bytes that are no UTF-8
            raise wire.Mistake("value_invalid", key=method, detail=str(error)) from error
        except RecursionError as error:
            raise wire.Mistake("value_invalid", key=method, detail="nested too deep") from error

    def _send(self, line: bytes, timeout_s: float) -> None:
        if len(line) > LINE_LIMIT_BYTES:
            raise wire.Mistake("payload_too_large")
        try:
            self._channel.settimeout(timeout_s)
            self._channel.sendall(line)
        except OSError as error:
            raise NotRunning("the agent has gone") from error

    def _next_reply(self, deadline_s: float) -> wire.Reply:
        line = self._next_line(deadline_s)
        if line is None:
            raise NotAnswering("the agent does not answer")
        return self._understand(line)

    def _understand(self, line: bytes) -> wire.Reply:
        """The reply in a line; one that carries changes is kept for `next_change`."""
        try:
            reply = wire.unpack_reply(line)
            if reply.method == wire.CHANGED:
                raw: Any = reply.params
                self._changes.append(wire.unpack_changes(raw))
        except wire.WireError as error:
            raise NotRunning(f"what answers is no agent: {error}") from error
        return reply

    def _next_line(self, deadline_s: float | None) -> bytes | None:
        """The next line; None when it does not come in time. Bytes of half a line are kept for the next time."""
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if self._searched > LINE_LIMIT_BYTES:
                raise NotRunning("what answers is no agent: its line does not end")
            try:
                self._channel.settimeout(None if deadline_s is None else max(0.001, deadline_s - time.monotonic()))
                data = self._channel.recv(_CHUNK_BYTES)
            except TimeoutError:
                return None
            except OSError as error:
                raise NotRunning("the agent has gone") from error
            if not data:
                raise NotRunning("the agent has gone")
            self._buffer += data
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._searched = 0
        return line


def _as_mistake(method: str, error: wire.Error) -> wire.Mistake:
    """A refusal as the exception that carries its code; the sentences for these codes are in `agent.words`."""
    if error.code == wire.MISTAKE:
        return wire.Mistake(error.message, **error.data)
    if error.code == wire.UNGREETED:
        return wire.Mistake("version_mismatch", detail=error.message)
    if error.code == wire.INTERNAL_ERROR:
        return wire.Mistake("internal")
    return wire.Mistake("value_invalid", key=method, detail=error.message)
