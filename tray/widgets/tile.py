"""One picture of the grid: what it shows, and how it is drawn."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen, QPixmap

from agent.protocol.types import FileState, Light
from tray.widgets.drawing import light_colour, quiet_colour, stamp

#: state -> the badge's drawing, and the light whose colour repeats what the shape says.
BADGES: dict[FileState, tuple[str, Light]] = {
    "safe": ("badge-safe", "safe"),
    "queued": ("badge-queued", "waiting"),
    "uploading": ("badge-uploading", "working"),
    "failed": ("badge-failed", "attention"),
    "excluded": ("badge-excluded", "off"),
    "deleted_at_destination": ("badge-deleted", "off"),
    "in_trash": ("badge-deleted", "waiting"),
    "missing_at_destination": ("badge-missing", "attention"),
}

_NAMED_FROM_EM = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """What the grid knows of a file; `title` is read aloud and shown while there is no picture."""

    id: int
    name: str
    title: str
    state: FileState
    is_video: bool


def draw_tile(painter: QPainter, box: QRectF, tile: Tile | None, picture: QPixmap | None, palette: QPalette) -> None:
    """Draw a tile's picture, or the place of one that is not loaded yet."""
    em = painter.fontMetrics().height()
    radius = em * 0.35
    ground = QColor(palette.color(QPalette.ColorRole.WindowText))
    ground.setAlphaF(0.08)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, radius, radius)
    if tile is None:
        return
    if picture is None or picture.isNull():
        _draw_placeholder(painter, box, tile, palette)
    else:
        clip = QPainterPath()
        clip.addRoundedRect(box, radius, radius)
        painter.save()
        painter.setClipPath(clip)
        painter.drawPixmap(box, picture, _cover(picture, box))
        painter.restore()


def draw_badges(painter: QPainter, box: QRectF, tile: Tile, palette: QPalette) -> None:
    """Draw what kind of file it is and how it stands, over the picture."""
    em = painter.fontMetrics().height()
    if tile.is_video:
        _draw_badge(
            painter, QRectF(box.left(), box.bottom() - em * 1.9, em * 1.9, em * 1.9), "video", QColor("#1d1f21")
        )
    mark, light = BADGES[tile.state]
    colour = light_colour(light, palette)
    spot = QRectF(box.right() - em * 1.9, box.bottom() - em * 1.9, em * 1.9, em * 1.9)
    _draw_badge(painter, spot, mark, colour.darker(125) if colour.lightnessF() > 0.4 else colour)


def draw_choice(painter: QPainter, box: QRectF, palette: QPalette, *, selected: bool, current: bool) -> None:
    """Show that a tile is selected (a wash and an edge) or the one that keys are about (a ring)."""
    accent = palette.color(QPalette.ColorRole.Highlight)
    radius = painter.fontMetrics().height() * 0.35
    if selected:
        wash = QColor(accent)
        wash.setAlphaF(0.30)
        painter.setBrush(wash)
        painter.setPen(QPen(accent, 3))
        painter.drawRoundedRect(box.adjusted(1.5, 1.5, -1.5, -1.5), radius, radius)
    if current:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.WindowText), 2, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), radius, radius)


def _draw_placeholder(painter: QPainter, box: QRectF, tile: Tile, palette: QPalette) -> None:
    em = painter.fontMetrics().height()
    side = min(box.width(), box.height()) * 0.3
    is_named = box.height() >= em * _NAMED_FROM_EM  # in a small one the badges stand where the name would
    centre = box.center() - QPointF(0, em * 0.6)
    mark = QRectF(centre - QPointF(side / 2, side / 2), QSizeF(side, side))
    stamp(painter, mark, "video" if tile.is_video else "photo", quiet_colour(palette))
    if not is_named:
        return
    painter.setPen(palette.color(QPalette.ColorRole.WindowText))
    line = QRectF(box.left() + em * 0.4, mark.bottom() + em * 0.2, box.width() - em * 0.8, em * 1.2)
    shown = painter.fontMetrics().elidedText(tile.name, Qt.TextElideMode.ElideMiddle, int(line.width()))
    painter.drawText(line, Qt.AlignmentFlag.AlignCenter, shown)


def _draw_badge(painter: QPainter, spot: QRectF, mark: str, colour: QColor) -> None:
    inset = spot.width() * 0.16
    disc = spot.adjusted(inset, inset, -inset, -inset)
    painter.setPen(QPen(QColor(255, 255, 255, 210), max(1.0, spot.width() / 20)))
    painter.setBrush(colour)
    painter.drawEllipse(disc)
    inset = disc.width() * 0.22
    stamp(painter, disc.adjusted(inset, inset, -inset, -inset), mark, QColor("#ffffff"))


def _cover(picture: QPixmap, box: QRectF) -> QRectF:
    """The middle of a picture that fills the box."""
    size = QSizeF(picture.size())
    scale = min(size.width() / box.width(), size.height() / box.height())
    part = QSizeF(box.width() * scale, box.height() * scale)
    return QRectF(QPointF((size.width() - part.width()) / 2, (size.height() - part.height()) / 2), part)
