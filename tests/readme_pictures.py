"""The pictures in README.md: `python -m tests.readme_pictures` draws them anew into resources/screenshots.

The window offscreen, with a fixed clock; the menu in a real panel, where one can be had. Small, for they are in git.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests import screenshots  # first: it chooses Qt's platform

# isort: split
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from agent.platforms.base import make_private, places
from tests.desktop import Desktop, missing, wait_until
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import SAFE
from tray.pages.window import Window

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "resources" / "screenshots"
LIMIT_BYTES = 150_000
_QUALITY = 88
_WIDTH, _HEIGHT = 1_040, 660
#: The corner of the screen that the menu opens in: left, top, width, height.
_CORNER = (580, 412, 320, 228)


def keep(picture: QImage, name: str) -> None:
    """Save it, small."""
    target = TARGET / f"{name}.webp"
    picture.save(str(target), quality=_QUALITY)
    if not 0 < target.stat().st_size <= LIMIT_BYTES:
        raise ValueError(f"{target} is of no use: {target.stat().st_size} bytes")
    sys.stdout.write(f"{target}\n")


def look(window: Window) -> QImage:
    """The window in the size of the pictures."""
    window.resize(_WIDTH, _HEIGHT)
    screenshots.settle()
    return window.grab().toImage()


def draw_window() -> None:
    """The overview and the library, light."""
    QApplication.setPalette(screenshots.light_palette())
    with screenshots.scene("working") as window:
        window.resize(_WIDTH, _HEIGHT)
        screenshots.show_page(window, 0)  # the library: its thumbnails are there then
        library = look(window)
        window.show_page(0)
        window.sidebar.setFocus()  # not a picture, which would wear a ring
        for _round in range(10):
            screenshots.settle()
        keep(look(window), "overview")
        keep(library, "library")


def draw_menu() -> None:
    """The light in Xfce's panel, with its menu."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder, Desktop(Path(folder) / "person") as desktop:
        home = Path(folder) / "s"
        make_private(places(home).runtime_dir)
        agent = furnish(FakeAgent(places(home).socket_address, SAFE))
        desktop.start_panel()
        desktop.start([sys.executable, "-m", "tray", "--home", str(home)], cwd=ROOT)
        icon = desktop.only_item()
        wait_until(lambda: "12,431" in icon.tooltip(), "the tray does not show the agent's light")
        taken = Path(folder) / "now.png"
        before = QImage()

        def is_still() -> bool:
            nonlocal before
            last, before = before, QImage(str(desktop.picture(taken)))
            return last == before

        wait_until(is_still, "the panel never rests")
        subprocess.run(["xdotool", "mousemove", "880", "624", "click", "3"], env=desktop.env, check=True)
        closed = before
        wait_until(lambda: not is_still() or before != closed, "no menu opened")
        wait_until(is_still, "the menu never rests")
        agent.stop()
        keep(before.copy(*_CORNER), "menu")


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    draw_window()
    if missing():
        sys.stdout.write(f"no picture of the menu, {missing()}\n")
    else:
        draw_menu()


if __name__ == "__main__":
    main()
