"""The icons of `resources/icons` drawn in the colours that fit: the light for panels and windows, marks for rows.

The files are silhouettes in `currentColor`, so one drawing serves light and dark grounds. A light's shape alone tells
its state; the colour only repeats it. GUI thread; everything drawn is kept, as icons are asked for at every paint.
"""

from functools import cache, lru_cache

from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtSvg import QSvgRenderer

import resources
from agent.protocol.types import Light

#: The light's colour on a light ground and on a dark one; both keep 3:1 on the other, for a panel may be misjudged.
_COLOURS: dict[Light, tuple[str, str]] = {
    "safe": ("#23915a", "#35b173"),
    "working": ("#2f7de1", "#5a9cf0"),
    "waiting": ("#c07000", "#e39a1f"),
    "paused": ("#7a8087", "#a2a9b0"),
    "attention": ("#d93a3f", "#f0605f"),
    "off": ("#7a8087", "#a2a9b0"),
}
#: Where `light-working.svg` has its ring, as shares of its size.
_RING_RADIUS = 14 / 32
_RING_WIDTH = 3 / 32
_PANEL_SIZES_PX = (16, 22, 24, 32, 44, 48, 64)


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than what it stands on."""
    return palette.windowText().color().lightnessF() > palette.window().color().lightnessF()


def light_colour(light: Light, palette: QPalette) -> QColor:
    """The colour of a light on this palette's ground."""
    return QColor(_COLOURS[light][is_dark(palette)])


def quiet_colour(palette: QPalette) -> QColor:
    """The colour of a drawing that only accompanies words: text, a third of the way to its ground."""
    text, ground = palette.windowText().color(), palette.base().color()
    parts = ((text.redF(), ground.redF()), (text.greenF(), ground.greenF()), (text.blueF(), ground.blueF()))
    return QColor.fromRgbF(*(0.67 * ink + 0.33 * paper for ink, paper in parts))


def draw_light(painter: QPainter, box: QRectF, light: Light, colour: QColor, progress: int | None = None) -> None:
    """Draw a light into a square; while working, `progress` (0 to 100) fills the ring."""
    _renderer(f"light-{light}", colour.name()).render(painter, box)
    if light != "working" or progress is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, box.width() * _RING_WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    radius = box.width() * _RING_RADIUS
    ring = QRectF(box.center() - QPointF(radius, radius), box.center() + QPointF(radius, radius))
    painter.drawArc(ring, 90 * 16, -round(max(0, min(progress, 100)) * 3.6 * 16))
    painter.restore()


def light_icon(light: Light, palette: QPalette, progress: int | None = None) -> QIcon:
    """A light as an icon in every size that panels use. Progress moves in steps of 5, to spare the panel."""
    step = None if progress is None or light != "working" else progress // 5 * 5
    return _light_icon(light, light_colour(light, palette).name(), step)


def draw_mark(painter: QPainter, box: QRectF, name: str, colour: QColor) -> None:
    """Draw `icons/NAME.svg` in one colour."""
    _renderer(name, colour.name()).render(painter, box)


def stamp(painter: QPainter, box: QRectF, name: str, colour: QColor) -> None:
    """The same from a picture that is kept, for drawings that stand on the screen a hundred times."""
    ratio = painter.device().devicePixelRatio()
    side = max(1, round(box.width() * ratio))
    pixmap = _stamp(name, colour.name(), side)
    painter.drawPixmap(box, pixmap, QRectF(pixmap.rect()))


def mark_icon(name: str, palette: QPalette) -> QIcon:
    """`icons/NAME.svg` in the colour of text, and of selected text."""
    icon = QIcon()
    for mode, role in (
        (QIcon.Mode.Normal, QPalette.ColorRole.WindowText),
        (QIcon.Mode.Selected, QPalette.ColorRole.HighlightedText),
    ):
        pixmap = _blank(64)
        painter = QPainter(pixmap)
        draw_mark(painter, QRectF(0, 0, 64, 64), name, palette.color(role))
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon


def app_icon() -> QIcon:
    """The application's own icon."""
    return QIcon(str(resources.path("icons/safelight.svg")))


@cache
def _light_icon(light: Light, colour: str, progress: int | None) -> QIcon:
    icon = QIcon()
    for size in _PANEL_SIZES_PX:
        pixmap = _blank(size)
        painter = QPainter(pixmap)
        draw_light(painter, QRectF(0, 0, size, size), light, QColor(colour), progress)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


@lru_cache(maxsize=128)
def _stamp(name: str, colour: str, side_px: int) -> QPixmap:
    pixmap = _blank(side_px)
    painter = QPainter(pixmap)
    _renderer(name, colour).render(painter, QRectF(0, 0, side_px, side_px))
    painter.end()
    return pixmap


def _blank(size_px: int) -> QPixmap:
    pixmap = QPixmap(QSize(size_px, size_px))
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    drawing = resources.path(f"icons/{name}.svg").read_bytes()
    return QSvgRenderer(QByteArray(drawing.replace(b"currentColor", colour.encode())))
