"""A progress bar that looks the same and quiet everywhere, and is a real progress bar to a screen reader."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget


class Bar(QProgressBar):
    """0 to 100, drawn as a rounded line in the palette's highlight, as thick as `em` times the font's height."""

    def __init__(self, em: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._em = em
        self.setRange(0, 100)
        self.setTextVisible(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        height = max(4, round(self.fontMetrics().height() * self._em))
        return QSize(height * 12, height)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().height() * 4, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        radius = whole.height() / 2
        groove = QColor(self.palette().color(QPalette.ColorRole.WindowText))
        groove.setAlphaF(0.14)
        painter.setBrush(groove)
        painter.drawRoundedRect(whole, radius, radius)
        share = self.value() / 100
        if share > 0:
            width = max(whole.height(), whole.width() * share)
            left = whole.right() - width if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else whole.left()
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(QRectF(left, whole.top(), width, whole.height()), radius, radius)
        painter.end()
