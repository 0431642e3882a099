"""The folders page: how each folder stands, and that adding, changing and removing are one request each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import BackupStart, FolderAdd, FolderSet, PathRef
from agent.protocol.settings import FolderRules
from agent.protocol.types import Problem
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import CAMERA, PICTURES, furnish
from tests.fakes.scenes import ATTENTION, IMMICH, WORKING
from tests.tray.widgets_read import read
from tray.pages.folder_card import FolderCard
from tray.pages.folder_dialog import FolderDialog
from tray.pages.folders import FoldersPage
from tray.pages.window import Window

Serve = Callable[..., FakeAgent]


@pytest.fixture
def page(seam: Any, qtbot: QtBot) -> Iterator[FoldersPage]:
    found = FoldersPage(seam.model, choose=lambda _parent: "/home/ada/Phone")
    window = Window([found])
    qtbot.addWidget(window)
    window.show()
    yield found
    window.close()


@pytest.fixture
def agent(page: FoldersPage, seam: Any, serve: Serve, qtbot: QtBot) -> FakeAgent:
    """An agent with two folders, and a page that has heard of their rules."""
    found = furnish(serve(WORKING))
    seam.connect()
    qtbot.waitUntil(page.cards.rows()[0].change.isEnabled)
    found.calls.clear()
    return found


def cards(page: FoldersPage) -> list[FolderCard]:
    return page.cards.rows()


def dialog(page: FoldersPage, qtbot: QtBot) -> FolderDialog:
    """The open dialog, when it has counted."""
    found = page.dialog
    assert found is not None
    qtbot.waitUntil(lambda: "1,204" in found.preview.total.text())
    return found


def test_a_card_says_how_the_folder_stands_and_what_its_rules_are(page: FoldersPage, agent: FakeAgent) -> None:
    text = read(page)
    for sentence in (
        "2 folders are kept safe",
        (
            "/home/ada/Pictures\n11,998 of 11,998 files are safe\n"
            "goes to every destination · without *.png, Drafts/ · albums named like the folders"
        ),
        (
            "438 of 533 files are safe · 95 waiting\n"
            "goes to Home server · RAW and JPEG stacked · never over a metered network"
        ),
    ):
        assert sentence in text


def test_a_card_says_what_deserves_a_word(page: FoldersPage, agent: FakeAgent, seam: Any, qtbot: QtBot) -> None:
    assert "on a network share" in read(cards(page)[1])
    assert "on a network share" not in read(cards(page)[0])
    problem = Problem("watch_limit", "warning", 0, {"path": PICTURES.path})
    with qtbot.waitSignal(seam.model.changed):
        agent.show(problems=(problem,))
    assert "Raise fs.inotify.max_user_watches" in read(cards(page)[0])
    with qtbot.waitSignal(seam.model.changed):
        agent.show(problems=())
    assert "inotify" not in read(cards(page)[0])


def test_a_folder_that_is_not_there_says_so_and_cannot_be_backed_up(page: FoldersPage, seam: Any, serve: Serve) -> None:
    furnish(serve(ATTENTION))
    seam.connect()
    away = cards(page)[1]
    assert "Not there now: connect the drive or the share." in read(away)
    assert not away.back_up.isEnabled()
    assert away.remove.isEnabled()


def test_adding_shows_at_once_what_would_be_copied(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.add.click()
    shown = dialog(page, qtbot)
    text = read(shown)
    assert "1,204 photos and videos, 8.3 GB" in text
    assert "Left out: 12 hidden, 41 that are no photos or videos." in text
    assert "network share" in text
    shown.accept_button.click()
    qtbot.waitUntil(lambda: page.dialog is None)
    assert agent.asked("folder.add") == [FolderAdd("/home/ada/Phone", (), FolderRules())]


def test_a_pattern_is_counted_when_the_person_rests(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.add.click()
    shown = dialog(page, qtbot)
    shown.rules.exclude.setPlainText("*.png\n\n *.gif ")
    assert shown.rules.rules().exclude == ("*.png", "*.gif")
    qtbot.waitUntil(lambda: "1,004 photos" in shown.preview.total.text())
    shown.reject()


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(
    page: FoldersPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page.add.click()
    shown = dialog(page, qtbot)
    shown._asked += 1  # a newer question is under way
    late = shown._only_last(shown._not_found, shown._asked - 1)
    late(wire.Error(wire.MISTAKE, "path_missing", {"path": "/x"}))
    assert "1,204" in shown.preview.total.text()
    shown.reject()


def test_destinations_are_everywhere_or_named(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.add.click()
    shown = dialog(page, qtbot)
    assert shown.places.choice() == ()
    shown.places.everywhere.box.setChecked(False)
    assert not shown.accept_button.isEnabled()
    assert shown.error.text() == "Choose where the copies go."
    shown.places._boxes[IMMICH.id].setChecked(True)
    assert shown.accept_button.isEnabled()
    assert shown.places.choice() == (IMMICH.id,)
    assert not shown.error.isVisible()
    shown.reject()


@pytest.mark.parametrize(
    ("name", "said"), [(" ", "Give the album a name."), ("folder", "Give the album another name."), ("Trip", "")]
)
def test_one_album_needs_a_name(name: str, said: str, page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.add.click()
    shown = dialog(page, qtbot)
    shown.rules.album.setCurrentIndex(2)
    assert shown.error.text() == "Give the album a name."
    shown.rules.album_name.setText(name)
    assert (shown.error.text(), shown.accept_button.isEnabled()) == (said, not said)
    shown.rules.album.setCurrentIndex(0)
    assert shown.accept_button.isEnabled()
    shown.reject()


def test_changing_sends_the_rules_whole(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    cards(page)[1].change.click()
    shown = page.dialog
    assert shown is not None
    assert shown.rules.rules() == CAMERA.rules
    shown.rules.hidden.box.setChecked(True)
    shown.rules.album.setCurrentIndex(2)
    shown.rules.album_name.setText("Holidays")
    shown.accept_button.click()
    qtbot.waitUntil(lambda: page.dialog is None)
    rules = FolderRules(require_unmetered="yes", stack=True, hidden=True, album="Holidays")
    assert agent.asked("folder.set") == [FolderSet(CAMERA.path, (IMMICH.id,), rules)]


def test_what_the_agent_refuses_is_said_in_the_dialog(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.refusals["folder.add"] = wire.Error(wire.MISTAKE, "folder_exists", {"path": "/home/ada/Phone"})
    page.add.click()
    shown = dialog(page, qtbot)
    shown.accept_button.click()
    qtbot.waitUntil(shown.error.isVisible)
    assert "/home/ada/Phone is watched already" in shown.error.text()
    assert shown.accept_button.isEnabled()
    shown.reject()


def test_removing_asks_first_and_says_that_nothing_is_deleted(
    page: FoldersPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    cards(page)[0].remove.click()
    question = page.question
    assert question is not None
    assert "Nothing is deleted" in question.informativeText()
    assert question.defaultButton() is question.button(QMessageBox.StandardButton.Cancel)
    question.button(QMessageBox.StandardButton.Cancel).click()
    cards(page)[0].remove.click()
    question = page.question
    assert question is not None
    next(one for one in question.buttons() if "Stop" in one.text()).click()
    qtbot.waitUntil(lambda: bool(agent.asked("folder.remove")))
    assert agent.asked("folder.remove") == [PathRef(PICTURES.path)]


def test_a_folder_is_backed_up_now(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    cards(page)[0].back_up.click()
    qtbot.waitUntil(lambda: bool(agent.calls))
    assert agent.calls == [("backup.start", BackupStart((PICTURES.path,)))]


def test_an_answer_to_a_closed_dialog_goes_nowhere(page: FoldersPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.add.click()
    assert page.dialog is not None
    page.dialog.reject()
    qtbot.waitUntil(lambda: bool(agent.asked("folder.preview")))
    qtbot.wait(50)  # the answer comes, and nothing happens


def test_folders_that_are_dropped_together_are_offered_one_after_the_other(
    page: FoldersPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    for path in ("/home/ada/Phone", "/home/ada/Scans"):
        page.add_folder(path)
    assert page.dialog is not None
    assert "Phone" in read(page.dialog)
    page.dialog.accept_button.click()
    qtbot.waitUntil(lambda: page.dialog is not None and "Scans" in read(page.dialog))
    page.dialog.reject()
    assert page.dialog is None
    assert [one.path for one in agent.asked("folder.add")] == ["/home/ada/Phone"]
