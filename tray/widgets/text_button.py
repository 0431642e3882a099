"""A push button that is only as wide as its words, with the primary one of a group set off."""

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget


class TextButton(QPushButton):
    """A native button; `primary` sets its words heavier and makes it the default of its window."""

    def __init__(self, text: str, parent: QWidget | None = None, *, primary: bool = False) -> None:
        super().__init__(text, parent)
        self.call_it(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        if primary:
            font = self.font()
            font.setWeight(QFont.Weight.DemiBold)
            self.setFont(font)
            self.setDefault(True)

    def call_it(self, text: str) -> None:
        """Other words for the same button, seen and read aloud."""
        self.setText(text)
        self.setAccessibleName(text.replace("&", ""))
