"""The window: pages, keys and the line for what just happened."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from pytestqt.qtbot import QtBot

from tray.pages.page import Page
from tray.pages.window import Window


class Blank(Page):
    """A page with nothing on it."""

    def __init__(self, model: Any, title: str) -> None:
        super().__init__(model)
        self.title = title
        self.mark = "folder"
        self.shown: list[frozenset[str]] = []

    def refresh(self, sections: frozenset[str]) -> None:
        self.shown.append(sections)


@pytest.fixture
def pages(seam: Any) -> list[Blank]:
    return [Blank(seam.model, "One"), Blank(seam.model, "Two")]


def test_one_page_needs_no_sidebar(pages: list[Blank], qtbot: QtBot) -> None:
    window = Window(pages[:1])
    qtbot.addWidget(window)
    window.show()
    assert not window.sidebar.isVisible()


def test_pages_are_turned_with_the_sidebar_and_with_keys(pages: list[Blank], qtbot: QtBot) -> None:
    window = Window(pages)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.come_forward()
    assert window.sidebar.isVisible()
    assert [window.sidebar.item(at).text() for at in range(2)] == ["One", "Two"]
    assert window.stack.currentWidget() is pages[0]
    qtbot.keyClick(window.sidebar, Qt.Key.Key_Down)  # type: ignore[no-untyped-call]
    assert window.stack.currentWidget() is pages[1]
    window.actions()[0].trigger()
    assert window.stack.currentWidget() is pages[0]


def test_a_page_that_is_not_seen_is_not_drawn(pages: list[Blank], qtbot: QtBot) -> None:
    window = Window(pages)
    qtbot.addWidget(window)
    window.show()
    assert len(pages[0].shown) == 1
    assert pages[1].shown == []
    window.show_page(1)
    assert len(pages[1].shown) == 1


def test_what_just_happened_is_said_until_it_is_closed(pages: list[Blank], qtbot: QtBot) -> None:
    window = Window(pages)
    qtbot.addWidget(window)
    window.show()
    assert window.notice.text() == ""
    window.tell("The server does not answer.")
    assert window.notice.text() == "The server does not answer."
    assert window.notice.accessibleName() == "The server does not answer."
    window.notice.hide()
    assert window.notice.text() == ""


def drop(window: Window, *paths: Path) -> None:
    """Drop these on the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, button, keys)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, button, keys))


def test_dropped_files_and_folders_are_told_apart(pages: list[Blank], qtbot: QtBot, tmp_path: Path) -> None:
    window = Window(pages)
    qtbot.addWidget(window)
    folder, photo = tmp_path / "Phone", tmp_path / "a.jpg"
    folder.mkdir()
    photo.touch()
    heard: list[object] = []
    window.folder_dropped.connect(heard.append)
    window.files_dropped.connect(heard.append)
    drop(window, folder, photo)
    assert heard == [str(folder), [str(photo)]]


def test_what_is_no_file_cannot_be_dropped(pages: list[Blank], qtbot: QtBot) -> None:
    window = Window(pages)
    qtbot.addWidget(window)
    data = QMimeData()
    data.setText("hello")
    enter = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    enter.ignore()
    window.dragEnterEvent(enter)
    assert not enter.isAccepted()
