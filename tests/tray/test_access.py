"""For everyone: names and Tab on every page, text that stands out on every ground, nothing cut off at 200 %."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from agent.protocol.types import FileState
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import ATTENTION, WORKING
from tests.screenshots import dark_palette, light_palette
from tests.tray.test_icon import contrast
from tests.tray.widgets_read import clipped, controls, nameless, shared_keys, unreachable
from tray.app import App
from tray.pages.page import Page
from tray.widgets.tile import BADGES, Tile, draw_badges

Serve = Callable[..., FakeAgent]
PAGES = ("overview", "library", "folders", "activity", "settings")
PALETTES = {"light": light_palette, "dark": dark_palette}


@pytest.fixture
def font_factor(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """Multiplies the desktop's font size by what the test gives, if it gives something."""
    usual, larger = QApplication.font(), QApplication.font()
    larger.setPointSizeF(usual.pointSizeF() * getattr(request, "param", 1.0))
    QApplication.setFont(larger)
    yield
    QApplication.setFont(usual)


@pytest.fixture
def palette(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[QPalette]:
    usual = QApplication.palette()
    QApplication.setPalette(PALETTES[request.param]())
    yield QApplication.palette()
    QApplication.setPalette(usual)


@pytest.fixture
def app(home: Any, address: str, font_factor: None, qtbot: QtBot) -> Iterator[App]:
    built = App(home, address)
    qtbot.addWidget(built.window)
    built.start(show_window=True)
    built.window.notice.hide()
    yield built
    built.close()


def turn_to(app: App, name: str, qtbot: QtBot) -> Page:
    """The page, when it has everything that it asks for."""
    page: Page = getattr(app, name)
    app.open(page)
    qtbot.wait(150)
    if name == "activity":
        qtbot.waitUntil(lambda: bool(app.activity.jobs.jobs), timeout=3_000)
        app.activity.select_row(40)
    return page


@pytest.mark.parametrize("name", PAGES)
def test_every_control_has_a_name_and_is_reached_by_tab(name: str, app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(WORKING))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    page = turn_to(app, name, qtbot)
    assert controls(page)
    assert nameless(app.window) == []
    assert unreachable(app.window) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_key_opens_one_thing_on_a_page(name: str, app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(ATTENTION))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    page = turn_to(app, name, qtbot)
    qtbot.waitUntil(lambda: page.is_complete)
    assert shared_keys(page) == {}


def test_a_screen_reader_hears_roles_and_names(app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(WORKING))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    turn_to(app, "settings", qtbot)
    box = app.settings.form.controls["require_charging"]
    heard = QAccessible.queryAccessibleInterface(box)
    assert heard.role() == QAccessible.Role.CheckBox
    assert heard.text(QAccessible.Text.Name) == "Only while charging"
    spin = QAccessible.queryAccessibleInterface(app.settings.form.controls["battery_floor_percent"])
    assert spin.role() == QAccessible.Role.SpinBox
    assert spin.text(QAccessible.Text.Name) == "Not when the battery is below"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("font_factor", [2.0], indirect=True)
def test_at_200_per_cent_nothing_is_cut_off(name: str, app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(ATTENTION))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    page = turn_to(app, name, qtbot)
    app.window.resize(app.window.minimumSizeHint())
    qtbot.waitUntil(lambda: page.body.width() <= page.viewport().width())
    qtbot.waitUntil(lambda: clipped(page) == [])


@pytest.mark.parametrize("font_factor", [2.0], indirect=True)
def test_at_200_per_cent_the_rules_of_a_folder_reach_out_to_no_side(app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(ATTENTION))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    app.open(app.folders)
    app.folders.add_folder("/home/ada/Phone")
    dialog = app.folders.dialog
    assert dialog is not None
    (scroll,) = [one for one in dialog.findChildren(QScrollArea) if one.parent() is dialog]
    dialog.resize(dialog.minimumSizeHint())
    inner = scroll.widget()
    assert inner is not None
    qtbot.waitUntil(lambda: 0 < inner.width() <= scroll.viewport().width(), timeout=20_000)
    dialog.reject()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("palette", PALETTES, indirect=True)
def test_text_stands_out_from_its_ground(name: str, palette: QPalette, app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(ATTENTION))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    page = turn_to(app, name, qtbot)
    picture = page.grab().toImage()
    weak = [
        (label.text(), round(found, 1))
        for label in page.findChildren(QLabel)
        if label.isVisible() and label.isEnabled() and label.text() and _is_seen(label, page)
        if (found := _contrast_in(picture, label, page)) < 4.5
    ]
    assert weak == []


@pytest.mark.parametrize("ground", PALETTES)
@pytest.mark.parametrize("state", get_args(FileState))
def test_a_badge_is_told_by_its_shape_and_stands_out(state: FileState, ground: str, qapp: QApplication) -> None:
    mark, _light = BADGES[state]
    same = [one for one in get_args(FileState) if BADGES[one][0] == mark]
    assert len(same) == 1 or set(same) == {"deleted_at_destination", "in_trash"}  # gone by a person's hand, both
    image = QImage(120, 120, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("#808080"))
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QPainter

    painter = QPainter(image)
    draw_badges(painter, QRectF(0, 0, 120, 120), Tile(1, "", "", state, False), PALETTES[ground]())
    em = painter.fontMetrics().height()
    painter.end()
    disc = image.pixelColor(round(120 - em * 0.95 - em * 0.55), round(120 - em * 0.95))
    assert contrast(QColor("#ffffff"), disc) >= 3.0


def _is_seen(label: QWidget, page: Page) -> bool:
    box = label.rect().translated(label.mapTo(page, QPoint(0, 0)))
    return page.rect().contains(box)


def _contrast_in(picture: QImage, label: QLabel, page: Page) -> float:
    """The strongest contrast within a label's box: between its commonest colour and the ink furthest from it."""
    corner = label.mapTo(page, QPoint(0, 0))
    seen: dict[int, int] = {}
    for x in range(corner.x(), corner.x() + min(label.width(), 160)):
        for y in range(corner.y(), corner.y() + label.height()):
            pixel = picture.pixel(x, y)
            seen[pixel] = seen.get(pixel, 0) + 1
    ground = QColor(max(seen, key=lambda pixel: seen[pixel]))
    return max(contrast(ground, QColor(pixel)) for pixel in seen)


def test_no_page_needs_a_mouse(app: App, serve: Serve, qtbot: QtBot) -> None:
    furnish(serve(WORKING))
    app.client.retry()
    qtbot.waitUntil(lambda: app.model.snapshot is not None)
    for at, name in enumerate(PAGES):
        qtbot.keyClick(app.window, Qt.Key(Qt.Key.Key_1 + at), Qt.KeyboardModifier.ControlModifier)  # type: ignore[no-untyped-call]
        app.window.actions()[at].trigger()
        assert app.window.stack.currentWidget() is getattr(app, name)
