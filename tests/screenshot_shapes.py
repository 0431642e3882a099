"""The window in the shapes in which it may break: large letters, mirrored, other languages, narrow, a screen of 200 %.

Each shape is every page once; `tests.screenshots` draws them with the rest, and `-m tests.screenshot_shapes DIR NAME`
draws one alone, which is how the scaled one is made: Qt reads the scale only once.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import screenshots  # first: it chooses Qt's platform

# isort: split
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QSize, Qt, QTranslator
from PySide6.QtWidgets import QApplication

import resources
from agent.words import catalogue

_WIDTH, _HEIGHT = 1_000, 800


@dataclass(frozen=True)
class Shape:
    """How the window differs from the usual one."""

    name: str
    letters: float = 1.0
    mirrored: bool = False
    language: str | None = None
    narrow: bool = False
    #: What Qt multiplies every length with.
    scale: int = 1


SHAPES = (
    Shape("large", letters=2),
    Shape("mirrored", mirrored=True),
    Shape("mirrored-narrow", mirrored=True, narrow=True),
    Shape("german", language="de"),
    Shape("german-narrow", language="de", narrow=True),
    Shape("chinese", language="zh_CN"),
    Shape("scaled", scale=2),
    Shape("scaled-narrow", narrow=True, scale=2),
)


def draw_shapes(target: Path) -> None:
    """All of them; those of another scale in a process of their own."""
    for shape in SHAPES:
        if shape.scale == 1:
            draw_shape(target, shape)
        else:
            command = [sys.executable, "-m", "tests.screenshot_shapes", str(target), shape.name]
            subprocess.run(command, env={**os.environ, "QT_SCALE_FACTOR": str(shape.scale)}, check=True)


def draw_shape(target: Path, shape: Shape) -> None:
    """Every page and the wizard in this shape."""
    QApplication.setPalette(screenshots.light_palette())
    usual, font = QApplication.font(), QApplication.font()
    font.setPointSizeF(usual.pointSizeF() * shape.letters)
    QApplication.setFont(font)
    catalogue.use(shape.language, str(resources.path("locale")))
    translator = QTranslator()
    translator.load(f"qtbase_{shape.language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    QCoreApplication.installTranslator(translator)
    for scene in ("working", "attention"):
        with screenshots.scene(scene) as window:
            if shape.mirrored:
                window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            for at, page in enumerate(("overview", *screenshots.PAGES)):
                if scene == "working" or page in {"overview", "folders"}:
                    screenshots.show_page(window, at - 1)
                    least = window.minimumSizeHint()
                    window.resize(least if shape.narrow else least.expandedTo(QSize(_WIDTH, _HEIGHT)))
                    screenshots.save(window, target / f"page-{page}-{scene}-{shape.name}.png")
    if not shape.narrow:
        screenshots.draw_steps(target, shape.name)
    QCoreApplication.removeTranslator(translator)
    catalogue.use("en")
    QApplication.setFont(usual)


def main() -> None:
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    draw_shape(Path(sys.argv[1]), next(shape for shape in SHAPES if shape.name == sys.argv[2]))


if __name__ == "__main__":
    main()
