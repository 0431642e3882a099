"""A server whose clock is wrong, and one that answers a byte now and then: nothing is taken for a change."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.destinations.immich import ImmichDestination, stream
from agent.destinations.immich.secret import Secret
from agent.destinations.immich.sync import changes
from agent.destinations.immich.versions import Version
from agent.domain.errors import Transient
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import Listener, read_request
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn

DAY_S = 86_400.0
SILENCE_S = 0.6
LINE = b'{"type":"UserV1","data":{},"ack":"UserV1|1"}\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/jsonlines+json\r\nTransfer-Encoding: chunked\r\n\r\n"


# --- A clock that is wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_s", [-400 * DAY_S, -3_600.0, 3_600.0, 29 * DAY_S])
@pytest.mark.parametrize("signed_in_with", ["session", "key"])
def test_a_server_whose_clock_is_wrong_loses_nothing(skew_s: float, signed_in_with: str) -> None:
    with StandIn(clock_skew_s=skew_s) as server:
        key = Secret("session", server.session()).to_text() if signed_in_with == "session" else None
        stage = Stage(server, key=key)
        stage.file("a.jpg")
        stage.back_up()
        stage.sync(thorough=True)
        stage.file("b.jpg")
        stage.back_up()
        server.store.trash(server.admin, [stage.at_server("a.jpg").id])
        stage.sync(thorough=True)
        assert stage.states() == {"a.jpg": "in_trash", "b.jpg": "safe"}
        server.store.restore(server.admin, [stage.at_server("a.jpg").id])
        stage.sync(thorough=True)
        assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe"}
        assert (stage.failures, stage.intent.tombstones()) == ([], {})
        stage.close()


@pytest.mark.parametrize("step_s", [-2 * DAY_S, 2 * DAY_S])
def test_a_server_whose_clock_is_set_between_two_looks_loses_nothing(server: StandIn, step_s: float) -> None:
    with closing(Stage(server)) as stage:
        stage.file("a.jpg")
        stage.back_up()
        stage.sync(thorough=True)
        server.set_clock(step_s)
        server.store.trash(server.admin, [stage.at_server("a.jpg").id])
        stage.file("b.jpg")
        stage.back_up()
        stage.sync(thorough=True)
        assert stage.states() == {"a.jpg": "in_trash", "b.jpg": "safe"}
        assert stage.failures == []


# --- A byte now and then ---------------------------------------------------------------------------------------------


class Drip:
    """Answers the sync stream with `sent`, then with one byte of `drops` whenever `often_s` has passed."""

    def __init__(self, sent: bytes, drops: Iterator[bytes], often_s: float) -> None:
        self._sent = sent
        self._drops = drops
        self._often_s = often_s
        self.over = threading.Event()

    def handle(self, sock, _number: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        read_request(sock)
        sock.sendall(self._sent)
        for drop in self._drops:
            if self.over.wait(self._often_s):
                return
            sock.sendall(drop)


def endless(drop: bytes) -> Iterator[bytes]:
    while True:
        yield drop


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize(
    ("sent", "drop"),
    [
        pytest.param(b"HTTP/1.1 200 O", b"K", id="in the status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y", id="in the head"),
        pytest.param(HEAD + chunk(LINE), chunk(b" "), id="in a line"),
        pytest.param(HEAD + chunk(LINE), b"0", id="in the length of a chunk"),
        pytest.param(b"HTTP/1.1 500 Oh\r\nContent-Length: 9999\r\n\r\n", b"?", id="in a refusal"),
    ],
)
def test_a_byte_now_and_then_is_silence(sent: bytes, drop: bytes) -> None:
    drip = Drip(sent, endless(drop), 0.05)
    with Listener(drip.handle) as listener:
        account = ImmichDestination(
            f"http://127.0.0.1:{listener.port}", "key", clock=SystemClock(), silence_s=SILENCE_S
        )
        with closing(account), pytest.raises(Transient, match=r"connection_lost|server_error"):
            list(changes(account.server, Version(3, 1, 0)))
        drip.over.set()


def test_a_slow_stream_of_whole_lines_is_read_to_its_end() -> None:
    end = b'{"type":"SyncCompleteV1","data":{},"ack":"SyncCompleteV1|1"}\n'
    drops = [chunk(LINE)] * 5 + [chunk(end)]
    drip = Drip(HEAD, iter(drops), SILENCE_S / 3)
    with Listener(drip.handle) as listener:
        account = ImmichDestination(
            f"http://127.0.0.1:{listener.port}", "key", clock=SystemClock(), silence_s=SILENCE_S
        )
        with closing(account):
            kinds = [line.kind for line in changes(account.server, Version(3, 1, 0))]
    assert kinds == ["User"] * 5 + ["SyncComplete"]


def test_whoever_reads_lines_may_take_their_time() -> None:
    end = b'{"type":"SyncCompleteV1","data":{},"ack":"SyncCompleteV1|1"}\n'
    drip = Drip(HEAD + chunk(LINE), iter([chunk(LINE), chunk(end)]), 0.01)
    with Listener(drip.handle) as listener:
        account = ImmichDestination(
            f"http://127.0.0.1:{listener.port}", "key", clock=SystemClock(), silence_s=SILENCE_S
        )
        with closing(account):
            found = []
            for line in changes(account.server, Version(3, 1, 0)):
                found.append(line.kind)
                if len(found) == 1:
                    threading.Event().wait(2 * SILENCE_S)  # the ledger is slow
    assert found[-1] == "SyncComplete"


def test_a_stream_without_end_lets_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LONGEST_S", 1.0)
    drip = Drip(HEAD, endless(chunk(LINE)), 0.02)
    with Listener(drip.handle) as listener:
        account = ImmichDestination(
            f"http://127.0.0.1:{listener.port}", "key", clock=SystemClock(), silence_s=SILENCE_S
        )
        with closing(account), pytest.raises(Transient, match="connection_lost"):
            list(changes(account.server, Version(3, 1, 0)))
        drip.over.set()
