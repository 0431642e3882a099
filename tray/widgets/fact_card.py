"""A card that is there while it has facts to show, one a row."""

from collections.abc import Callable, Sequence

from tray.widgets.card import Card
from tray.widgets.fact_row import FactRow
from tray.widgets.row_list import Item, RowList


class FactCard(Card):
    """Hidden while there are none."""

    def __init__(self, heading: str, on_asked: Callable[[int], None] | None = None) -> None:
        """`on_asked` is told the place of the row whose button was pressed."""
        super().__init__(heading)
        self._on_asked = on_asked
        self.rows: RowList[FactRow] = RowList(self._make_row)
        self.body.addWidget(self.rows)
        self.body.addStretch(1)
        self.hide()

    def _make_row(self) -> FactRow:
        row = FactRow()
        if self._on_asked is not None:
            tell = self._on_asked
            row.asked.connect(lambda: tell(self.rows.rows().index(row)))
        return row

    def show_facts(self, items: Sequence[Item], fill_row: Callable[[FactRow, Item], None]) -> None:
        """A row for each item, filled by `fill_row`."""
        self.rows.show_items(items, fill_row)
        self.setVisible(bool(items))
