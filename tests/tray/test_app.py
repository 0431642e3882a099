"""The tray as a whole: one for each home, a window where there is no tray, and starting the agent."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QProcess, QProcessEnvironment, QTimer
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import BackupStart
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import FIRST_DAY, SAFE
from tray.app import RENEWED, App
from tray.command import Command, command_line
from tray.instance import OneInstance, tray_address


@pytest.fixture
def app(home: Path, address: str, qtbot: QtBot) -> Iterator[App]:
    built = App(home, address)
    qtbot.addWidget(built.window)
    yield built
    built.close()


def test_on_a_desktop_without_a_tray_the_window_opens_and_says_so(app: App) -> None:
    app.start(show_window=False)
    assert app.window.isVisible()
    assert "shows no tray icons" in app.window.notice.text()


def test_it_shows_the_agent_s_light(app: App, address: str, qtbot: QtBot) -> None:
    agent = FakeAgent(address, SAFE)
    app.start(show_window=True)
    qtbot.waitUntil(lambda: app.model.light == "safe")
    assert app.overview.hero.headline.text() == "All 12,431 photos and videos are safe."
    agent.stop()


def test_closing_the_window_leaves_the_tray(app: App, qtbot: QtBot) -> None:
    app.start(show_window=True)
    app.window.close()
    assert not app.window.isVisible()
    app.menu.open.trigger()
    assert app.window.isVisible()


def test_a_second_start_calls_the_first(home: Path, qtbot: QtBot) -> None:
    address = tray_address(str(home / "agent.sock"))
    first, second = OneInstance(address), OneInstance(address)
    assert first.take()
    with qtbot.waitSignal(first.called):
        assert not second.take()
    first.close()
    assert second.take()
    second.close()


def test_what_a_killed_tray_left_behind_is_no_obstacle(home: Path, qtbot: QtBot) -> None:
    address = tray_address(str(home / "agent.sock"))
    code = (
        "import os, sys; from PySide6.QtCore import QCoreApplication; from tray.instance import OneInstance\n"
        f"app = QCoreApplication([]); one = OneInstance({address!r}); print(one.take(), flush=True); os.abort()"
    )
    killed = QProcess()
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONPATH", ":".join(sys.path))
    killed.setProcessEnvironment(environment)
    with qtbot.waitSignal(killed.finished, timeout=20_000):
        killed.start(sys.executable, ["-c", code])
    assert killed.readAllStandardOutput().data() == b"True\n"
    assert Path(address).exists()
    one = OneInstance(address)
    assert one.take()
    one.close()


def test_two_homes_have_two_trays() -> None:
    assert tray_address("/run/a/agent.sock") != tray_address("/run/b/agent.sock")
    assert tray_address("/run/a/1111.sock") != tray_address("/run/a/2222.sock")
    assert tray_address("\\\\.\\pipe\\safelight-x") == "\\\\.\\pipe\\safelight-x-tray"


def test_the_agent_of_this_home_is_started_by_the_command() -> None:
    assert command_line(None, "start") == [sys.executable, "-m", "agent", "start"]
    assert command_line(Path("/h"), "start") == [sys.executable, "-m", "agent", "--home", "/h", "start"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(
            [sys.executable, "-c", "import sys; sys.exit('The keyring is locked.')"],
            "The keyring is locked.",
            id="said",
        ),
        pytest.param(
            [sys.executable, "-c", "raise SystemExit(3)"],
            "The agent did not start. 'safelight run' shows why.",
            id="mute",
        ),
        pytest.param(["/no/such/program"], "The agent did not start. 'safelight run' shows why.", id="not-there"),
    ],
)
def test_an_agent_that_does_not_start_says_why(command: list[str], said: str, qtbot: QtBot) -> None:
    starter = Command(command)
    with qtbot.waitSignal(starter.failed, timeout=20_000) as heard:
        starter.run()
    assert heard.args == [said]


def test_an_agent_that_starts_is_looked_for_at_once(qtbot: QtBot) -> None:
    starter = Command([sys.executable, "-c", ""])
    with qtbot.waitSignal(starter.succeeded, timeout=20_000):
        starter.run()


def test_an_updated_agent_makes_the_tray_start_itself_anew_but_only_once(
    app: App, address: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, expected_log: Callable[..., None]
) -> None:
    expected_log("of another version")
    monkeypatch.setenv(RENEWED, "")  # so that it is forgotten after the test
    monkeypatch.delenv(RENEWED)
    agent = FakeAgent(address, SAFE)
    agent.refusals["hello"] = wire.Error(wire.UNGREETED, "protocol 2")
    with qtbot.waitSignal(app.renewal_asked):
        app.start(show_window=False)
    with qtbot.waitSignal(app.client.refused), qtbot.assertNotEmitted(app.renewal_asked):
        app.client.retry()
    assert app.model.connection == "refused"
    agent.stop()


def test_a_dropped_folder_is_offered_and_a_dropped_file_is_backed_up(
    app: App, address: str, qtbot: QtBot, tmp_path: Path
) -> None:
    agent = furnish(FakeAgent(address, SAFE))
    app.start(show_window=True)
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    app.window.folder_dropped.emit(str(tmp_path))
    assert app.window.stack.currentWidget() is app.folders
    assert app.folders.dialog is not None
    app.folders.dialog.reject()
    app.window.files_dropped.emit(["/home/ada/a.jpg"])
    qtbot.waitUntil(lambda: bool(agent.asked("backup.start")))
    assert agent.asked("backup.start") == [BackupStart(("/home/ada/a.jpg",))]
    qtbot.waitUntil(lambda: "One file is copied as soon as" in app.window.notice.text(), timeout=20_000)
    agent.stop()


def test_the_first_time_it_shows_the_first_steps_and_after_later_it_does_not(
    app: App, address: str, qtbot: QtBot
) -> None:
    agent = furnish(FakeAgent(address, FIRST_DAY))
    app.start(show_window=False)
    qtbot.waitUntil(lambda: app.wizard is not None)
    assert app.window.isVisible()
    assert app.wizard is not None
    app.wizard.later.click()
    assert app.wizard is None
    with qtbot.waitSignal(app.model.changed):
        agent.show(settings_revision=3)
    assert app.wizard is None
    app.overview.tour.click()
    assert app.wizard is not None
    agent.stop()


def test_the_first_steps_are_shown_too_where_the_agent_is_met_while_it_still_starts(
    app: App, address: str, qtbot: QtBot
) -> None:
    agent = furnish(FakeAgent(address, replace(FIRST_DAY, agent=replace(FIRST_DAY.agent, phase="initialized"))))
    app.start(show_window=False)
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    assert app.wizard is None
    agent.show(agent=FIRST_DAY.agent)
    qtbot.waitUntil(lambda: app.wizard is not None)
    agent.stop()


def test_who_has_begun_is_not_asked_to_begin(app: App, address: str, qtbot: QtBot) -> None:
    agent = FakeAgent(address, SAFE)
    app.start(show_window=False)
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    assert app.wizard is None
    agent.stop()


def test_a_start_at_login_that_the_system_refused_is_told_after_the_first_steps(
    app: App, address: str, qtbot: QtBot
) -> None:
    agent = furnish(FakeAgent(address, FIRST_DAY))
    app.start(show_window=False)
    qtbot.waitUntil(lambda: app.wizard is not None)
    assert app.wizard is not None
    with qtbot.waitSignal(app.startup.failed, timeout=20_000):
        app.wizard.login.startup_asked.emit(True)  # the real command, which refuses a home of its own
    assert "Only the usual home is registered with the system" in app.window.notice.text()
    agent.stop()


def test_the_settings_read_back_the_start_at_login_with_the_real_command(app: App, qtbot: QtBot) -> None:
    with qtbot.waitSignal(app.startup.changed, timeout=20_000):
        app.settings.startup_wanted.emit()
    assert not app.settings.startup.agent.box.isEnabled()
    assert not app.settings.startup.tray.box.isEnabled()
    assert "Only the usual home" in app.settings.startup.said.text()


@pytest.mark.parametrize(
    ("starts_at_login", "said"), [(False, "For it to start at each login too"), (True, "")], ids=["once", "always"]
)
def test_who_starts_the_agent_by_hand_is_told_how_the_system_would_do_it(
    starts_at_login: bool, said: str, app: App
) -> None:
    app.starter.succeeded.emit(None)
    app.startup.agent = starts_at_login
    app.startup.changed.emit()
    assert said in app.window.notice.text()
    assert bool(said) == bool(app.window.notice.text())
    app.window.notice.hide()
    app.startup.agent = False
    app.startup.changed.emit()
    assert not app.window.notice.text(), "once is enough"


def test_a_closed_window_leaves_no_timer_running(app: App, address: str, qtbot: QtBot) -> None:
    agent = furnish(FakeAgent(address, SAFE))
    app.start(show_window=True)
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    for page in (app.library, app.folders, app.activity, app.settings, app.overview):
        app.window.show_page(page)
    qtbot.waitUntil(lambda: app.settings.is_complete)
    app.window.show_page(app.library)
    app.library.filters.text.setFocus()
    app.window.close()
    looking = {app.icon._timer}  # there is no panel here

    def is_quiet() -> bool:
        timers = {*app.findChildren(QTimer), *app.window.findChildren(QTimer)}
        return not [timer for timer in timers - looking if timer.isActive()]

    qtbot.waitUntil(is_quiet)
    agent.stop()


def test_a_tray_that_ends_runs_no_command_any_more(app: App, qtbot: QtBot) -> None:
    app.close()
    with qtbot.assertNotEmitted(app.startup.changed, wait=100):
        app.settings.startup_wanted.emit()
    assert app.startup._command._process.state() is QProcess.ProcessState.NotRunning


def test_a_notice_opens_its_page(app: App) -> None:
    app.notifier.asked_for.emit("activity")
    assert app.window.stack.currentWidget() is app.activity
    app.notifier.asked_for.emit("no such page")
    assert app.window.stack.currentWidget() is app.overview


def test_the_menu_opens_the_settings(app: App) -> None:
    app.menu.settings.trigger()
    assert app.window.stack.currentWidget() is app.settings
