"""The icon in a real panel, which comes after the tray."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from tests import panel
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
