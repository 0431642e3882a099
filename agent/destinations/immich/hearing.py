"""The other half of an exchange: an answer as it comes out of a connection.

Must not send, and knows nothing of what was asked. On the thread of whoever holds the line. An answer of the usual form
is read here, because `http.client` makes an e-mail of every head, which costs more than sending a small photo; any
other is left to it.
"""

import io
import re
import socket
from collections.abc import Callable

from agent.destinations.immich.verdicts import Answer

#: No answer that we ask for is larger.
MAX_ANSWER_BYTES = 32 * 1024 * 1024
#: A larger head is left to `http.client` to refuse.
MAX_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
_USUAL = re.compile(r"HTTP/1\.1 ([2-5]\d\d)(?: .*)?")


class Broken(Exception):
    """The connection ended, fell silent or spoke no HTTP. `began`: there was the beginning of an answer."""

    def __init__(self, *, began: bool) -> None:
        super().__init__(began)
        self.began = began


#: Told how many bytes came so far before more are read; ends the patience for an answer by raising OSError.
Patience = Callable[[int], None]


def hear(sock: socket.socket, taken: bytes, method: str, be_patient: Patience) -> tuple[Answer, bool]:
    """The answer, and whether the connection may be used again. `taken` was read from it before. Raises `Broken`."""
    head = taken
    try:
        while (end := head.find(b"\r\n\r\n")) < 0 and len(head) < MAX_HEAD_BYTES:
            be_patient(0)  # the head is short: however it comes, it comes at once
            more = sock.recv(65_536)
            if not more:
                break
            head += more
    except OSError as error:
        raise Broken(began=b"\r\n" in head) from error
    usual = _usual(head[:end]) if end >= 0 and method != "HEAD" else None
    if usual is None:
        return _unusual(sock, head, method, be_patient)
    status, headers, length = usual
    missing = length - (len(head) - end - 4)
    try:
        body = head[end + 4 :][:length] + _rest(sock, missing, be_patient)
    except OSError as error:
        raise Broken(began=True) from error
    # After more than was announced, nobody knows what the next answer belongs to.
    stays_open = missing >= 0 and "close" not in headers.get("connection", "").lower()
    return Answer(status, headers, body), stays_open


def _usual(head: bytes) -> tuple[int, dict[str, str], int] | None:
    """Status, headers and length of the body, where it has one and every header stands there once."""
    first, *lines = head.decode("latin-1").split("\r\n")
    begin = _USUAL.fullmatch(first)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "")
    is_plain = length.isascii() and length.isdigit() and "transfer-encoding" not in headers
    if begin is None or not is_plain or len(headers) != len(lines) or int(length) >= MAX_ANSWER_BYTES:
        return None
    status = int(begin[1])
    return None if status in {204, 304} else (status, headers, int(length))


def _rest(sock: socket.socket, missing_bytes: int, be_patient: Patience) -> bytes:
    parts, heard_bytes = [], 0
    while missing_bytes > 0:
        be_patient(heard_bytes)
        more = sock.recv(min(missing_bytes, _PIECE_BYTES))
        if not more:
            raise ConnectionResetError
        parts.append(more)
        heard_bytes += len(more)
        missing_bytes -= len(more)
    return b"".join(parts)


def _unusual(sock: socket.socket, taken: bytes, method: str, be_patient: Patience) -> tuple[Answer, bool]:
    import http.client  # with all of e-mail in it; who never hears such an answer does without

    response: http.client.HTTPResponse | None = None
    try:
        response = http.client.HTTPResponse(sock, method=method)
        response.fp.close()
        response.fp = io.BufferedReader(_Replay(taken, sock, be_patient))
        response.begin()
        body = response.read(MAX_ANSWER_BYTES)
        if response.length or len(body) == MAX_ANSWER_BYTES:
            raise http.client.IncompleteRead(body, response.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Broken(began=response is not None and isinstance(response.status, int)) from error
    finally:
        if response is not None:
            response.close()  # a socket is closed for good only when this is, too
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, headers, body), not response.will_close


class _Replay(io.RawIOBase):
    """A socket's incoming bytes, beginning with those that were taken already."""

    def __init__(self, taken: bytes, sock: socket.socket, be_patient: Patience) -> None:
        super().__init__()
        self._be_patient = be_patient
        self._heard_bytes = 0
        self._taken = taken
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        if self._taken:
            count = min(len(view), len(self._taken))
            view[:count] = self._taken[:count]
            self._taken = self._taken[count:]
            return count
        self._be_patient(self._heard_bytes)
        count = self._sock.recv_into(view)
        self._heard_bytes += count
        return count
