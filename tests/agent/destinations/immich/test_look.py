"""A look at a server without a key: whose clock is wrong, which certificate ends, what a proxy refuses."""

import shutil
import socket
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from agent.destinations.immich import trust
from agent.destinations.immich.look import _is_open_to_others, look
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import Listener, answer, certificate, read_head, relay_to, tls_in_front
from tests.fakes.immich import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


def test_a_server_without_anything_wrong(server: StandIn) -> None:
    found = look(f"{server.url}/api", SystemClock())
    assert found.code is None
    assert found.clock_off_s is not None
    assert abs(found.clock_off_s) < 5
    assert (found.body_limit_bytes, found.certificate_days, found.proxy) == (None, None, None)
    assert not found.is_open_to_others


def front(limit_bytes: int, clock_off_s: float = 0) -> Listener:
    """A server with a proxy before it that refuses larger bodies as soon as they are announced, as nginx does."""

    def handle(sock: socket.socket, _number: int) -> None:
        head = read_head(sock)
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length")), 0
        )
        date = f"Date: {formatdate(time.time() + clock_off_s, usegmt=True)}"
        if length > limit_bytes:
            sock.sendall(answer(413, b"<html>too large</html>", date))
        elif length:
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        else:
            sock.sendall(answer(200, b'{"res":"pong"}', date, "Content-Type: application/json"))

    return Listener(handle)


@pytest.mark.parametrize(
    ("limit_bytes", "seen_bytes"), [(1_048_576, 1_100_000), (100_000_000, 101_000_000), (10**13, None)]
)
def test_the_limit_of_a_proxy_is_found_without_sending_anything(limit_bytes: int, seen_bytes: int | None) -> None:
    with front(limit_bytes) as proxy:
        assert look(f"http://127.0.0.1:{proxy.port}/api", SystemClock()).body_limit_bytes == seen_bytes


@pytest.mark.parametrize("off_s", [-4_000.0, 86_400.0])
def test_a_clock_that_is_wrong_is_measured(off_s: float) -> None:
    with front(10**13, off_s) as proxy:
        found = look(f"http://127.0.0.1:{proxy.port}/api", SystemClock())
    assert found.clock_off_s == pytest.approx(off_s, abs=3)


def test_what_is_no_immich_or_does_not_answer_is_named() -> None:
    with Listener(lambda sock, _: sock.sendall(answer(200, b"<html>")) if read_head(sock) else None) as other:
        url = f"http://127.0.0.1:{other.port}/api"
        assert look(url, SystemClock()).code == "not_immich"
    assert look(url, SystemClock()).code == "server_unreachable"
    unknown = look("https://photos.invalid/api", SystemClock())
    assert (unknown.code, (unknown.args or {})["reason"]) == ("server_unreachable", "unknown_host")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_certificates_are_looked_at(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path, "localhost")
    port = int(server.url.rpartition(":")[2])
    trust._context.cache_clear()
    try:
        with tls_in_front(port, pem) as secure:
            untrusted = look(f"https://localhost:{secure}/api", SystemClock())
            assert untrusted.code == "certificate_untrusted"
            assert "self-signed" in str((untrusted.args or {})["reason"])
            own = trust.Trust(ca_file=str(pem))
            found = look(f"https://localhost:{secure}/api", SystemClock(), own)
            assert (found.code, found.certificate_days) == (None, 29)
            other = look(f"https://127.0.0.1:{secure}/api", SystemClock(), own)
            assert other.code == "certificate_untrusted"
    finally:
        trust._context.cache_clear()


def test_the_proxy_of_the_environment_is_named_without_its_login(
    server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(server.url.rpartition(":")[2])
    with Listener(relay_to(port, is_proxy=True)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://ada:secret@127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        found = look(f"http://photos.invalid:{port}/api", SystemClock())
    assert found.code is None
    assert found.proxy == f"http://127.0.0.1:{proxy.port}"


def test_a_server_without_encryption_at_home_is_no_finding_but_one_in_the_internet_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for address, is_open in (("192.168.1.7", False), ("100.64.0.5", False), ("127.0.0.1", False), ("8.8.8.8", True)):
        entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        monkeypatch.setattr("socket.getaddrinfo", lambda *_, e=entry, **__: [e])
        assert _is_open_to_others("http://photos.example/api") is is_open
    assert not _is_open_to_others("https://photos.example/api")
