"""The log in a window: the real command reads a real file, with no agent anywhere."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agent.platforms.base import places
from tests.tray.widgets_read import clipped, nameless, unreachable
from tray.command import command_line
from tray.pages.log_dialog import LogDialog, unfold

_STAMP = "2026-11-22T17:30:00.000Z"
_LIMIT_MS = 20_000


def line(level: str, said: str) -> str:
    return f"{_STAMP} {level} main agent.a: {said}\n"


@pytest.fixture
def log(home: Path) -> Path:
    folder = places(home).log_dir
    folder.mkdir(parents=True)
    file = folder / "agent.log"
    file.write_text(line("INFO", "begun") + line("WARNING", "careful") + line("SEVERE", "bad"))
    return file


@pytest.fixture
def dialog(home: Path, log: Path, qtbot: QtBot) -> Iterator[LogDialog]:
    shown = LogDialog(command_line(home, "--json", "logs", "--follow"))
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitUntil(lambda: "bad" in shown.lines.toPlainText(), timeout=_LIMIT_MS)
    yield shown
    shown.reject()


def test_the_log_is_shown_and_followed(dialog: LogDialog, log: Path, qtbot: QtBot) -> None:
    assert dialog.lines.toPlainText().splitlines() == log.read_text().splitlines()
    with log.open("a") as file:
        file.write(line("INFO", "a new photo"))
    qtbot.waitUntil(lambda: dialog.lines.toPlainText().endswith("a new photo"), timeout=_LIMIT_MS)
    dialog.copy.click()
    assert QApplication.clipboard().text() == dialog.lines.toPlainText()


def test_what_is_less_grave_can_be_left_out(dialog: LogDialog, qtbot: QtBot) -> None:
    dialog.level.setCurrentIndex(2)
    dialog.level.activated.emit(2)
    assert dialog.lines.toPlainText() == ""
    qtbot.waitUntil(lambda: dialog.lines.toPlainText() == line("SEVERE", "bad").strip(), timeout=_LIMIT_MS)


def test_who_reads_further_up_is_not_torn_away(dialog: LogDialog, log: Path, qtbot: QtBot) -> None:
    with log.open("a") as file:
        file.writelines(line("INFO", str(number)) for number in range(200))
    qtbot.waitUntil(lambda: dialog.lines.toPlainText().endswith("199"), timeout=_LIMIT_MS)
    bar = dialog.lines.verticalScrollBar()
    assert bar.value() > 0
    dialog.scrolls.box.setChecked(False)
    bar.setValue(10)
    with log.open("a") as file:
        file.write(line("INFO", "later"))
    qtbot.waitUntil(lambda: dialog.lines.toPlainText().endswith("later"), timeout=_LIMIT_MS)
    assert bar.value() == 10


def test_closed_it_leaves_no_process_behind(dialog: LogDialog) -> None:
    process = dialog._process
    assert process is not None
    assert process.processId()
    dialog.reject()
    assert process.processId() == 0


def test_opened_again_it_begins_anew(dialog: LogDialog, qtbot: QtBot) -> None:
    dialog.hide()
    dialog.show()
    assert dialog.lines.toPlainText() == ""
    qtbot.waitUntil(lambda: dialog.lines.toPlainText().endswith("bad"), timeout=_LIMIT_MS)


def test_a_command_that_cannot_be_run_is_said(qtbot: QtBot) -> None:
    shown = LogDialog(["/nowhere/safelight"])
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitUntil(shown.said.isVisible)


def test_it_can_be_used_without_eyes_and_without_a_mouse(qtbot: QtBot) -> None:
    shown = LogDialog([sys.executable, "-c", ""])
    qtbot.addWidget(shown)
    shown.show()
    qtbot.wait(20)
    assert nameless(shown) == []
    assert unreachable(shown) == []
    assert clipped(shown) == []
    shown.reject()


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"SEVERE bad\nTraceback (most recent call last):\n  File a\n    b()\nKeyError: 7", 5),
        (r"SEVERE bad\nTraceback (most recent call last):\n  File a\nOSError", 4),
        (r"INFO a\nb.jpg is safe", 1),
    ],
)
def test_a_traceback_has_its_lines_and_a_name_stays_as_it_was_written(written: str, shown: int) -> None:
    assert len(unfold(written).splitlines()) == shown


def test_a_path_in_a_traceback_is_not_broken() -> None:
    assert r"C:\new\x.py" in unfold(r'SEVERE bad\nTraceback (most recent call last):\n  File "C:\new\x.py"\nOSError: 7')
