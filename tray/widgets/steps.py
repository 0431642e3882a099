"""Where one is on a way of a few steps: a line of names, done ones ticked, the present one set off."""

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from tray.widgets.drawing import draw_mark, quiet_colour

_DOT_EM = 1.3


class StepsLine(QWidget):
    """Names under dots. Its accessible name is given by whoever shows a step."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names = tuple(names)
        self._at = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, at: int) -> None:
        """The step at this place is the present one."""
        self._at = at
        self.update()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        widest = max(self.fontMetrics().horizontalAdvance(name) for name in self._names) + em
        return QSize(widest * len(self._names), round(em * (_DOT_EM + 1.5)))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.fontMetrics().height() * 3 * len(self._names), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        em = self.fontMetrics().height()
        cell = self.width() / len(self._names)
        y, radius = em * _DOT_EM / 2 + 1, em * _DOT_EM / 2
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        accent, quiet = self.palette().color(QPalette.ColorRole.Highlight), quiet_colour(self.palette())
        centres = [cell * (at + 0.5) for at in range(len(self._names))]
        if mirrored:
            centres.reverse()
        line = QColor(quiet)
        line.setAlphaF(0.4)
        painter.setPen(QPen(line, max(1.0, em / 10)))
        for one, other in pairwise(centres):
            gap = radius * 1.4 * (1 if other > one else -1)
            painter.drawLine(QPointF(one + gap, y), QPointF(other - gap, y))
        for at, (name, x) in enumerate(zip(self._names, centres, strict=True)):
            dot = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
            painter.setFont(self.font())
            self._draw_dot(painter, dot, at, accent, quiet)
            font = self.font()
            if at == self._at:
                font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(self.palette().windowText().color())
            box = QRectF(x - cell / 2, y + radius, cell, em * 1.5)
            shown = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(cell) - 4)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
        painter.end()

    def _draw_dot(self, painter: QPainter, dot: QRectF, at: int, accent: QColor, quiet: QColor) -> None:
        reached = at <= self._at
        painter.setPen(QPen(accent if reached else quiet, max(1.2, dot.width() / 14)))
        painter.setBrush(accent if reached else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(dot)
        ink = self.palette().color(QPalette.ColorRole.HighlightedText) if reached else quiet
        if at < self._at:
            inset = dot.width() * 0.22
            draw_mark(painter, dot.adjusted(inset, inset, -inset, -inset), "badge-safe", ink)
        else:
            painter.setPen(ink)
            painter.drawText(dot, Qt.AlignmentFlag.AlignCenter, str(at + 1))
