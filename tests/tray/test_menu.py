"""The menu: what it offers in each state, and what each entry asks of the agent."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from agent.protocol.methods import BackupStart, Nothing, Pause
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import ATTENTION, FIRST_DAY, NOW_AT, OFF, PAUSED, SAFE
from tray.menu import TrayMenu
from tray.widgets.pause_menu import tomorrow_at

Serve = Callable[..., FakeAgent]


class Browser:
    """What would open an address."""

    def __init__(self) -> None:
        self.opened: list[QUrl] = []

    def __call__(self, url: QUrl) -> bool:
        self.opened.append(url)
        return True


@pytest.fixture
def browser() -> Browser:
    return Browser()


def offered(menu: TrayMenu) -> list[str]:
    """What can be chosen, without the mnemonics."""
    actions = [action for action in menu.actions() if action.isVisible() and not action.isSeparator()]
    return [action.text().replace("&", "") for action in actions if action.isEnabled()]


@pytest.fixture
def menu(seam: Any, browser: Browser, qtbot: QtBot) -> TrayMenu:
    found = TrayMenu(seam.model, open_url=browser)
    qtbot.addWidget(found)
    return found


@pytest.mark.parametrize(
    ("snapshot", "entries"),
    [
        pytest.param(SAFE, ["Back up now", "Pause", "Open Safelight", "Open Immich in the browser"], id="safe"),
        pytest.param(PAUSED, ["Back up now", "Resume", "Open Safelight", "Open Immich in the browser"], id="paused"),
        pytest.param(ATTENTION, ["Back up now", "Pause", "Open Safelight", "Open Immich in the browser"], id="wrong"),
        pytest.param(OFF, ["Turn backup on", "Back up now", "Open Safelight", "Open Immich in the browser"], id="off"),
        pytest.param(FIRST_DAY, ["Turn backup on", "Back up now", "Open Safelight"], id="first-day"),
    ],
)
def test_it_offers_what_can_be_done_now(
    snapshot: Any, entries: list[str], menu: TrayMenu, seam: Any, serve: Serve
) -> None:
    serve(snapshot)
    seam.connect()
    assert offered(menu) == [*entries, "Settings", "Quit the tray (the backup goes on)"]
    assert menu.headline.text() == seam.model.headline
    assert not menu.headline.isEnabled()


def test_without_an_agent_it_offers_to_start_it(menu: TrayMenu, seam: Any, qtbot: QtBot) -> None:
    seam.connect()
    assert offered(menu) == ["Start it", "Open Safelight", "Settings", "Quit the tray"]
    with qtbot.waitSignal(menu.start_asked):
        menu.start.trigger()


@pytest.mark.parametrize(
    ("choose", "method", "params"),
    [
        pytest.param(lambda menu: menu.back_up, "backup.start", BackupStart(), id="now"),
        pytest.param(lambda menu: menu.enable, "backup.enable", Nothing(), id="on"),
        pytest.param(lambda menu: menu.resume, "backup.resume", Nothing(), id="resume"),
        pytest.param(lambda menu: menu.pause.actions()[0], "backup.pause", Pause(NOW_AT + 1_800_000), id="30-minutes"),
        pytest.param(lambda menu: menu.pause.actions()[1], "backup.pause", Pause(NOW_AT + 7_200_000), id="2-hours"),
        pytest.param(lambda menu: menu.pause.actions()[2], "backup.pause", Pause(tomorrow_at(NOW_AT)), id="tomorrow"),
        pytest.param(lambda menu: menu.pause.actions()[3], "backup.pause", Pause(None), id="until-resumed"),
    ],
)
def test_an_entry_is_one_request(
    choose: Callable[[TrayMenu], QAction],
    method: str,
    params: object,
    menu: TrayMenu,
    seam: Any,
    serve: Serve,
    qtbot: QtBot,
) -> None:
    agent = serve()
    seam.connect()
    choose(menu).trigger()
    qtbot.waitUntil(lambda: bool(agent.calls))
    assert agent.calls == [(method, params)]


def test_immich_opens_at_its_own_address(menu: TrayMenu, browser: Browser, seam: Any, serve: Serve) -> None:
    serve()
    seam.connect()
    menu.immich.trigger()
    assert browser.opened == [QUrl("https://photos.example.org")]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system's zone cannot be set for one process")
def test_tomorrow_is_the_next_morning_by_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    set_zone = getattr(time, "tzset")  # noqa: B009 - absent on Windows, which the checker knows
    set_zone()
    try:
        evening = 1_774_728_000_000  # 2026-03-28 21:00 there; the clocks go forward in that night
        assert tomorrow_at(evening) - evening == 10 * 3_600_000
    finally:
        monkeypatch.undo()
        set_zone()
