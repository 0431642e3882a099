"""The overview: what a person reads in each state, and what each button asks of the agent."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from agent.protocol.history import ConditionsNow
from agent.protocol.methods import BackupStart, Nothing, Pause
from agent.protocol.types import Hold, Snapshot, Transfer
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import ATTENTION, FIRST_DAY, NOW_AT, OFF, PAUSED, SAFE, SCENES, WAITING, WORKING
from tray.pages.overview import Overview
from tray.pages.window import Window

Serve = Callable[..., FakeAgent]
ASKED = msgspec.structs.replace(WORKING, backup=msgspec.structs.replace(WORKING.backup, asked=True))
HELD = msgspec.structs.replace(WAITING, backup=msgspec.structs.replace(WAITING.backup, asked=True))


@pytest.fixture
def font_factor(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """Multiplies the desktop's font size by what the test gives, if it gives something."""
    usual, larger = QApplication.font(), QApplication.font()
    larger.setPointSizeF(usual.pointSizeF() * getattr(request, "param", 1.0))
    QApplication.setFont(larger)
    yield
    QApplication.setFont(usual)


@pytest.fixture
def overview(seam: Any, font_factor: None, qtbot: QtBot) -> Iterator[Overview]:
    page = Overview(seam.model)
    window = Window([page])
    qtbot.addWidget(window)
    window.show()
    yield page
    window.close()


def read(widget: QWidget) -> str:
    """Every label that is seen, one a line."""
    return "\n".join(label.text().replace("\u200b", "") for label in widget.findChildren(QLabel) if label.isVisible())


def buttons(widget: QWidget) -> list[str]:
    """What can be pressed."""
    return [
        button.text().replace("&", "") for button in widget.findChildren(QAbstractButton) if button.isVisibleTo(widget)
    ]


@pytest.mark.parametrize(
    ("snapshot", "sentences"),
    [
        pytest.param(
            SAFE,
            [
                "All 12,431 photos and videos are safe.",
                "48.2 GB in all · last backup",
                "/home/ada/Camera uploads/2026\n433 of 433 files are safe",
                "Home server\nhttps://photos.example.org · signed in as ada@example.org",
            ],
            id="safe",
        ),
        pytest.param(
            WORKING,
            [
                "Uploading 5 of 100: 3.2 MB/s, about 2 minutes left.",
                "5 of 100 files · 149 MB of 480 MB · 3.2 MB/s · about 2 minutes left · 1 failed",
                "Home server · 4.3 MB · 64 %",
            ],
            id="working",
        ),
        pytest.param(
            WAITING,
            [
                "38 photos and videos wait for Wi-Fi.",
                "What are we waiting for",
                "Waiting for Wi-Fi or another network that is not metered.\nHome server · now: Wi-Fi “Home”, metered",
                "the battery is at 14 %",
            ],
            id="waiting",
        ),
        pytest.param(PAUSED, ["Paused until"], id="paused"),
        pytest.param(
            ATTENTION,
            [
                "What needs you",
                "You are signed out of the server.\nSign in again.",
                "/media/nas/photos · not reachable now",
                "Not there now: connect the drive or the share.",
            ],
            id="attention",
        ),
        pytest.param(OFF, ["Backup is off."], id="off"),
        pytest.param(
            FIRST_DAY, ["No folder is watched yet.", "Pictures and Videos", "no place to back up to"], id="first-day"
        ),
    ],
)
def test_it_says_how_things_are_and_why(
    snapshot: Snapshot, sentences: list[str], overview: Overview, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    serve(snapshot)
    seam.connect()
    qtbot.waitUntil(lambda: [sentence for sentence in sentences if sentence not in read(overview)] == [])


def test_what_is_well_is_said_beside_what_is_waited_for(
    overview: Overview, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    agent = serve(msgspec.structs.replace(WAITING, holds=(Hold("charging", args={"percent": 41}),)))
    agent.answers["conditions.show"] = lambda _asked: ConditionsNow(
        network_kind="ethernet", network_metered=False, on_battery=True, battery_percent=41
    )
    seam.connect()
    qtbot.waitUntil(lambda: "Waiting for the charger.\nnow: on battery, 41 %" in read(overview.waiting))
    assert "Network: a cable, not metered\nThis holds nothing back." in read(overview.waiting)
    agent.answers["conditions.show"] = lambda _asked: ConditionsNow(online=False)
    agent.show(holds=(Hold("offline"),))
    qtbot.waitUntil(lambda: read(overview.waiting).endswith("Waiting for a network connection."))
    agent.show(holds=())
    qtbot.waitUntil(lambda: not overview.waiting.isVisible())


def test_the_next_full_check_is_told(overview: Overview, seam: Any, serve: Serve) -> None:
    backup = msgspec.structs.replace(SAFE.backup, next_check_at=NOW_AT + 10 * 3_600_000)
    serve(msgspec.structs.replace(SAFE, backup=backup))
    seam.connect()
    assert re.search(r"last full check .* · the next one \d\d:\d\d tomorrow", read(overview.hero))


def test_without_an_agent_it_says_so_and_offers_to_start_it(overview: Overview, seam: Any, qtbot: QtBot) -> None:
    seam.connect()
    assert read(overview) == "The background agent is not running.\nNew photos are not backed up until it runs."
    assert buttons(overview.hero) == ["Start it"]
    with qtbot.waitSignal(overview.start_asked):
        overview.hero.start.click()


@pytest.mark.parametrize(
    ("snapshot", "names"),
    [
        pytest.param(SAFE, ["Back up now", "Pause"], id="safe"),
        pytest.param(PAUSED, ["Resume", "Back up now"], id="paused"),
        pytest.param(OFF, ["Turn backup on", "Back up now"], id="off"),
    ],
)
def test_it_offers_what_can_be_done_now(
    snapshot: Snapshot, names: list[str], overview: Overview, seam: Any, serve: Serve
) -> None:
    serve(snapshot)
    seam.connect()
    assert sorted(buttons(overview.hero)) == sorted(names)


@pytest.mark.parametrize(
    ("snapshot", "press", "method", "params"),
    [
        pytest.param(SAFE, lambda page: page.hero.back_up, "backup.start", BackupStart(), id="now"),
        pytest.param(PAUSED, lambda page: page.hero.resume, "backup.resume", Nothing(), id="resume"),
        pytest.param(OFF, lambda page: page.hero.enable, "backup.enable", Nothing(), id="on"),
        pytest.param(ASKED, lambda page: page.progress.cancel, "backup.cancel", Nothing(), id="cancel"),
        pytest.param(HELD, lambda page: page.waiting.cancel, "backup.cancel", Nothing(), id="cancel-what-waits"),
        pytest.param(WAITING, lambda page: page.waiting.anyway, "backup.start", BackupStart(anyway=True), id="anyway"),
    ],
)
def test_a_button_is_one_request_by_mouse_and_by_keyboard(
    snapshot: Snapshot,
    press: Callable[[Overview], QAbstractButton],
    method: str,
    params: object,
    overview: Overview,
    seam: Any,
    serve: Serve,
    qtbot: QtBot,
) -> None:
    agent = serve(snapshot)
    seam.connect()
    qtbot.mouseClick(press(overview), Qt.MouseButton.LeftButton)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: len(agent.asked(method)) == 1)
    press(overview).setFocus()
    qtbot.keyClick(press(overview), Qt.Key.Key_Space)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: len(agent.asked(method)) == 2)
    assert agent.asked(method) == [params] * 2


def test_a_pause_is_chosen_from_the_button_s_menu(overview: Overview, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve()
    seam.connect()
    overview.hero.pause_menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: bool(agent.asked("backup.pause")))
    assert agent.asked("backup.pause") == [Pause(NOW_AT + 1_800_000)]


def test_bars_come_and_go_with_the_files_in_flight(overview: Overview, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve(WORKING)
    seam.connect()

    def shown() -> list[tuple[str, int]]:
        bars = overview.progress.findChildren(QProgressBar)
        return [(bar.accessibleName(), bar.value()) for bar in bars if bar.isVisible()]

    assert [value for _name, value in shown()] == [31, 64, 12]
    with qtbot.waitSignal(seam.model.changed):
        agent.show(transfers=(Transfer("b.jpg", "a1b2", 10, 99, 1),))
    assert shown() == [("Total progress", 31), ("b.jpg", 99)]
    with qtbot.waitSignal(seam.model.changed):
        agent.show(run=None, transfers=(), backup=SAFE.backup)
    assert shown() == []


def test_only_what_was_asked_for_can_be_cancelled(overview: Overview, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = serve(msgspec.structs.replace(WORKING, holds=WAITING.holds))
    seam.connect()
    assert not overview.progress.cancel.isVisible()
    assert not overview.waiting.cancel.isVisible()
    with qtbot.waitSignal(seam.model.changed):
        agent.show(backup=ASKED.backup)
    assert overview.progress.cancel.isVisible()
    assert not overview.waiting.cancel.isVisible()


def test_names_are_never_taken_for_markup(overview: Overview, seam: Any, serve: Serve) -> None:
    name = "<b>Server</b><img src=x>"
    serve(msgspec.structs.replace(SAFE, destinations=(msgspec.structs.replace(SAFE.destinations[0], name=name),)))
    seam.connect()
    labels = [label for label in overview.findChildren(QLabel) if label.text().replace("\u200b", "") == name]
    assert [label.textFormat() for label in labels] == [Qt.TextFormat.PlainText]


def test_while_hidden_it_draws_nothing_and_catches_up_when_shown(
    overview: Overview, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    agent = serve(WORKING)
    seam.connect()
    window = overview.window()
    window.hide()
    with qtbot.waitSignal(seam.model.changed):
        agent.show(backup=SAFE.backup, library=SAFE.library, run=None)
    assert overview.hero.headline.text().startswith("Uploading")
    window.show()
    assert overview.hero.headline.text() == "All 12,431 photos and videos are safe."


@pytest.mark.parametrize("name", SCENES)
def test_every_control_has_a_name_and_is_reached_by_tab(name: str, overview: Overview, seam: Any, serve: Serve) -> None:
    serve(SCENES[name])
    seam.connect()
    controls = [one for one in overview.findChildren(QAbstractButton) if one.isVisible()]
    assert controls
    assert [one for one in controls if not one.accessibleName()] == []
    assert [one for one in controls if not one.focusPolicy() & Qt.FocusPolicy.TabFocus] == []
    assert overview.hero.lamp.accessibleName()


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
@pytest.mark.parametrize("font_factor", [1.0, 2.0], indirect=True)
def test_nothing_is_cut_off_in_the_narrowest_window(
    direction: Qt.LayoutDirection, overview: Overview, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    serve(ATTENTION)
    window = overview.window()
    window.setLayoutDirection(direction)
    seam.connect()
    window.resize(window.minimumSizeHint())
    qtbot.waitUntil(lambda: window.width() == window.minimumSizeHint().width())
    qtbot.waitUntil(lambda: overview.body.width() <= overview.viewport().width())
    for label in overview.findChildren(QLabel):
        if label.isVisible():
            assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_a_palette_that_turns_dark_is_followed(overview: Overview, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    serve()
    seam.connect()
    window = overview.window()
    dark = QPalette(Qt.GlobalColor.black)
    window.setPalette(dark)
    assert overview.hero.headline.palette().windowText().color().lightnessF() > 0.5
    assert overview.hero.aside.palette().windowText().color().lightnessF() > 0.5


def test_a_problem_leads_to_the_place_that_helps(overview: Overview, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    serve(ATTENTION)
    seam.connect()
    shown = overview.problems.rows.rows()
    assert [row.button.text().replace("&", "") for row in shown] == ["Show me", "Show me"]
    with qtbot.waitSignal(overview.place_asked) as heard:
        shown[0].button.click()
    assert heard.args == ["settings"]


def test_in_a_narrow_window_the_sentence_stands_below_the_lamp(overview: Overview, seam: Any, serve: Serve) -> None:
    serve(WORKING)
    seam.connect()
    hero, window = overview.hero, overview.window()
    window.resize(window.sizeHint())
    QApplication.processEvents()
    assert hero.headline.x() > hero.lamp.geometry().right()
    window.resize(window.minimumSizeHint())
    QApplication.processEvents()
    assert hero.headline.y() > hero.lamp.geometry().bottom()
    assert hero.headline.width() > hero.width() * 0.8


def test_a_mirrored_window_begins_every_text_at_its_right(overview: Overview, seam: Any, serve: Serve) -> None:
    serve(WORKING)
    seam.connect()
    overview.window().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    sides = {label.alignment() & Qt.AlignmentFlag.AlignHorizontal_Mask for label in overview.findChildren(QLabel)}
    assert sides == {Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute}


@pytest.mark.parametrize("font_factor", [1.0, 2.0], indirect=True)
def test_the_pause_button_s_arrow_has_room_beside_its_word(overview: Overview, seam: Any, serve: Serve) -> None:
    serve(SAFE)
    seam.connect()
    pause = overview.hero.pause
    words_px, em = pause.fontMetrics().horizontalAdvance("Pause"), pause.fontMetrics().height()
    assert pause.width() >= words_px + em
