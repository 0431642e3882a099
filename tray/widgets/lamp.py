"""The lamp: the light, large, with the glow that it throws."""

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QRadialGradient
from PySide6.QtWidgets import QSizePolicy, QWidget

from agent.protocol.types import Light
from tray.widgets.drawing import draw_light, light_colour

_SIZE_EM, _SMALL_EM = 6.8, 4.6
_GLOW = 0.30
_UNLIT: frozenset[Light] = frozenset({"off", "paused"})


class Lamp(QWidget):
    """Shows one light. Its accessible name is the state's word, given with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._light: Light = "off"
        self._progress: int | None = None
        self._size_em = _SIZE_EM
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_light(self, light: Light, progress: int | None, name: str) -> None:
        """Show this light; `progress` 0 to 100 while working; `name` for those who do not see it."""
        if (light, progress) != (self._light, self._progress):
            self._light, self._progress = light, progress
            self.update()
        self.setAccessibleName(name)

    def be_small(self, *, really: bool) -> None:
        """Take less room, or the usual."""
        self._size_em = _SMALL_EM if really else _SIZE_EM
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        side = round(self.fontMetrics().height() * self._size_em)
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        centre = QRectF(self.rect()).center()
        colour = light_colour(self._light, self.palette())
        if self._light not in _UNLIT:
            glow = QRadialGradient(centre, side / 2)
            for stop, alpha in ((0.0, _GLOW), (0.6, _GLOW / 2), (1.0, 0.0)):
                tint = QColor(colour)
                tint.setAlphaF(alpha)
                glow.setColorAt(stop, tint)
            painter.fillRect(self.rect(), glow)
        inner = side * 0.56
        box = QRectF(centre - QPointF(inner / 2, inner / 2), centre + QPointF(inner / 2, inner / 2))
        draw_light(painter, box, self._light, colour, self._progress)
        painter.end()
