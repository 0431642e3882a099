"""One thing on its way: its name, what there is to say of it, and a bar."""

from PySide6.QtWidgets import QGridLayout, QWidget

from tray.widgets.bar import Bar
from tray.widgets.elided_label import ElidedLabel
from tray.widgets.text import Aside


class ProgressRow(QWidget):
    """A file in flight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ElidedLabel(self)
        self._detail = Aside(self)
        self._detail.setWordWrap(False)
        self._bar = Bar(0.3, self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(round(self.fontMetrics().height() * 0.3))
        grid.addWidget(self._name, 0, 0)
        grid.addWidget(self._detail, 0, 1)
        grid.addWidget(self._bar, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def show_progress(self, name: str, detail: str, percent: int) -> None:
        """Show how far `name` is, 0 to 100."""
        self._name.set_text(name)
        self._detail.setText(detail)
        self._bar.setValue(percent)
        self._bar.setAccessibleName(name)
