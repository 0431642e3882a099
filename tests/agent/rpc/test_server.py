"""The seam with real sockets and threads: who greets is served, who misbehaves harms nobody else."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.platforms import Places, current
from agent.platforms.base import AlreadyRunning
from agent.protocol import wire
from agent.protocol.methods import LINE_LIMIT_BYTES
from agent.rpc import connection
from agent.rpc import server as server_module
from agent.rpc.feed import Feed
from agent.rpc.server import Server
from tests.fakes.rpc import HELLO, LIMIT_S, Board, Desk, Raw

if sys.platform == "win32":
    pytest.skip("speaks through unix sockets", allow_module_level=True)

Connect = Callable[..., Raw]


def test_a_call_is_answered_with_its_typed_result(connect: Connect) -> None:
    assert connect().call(7, "jobs.enqueue", key="scan").hear() == {"jsonrpc": "2.0", "id": 7, "result": {"id": 4}}


def test_names_in_any_script_pass_unharmed(connect: Connect) -> None:
    name = "Ünïcödé 写真 🌄 \N{RIGHT-TO-LEFT MARK}\N{RIGHT-TO-LEFT OVERRIDE} \x85\u2028"
    assert connect().call(2, "settings.get", key=name).hear()["result"]["value"] == name


def test_the_first_call_must_be_hello(connect: Connect) -> None:
    raw = connect(greet=False).call(1, "state.get")
    assert raw.hear()["error"]["code"] == wire.UNGREETED
    assert raw.is_closed()


def test_another_protocol_is_refused_in_one_sentence_and_may_only_part(connect: Connect) -> None:
    raw = connect(greet=False).say(HELLO.replace(b'"protocol":1', b'"protocol":2'))
    error = raw.hear()["error"]
    assert error["code"] == wire.UNGREETED
    assert "protocol 1" in error["message"]
    assert "protocol 2" in error["message"]
    assert "\n" not in error["message"]
    assert raw.call(2, "agent.version").hear()["result"]["pid"] == 4711
    assert raw.call(3, "agent.stop").hear()["result"] == {}
    assert raw.call(4, "jobs.enqueue", key="scan").hear()["error"]["code"] == wire.UNGREETED
    assert raw.is_closed()


def test_who_says_nothing_is_closed(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "GREETING_S", 0.05)
    assert connect(greet=False).is_closed()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"GET / HTTP/1.1\r\n", wire.PARSE_ERROR),
        (b"\xff\xfe\x00\n", wire.PARSE_ERROR),
        (b"\n", wire.PARSE_ERROR),
        (b"[" * 100_000 + b"\n", wire.INVALID_REQUEST),
        (b'{"method":"hello","id":1,"params":' + b"[" * 100_000 + b"\n", wire.PARSE_ERROR),
        (b'{"method":"hello","id":1,"params":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", wire.PARSE_ERROR),
        (
            b'{"method":"settings.set","id":1,"params":{"key":"a","value":' + b"[" * 9_000 + b"]" * 9_000 + b"}}\n",
            wire.PARSE_ERROR,
        ),
        (b"[1, 2]\n", wire.INVALID_REQUEST),
        (b'{"id":1}\n', wire.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"state.get","extra":1}\n', wire.INVALID_REQUEST),
    ],
)
def test_garbage_ends_that_connection_only(connect: Connect, line: bytes, code: int) -> None:
    other, raw = connect(), connect()
    assert raw.say(line).hear()["error"]["code"] == code
    assert raw.is_closed()
    assert other.call(2, "settings.get", key="a").hear()["result"]["value"] == "a"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("no.such", {}, wire.METHOD_NOT_FOUND),
        ("settings.get", {}, wire.INVALID_PARAMS),
        ("settings.get", {"key": 5}, wire.INVALID_PARAMS),
        ("settings.get", {"key": "a", "more": 1}, wire.INVALID_PARAMS),
    ],
)
def test_a_wrong_call_is_refused_and_the_conversation_goes_on(
    connect: Connect, method: str, params: dict[str, object], code: int
) -> None:
    raw = connect()
    assert raw.call(2, method, **params).hear()["error"]["code"] == code
    assert raw.call(3, "settings.get", key="a").hear()["id"] == 3


def test_a_line_that_is_too_long_ends_that_connection_only(connect: Connect) -> None:
    other, raw = connect(), connect()
    with pytest.raises(ConnectionError):
        raw.say(b"x" * 20_000_000)  # closed before all of it is taken
    assert other.call(2, "settings.get", key="a").hear()["id"] == 2


def test_a_line_just_below_the_limit_is_taken(connect: Connect) -> None:
    key = "k" * (LINE_LIMIT_BYTES - 200)
    answer = connect().call(2, "jobs.enqueue", key=key).hear()
    assert answer["result"] == {"id": len(key)}


def test_half_a_line_and_then_nothing_harms_nobody(connect: Connect) -> None:
    other, raw = connect(), connect()
    raw.say(b'{"jsonrpc":"2.0","id":2,"method":"settings.g').close()
    assert other.call(2, "settings.get", key="a").hear()["id"] == 2


def test_a_line_that_comes_in_pieces_is_one_line(connect: Connect) -> None:
    raw = connect()
    for byte in b'{"jsonrpc":"2.0","id":2,"method":"settings.get","params":{"key":"\xc3\xa9"}}\n':
        raw.say(bytes([byte]))
    assert raw.hear()["result"]["value"] == "é"


def test_a_client_that_closes_its_own_side_still_gets_its_answers(connect: Connect, desk: Desk) -> None:
    raw = connect().call(2, "settings.get", key="slow")
    assert desk.entered.acquire(timeout=LIMIT_S)
    raw.sock.shutdown(socket.SHUT_WR)
    desk.gate.set()
    assert raw.hear()["result"]["value"] == "done"
    assert raw.is_closed()


def test_calls_sent_together_are_answered_as_they_finish(connect: Connect, desk: Desk) -> None:
    raw = connect().call(2, "settings.get", key="slow").call(3, "settings.get", key="fast")
    assert raw.hear()["id"] == 3
    desk.gate.set()
    assert raw.hear()["id"] == 2


def test_a_mistake_comes_as_its_code_and_arguments(connect: Connect) -> None:
    error = connect().call(2, "settings.get", key="wrong").hear()["error"]
    assert error == {"code": wire.MISTAKE, "message": "key_unknown", "data": {"key": "wrong", "known": "nothing"}}


def test_a_fate_comes_as_its_code_and_arguments(connect: Connect) -> None:
    error = connect().call(2, "settings.get", key="locked").hear()["error"]
    assert error == {"code": wire.MISTAKE, "message": "keyring_locked", "data": {"destination": "a1b2"}}


def test_a_bug_is_logged_and_the_client_hears_no_detail(connect: Connect, expected_log: Callable[..., None]) -> None:
    expected_log(r"a bug in the call settings.get[\s\S]*Traceback[\s\S]*ZeroDivisionError: a bug of ours")
    raw = connect()
    error = raw.call(2, "settings.get", key="bug").hear()["error"]
    assert (error["code"], error["message"]) == (wire.INTERNAL_ERROR, "internal")
    assert raw.call(3, "settings.get", key="a").hear()["id"] == 3


def test_an_answer_beyond_the_limit_is_a_bug_of_ours(connect: Connect, expected_log: Callable[..., None]) -> None:
    expected_log("the answer to settings.get is too long")
    assert connect().call(2, "settings.get", key="huge").hear()["error"]["code"] == wire.INTERNAL_ERROR


def test_fifty_clients_at_once_get_their_own_answers(connect: Connect) -> None:
    clients = [connect() for _ in range(50)]

    def ask(number: int) -> bool:
        raw = clients[number]
        for turn in range(20):
            key = f"{number}-{turn}"
            if raw.call(turn, "settings.get", key=key).hear()["result"]["value"] != key:
                return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(ask, range(50)))


def test_a_flood_of_calls_without_reading_is_dropped_while_others_go_on(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.3)
    other, flood = connect(), connect()
    line = b'{"jsonrpc":"2.0","id":2,"method":"settings.get","params":{"key":"%s"}}\n' % (b"k" * 20_000)
    with pytest.raises(ConnectionError):
        flood.say(line * 5_000)
    assert other.call(2, "settings.get", key="a").hear()["id"] == 2


def test_one_client_cannot_take_all_threads(connect: Connect, desk: Desk) -> None:
    busy, other = connect(), connect()
    for number in range(20):
        busy.call(number, "settings.get", key="slow")
    assert other.call(2, "settings.get", key="a").hear()["id"] == 2
    desk.gate.set()
    assert {busy.hear()["id"] for _ in range(20)} == set(range(20))


def test_more_connections_than_a_desktop_has_are_refused(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_CONNECTIONS", 3)
    first = [connect() for _ in range(3)]
    assert connect(greet=False).is_closed()
    first.pop().close()
    while (last := connect(greet=False).say(HELLO)).is_closed():  # until the server has seen the close
        pass
    assert first[0].call(2, "settings.get", key="a").hear()["id"] == 2
    last.close()


def test_the_socket_is_for_its_user_alone(server: Server, spot: Places) -> None:
    socket_file = Path(spot.socket_address)
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket_file.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_process_of_another_user_is_refused_even_where_it_gets_at_the_socket(
    server: Server, spot: Places, expected_log: Callable[..., None]
) -> None:
    expected_log("refused a connection of another user")
    for place in (spot.data_dir, spot.runtime_dir, Path(spot.socket_address)):
        place.chmod(0o777)
    script = (
        "import os,socket,sys; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.settimeout(9);"
        "s.connect(sys.argv[1]); s.sendall(b'{}\\n'); sys.exit(0 if s.recv(9) == b'' else 1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, spot.socket_address], check=False, capture_output=True, timeout=20
    )
    assert done.returncode == 0 or b"ConnectionResetError" in done.stderr or b"BrokenPipe" in done.stderr


def test_two_servers_on_one_address_are_one_too_many(server: Server, spot: Places, connect: Connect) -> None:
    with pytest.raises(AlreadyRunning):
        Server(current(), spot.socket_address, Desk(), Feed(Board())).start()
    assert connect().call(2, "settings.get", key="a").hear()["id"] == 2


def test_the_socket_of_a_killed_agent_is_replaced(spot: Places) -> None:
    script = (
        "import sys,time; from agent.platforms import current; from agent.rpc.server import Server;"
        "from agent.rpc.feed import Feed; from tests.fakes.rpc import Board, Desk;"
        "s=Server(current(), sys.argv[1], Desk(), Feed(Board())); s.start(); print('up', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script, spot.socket_address], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout:
        assert child.stdout.readline() == b"up\n"
        with pytest.raises(AlreadyRunning):
            Server(current(), spot.socket_address, Desk(), Feed(Board())).start()
        child.send_signal(signal.SIGKILL)
        child.wait(LIMIT_S)
    assert Path(spot.socket_address).exists()
    heir = Server(current(), spot.socket_address, Desk(), Feed(Board()))
    heir.start()
    raw = Raw(spot.socket_address).say(HELLO)
    assert raw.hear()["result"]["pid"] == os.getpid()
    raw.close()
    heir.stop()


def test_a_stop_answers_what_has_begun_and_frees_the_address(
    server: Server, spot: Places, connect: Connect, desk: Desk
) -> None:
    raw = connect().call(2, "settings.get", key="slow")
    assert desk.entered.acquire(timeout=LIMIT_S)
    stopper = threading.Thread(target=server.stop)
    stopper.start()
    desk.gate.set()
    assert raw.hear()["result"]["value"] == "done"
    assert raw.is_closed()
    stopper.join(LIMIT_S)
    assert not stopper.is_alive()
    assert not Path(spot.socket_address).exists()
    again = Server(current(), spot.socket_address, desk, Feed(Board()))
    again.start()
    again.stop()


def test_a_stop_leaves_a_hung_call_behind(server: Server, connect: Connect, desk: Desk) -> None:
    raw = connect().call(2, "settings.get", key="slow")
    assert desk.entered.acquire(timeout=LIMIT_S)
    server.stop(grace_s=0.05)
    assert raw.is_closed()


def test_stopping_twice_or_before_the_start_does_nothing(spot: Places) -> None:
    made = Server(current(), spot.socket_address, Desk(), Feed(Board()))
    made.stop()
    made.start()
    made.stop()
    made.stop()
