"""The client that commands and scripts use, against a real server."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.cli import client as client_module
from agent.cli.client import Client, NotAnswering, NotRunning
from agent.platforms import current, places
from agent.protocol import wire
from agent.protocol.methods import (
    JobEnqueue,
    JobId,
    JobRef,
    JobRows,
    JobsList,
    Message,
    Nothing,
    SettingKey,
    SettingValue,
    Welcome,
)
from agent.protocol.types import JobRow, Section
from agent.rpc.feed import Feed
from agent.rpc.server import Server
from tests.fakes.rpc import LIMIT_S, Board, Desk

if sys.platform == "win32":
    pytest.skip("speaks through unix sockets", allow_module_level=True)


class Counter(Desk):
    """A desk with some jobs to page through."""

    def __init__(self, jobs: int) -> None:
        super().__init__()
        self.jobs = [job(number) for number in range(jobs, 0, -1)]
        self.asked: list[JobEnqueue] = []

    def __call__(self, method: str, params: Message) -> Message | Section:
        match params:
            case JobsList(status=_, before=before, limit=limit):
                rows = [row for row in self.jobs if before is None or row.id < before][:limit]
                return JobRows(tuple(rows), rows[-1].id if len(rows) == limit else None)
            case JobRef(id=number) if number <= len(self.jobs):
                return self.jobs[-number]
            case JobEnqueue():
                self.asked.append(params)
                return JobId(7)
        return super().__call__(method, params)


def job(number: int) -> JobRow:
    moment = "2026-01-01T00:00:00.000Z"
    return JobRow(number, "scan", None, "PENDING", 0, 3, None, None, 0, moment, moment, "local", 0, 0)


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def desk() -> Counter:
    return Counter(1_201)


@pytest.fixture
def server(home: Path, board: Board, desk: Counter) -> Iterator[Server]:
    made = Server(current(), places(home).socket_address, desk, Feed(board))
    made.start()
    yield made
    desk.gate.set()
    made.stop()


def test_no_agent_is_told_at_once(home: Path) -> None:
    with pytest.raises(NotRunning):
        Client.connect(home)


def test_a_dead_agents_socket_is_no_agent(home: Path) -> None:
    spot = places(home)
    spot.create()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(spot.socket_address)
    with pytest.raises(NotRunning):
        Client.connect(home)


def test_an_agent_that_hangs_is_no_agent(home: Path) -> None:
    spot = places(home)
    spot.create()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(spot.socket_address)
        deaf.listen()
        with pytest.raises(NotAnswering):
            Client.connect(home, timeout_s=0.05)


@pytest.mark.parametrize("line", [b"SSH-2.0-OpenSSH\r\n", b"\xff\n", b"x" * 5_000_000], ids=["ssh", "bytes", "endless"])
def test_something_else_at_the_address_is_no_agent(home: Path, line: bytes) -> None:
    spot = places(home)
    spot.create()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(spot.socket_address)
        other.listen()

        def answer() -> None:
            end, _ = other.accept()
            with end, contextlib.suppress(OSError):  # the client has heard enough
                end.sendall(line)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NotRunning):
            Client.connect(home)
        thread.join(LIMIT_S)


def test_the_home_is_taken_from_the_environment(server: Server) -> None:
    with Client.connect() as client:
        found: Welcome = client.call("agent.version")
    assert found == Welcome(1, "0.1.0", 4711)


def test_an_agent_of_another_protocol_is_refused_but_can_be_stopped(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "PROTOCOL", 2)
    with pytest.raises(wire.Mistake, match="version_mismatch"):
        Client.connect()
    with Client.connect(parting=True) as client:
        assert client.call("agent.version").protocol == 1
        assert client.call("agent.stop") == Nothing()
        with pytest.raises(wire.Mistake, match="version_mismatch"):
            client.enqueue("scan")


def test_results_come_typed(server: Server, home: Path) -> None:
    with Client.connect(home) as client:
        assert client.call("settings.get", SettingKey("写真")) == SettingValue("写真", "写真")


def test_an_answer_of_a_wrong_shape_is_a_mistake_of_ours(server: Server) -> None:
    with Client.connect() as client, pytest.raises(wire.Mistake, match="internal"):
        client.call("state.get")  # the desk gives no snapshot


def test_mistakes_come_as_mistakes_and_the_connection_lasts(server: Server) -> None:
    with Client.connect() as client:
        with pytest.raises(wire.Mistake) as caught:
            client.call("settings.get", SettingKey("wrong"))
        assert (caught.value.code, caught.value.args_) == ("key_unknown", {"key": "wrong", "known": "nothing"})
        with pytest.raises(wire.Mistake, match="value_invalid"):
            client.enqueue("scan", max_attempts=0)
        assert client.call("settings.get", SettingKey("a")).value == "a"


def test_what_is_too_large_to_send_is_a_mistake(server: Server) -> None:
    with Client.connect() as client:
        with pytest.raises(wire.Mistake, match="payload_too_large"):
            client.enqueue("scan", {"text": "x" * 5_000_000})
        assert client.call("settings.get", SettingKey("a")).value == "a"


@pytest.mark.parametrize("method", ["settings.get", "settings.set"])
def test_text_that_is_no_utf_8_and_values_nested_too_deep_are_mistakes_and_the_connection_lasts(
    server: Server, method: str
) -> None:
    deep: list[object] = []
    for _ in range(5_000):
        deep = [deep]
    odd = {"settings.get": SettingKey("\udcff"), "settings.set": SettingValue("a", deep)}
    with Client.connect() as client:
        with pytest.raises(wire.Mistake, match="value_invalid"):
            client.call(method, odd[method])
        assert client.call("settings.get", SettingKey("a")).value == "a"


@pytest.mark.parametrize("nesting", [0, 100_000], ids=["flat", "deep"])
@pytest.mark.parametrize("text", [b"a", b"\\ud800", b"\xed\xa0\x80"], ids=["text", "half a pair", "its bytes"])
def test_an_answer_that_is_nested_deep_or_holds_half_a_character_ends_in_what_has_a_sentence(
    home: Path, nesting: int, text: bytes
) -> None:
    spot = places(home)
    spot.create()
    value = b"[" * nesting + b'"' + text + b'"' + b"]" * nesting
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(spot.socket_address)
        other.listen()

        def answer() -> None:
            end, _ = other.accept()
            with end, end.makefile("rb") as asked, contextlib.suppress(OSError):
                for number, result in enumerate([b'{"protocol":1,"app":"0","pid":1}', b'{"key":"a","value":%s}'], 1):
                    asked.readline()
                    end.sendall(b'{"jsonrpc":"2.0","id":%d,"result":' % number)
                    end.sendall((result % value if number == 2 else result) + b"}\n")
                asked.readline()

        thread = threading.Thread(target=answer)
        thread.start()
        with Client.connect(home) as client:
            if nesting == 0 and text == b"a":
                assert client.call("settings.get", SettingKey("a")) == SettingValue("a", "a")
            else:
                with pytest.raises((NotRunning, wire.Mistake)):
                    client.call("settings.get", SettingKey("a"))
        thread.join(LIMIT_S)


@pytest.mark.parametrize("depth", [200, 900, 950, 990])
def test_what_is_nested_deep_but_not_too_deep_for_its_line_is_no_traceback(depth: int) -> None:
    raw = msgspec.Raw(b'{"key":"a","value":' + b"[" * depth + b"]" * depth + b"}")
    with contextlib.suppress(wire.WireError):
        wire.unpack_result("settings.get", raw)
    with contextlib.suppress(wire.WireError):
        wire.unpack_changes(raw)


def test_jobs_are_enqueued_shown_and_listed_over_all_pages(server: Server, desk: Counter) -> None:
    with Client.connect() as client:
        assert client.enqueue("scan", {"folder": "Füße"}, priority=5) == 7
        assert desk.asked == [JobEnqueue("scan", {"folder": "Füße"}, 5, 3)]
        assert client.job(3).id == 3
        assert [row.id for row in client.jobs("PENDING")] == list(range(1_201, 0, -1))
        with pytest.raises(wire.Mistake, match="job_unknown"):
            client.job(9_999)


def test_changes_begin_with_everything_and_go_on(server: Server, board: Board) -> None:
    with Client.connect() as client:
        changes = client.changes()
        first = next(changes)
        assert first.agent == board.snapshot().agent
        board.put_jobs(4)
        assert next(changes).jobs == board.snapshot().jobs


def test_calls_between_changes_lose_none(server: Server, board: Board) -> None:
    with Client.connect() as client:
        changes = client.changes()
        next(changes)
        board.put_jobs(4)
        for number in range(50):
            assert client.call("settings.get", SettingKey(str(number))).value == str(number)
        assert next(changes).jobs == board.snapshot().jobs


def test_waiting_for_a_change_can_have_a_limit(server: Server) -> None:
    with Client.connect() as client:
        client.subscribe()
        assert client.next_change(LIMIT_S) is not None
        assert client.next_change(0.01) is None
        assert client.call("settings.get", SettingKey("a")).value == "a"


def test_changes_end_when_the_agent_does(server: Server) -> None:
    with Client.connect() as client:
        changes = client.changes()
        next(changes)
        server.stop()
        with pytest.raises(NotRunning):
            next(changes)


def test_closing_from_another_thread_ends_a_wait(server: Server) -> None:
    client = Client.connect()
    changes = client.changes()
    next(changes)
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(NotRunning):
            next(changes)
        ended.set()

    thread = threading.Thread(target=wait)
    thread.start()
    client.close()
    client.close()
    assert ended.wait(LIMIT_S)
    thread.join(LIMIT_S)


def test_a_call_that_takes_too_long_is_given_up(server: Server, desk: Counter) -> None:
    with Client.connect() as client, pytest.raises(NotRunning):
        client.call("settings.get", SettingKey("slow"), timeout_s=0.05)


def test_a_home_with_a_very_long_path_is_reached_through_a_short_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home))
    deep = tmp_path / ("ä" * 60) / ("写" * 40)
    address = places(deep).socket_address
    assert len(os.fsencode(address)) < 104
    made = Server(current(), address, Desk(), Feed(Board()))
    made.start()
    with Client.connect(deep) as client:
        assert client.call("settings.get", SettingKey("a")).value == "a"
    made.stop()
