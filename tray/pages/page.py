"""What every page is: a title, a drawing for the sidebar, and a body that follows the model while it is seen.

GUI thread. A page fills its body when it is first seen, so that a window of many pages opens as quickly as one of one.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from tray.model import EVERYTHING, Model

#: What the window may demand: lower than the most, a page scrolls.
_LEAST_WIDTH_EM, _LEAST_HEIGHT_EM, _MOST_HEIGHT_EM = 28, 16, 28
_WIDEST_EM = 58


class Page(QScrollArea):
    """A page of the window; subclasses set `title` and `mark`, fill `body` in `build` and write `refresh`."""

    title = ""
    mark = ""
    #: Whether something on the page scrolls by itself, so that the page had better not.
    scrolls_inside = False
    #: Whether all of the body is there, once the page was seen.
    is_complete = True

    def __init__(self, model: Model, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.body = QWidget()
        self.setWidget(self.body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stale: frozenset[str] = EVERYTHING
        self._is_built = False
        model.changed.connect(self._changed)

    def build(self) -> None:
        """Fill the body; called once, before the page is first seen."""

    def stack(self, widgets: Sequence[QWidget]) -> QVBoxLayout:
        """Lay these one below the other in a column that is comfortable to read, and give the column."""
        em = self.fontMetrics().height()
        column = QWidget()
        column.setMaximumWidth(em * _WIDEST_EM)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        cards = QVBoxLayout(column)
        cards.setContentsMargins(0, 0, 0, 0)
        cards.setSpacing(em)
        for widget in widgets:
            cards.addWidget(widget)
        outer = QBoxLayout(QBoxLayout.Direction.LeftToRight, self.body)
        outer.setContentsMargins(em, em, em, em)
        outer.addWidget(column)
        return cards

    def refresh(self, sections: frozenset[str]) -> None:
        """Show these sections anew; only called while the page is seen."""
        raise NotImplementedError

    def ready(self) -> None:
        """Have the body filled, seen or not."""
        if not self._is_built:
            self._is_built = True
            self.build()

    def least_width(self) -> int:
        """What the body cannot do without, in px."""
        return self.body.minimumSizeHint().width()

    def minimumSizeHint(self) -> QSize:
        # Only the height scrolls: the window is never narrower than what the page needs.
        em = self.fontMetrics().height()
        least = max(self.least_width(), em * _LEAST_WIDTH_EM)
        width = least + self.verticalScrollBar().sizeHint().width()
        needed = self.body.heightForWidth(least) if self.scrolls_inside else 0
        return QSize(width, em * min(max(_LEAST_HEIGHT_EM, needed // em + 1), _MOST_HEIGHT_EM))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ready()
        self._catch_up()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest and watched is self.widget():
            self.updateGeometry()  # what the body needs has changed, and Qt tells nobody above the scrolled part
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_stale"):  # Qt calls this before we are whole
            self._changed(EVERYTHING)

    def _changed(self, sections: frozenset[str]) -> None:
        self._stale |= sections
        if self.isVisible():
            self._catch_up()

    def _catch_up(self) -> None:
        stale, self._stale = self._stale, frozenset()
        if stale:
            self.refresh(stale)
            self.updateGeometry()  # what is shown now may need more or less room
