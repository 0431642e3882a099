"""A picture as large as there is room for, never larger than it is sharp twice over."""

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from tray.widgets.drawing import draw_mark

_GROUND = QColor("#17191b")
_INK = QColor("#c9cdd1")
_MOST_ENLARGED = 2.0


class Picture(QWidget):
    """Dark around the picture in every palette, as pictures are looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._is_video = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_picture(self, pixmap: QPixmap | None, *, is_video: bool) -> None:
        """Show this, or the mark of its kind where there is no picture."""
        self._pixmap = pixmap
        self._is_video = is_video
        self.update()

    def minimumSizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(em * 14, em * 12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), _GROUND)
        em = self.fontMetrics().height()
        room = QRectF(self.rect()).adjusted(em, em, -em, -em)
        if self._pixmap is None or self._pixmap.isNull():
            side = min(room.width(), room.height()) * 0.3
            self._draw(painter, QRectF(room.center() - QPointF(side / 2, side / 2), QSizeF(side, side)))
        else:
            size = QSizeF(self._pixmap.size())
            fitted = size.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            if fitted.width() > size.width() * _MOST_ENLARGED:
                fitted = size * _MOST_ENLARGED
            corner = room.center() - QPointF(fitted.width() / 2, fitted.height() / 2)
            painter.drawPixmap(QRectF(corner, fitted), self._pixmap, QRectF(self._pixmap.rect()))
            if self._is_video:
                self._draw(painter, QRectF(corner.x() + em / 2, corner.y() + em / 2, em * 2, em * 2))
        painter.end()

    def _draw(self, painter: QPainter, box: QRectF) -> None:
        draw_mark(painter, box, "video" if self._is_video else "photo", _INK)
