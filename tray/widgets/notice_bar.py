"""A line at the top of the window for what just happened: said once, closed by the person."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from agent.words.catalogue import _
from tray.widgets.drawing import light_colour
from tray.widgets.telling import tell
from tray.widgets.text import Sentence
from tray.widgets.text_button import TextButton


class NoticeBar(QWidget):
    """Hidden until it has something to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = Sentence(self)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        close = TextButton(_("Close"), self)
        close.setAccessibleName(_("Close this message"))
        close.clicked.connect(self.hide)
        em = self.fontMetrics().height()
        row = QHBoxLayout(self)
        row.setContentsMargins(em, em // 2, em, em // 2)
        row.addWidget(self._label, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def say(self, text: str) -> None:
        """Show this sentence."""
        self.setAccessibleName(text)
        self.show()
        tell(self._label, text)

    def text(self) -> str:
        """What is being said, empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        wash = QColor(light_colour("waiting", self.palette()))
        wash.setAlphaF(0.18)
        painter.fillRect(self.rect(), wash)
        painter.end()
