"""Kept-alive connections to one server, and one exchange over them at a time: where the photos' bytes pass.

`dial` opens the connections (names, TLS, proxies); the bytes are then written here, because a body must be
stoppable when the answer comes early, abandoned when another thread asks for it, and cheap: a photo of 200 KB costs
less than half of what `requests` needs for it. Redirects are never followed. Must not know what is sent.

Threads: any number may call `exchange`; each holds a line of its own meanwhile. `close` may come from any thread.
Facts: the server closes what is idle for 5 s; it answers a known checksum before it has read the body.
"""

import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from agent.destinations.base import Chunk
from agent.destinations.immich.dial import Connection
from agent.destinations.immich.hearing import Broken, hear
from agent.destinations.immich.route import Route
from agent.destinations.immich.verdicts import Answer, unreachable
from agent.domain.clock import Clock
from agent.domain.errors import Interrupted, Transient
from agent.record import Record, field

#: A rested line older than this is not used again: the server ends it after 5 s.
IDLE_S = 4.0
#: Without a byte in either direction for so long, the other side is taken for lost.
SILENCE_S = 120.0
#: An answer that comes more slowly than this is not waited for any longer.
LEAST_BYTES_S = 1_000
#: Neighbours are sent together up to this size: a small photo in one go. A larger piece goes alone.
TRAIN_BYTES = 320 * 1024
#: But what comes before it, if it is no more than this: its head.
HEAD_BYTES = 64 * 1024
#: Neighbours up to this number: systems take no more at once.
TRAIN_PARTS = 64
#: `select` alone would fail beyond 1024 open files; Windows has nothing else, and no such limit.
_POLL = getattr(select, "poll", None)
_READABLE, _WRITABLE = getattr(select, "POLLIN", 1), getattr(select, "POLLOUT", 4)
#: After more than this the line was no stale one, and all of it is not sent a second time in one go.
RESEND_BYTES = 16 * 1024 * 1024


def _nothing() -> Iterator[Chunk]:
    return iter(())


def _unheard(_sent_bytes: int) -> None:
    pass


def _always() -> bool:
    return True


def _never() -> bool:
    return False


class Request(Record, frozen=True):
    """What to send. `pieces` is called again when the request must be sent again; `sent` hears body bytes so far.

    `may_repeat` is asked before that, when no line is held: whether it is of any use. `silence_s` is for how long the
    other side may say nothing, where it is less than the line's.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Callable[[], Iterable[Chunk]] = _nothing
    length_bytes: int = 0
    sent: Callable[[int], None] = _unheard
    may_repeat: Callable[[], bool] = _always
    silence_s: float = SILENCE_S

    @classmethod
    def of_json(
        cls, method: str, path: str, value: object, headers: Mapping[str, str] | None = None, *, once: bool = False
    ) -> "Request":
        """A request that carries a value. `once`: what it makes may be there though its answer is lost."""
        data = json.dumps(value, separators=(",", ":")).encode()
        kind = {"Content-Type": "application/json", **(headers or {})}
        return cls(method, path, kind, lambda: (data,), len(data), may_repeat=_never if once else _always)


class _Lost(Exception):
    """The connection broke. `unheard`: on a line that had rested, before a single byte of an answer."""

    def __init__(self, unheard: bool) -> None:  # noqa: FBT001
        super().__init__(unheard)
        self.unheard = unheard


class _Line:
    """One connection; used by one thread at a time, but for `cut`."""

    def __init__(self, connection: Connection, clock: Clock, silence_s: float) -> None:
        self._connection = connection
        self._clock = clock
        self._silence_s = silence_s
        self._taken = b""
        self._sent_bytes = 0
        self.rested_at_s: float | None = None

    def open(self) -> None:
        """Connect, with the short time limit of the connection, then wait longer."""
        self._connection.connect().settimeout(self._silence_s)

    @property
    def _socket(self) -> socket.socket:
        sock = self._connection.sock
        if sock is None:
            raise OSError("not connected")
        return sock

    def is_readable(self) -> bool:
        """Whether bytes or the end of them wait in the socket."""
        return _wait(self._socket, 0, to_write=False)

    def talk(self, head: bytes, request: Request) -> tuple[Answer, bool]:
        """Send all, or less when the answer comes first. The second value: whether the line may be used again."""
        # A tunnel of TLS within TLS is no real socket and cannot be asked whether it would wait.
        is_patient = isinstance(self._socket, socket.socket)
        self._socket.settimeout(0 if is_patient else self._silence_s)
        try:
            complete = self._send(head, request, is_patient=is_patient)
        except OSError as error:
            raise _Lost(unheard=False) from error
        return self._hear(request, complete)

    def _send(self, head: bytes, request: Request, *, is_patient: bool) -> bool:
        """Whether all was sent: not when the server answered meanwhile, or takes no more."""
        self._sent_bytes = -len(head)
        for train in _trains(head, request.pieces()):
            if is_patient and self._sent_bytes > 0 and self._is_answered():
                return False
            if not self._write(train, request.sent):
                return False
            request.sent(self._sent_bytes)
        return True

    def _write(self, train: list[memoryview], told: Callable[[int], None]) -> bool:
        """Whether all was sent. Silence is counted anew whenever the other side takes a byte; `told` hears of waits."""
        sock = self._socket
        send_all: Callable[[list[memoryview]], int] | None = getattr(sock, "sendmsg", None)  # Windows has none
        if send_all is None or type(sock) is not socket.socket:
            train = [memoryview(b"".join(train))]
            send_all = None
        while train:
            try:
                taken_bytes = send_all(train) if send_all else sock.send(train[0])
                self._sent_bytes += taken_bytes
                _advance(train, taken_bytes)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                told(self._sent_bytes)
                if not _wait(sock, self._silence_s, to_write=True):
                    raise TimeoutError from None
                if self._is_answered():
                    return False
            except TimeoutError:
                raise
            except OSError:  # hung up; it may have said why
                return False
        return True

    def _is_answered(self) -> bool:
        """Whether the server has begun to answer, or hung up. TLS has messages of its own, which are passed over."""
        if not self.is_readable():
            return False
        if isinstance(self._socket, ssl.SSLSocket):
            try:
                self._taken = self._socket.recv(1)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
        return True

    def _hear(self, request: Request, complete: bool) -> tuple[Answer, bool]:  # noqa: FBT001
        may_be_stale = self.rested_at_s is not None and self._sent_bytes <= RESEND_BYTES
        sock, silence_s = self._socket, min(self._silence_s, request.silence_s)
        until_s = self._clock.monotonic_s() + silence_s

        def be_patient(heard_bytes: int) -> None:
            """An answer may be long, but one that comes drop by drop is as good as none."""
            left_s = until_s + heard_bytes / LEAST_BYTES_S - self._clock.monotonic_s()
            if left_s <= 0:
                raise TimeoutError
            sock.settimeout(min(silence_s, left_s))

        try:
            answer, stays_open = hear(sock, self._taken, request.method, be_patient)
        except Broken as error:
            raise _Lost(unheard=may_be_stale and not error.began) from error
        self._taken = b""
        return answer, complete and stays_open

    def cut(self) -> None:
        """End the connection under the feet of whoever uses it; from any thread."""
        sock = self._connection.sock
        if isinstance(sock, socket.socket):
            try:
                # The plain one: an SSL socket's own method would switch its encryption off while it is in use.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return  # gone already

    def close(self) -> None:
        self._connection.close()


def _wait(sock: socket.socket, limit_s: float, *, to_write: bool) -> bool:
    """Whether the socket can be read (or, asked so, written) before the time is up."""
    if _POLL is None:
        return any(select.select([sock], [sock] if to_write else [], [], limit_s))
    poll = _POLL()
    poll.register(sock, _READABLE | (_WRITABLE if to_write else 0))
    return bool(poll.poll(limit_s * 1000))


def _trains(head: bytes, pieces: Iterable[Chunk]) -> Iterator[list[memoryview]]:
    """The same bytes as buffers to be sent in one go: small neighbours together, nothing copied."""
    train, length = [memoryview(head)], len(head)
    for piece in pieces:
        if (length + len(piece) > TRAIN_BYTES and length > HEAD_BYTES) or len(train) == TRAIN_PARTS:
            yield train
            train, length = [], 0
        train.append(memoryview(piece))
        length += len(piece)
    yield train


def _advance(train: list[memoryview], sent_bytes: int) -> None:
    """Take away what was sent."""
    while train and sent_bytes >= len(train[0]):
        sent_bytes -= len(train.pop(0))
    if sent_bytes:
        train[0] = train[0][sent_bytes:]


class Lines:
    """All lines to one server."""

    def __init__(self, route: Route, clock: Clock, *, silence_s: float = SILENCE_S) -> None:
        self._route = route
        self._clock = clock
        self._silence_s = silence_s
        self._lock = threading.Lock()
        self._resting: list[_Line] = []
        self._busy: set[_Line] = set()
        self._era = 0

    def exchange(self, request: Request) -> Answer:
        """The answer to a request; raises `Blocked` (not connected), `Transient` (broken), `Interrupted` (closed)."""
        era = self._era
        while True:
            line = self._take(era)
            try:
                answer, reusable = line.talk(self._route.head(request), request)
            except _Lost as lost:
                self._drop(line)
                self._stand_back(era)
                if lost.unheard and request.may_repeat():
                    continue  # the server had hung up while the line rested: once more, on the next
                raise Transient("connection_lost") from lost
            except BaseException:  # the source's fates among others: cut before the end, so that nothing comes of it
                self._drop(line)
                raise
            if reusable and self._era == era:
                self._rest(line)
            else:
                self._drop(line)
            return answer

    def close(self) -> None:
        """Abandon what is under way, in any thread, and let go of everything. May be used again afterwards."""
        with self._lock:
            self._era += 1
            busy = list(self._busy)
        self.let_go()
        for line in busy:
            line.cut()

    def let_go(self) -> None:
        """Keep no line that rests: it may lead nowhere any more."""
        with self._lock:
            resting, self._resting = self._resting, []
        for line in resting:
            line.close()

    def _stand_back(self, era: int) -> None:
        if self._era != era:
            raise Interrupted("stop")

    def _take(self, era: int) -> _Line:
        """A line that rested a moment ago, or a new one."""
        while True:
            with self._lock:
                if not self._resting:
                    line = _Line(self._route.connection(), self._clock, self._silence_s)
                    self._busy.add(line)
                    break
                line = self._resting.pop()
                self._busy.add(line)
            if self._clock.monotonic_s() - (line.rested_at_s or 0.0) <= IDLE_S and not line.is_readable():
                return line
            self._drop(line)
        try:
            line.open()
            self._stand_back(era)
        except OSError as error:
            self._drop(line)
            self._stand_back(era)
            raise unreachable(error, self._route.address) from error
        except BaseException:
            self._drop(line)
            raise
        return line

    def _rest(self, line: _Line) -> None:
        line.rested_at_s = self._clock.monotonic_s()
        with self._lock:
            self._busy.discard(line)
            self._resting.append(line)

    def _drop(self, line: _Line) -> None:
        with self._lock:
            self._busy.discard(line)
        line.close()
