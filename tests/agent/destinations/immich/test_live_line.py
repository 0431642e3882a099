"""The line for live events and that of the changes: where they go, what they say of themselves, how they are let go."""

import socket
import threading
from contextlib import closing

import pytest

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.line import Request
from agent.destinations.immich.live import Live
from agent.domain.errors import Interrupted, Transient
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import Listener, answer, read_head


def test_a_redirection_takes_the_key_nowhere_else() -> None:
    told: list[bytes] = []

    def stranger(sock: socket.socket, _number: int) -> None:
        told.append(read_head(sock))
        sock.sendall(answer(404, b""))

    with Listener(stranger) as elsewhere:

        def portal(sock: socket.socket, _number: int) -> None:
            read_head(sock)
            sock.sendall(answer(302, b"", f"Location: ws://127.0.0.1:{elsewhere.port}/api/socket.io/"))

        with (
            Listener(portal) as here,
            closing(ImmichDestination(f"http://127.0.0.1:{here.port}/api", "secret", clock=SystemClock())) as account,
            pytest.raises(Transient, match="live_lost"),
        ):
            Live(account.server, print).connect()
    assert told == []


def test_a_name_in_other_letters_is_said_as_the_net_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bytes] = []
    really = socket.getaddrinfo

    def here_for_all(_host: object, *more: object, **named: object) -> object:
        return really("127.0.0.1", *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", here_for_all)

    def hear(sock: socket.socket, _number: int) -> None:
        told.append(read_head(sock))
        sock.sendall(answer(404, b""))

    with (
        Listener(hear) as here,
        closing(ImmichDestination(f"http://bücher.test:{here.port}/api", "k", clock=SystemClock())) as account,
        pytest.raises(Transient, match="live_lost"),
    ):
        Live(account.server, print).connect()
    assert b"\r\nHost: xn--bcher-kva.test:%d\r\n" % here.port in told[0]


def test_a_stream_that_is_let_go_while_it_connects_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    connecting, go_on = threading.Event(), threading.Event()
    really = socket.create_connection

    def slow(*more: object, **named: object) -> socket.socket:
        connecting.set()
        assert go_on.wait(10)
        return really(*more, **named)  # type: ignore[arg-type]

    def silent(sock: socket.socket, _number: int) -> None:
        read_head(sock)
        sock.recv(1)

    ended: list[BaseException] = []
    with (
        Listener(silent) as here,
        closing(ImmichDestination(f"http://127.0.0.1:{here.port}/api", "k", clock=SystemClock())) as account,
    ):
        stream = account.server.stream()
        monkeypatch.setattr(socket, "create_connection", slow)

        def open_it() -> None:
            try:
                stream.open(Request("POST", "/sync/stream"))
            except BaseException as error:  # noqa: BLE001 - looked at below
                ended.append(error)

        opening = threading.Thread(target=open_it)
        opening.start()
        assert connecting.wait(10)
        account.close()
        go_on.set()
        opening.join(5)
        assert not opening.is_alive()
    assert isinstance(ended[0], Interrupted)
