"""What the tray shows: the agent's snapshot, merged; and plain words when there is no agent."""

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

from agent import words
from agent.protocol import wire
from agent.protocol.types import Changes
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import NOW_AT, SAFE, WAITING, WORKING
from tray.model import CONNECTION, EVERYTHING

Serve = Callable[..., FakeAgent]


def test_before_the_first_answer_it_says_that_it_looks(seam: Any) -> None:
    assert seam.model.light == "off"
    assert seam.model.headline == "Looking for the background agent …"


def test_it_shows_what_the_agent_shows(seam: Any, serve: Serve) -> None:
    serve()
    seam.connect()
    assert seam.model.snapshot == SAFE
    assert seam.model.light == "safe"
    assert seam.model.headline == "All 12,431 photos and videos are safe."
    assert seam.model.progress is None


def test_a_changed_section_replaces_its_own_and_leaves_the_rest(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve(WORKING)
    seam.connect()
    assert seam.model.progress == 31
    with qtbot.waitSignal(seam.model.changed) as heard:
        agent.show(run=None, backup=SAFE.backup)
    assert heard.args == [frozenset({"run", "backup"})]
    assert seam.model.snapshot.run is None
    assert seam.model.snapshot.transfers == WORKING.transfers
    assert seam.model.light == "safe"


def test_everything_is_new_when_the_agent_is_found(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    serve()
    with qtbot.waitSignal(seam.model.changed) as heard:
        seam.client.retry()
    assert heard.args == [EVERYTHING]
    assert CONNECTION in EVERYTHING


def test_without_an_agent_the_light_is_off_and_the_next_step_is_named(seam: Any) -> None:
    seam.connect()
    assert seam.model.connection == "absent"
    assert seam.model.light == "off"
    assert seam.model.headline == "The background agent is not running."
    assert seam.model.tooltip == "The background agent is not running. Open Safelight to start it."


def test_an_agent_that_goes_away_is_not_shown_any_longer(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    seam.connect()
    agent.stop()
    qtbot.waitUntil(lambda: seam.model.connection == "absent")
    assert seam.model.snapshot is None


def test_a_short_cut_does_not_flicker(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    seam.connect()
    lights: list[str] = []
    seam.model.changed.connect(lambda _sections: lights.append(seam.model.light))
    with qtbot.waitSignal(seam.client.greeted):
        agent.hang_up()
    qtbot.waitUntil(lambda: bool(lights))
    assert set(lights) == {"safe"}


def test_an_agent_that_restarts_with_another_state_is_shown_anew(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    first = serve()
    seam.connect()
    first.stop()
    serve(WAITING)
    qtbot.waitUntil(lambda: seam.model.light == "waiting")
    assert seam.model.headline == words.headline(WAITING, NOW_AT)


def test_another_version_is_said_until_the_right_one_answers(
    seam: Any, serve: Serve, qtbot: QtBot, expected_log: Callable[..., None]
) -> None:
    expected_log("of another version: This agent speaks protocol 2")
    agent = serve()
    agent.refusals["hello"] = wire.Error(wire.UNGREETED, "This agent speaks protocol 2")
    seam.connect()
    assert seam.model.connection == "refused"
    assert seam.model.light == "off"
    assert seam.model.headline == "The background agent is of another version. Restart Safelight."
    agent.refusals.clear()
    seam.client.retry()
    qtbot.waitUntil(lambda: seam.model.connection == "present")


def test_a_refused_request_is_told_in_a_sentence(seam: Any, serve: Serve, qtbot: QtBot) -> None:
    serve().refusals["backup.start"] = wire.Error(wire.MISTAKE, "no_destination")
    seam.connect()
    with qtbot.waitSignal(seam.model.told) as heard:
        seam.model.call("backup.start")
    assert heard.args == [words.mistake("no_destination", {})]


def test_a_first_message_that_is_not_whole_is_refused(
    seam: Any, serve: Serve, qtbot: QtBot, expected_log: Callable[..., None]
) -> None:
    expected_log("the agent did not say everything: the first sections lack")
    serve()
    seam.connect()
    seam.model.connection = "seeking"
    with qtbot.waitSignal(seam.client.lost):
        seam.model._receive(Changes(2, backup=SAFE.backup))
