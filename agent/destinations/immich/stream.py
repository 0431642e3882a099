"""An answer that is read line by line while it comes: the server's changes, too many to hold at once.

One connection for one answer, in the calling thread; `close` may come from any thread and cuts it. Must not know what
the lines mean. Silence is counted by whole lines, for a server that sends a byte now and then is as good as lost; and
however many lines come, whoever else needs the lane has a turn after `LONGEST_S`.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from agent.destinations.immich.dial import Connection
from agent.destinations.immich.hearing import MAX_ANSWER_BYTES
from agent.destinations.immich.line import Request
from agent.destinations.immich.route import Route
from agent.destinations.immich.verdicts import Answer, unreachable
from agent.domain.clock import Clock
from agent.domain.errors import Interrupted, Transient

if TYPE_CHECKING:
    from http.client import HTTPResponse

PIECE_BYTES = 256 * 1024
#: No line that we ask for is longer.
MAX_LINE_BYTES = 4 * 1024 * 1024
#: One answer lasts no longer. What was read of it was stored meanwhile, and the next one goes on from there.
LONGEST_S = 1_800.0


class Stream:
    """Open it, look at `refused`, then read `lines`. `close` at the end, or from another thread to give up."""

    def __init__(self, route: Route, silence_s: float, clock: Clock, on_closed: "Callable[[Stream], None]") -> None:
        self._on_closed = on_closed
        self._route = route
        self._silence_s = silence_s
        self._clock = clock
        self._connection: Connection | None = None
        self._response: HTTPResponse | None = None
        self._is_closed = False
        self._over = threading.Event()
        self._began_s = 0.0
        self._heard_s: float | None = None

    def open(self, request: Request) -> Answer | None:
        """Send the request. Returns the whole answer where it is not 200, None where there are lines to be read."""
        from http.client import HTTPException, HTTPResponse

        connection = self._connection = self._route.connection()
        try:
            sock = connection.connect()
        except OSError as error:
            raise unreachable(error, self._route.address) from error
        if self._is_closed:  # while it connected, when there was nothing to cut
            connection.close()
            raise self._lost()
        self._heard_s = self._began_s = self._clock.monotonic_s()
        threading.Thread(target=self._watch, name="sync-watch", daemon=True).start()
        try:
            sock.settimeout(self._silence_s)
            sock.sendall(self._route.head(request) + b"".join(request.pieces()))
            response = self._response = HTTPResponse(sock, method=request.method)
            response.begin()
            if response.status == 200:
                return None
            body = response.read(MAX_ANSWER_BYTES)
        except (OSError, HTTPException, ValueError) as error:
            raise self._lost() from error
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    def lines(self) -> Iterator[bytes]:
        """Every whole line. Raises `Transient` when the answer breaks off or drags on, `Interrupted` after `close`."""
        from http.client import HTTPException

        rest = b""
        while True:
            try:
                piece = self._response.read1(PIECE_BYTES) if self._response is not None else b""
            except (OSError, HTTPException, ValueError) as error:
                raise self._lost() from error
            if not piece:
                break
            *whole, rest = (rest + piece).split(b"\n")
            if whole:
                self._heard_s = None  # what is done with the lines is no silence
                yield from (line for line in whole if line)
                self._heard_s = self._clock.monotonic_s()
            if len(rest) > MAX_LINE_BYTES:
                raise Transient("sync_garbled")
        if rest.strip():
            raise self._lost()  # a line without its end

    def _lost(self) -> Transient | Interrupted:
        return Interrupted("stop") if self._is_closed else Transient("connection_lost")

    def _watch(self) -> None:
        """On a thread of its own until `close`. The socket's own limit begins anew with each byte; this does not."""
        while not self._over.wait(self._silence_s / 4):
            now_s, heard_s = self._clock.monotonic_s(), self._heard_s
            is_silent = heard_s is not None and now_s - heard_s > self._silence_s
            if is_silent or now_s - self._began_s > LONGEST_S:
                self._cut()
                return

    def _cut(self) -> None:
        """End the connection under the feet of whoever reads; from any thread."""
        sock = self._connection.sock if self._connection is not None else None
        if isinstance(sock, socket.socket):
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return  # gone already

    def close(self) -> None:
        """Let go of the connection."""
        self._is_closed = True
        self._over.set()
        self._on_closed(self)
        self._cut()
        connection, response = self._connection, self._response
        if response is not None:
            response.close()
        if connection is not None:
            connection.close()
