"""A thing with a mark: what it is called, lines on how it stands, and below them the buttons for what can be done.

A folder, a destination and whatever else is one of several on a page. Knows no model; GUI thread.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from tray.widgets.fact_row import Mark
from tray.widgets.flow import FlowLayout
from tray.widgets.text import BreakableSentence, style_as_heading
from tray.widgets.text_button import TextButton


class MarkedRow(QWidget):
    """Below the title `add_line` puts more, `add_button` adds to the line of buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        em = self.fontMetrics().height()
        self.mark = Mark(self)
        self._title = BreakableSentence(self)
        style_as_heading(self._title)
        self._buttons: list[TextButton] = []
        self._lines = QVBoxLayout()
        self._lines.setSpacing(round(em * 0.3))
        self._lines.addWidget(self._title)
        self._line_of_buttons = FlowLayout(em // 2)
        text = QVBoxLayout()
        text.setSpacing(em // 2)
        text.addLayout(self._lines)
        text.addLayout(self._line_of_buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(round(em * 0.6))
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)

    def add_line(self, widget: QWidget) -> None:
        """Put this below what is there."""
        self._lines.addWidget(widget)

    def add_button(self, text: str, *, primary: bool = False) -> TextButton:
        """A button behind those that are there."""
        button = TextButton(text, self, primary=primary)
        self._buttons.append(button)
        self._line_of_buttons.addWidget(button)
        return button

    def call_it(self, shown: str) -> None:
        """Show this as the title; a screen reader hears it with every button too."""
        self._title.setText(shown)
        for button in self._buttons:
            button.setAccessibleDescription(shown)
