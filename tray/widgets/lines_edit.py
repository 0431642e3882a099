"""A few lines of text, each a thing of its own: patterns, headers. Tab leaves it. Knows no model; GUI thread."""

from collections.abc import Iterable

from PySide6.QtWidgets import QPlainTextEdit, QWidget

_LINES = 3


class LinesEdit(QPlainTextEdit):
    """As high as three lines; more are scrolled."""

    def __init__(self, name: str, example: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(example)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFixedHeight(round(self.fontMetrics().lineSpacing() * (_LINES + 0.9)))

    def lines(self) -> tuple[str, ...]:
        """What is written, without empty lines."""
        return tuple(line.strip() for line in self.toPlainText().splitlines() if line.strip())

    def show_lines(self, lines: Iterable[str]) -> None:
        """Write these."""
        self.setPlainText("\n".join(lines))
