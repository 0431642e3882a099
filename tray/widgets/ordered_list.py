"""A short list of texts that a person puts in order: add, remove, move up and down. Knows no model; GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QVBoxLayout, QWidget

from agent.words.catalogue import _
from tray.widgets.flow import FlowLayout
from tray.widgets.labelled import plain
from tray.widgets.text_button import TextButton

_ROWS = 5


class OrderedList(QWidget):
    """At least one text stays. What stands in the line for a new one counts as well, so that nobody must press 'Add'.

    Signals:
        edited(): they are others, or in another order.
    """

    edited = Signal()

    def __init__(self, name: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QListWidget(self)
        self.list.setAccessibleName(name)
        self.list.setAlternatingRowColors(True)
        self.list.setWordWrap(True)
        self.new = QLineEdit(self)
        self.new.setPlaceholderText(hint)
        self.new.setAccessibleName(_("A further one"))
        self.add = TextButton(_("&Add"), self)
        self.up = TextButton(_("Move &up"), self)
        self.down = TextButton(_("Move &down"), self)
        self.remove = TextButton(_("&Remove"), self)
        for button in (self.add, self.up, self.down, self.remove):
            button.setAutoDefault(False)
            button.setAccessibleName(plain(button.text()))
        self._arrange()
        self.list.currentRowChanged.connect(self._offer)
        self.new.textChanged.connect(self._typed)
        self.add.clicked.connect(self._add)
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        self.remove.clicked.connect(self._remove)
        self._typed()

    def show_texts(self, texts: Sequence[str]) -> None:
        """Show these."""
        self.list.clear()
        self.list.addItems(list(texts))
        self.list.setCurrentRow(0)

    def texts(self) -> tuple[str, ...]:
        """All of them in their order, each once."""
        shown = [self.list.item(at).text() for at in range(self.list.count())]
        return tuple(dict.fromkeys(one for one in (*shown, self.new.text().strip()) if one))

    def _add(self) -> None:
        texts = self.texts()
        self.new.clear()
        self.show_texts(texts)
        self.list.setCurrentRow(len(texts) - 1)
        self.edited.emit()

    def _move(self, by: int) -> None:
        at = self.list.currentRow()
        item = self.list.takeItem(at)
        self.list.insertItem(at + by, item)
        self.list.setCurrentRow(at + by)
        self.edited.emit()

    def _remove(self) -> None:
        self.list.takeItem(self.list.currentRow())
        self._offer()
        self.edited.emit()

    def _typed(self) -> None:
        self.add.setEnabled(bool(self.new.text().strip()))
        self.edited.emit()

    def _offer(self) -> None:
        at, last = self.list.currentRow(), self.list.count() - 1
        self.up.setEnabled(at > 0)
        self.down.setEnabled(0 <= at < last)
        self.remove.setEnabled(at >= 0 and last > 0)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        self.list.setMinimumSize(QSize(em * 14, em * _ROWS))
        buttons = FlowLayout(em // 2)
        for button in (self.up, self.down, self.remove):
            buttons.addWidget(button)
        line = QHBoxLayout()
        line.setSpacing(em // 2)
        line.addWidget(self.new, 1)
        line.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em // 2)
        column.addWidget(self.list, 1)
        column.addLayout(buttons)
        column.addLayout(line)
