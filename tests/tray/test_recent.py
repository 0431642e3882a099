"""The strip of pictures that were copied last: as many as fit, each opens large, asked for only while it is seen."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from agent.protocol.methods import Files, LibraryRecent
from tests.fakes.agent import FakeAgent
from tests.fakes.library import recent
from tests.fakes.lists import furnish
from tests.fakes.scenes import SAFE, WORKING
from tests.tray.widgets_read import nameless, read, unreachable
from tray.pages.overview import Overview
from tray.pages.recent import RecentCard
from tray.pages.revealing import Revealer
from tray.pages.window import Window

Serve = Callable[..., FakeAgent]
ROWS = recent(LibraryRecent(24)).rows


@pytest.fixture
def card(seam: Any, revealed: list[str], qtbot: QtBot) -> Iterator[RecentCard]:
    page = Overview(seam.model, revealed.append)
    window = Window([page])
    qtbot.addWidget(window)
    window.resize(900, 700)
    window.show()
    yield page.recent
    window.close()


@pytest.fixture
def agent(card: RecentCard, seam: Any, serve: Serve, qtbot: QtBot) -> FakeAgent:
    found = furnish(serve(SAFE))
    seam.connect()
    qtbot.waitUntil(lambda: bool(card.rows) and card.isVisible())
    return found


def names(card: RecentCard) -> list[str]:
    return [button.accessibleName().partition(":")[0] for button in card.strip.buttons if button.isVisible()]


def test_the_newest_comes_first_and_as_many_as_have_room(card: RecentCard, agent: FakeAgent, qtbot: QtBot) -> None:
    first = names(card)
    assert first == [row.name for row in ROWS[: len(first)]]
    assert len(first) > 3
    assert all(button.geometry().right() <= card.strip.width() for button in card.strip.buttons if button.isVisible())
    window = card.window()
    window.resize(window.minimumSizeHint())
    qtbot.waitUntil(lambda: 0 < len(names(card)) < len(first))
    window.resize(1_400, 700)
    qtbot.waitUntil(lambda: len(names(card)) >= len(first))
    qtbot.waitUntil(lambda: all(card.shelf.picture(tile.id) for tile in card.strip.shown() if tile.id % 11))


def test_it_is_mirrored_with_the_window(card: RecentCard, agent: FakeAgent) -> None:
    card.window().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QApplication.processEvents()
    card.strip.show_tiles(card.strip.shown())
    assert card.strip.buttons[0].x() > card.strip.buttons[1].x()


def test_each_is_a_button_with_a_name_that_tab_comes_to(card: RecentCard, agent: FakeAgent) -> None:
    assert nameless(card) == []
    assert unreachable(card) == []


def test_a_click_opens_it_large_and_keys_lead_on(
    card: RecentCard, agent: FakeAgent, revealed: list[str], qtbot: QtBot
) -> None:
    qtbot.mouseClick(card.strip.buttons[1], Qt.MouseButton.LeftButton)  # type: ignore[no-untyped-call]
    box = card.lightbox
    assert box is not None
    qtbot.waitUntil(lambda: "Copied to Home server." in read(box))
    assert ROWS[1].name in read(box)
    box.show_file_.click()
    assert revealed == [ROWS[1].path]
    qtbot.keyClick(box, Qt.Key.Key_Left)  # type: ignore[no-untyped-call]
    qtbot.keyClick(box, Qt.Key.Key_Left)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: ROWS[0].name in read(box))
    qtbot.keyClick(box, Qt.Key.Key_Escape)  # type: ignore[no-untyped-call]
    assert card.lightbox is None


def test_what_was_copied_meanwhile_comes_by_itself(card: RecentCard, agent: FakeAgent, qtbot: QtBot) -> None:
    card._again.setInterval(10)
    agent.answers["library.recent"] = lambda _asked: Files(ROWS[5:])
    agent.show(library=WORKING.library)
    qtbot.waitUntil(lambda: names(card)[0] == ROWS[5].name)


def test_before_anything_was_copied_it_takes_no_room(card: RecentCard, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = furnish(serve(SAFE))
    agent.answers["library.recent"] = lambda _asked: Files(())
    seam.connect()
    qtbot.waitUntil(lambda: bool(agent.asked("library.recent")))
    assert not card.isVisible()


def test_nothing_is_asked_for_while_nobody_looks(card: RecentCard, agent: FakeAgent, seam: Any, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all(card.shelf.picture(tile.id) for tile in card.strip.shown() if tile.id % 11))
    card._again.setInterval(10)
    card.window().hide()
    assert card.shelf._wanted == []
    agent.calls.clear()
    with qtbot.waitSignal(seam.model.changed):
        agent.show(backup=msgspec.structs.replace(SAFE.backup, last_backup_at=1), library=WORKING.library)
    assert not card._again.isActive()
    assert agent.asked("library.recent") == []


def test_a_system_without_a_file_manager_says_so(qtbot: QtBot) -> None:
    asked: list[str] = []
    told: list[str] = []

    def show(path: str) -> bool:
        asked.append(path)
        return False

    revealer = Revealer(told.append, show=show)
    revealer("/home/ada/a.jpg")
    qtbot.waitUntil(lambda: told == ["No file manager answers on this computer."])
    assert asked == ["/home/ada/a.jpg"]
