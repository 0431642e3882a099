"""Notifications: what is raised is shown once, what is over goes, and a click opens the place that explains."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from agent.protocol.methods import NoticeRef
from agent.protocol.types import Notice
from tests.fakes.agent import FakeAgent
from tray.notify import DesktopSender, Notifier

FAILED = Notice("error", "error", "files_failed", {"count": 3}, raised_at=1_000, action="activity")
DONE = Notice("done", "done", "done", {"count": 62}, raised_at=2_000, action="library")
SIGN_IN = Notice("action:signed_out:a1b2", "action", "signed_out", raised_at=3_000, action="overview")


def total(completed: int) -> Notice:
    return Notice("total", "total", "uploading", {"completed": completed, "total": 100}, progress=completed, max=100)


class Screen(QObject):
    """A desktop that remembers what it shows."""

    clicked = Signal(str)
    closed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, str, str, str]] = []
        self.withdrawn: list[str] = []

    def show(self, identity: str, title: str, text: str, button: str) -> None:
        self.shown.append((identity, title, text, button))

    def withdraw(self, identity: str) -> None:
        self.withdrawn.append(identity)


class Looking:
    """Whether the person has the window before them."""

    now = False

    def __call__(self) -> bool:
        return self.now


class Stage:
    """A notifier over a real seam."""

    def __init__(self, seam: Any, agent: FakeAgent, qtbot: QtBot) -> None:
        self.screen, self.looking, self.agent, self._seam, self._qtbot = Screen(), Looking(), agent, seam, qtbot
        self.notifier = Notifier(seam.model, self.screen, self.looking)
        seam.connect()

    def show(self, *notices: Notice) -> None:
        with self._qtbot.waitSignal(self._seam.model.changed):
            self.agent.show(notices=notices)


@pytest.fixture
def stage(seam: Any, serve: Callable[..., FakeAgent], qtbot: QtBot) -> Stage:
    return Stage(seam, serve(), qtbot)


def test_an_error_is_shown_once_with_its_next_step(stage: Stage) -> None:
    stage.show(FAILED)
    stage.show(FAILED, SIGN_IN)
    assert [one[0] for one in stage.screen.shown] == ["error", "action:signed_out:a1b2"]
    _identity, title, text, button = stage.screen.shown[0]
    assert title == "3 files could not be uploaded."
    assert text
    assert button == "Show me"


def test_raised_anew_it_is_shown_anew(stage: Stage) -> None:
    stage.show(FAILED)
    stage.show(Notice("error", "error", "files_failed", {"count": 5}, raised_at=9_000, action="activity"))
    assert len(stage.screen.shown) == 2


def test_progress_is_said_once_and_goes_with_its_end(stage: Stage) -> None:
    for completed in (1, 40, 80):
        stage.show(total(completed))
    stage.show(DONE)
    assert [one[0] for one in stage.screen.shown] == ["total", "done"]
    assert stage.screen.withdrawn == ["total"]
    assert stage.screen.shown[0][1:3] == ("Backing up", "100 photos and videos are on their way.")
    assert stage.screen.shown[1][1:3] == ("Backup finished", "62 photos and videos are safe.")


def test_what_is_said_to_be_done_is_not_said_again_by_the_next_tray(stage: Stage, qtbot: QtBot) -> None:
    stage.show(DONE)
    qtbot.waitUntil(lambda: stage.agent.asked("notice.dismiss") == [NoticeRef("done")])


def test_who_looks_at_the_window_is_not_told_what_it_shows(stage: Stage) -> None:
    stage.looking.now = True
    stage.show(total(1), DONE, FAILED)
    assert [one[0] for one in stage.screen.shown] == ["error"]


@pytest.mark.parametrize(
    ("notice", "page"),
    [pytest.param(FAILED, "activity", id="failed"), pytest.param(SIGN_IN, "overview", id="sign-in")],
)
def test_a_click_opens_the_place_that_explains(notice: Notice, page: str, stage: Stage, qtbot: QtBot) -> None:
    stage.show(notice)
    with qtbot.waitSignal(stage.notifier.asked_for) as heard:
        stage.screen.clicked.emit(notice.id)
    assert heard.args == [page]
    assert stage.screen.withdrawn == [notice.id]
    qtbot.waitUntil(lambda: stage.agent.asked("notice.dismiss") == [NoticeRef(notice.id)])


def test_what_is_closed_is_told_to_the_agent_but_progress_is_not(stage: Stage, qtbot: QtBot) -> None:
    stage.show(FAILED, total(1))
    stage.screen.closed.emit("total")
    stage.screen.closed.emit("error")
    qtbot.waitUntil(lambda: bool(stage.agent.asked("notice.dismiss")))
    assert stage.agent.asked("notice.dismiss") == [NoticeRef("error")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # dbus-fast leaves its socket behind
def test_without_a_desktop_that_notifies_the_balloon_is_used(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    sender = DesktopSender()
    with qtbot.waitSignal(sender.failed, timeout=20_000) as heard:
        sender.show("x", "Title", "Text", "Show me")
    assert heard.args == ["Title", "Text"]
    sender.close()
    gc.collect()
