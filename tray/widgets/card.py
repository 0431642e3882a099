"""A card: a calm rounded ground under things that belong together, with a heading."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from tray.widgets.text import Line, style_as_heading


class Card(QWidget):
    """Holds widgets one below the other in `body`. A tint, such as the light's colour, is laid over its ground."""

    def __init__(self, heading: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tint: QColor | None = None
        em = self.fontMetrics().height()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(em, round(em * 0.8), em, round(em * 0.9))
        self.body.setSpacing(round(em * 0.55))
        if heading:
            label = Line(heading, self)
            style_as_heading(label)
            self.body.addWidget(label)
            self.setAccessibleName(heading)

    def set_tint(self, colour: QColor | None) -> None:
        """Lay a breath of this colour over the ground."""
        if colour != self._tint:
            self._tint = colour
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = QColor(palette.color(QPalette.ColorRole.WindowText))
        edge.setAlphaF(0.12)
        radius = self.fontMetrics().height() * 0.55
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(box, radius, radius)
        if self._tint:
            wash = QColor(self._tint)
            wash.setAlphaF(0.09)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(wash)
            painter.drawRoundedRect(box, radius, radius)
        painter.end()
