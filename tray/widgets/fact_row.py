"""A fact: a mark, a sentence, what follows from it, and perhaps a button."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from tray.widgets.drawing import draw_mark, quiet_colour
from tray.widgets.labelled import plain
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton


class Mark(QWidget):
    """A small drawing in one colour. It repeats what the words beside it say, so a screen reader may skip it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._colour: QColor | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_mark(self, name: str, colour: QColor | None) -> None:
        """Show `icons/NAME.svg`; without a colour, in that of the text."""
        if (name, colour) != (self._name, self._colour):
            self._name, self._colour = name, colour
            self.update()

    def sizeHint(self) -> QSize:
        side = round(self.fontMetrics().height() * 1.15)
        return QSize(side, side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._name:
            painter = QPainter(self)
            draw_mark(painter, QRectF(self.rect()), self._name, self._colour or quiet_colour(self.palette()))
            painter.end()


class FactRow(QWidget):
    """One row of a card.

    Signals:
        asked(): its button was pressed.
    """

    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = Mark(self)
        self._title = BreakableSentence(self)
        self._detail = Aside(self)
        words = QVBoxLayout()
        words.setSpacing(round(self.fontMetrics().height() * 0.1))
        words.addWidget(self._title)
        words.addWidget(self._detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(round(self.fontMetrics().height() * 0.6))
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.button = TextButton("", self)
        self.button.hide()
        self.button.clicked.connect(self.asked)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)

    def show_fact(self, mark: str, colour: QColor | None, title: str, detail: str = "") -> None:
        """Show this fact; an empty detail takes no room."""
        self._mark.show_mark(mark, colour)
        self._title.setText(title)
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        self.setAccessibleName(f"{title} {detail}".strip())

    def offer(self, text: str) -> None:
        """Have a button with these words; none hides it."""
        self.button.setText(text)
        self.button.setAccessibleName(plain(text))
        self.button.setAccessibleDescription(self.accessibleName())
        self.button.setVisible(bool(text))
