"""Connections, on servers that answer early, late, half or not at all."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.destinations.immich.line import IDLE_S, Lines, Request
from agent.destinations.immich.route import Route
from agent.domain.errors import Blocked, FileChanged, Interrupted, Transient
from tests.agent.destinations.immich.wires import Listener, answer, read_head, read_request
from tests.fakes.clock import FakeClock

MB = 1_000_000
GET = Request("GET", "/x")


def lines_to(listener: Listener, clock: FakeClock | None = None, silence_s: float = 10) -> Lines:
    return Lines(
        Route(f"http://127.0.0.1:{listener.port}/api", {"x-api-key": "k"}), clock or FakeClock(), silence_s=silence_s
    )


def endless(piece: bytes = b"x" * 65_536) -> Iterator[bytes]:
    while True:
        yield piece


def echo(sock: socket.socket, number: int) -> None:
    """Answers each request with the connection's number and the length of the body."""
    while (request := read_request(sock))[0]:
        sock.sendall(answer(200, b"%d %d" % (number, len(request[1]))))


def test_a_request_has_its_length_and_never_comes_in_chunks() -> None:
    seen: list[tuple[bytes, bytes]] = []

    def handle(sock: socket.socket, _number: int) -> None:
        seen.append(read_request(sock))
        sock.sendall(answer(200, b"{}"))

    with Listener(handle) as listener:
        lines = lines_to(listener)
        pieces = (b"a", b"b" * 300_000, b"", b"c")
        lines.exchange(Request("POST", "/assets", {"A": "1"}, lambda: pieces, 300_002))
        lines.close()
    head, body = seen[0]
    assert head.startswith(b"POST /api/assets HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: Safelight/" % listener.port)
    assert b"\r\nx-api-key: k\r\nA: 1\r\nContent-Length: 300002" in head
    assert b"transfer-encoding" not in head.lower()
    assert body == b"".join(pieces)


def test_a_line_is_kept_and_dropped_before_the_server_drops_it() -> None:
    clock = FakeClock()
    with Listener(echo) as listener:
        lines = lines_to(listener, clock)
        assert [lines.exchange(GET).body for _ in range(3)] == [b"1 0"] * 3
        clock.advance(IDLE_S)
        assert lines.exchange(GET).body == b"1 0"
        clock.advance(IDLE_S + 0.1)
        assert lines.exchange(GET).body == b"2 0"
        lines.close()


@pytest.mark.parametrize("length_bytes", [0, 100, 2 * MB])
def test_what_a_rested_line_lost_is_sent_once_more(length_bytes: int) -> None:
    def handle(sock: socket.socket, number: int) -> None:
        while (head := read_head(sock)) and number == 1:
            if b"second" in head:
                return  # hangs up just when the request arrives
            sock.sendall(answer(200, b"one"))
        if head:
            sock.sendall(answer(200, b"two", "Connection: close"))
            while sock.recv(1 << 20):
                pass

    with Listener(handle) as listener:
        lines = lines_to(listener)
        assert lines.exchange(Request("GET", "/first")).body == b"one"
        pieces = (b"x" * length_bytes,)
        assert lines.exchange(Request("POST", "/second", {}, lambda: pieces, length_bytes)).body == b"two"
        lines.close()
    assert listener.accepted == 2


def test_a_fresh_line_that_breaks_is_not_tried_again() -> None:
    def handle(sock: socket.socket, _number: int) -> None:
        read_head(sock)

    with Listener(handle) as listener:
        lines = lines_to(listener)
        with pytest.raises(Transient, match="connection_lost"):
            lines.exchange(GET)
        lines.close()
    assert listener.accepted == 1


@pytest.mark.parametrize("reads_on", [True, False])
@pytest.mark.parametrize("length_bytes", [200_000, 400 * MB])
def test_an_early_answer_ends_the_sending(reads_on: bool, length_bytes: int) -> None:
    done = threading.Event()

    def handle(sock: socket.socket, _number: int) -> None:
        read_head(sock)
        sock.sendall(answer(200, b"known"))
        if reads_on:
            while sock.recv(1 << 16):
                pass
        else:
            done.wait(10)

    sent: list[int] = []
    pieces = (b"x" * 65_536 for _ in range(length_bytes // 65_536))
    with Listener(handle) as listener:
        lines = lines_to(listener)
        assert (
            lines.exchange(Request("POST", "/assets", {}, lambda: pieces, length_bytes, sent.append)).body == b"known"
        )
        done.set()
        lines.close()
    assert sent[-1] < 100 * MB


def test_an_answer_before_hanging_up_is_read() -> None:
    def handle(sock: socket.socket, _number: int) -> None:
        read_head(sock)
        sock.sendall(answer(413, b"<html>", "Connection: close"))
        sock.shutdown(socket.SHUT_WR)
        for _ in range(20):
            sock.recv(65_536)

    with Listener(handle) as listener:
        lines = lines_to(listener)
        assert lines.exchange(Request("POST", "/assets", {}, endless, 10**12)).status == 413
        lines.close()


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
    ],
)
def test_half_an_answer_is_none(half: bytes) -> None:
    def handle(sock: socket.socket, _number: int) -> None:
        read_head(sock)
        sock.sendall(half)

    with Listener(handle) as listener:
        lines = lines_to(listener)
        with pytest.raises(Transient, match="connection_lost"):
            lines.exchange(GET)
        lines.close()


def test_a_large_piece_is_told_of_as_the_other_side_takes_it() -> None:
    go_on = threading.Event()

    def handle(sock: socket.socket, _number: int) -> None:
        go_on.wait(10)
        _head, body = read_request(sock)
        sock.sendall(answer(200, b"%d" % len(body)))

    heard: list[int] = []

    def sent(body_bytes: int) -> None:
        heard.append(body_bytes)
        go_on.set()  # the socket is full, and the other side begins to read only now

    with Listener(handle) as listener:
        lines = lines_to(listener)
        whole = b"x" * 50 * MB
        assert lines.exchange(Request("POST", "/assets", {}, lambda: (whole,), len(whole), sent)).body == b"50000000"
        lines.close()
    assert len(heard) > 2
    assert heard == sorted(heard)
    assert 0 < heard[0] < heard[-1] == len(whole)


@pytest.mark.parametrize("reads", [True, False])
def test_silence_ends_an_exchange_and_slowness_does_not(reads: bool) -> None:
    ended = threading.Event()

    def handle(sock: socket.socket, number: int) -> None:
        if number == 1:
            while reads and sock.recv(1 << 20):
                pass
            ended.wait(10)
        else:
            _head, body = read_request(sock)
            sock.sendall(answer(200, b"%d" % len(body)))

    with Listener(handle) as listener:
        lines = lines_to(listener, silence_s=0.3)
        with pytest.raises(Transient, match="connection_lost"):
            lines.exchange(Request("POST", "/assets", {}, lambda: (b"x" * 20 * MB,), 20 * MB))
        ended.set()
        # Each piece within the limit, all of them beyond it.
        pause = threading.Event()
        slow = (b"x" * 100_000 for _ in range(6) if not pause.wait(0.1))
        assert lines.exchange(Request("POST", "/assets", {}, lambda: slow, 600_000)).body == b"600000"
        lines.close()


class PassingClock(FakeClock):
    """A second passes with each look at it."""

    def __init__(self) -> None:
        super().__init__()
        self.was_read = threading.Event()

    def monotonic_s(self) -> float:
        self.advance(1)
        self.was_read.set()
        return super().monotonic_s()


@pytest.mark.parametrize("form", ["Content-Length: 40", "Transfer-Encoding: chunked"])
def test_an_answer_that_comes_drop_by_drop_is_not_waited_for(form: str) -> None:
    clock = PassingClock()
    whole = f"HTTP/1.1 200 OK\r\n{form}\r\n\r\n28\r\n{'x' * 36}\r\n0\r\n\r\n".encode()
    head_bytes = whole.index(b"28\r\n") + 2
    drops: list[int] = []

    def drip(sock: socket.socket, _number: int) -> None:
        read_head(sock)
        sock.sendall(whole[:head_bytes])
        for at in range(head_bytes, len(whole)):
            clock.was_read.clear()
            clock.was_read.wait(0.2)
            drops.append(at)
            sock.sendall(whole[at : at + 1])

    with Listener(drip) as listener:
        lines = lines_to(listener, clock)
        with pytest.raises(Transient, match="connection_lost"):
            lines.exchange(GET)
        lines.close()
    assert len(drops) < 15


def test_a_source_that_gives_up_cuts_the_line_before_the_end() -> None:
    bodies: list[bytes] = []

    def handle(sock: socket.socket, _number: int) -> None:
        bodies.append(read_request(sock)[1])

    def pieces() -> Iterator[bytes]:
        yield b"x" * 500_000
        raise FileChanged("changed")

    with Listener(handle) as listener:
        lines = lines_to(listener)
        with pytest.raises(FileChanged):
            lines.exchange(Request("POST", "/assets", {}, pieces, 600_000))
    assert all(len(body) <= 500_000 for body in bodies)
    lines.close()


@pytest.mark.parametrize("where", ["sending", "waiting for the answer", "in the middle of the answer"])
def test_closing_from_another_thread_abandons_an_exchange(where: str) -> None:
    reached, ended = threading.Event(), threading.Event()

    def handle(sock: socket.socket, number: int) -> None:
        read_head(sock)
        if number > 1:
            sock.sendall(answer(200, b"again"))
            return
        if where == "in the middle of the answer":
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        if where != "sending":
            reached.set()
        ended.wait(10)

    def told(sent_bytes: int) -> None:
        if sent_bytes > 100_000:
            reached.set()

    request = Request("POST", "/assets", {}, endless, 10**12, told) if where == "sending" else GET
    with Listener(handle) as listener, ThreadPoolExecutor(1) as threads:
        lines = lines_to(listener)
        put = threads.submit(lines.exchange, request)
        assert reached.wait(10)
        lines.close()
        with pytest.raises(Interrupted, match="stop"):
            put.result(10)
        ended.set()
        assert lines.exchange(GET).body == b"again"
        lines.close()


def test_each_thread_has_a_line_of_its_own_and_they_are_used_again() -> None:
    with Listener(echo) as listener, ThreadPoolExecutor(4) as threads:
        lines = lines_to(listener)
        for _ in range(10):
            list(threads.map(lambda _: lines.exchange(GET), range(8)))
        lines.close()
    assert 1 <= listener.accepted <= 4


def test_nobody_there_is_a_problem_of_the_server_and_not_of_the_photo() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    cases: list[tuple[str, str]] = [
        (f"http://127.0.0.1:{port}/api", "refused"),
        ("http://nowhere.invalid/api", "unknown_host"),
    ]
    for url, reason in cases:
        with pytest.raises(Blocked) as caught:
            Lines(Route(url, {}), FakeClock()).exchange(GET)
        assert (caught.value.code, caught.value.args_) == ("server_unreachable", {"address": url, "reason": reason})


@pytest.mark.parametrize("url", ["ftp://x/api", "http:///api", "x", "http://[::1/api", "http://a b/api"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(Blocked, match="address_invalid"):
        Route(url, {})


def test_a_key_that_would_break_the_head_is_refused_at_once() -> None:
    with pytest.raises(Blocked, match="signed_out") as caught:
        Route("http://x/api", {"x-api-key": "secret\r\nb: c"})
    assert "secret" not in str(caught.value)


def test_a_proxy_that_we_cannot_speak_to_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(Blocked) as caught:
        Lines(Route("http://photos.example/api", {}), FakeClock()).exchange(GET)
    assert (caught.value.code, caught.value.args_["reason"]) == ("server_unreachable", "proxy")
