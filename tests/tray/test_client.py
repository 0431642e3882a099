"""The line to the agent: greeting, calls, cuts and what is no message of ours."""

import sys
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import LINE_LIMIT_BYTES, BackupStart, GroupId, Pause, Welcome
from tests.fakes.agent import FakeAgent, changes_of
from tests.fakes.scenes import SAFE
from tray.client import NO_AGENT, Backoff, Client

Serve = Callable[..., FakeAgent]


@pytest.fixture
def client(seam: Any) -> Client:
    return cast("Client", seam.client)


def test_it_greets_and_then_receives_every_section(client: Client, serve: Serve, qtbot: QtBot) -> None:
    serve()
    heard: list[Any] = []
    client.greeted.connect(heard.append)
    client.received.connect(heard.append)
    client.retry()
    qtbot.waitUntil(lambda: len(heard) == 2)
    welcome, changes = heard
    assert client.is_greeted
    assert isinstance(welcome, Welcome)
    assert changes == changes_of(SAFE)


def test_a_call_answers_with_a_typed_result(client: Client, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    answers: list[object] = []
    with qtbot.waitSignal(client.greeted):
        client.retry()
    client.call("backup.start", BackupStart(("/photos",)), answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == [GroupId(7)]
    assert agent.asked("backup.start") == [BackupStart(("/photos",))]


def test_a_refused_call_reaches_its_own_error_callback_else_the_signal(
    client: Client, serve: Serve, qtbot: QtBot
) -> None:
    agent = serve()
    agent.refusals["backup.pause"] = wire.Error(wire.MISTAKE, "time_past", {"text": "07:00"})
    with qtbot.waitSignal(client.greeted):
        client.retry()
    errors: list[wire.Error] = []
    client.call("backup.pause", Pause(1), on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert errors == [wire.Error(wire.MISTAKE, "time_past", {"text": "07:00"})]
    with qtbot.waitSignal(client.failed) as heard:
        client.call("backup.pause", Pause(1))
    assert heard.args == errors


def test_a_call_without_an_agent_fails_later_and_not_at_once(client: Client, qtbot: QtBot) -> None:
    errors: list[wire.Error] = []
    client.call("backup.resume", on_error=errors.append)
    assert not errors
    qtbot.waitUntil(lambda: bool(errors))
    assert errors[0].code == NO_AGENT


def test_calls_under_way_fail_when_the_agent_dies(client: Client, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    with qtbot.waitSignal(client.greeted):
        client.retry()
    errors: list[wire.Error] = []
    agent.stop()
    client.call("backup.resume", on_error=errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert errors[0].code == NO_AGENT


def test_nobody_is_told_of_what_a_closed_line_cannot_do(client: Client, serve: Serve, qtbot: QtBot) -> None:
    serve()
    with qtbot.waitSignal(client.greeted):
        client.retry()
    told: list[object] = []
    client.failed.connect(told.append)
    client.lost.connect(lambda: told.append("lost"))
    client.call("backup.resume", on_error=told.append)
    client.call("backup.resume")
    client.close()
    client.call("backup.resume", on_error=told.append)
    qtbot.wait(50)
    assert not told


def test_an_agent_that_comes_late_is_found_by_itself(client: Client, serve: Serve, qtbot: QtBot) -> None:
    with qtbot.waitSignal(client.missed):
        client.retry()
    serve()
    qtbot.waitUntil(lambda: client.is_greeted)


@pytest.mark.skipif(sys.platform == "win32", reason="a named pipe lies in no folder")
def test_an_agent_that_comes_is_heard_of_before_it_would_be_looked_for(
    client: Client, serve: Serve, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(client.missed):
        client.retry()
    client._again.start(3_600_000)
    serve()
    qtbot.waitUntil(lambda: client.is_greeted)


def test_after_a_cut_it_comes_back_and_hears_everything_again(client: Client, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    with qtbot.waitSignal(client.greeted):
        client.retry()
    with qtbot.waitSignals([client.lost, client.received]):
        agent.hang_up()
    assert client.is_greeted
    assert agent.connections == 2


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"hello?\n", id="no-json"),
        pytest.param(b'{"method": "state.changed", "params": {"revision": 2, "moon": 1}}\n', id="unknown-section"),
        pytest.param(b"\xff\xfe\n", id="no-utf-8"),
        pytest.param(b"x" * (LINE_LIMIT_BYTES + 2), id="too-long"),
    ],
)
def test_what_is_no_message_ends_the_connection_and_the_next_one_is_whole(
    line: bytes, client: Client, serve: Serve, qtbot: QtBot, expected_log: Callable[..., None]
) -> None:
    expected_log("tray.client: the agent sent")
    agent = serve()
    with qtbot.waitSignal(client.received):
        client.retry()
    with qtbot.waitSignals([client.lost, client.greeted], timeout=10_000):
        threading.Thread(target=agent.say, args=(line,), daemon=True).start()
    assert agent.connections == 2


def test_another_version_is_told_and_not_asked_again_soon(
    client: Client, serve: Serve, qtbot: QtBot, expected_log: Callable[..., None]
) -> None:
    expected_log("of another version")
    agent = serve()
    agent.refusals["hello"] = wire.Error(wire.UNGREETED, "The agent speaks protocol 2. Restart Safelight.")
    with qtbot.waitSignal(client.refused) as heard:
        client.retry()
    assert heard.args == ["The agent speaks protocol 2. Restart Safelight."]
    qtbot.wait(400)  # longer than the first pause of the backoff: nothing may happen in it
    assert agent.connections == 1
    agent.refusals.clear()
    with qtbot.waitSignal(client.greeted):
        client.retry()


def test_pauses_double_up_to_a_bound_and_are_spread() -> None:
    backoff = Backoff(lambda: 0.5)
    pauses = [backoff.next_ms() for _ in range(12)]
    assert pauses[:4] == [250, 500, 1_000, 2_000]
    assert pauses[-1] == 15_000  # a minute, where its folder tells of an agent that comes
    backoff.reset()
    assert backoff.next_ms() == 250
    assert Backoff(lambda: 0.0).next_ms() < Backoff(lambda: 1.0).next_ms()
