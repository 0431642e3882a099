"""Draws the app's icon in the forms that systems want: PNG files, .ico, .icns. `python installers/icons.py FOLDER`."""

import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SVG = Path(__file__).resolve().parent.parent / "resources" / "icons" / "safelight.svg"
SIZES_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)


def draw(folder: Path) -> None:
    """Write `icons/SIZE.png`, `safelight.ico` and `safelight.icns` below `folder`."""
    _app = QGuiApplication.instance() or QGuiApplication([])
    pictures = folder / "icons"
    pictures.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(str(SVG))
    for size in SIZES_PX:
        image = QImage(QSize(size, size), QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        if not image.save(str(pictures / f"{size}.png")):
            raise SystemExit(f"cannot write icons to {pictures}")
    with Image.open(pictures / "1024.png") as large:
        large.save(folder / "safelight.icns")
        large.save(folder / "safelight.ico", sizes=[(size, size) for size in (16, 24, 32, 48, 64, 128, 256)])


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
