"""The light in the panel: distinct shapes, the ring, the tooltip, and a panel that comes and goes."""

from collections.abc import Callable
from itertools import combinations
from typing import Any, get_args

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from agent.protocol.types import Light
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import SAFE, WORKING
from tray.icon import TrayIcon
from tray.widgets.drawing import draw_light, light_colour, light_icon

LIGHTS = get_args(Light)
GROUNDS = {"light": ("#000000", "#f2f2f2"), "dark": ("#ffffff", "#202326")}


def palette(ground: str) -> QPalette:
    """A palette whose text and window have these colours."""
    text, window = GROUNDS[ground]
    found = QPalette(QColor(window))
    found.setColor(QPalette.ColorRole.WindowText, QColor(text))
    return found


def drawn(light: Light, size: int, progress: int | None = None) -> QImage:
    """A light in black, so that shapes alone are compared."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    draw_light(painter, QRectF(0, 0, size, size), light, QColor("black"), progress)
    painter.end()
    return image


def inked(image: QImage) -> set[tuple[int, int]]:
    """The pixels that one sees."""
    return {(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y).alpha() > 127}


def luminance(colour: QColor) -> float:
    """As WCAG 2 defines it."""
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    weights = (0.2126, 0.7152, 0.0722)
    return float(sum(weight * part for weight, part in zip(weights, parts, strict=True)))


def contrast(one: QColor, other: QColor) -> float:
    """From 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("size", [16, 22])
@pytest.mark.parametrize("pair", list(combinations(LIGHTS, 2)), ids="-".join)
def test_two_lights_differ_in_shape_and_not_in_colour_alone(pair: tuple[Light, Light], size: int, qtbot: QtBot) -> None:
    one, other = (inked(drawn(light, size)) for light in pair)
    assert len(one ^ other) > 0.25 * len(one | other)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("light", LIGHTS)
def test_a_light_stands_out_on_its_panel_and_on_a_misjudged_one(light: Light, ground: str) -> None:
    colour = light_colour(light, palette(ground))
    own, other = GROUNDS[ground][1], GROUNDS["dark" if ground == "light" else "light"][1]
    assert contrast(colour, QColor(own)) >= 3.0
    assert contrast(colour, QColor(other)) >= 1.9


def test_the_ring_grows_with_the_progress(qtbot: QtBot) -> None:
    amounts = [len(inked(drawn("working", 48, progress))) for progress in (0, 25, 50, 75, 100)]
    assert amounts == sorted(set(amounts))


def test_small_steps_do_not_bother_the_panel(qtbot: QtBot) -> None:
    keys = [light_icon("working", palette("light"), progress).cacheKey() for progress in (40, 41, 44, 45)]
    assert keys[0] == keys[1] == keys[2] != keys[3]


class Panel:
    """A desktop's panel that tests put up and take away."""

    def __init__(self) -> None:
        self.there = False

    def __call__(self) -> bool:
        return self.there


@pytest.fixture
def panel() -> Panel:
    return Panel()


@pytest.fixture
def icon(seam: Any, panel: Panel, qtbot: QtBot) -> TrayIcon:
    menu = QMenu()
    qtbot.addWidget(menu)
    return TrayIcon(seam.model, menu, seam.client, has_host=panel)


def test_a_panel_that_comes_late_gets_the_icon(icon: TrayIcon, panel: Panel, qtbot: QtBot) -> None:
    assert icon.icon is None
    panel.there = True
    with qtbot.waitSignal(icon.host_changed):
        icon.look()
    assert icon.is_hosted
    assert icon.icon is not None


def test_where_there_is_no_panel_it_is_looked_for_less_and_less_often(icon: TrayIcon, panel: Panel) -> None:
    pauses_s = []
    for _look in range(7):
        assert icon._timer.isActive()
        pauses_s.append(icon._timer.interval() // 1_000)
        icon._timer.stop()
        icon._timer.timeout.emit()
    assert pauses_s == [30, 60, 120, 240, 480, 600, 600]
    panel.there = True
    icon.look()
    assert not icon._timer.isActive()
    panel.there = False
    icon.look()
    assert icon._timer.interval() == 30_000


def test_a_panel_that_restarts_gets_a_new_icon(icon: TrayIcon, panel: Panel, qtbot: QtBot) -> None:
    panel.there = True
    icon.look()
    first = icon.icon
    panel.there = False
    icon.look()
    assert not icon.is_hosted
    panel.there = True
    icon.look()
    assert icon.icon is not first


def test_icon_and_tooltip_follow_the_model(
    icon: TrayIcon, panel: Panel, seam: Any, serve: Callable[..., FakeAgent], qtbot: QtBot
) -> None:
    panel.there = True
    icon.look()
    agent = serve(WORKING)
    seam.connect()
    assert icon.icon is not None
    assert icon.icon.toolTip() == f"Safelight: {seam.model.tooltip}"
    working = icon.icon.icon().cacheKey()
    with qtbot.waitSignal(seam.model.changed):
        agent.show(backup=SAFE.backup, run=None)
    assert icon.icon.icon().cacheKey() != working
    assert "12,531 photos" in icon.icon.toolTip()


def test_a_click_opens_and_a_menu_request_does_not(icon: TrayIcon, panel: Panel, qtbot: QtBot) -> None:
    panel.there = True
    icon.look()
    assert icon.icon is not None
    with qtbot.waitSignal(icon.clicked):
        icon.icon.activated.emit(icon.icon.ActivationReason.Trigger)
    with qtbot.assertNotEmitted(icon.clicked):
        icon.icon.activated.emit(icon.icon.ActivationReason.Context)
