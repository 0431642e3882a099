"""What came of something is heard as well as seen, once, and not at every step of what moves by itself."""

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from tray.widgets.notice_bar import NoticeBar
from tray.widgets.settings_form import SettingsForm
from tray.widgets.telling import tell


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a screen reader is given to read aloud."""
    found: list[str] = []

    def listen(event: object) -> None:
        if hasattr(event, "message"):
            found.append(event.message())

    monkeypatch.setattr(QAccessible, "updateAccessibility", listen)
    return found


@pytest.fixture
def top(qtbot: QtBot) -> QWidget:
    found = QWidget()
    qtbot.addWidget(found)
    found.show()
    return found


def test_a_sentence_is_shown_and_read_aloud_once(top: QWidget, heard: list[str]) -> None:
    label = QLabel(top)
    tell(label, "It cannot be done.")
    tell(label, "It cannot be done.")
    assert (label.isVisible(), heard) == (True, ["It cannot be done."])
    tell(label, "")
    assert (label.isVisible(), heard) == (False, ["It cannot be done."])


def test_what_moves_by_itself_is_not_read_at_every_step(top: QWidget, heard: list[str]) -> None:
    label = QLabel(top)
    for percent in range(3):
        tell(label, f"{percent} %", aloud=False)
    assert (label.text(), heard) == ("2 %", [])


def test_nothing_is_read_of_a_page_that_is_not_open(qtbot: QtBot, heard: list[str]) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    tell(QLabel(page), "Nobody looks.")
    assert heard == []


def test_a_refused_setting_and_a_notice_are_read_aloud(qtbot: QtBot, top: QWidget, heard: list[str]) -> None:
    form = SettingsForm(top)
    row = form.check("require_charging", "Only while charging")
    row.setParent(top)
    row.show()
    form.say_at("require_charging", "It stays as it was.")
    bar = NoticeBar(top)
    bar.say("The agent is gone.")
    assert heard == ["It stays as it was.", "The agent is gone."]
