"""An answer that is read line by line while it comes: the server's changes, too many to hold at once.

One connection for one answer, in the calling thread; `close` may come from any thread and cuts it. Must not know what
the lines mean.
"""

import http.client
import socket
from collections.abc import Callable, Iterator

from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from agent.destinations.immich.line import MAX_ANSWER_BYTES, Request
from agent.destinations.immich.route import Route
from agent.destinations.immich.verdicts import Answer, unreachable
from agent.domain.errors import Interrupted, Transient

PIECE_BYTES = 256 * 1024
#: No line that we ask for is longer.
MAX_LINE_BYTES = 4 * 1024 * 1024


class Stream:
    """Open it, look at `refused`, then read `lines`. `close` at the end, or from another thread to give up."""

    def __init__(self, route: Route, silence_s: float, on_closed: "Callable[[Stream], None]") -> None:
        self._on_closed = on_closed
        self._route = route
        self._silence_s = silence_s
        self._connection: HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._is_closed = False

    def open(self, request: Request) -> Answer | None:
        """Send the request. Returns the whole answer where it is not 200, None where there are lines to be read."""
        connection = self._connection = self._route.connection()
        try:
            connection.connect()
        except (OSError, HTTPError) as error:
            raise unreachable(error, self._route.address) from error
        try:
            sock = connection.sock
            if sock is None:
                raise OSError("not connected")
            sock.settimeout(self._silence_s)
            sock.sendall(self._route.head(request) + b"".join(request.pieces()))
            response = self._response = http.client.HTTPResponse(sock, method=request.method)
            response.begin()
            if response.status == 200:
                return None
            body = response.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._lost() from error
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)

    def lines(self) -> Iterator[bytes]:
        """Every whole line. Raises `Transient` when the answer breaks off, `Interrupted` after `close`."""
        rest = b""
        while True:
            try:
                piece = self._response.read1(PIECE_BYTES) if self._response is not None else b""
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise self._lost() from error
            if not piece:
                break
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line for line in whole if line)
            if len(rest) > MAX_LINE_BYTES:
                raise Transient("sync_garbled")
        if rest.strip():
            raise self._lost()  # a line without its end

    def _lost(self) -> Transient | Interrupted:
        return Interrupted("stop") if self._is_closed else Transient("connection_lost")

    def close(self) -> None:
        """Let go of the connection."""
        self._is_closed = True
        self._on_closed(self)
        connection, response = self._connection, self._response
        sock = connection.sock if connection is not None else None
        if isinstance(sock, socket.socket):
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                sock = None
        if response is not None:
            response.close()
        if connection is not None:
            connection.close()
