"""Rows that come and go with the data, each made once and used again, so that nothing flickers."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

Row = TypeVar("Row", bound=QWidget)
Item = TypeVar("Item")


class RowList(QWidget, Generic[Row]):
    """A column of rows of one kind."""

    def __init__(self, make: Callable[[], Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._rows: list[Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(round(self.fontMetrics().height() * 0.6))

    def show_items(self, items: Sequence[Item], fill: Callable[[Row, Item], None]) -> None:
        """One row for each item, in their order."""
        while len(self._rows) < len(items):
            row = self._make()
            self._rows.append(row)
            self._column.addWidget(row)
        for row, item in zip(self._rows, items, strict=False):
            fill(row, item)
        for at, row in enumerate(self._rows):
            row.setVisible(at < len(items))

    def rows(self) -> list[Row]:
        """The rows in use."""
        return [row for row in self._rows if not row.isHidden()]
