"""The icon in real panels: one that comes after the tray, and Xfce's, dark and light."""

from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from tests import desktop, panel
from tests.fakes.scenes import SCENES

#: Colours by which the lights are found on the screen.
_HUES = {"safe": (130, 170), "working": (200, 225), "waiting": (25, 45), "attention": (350, 360)}


def hues(picture: Path) -> dict[str, int]:
    """How many strongly coloured pixels there are of each light's hue."""
    image = QImage(str(picture))
    found = dict.fromkeys(_HUES, 0)
    for y in range(image.height() - 40, image.height()):
        for x in range(image.width()):
            colour = QColor(image.pixel(x, y))
            for name, (low, high) in _HUES.items():
                if low <= colour.hsvHue() <= high and colour.hsvSaturation() > 110:
                    found[name] += 1
    return found


@pytest.mark.xvfb
@pytest.mark.skipif(not panel.available(), reason="needs Xvfb, openbox and trayer")
def test_the_panel_shows_every_light(tmp_path: Path) -> None:
    done = panel.run_on_virtual_screen(tmp_path)
    assert done.returncode == 0, done.stderr
    assert {picture.stem for picture in tmp_path.iterdir()} == {f"panel-{name}" for name in (*SCENES, "menu")}
    for light in _HUES:
        found = hues(tmp_path / f"panel-{light}.png")
        assert found[light] > 40, (light, found)
        assert max(found, key=lambda name: found[name]) == light


def shape(picture: Path) -> list[int]:
    """The icon without its colours: how light each pixel of the panel's end is."""
    image = QImage(str(picture)).convertToFormat(QImage.Format.Format_Grayscale8)
    box = range(image.width() - 32, image.width() - 4)
    return [image.pixelColor(x, y).value() for y in range(image.height() - 28, image.height() - 4) for x in box]


@pytest.mark.xvfb
@pytest.mark.dbus
@pytest.mark.skipif(bool(desktop.missing()), reason=desktop.missing())
def test_on_a_dark_and_a_light_panel_six_lights_are_told_apart_without_their_colours(tmp_path: Path) -> None:
    drawn = panel.draw_in_xfce(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(drawn)
    for ground, is_light in (("dark", False), ("light", True)):
        shapes = {light: shape(tmp_path / f"xfce-{light}-{ground}.png") for light in panel.LIGHTS}
        assert (shapes["safe"][0] > 128) is is_light, "the panel is not of this colour"
        for one, other in combinations(panel.LIGHTS, 2):
            differing = sum(abs(a - b) > 30 for a, b in zip(shapes[one], shapes[other], strict=True))
            assert differing > 25, (ground, one, other, differing)
