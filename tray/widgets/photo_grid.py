"""A grid of pictures by month that stays smooth with any number of them.

It knows how many tiles each month has, draws only those on the screen and asks for what it needs: `needed` names the
stretch of positions that should be known, and a tile without a picture is drawn as a placeholder. Moves by wheel, keys
and clicks; several may be selected. It keeps as many tiles as it is given; whoever feeds it forgets the distant ones.
"""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from tray.widgets.grid_keys import moved
from tray.widgets.grid_layout import GridLayout
from tray.widgets.tile import Tile, draw_badges, draw_choice, draw_tile

_CELL_EM, _GAP_EM, _HEADING_EM = 9.0, 0.5, 2.6
_REST_MS = 60


class PhotoGrid(QAbstractScrollArea):
    """Shows months of tiles.

    Signals:
        needed(int, int): positions from the first to before the second should be known.
        opened(int): the person wants to see the tile at this position large.
        selection_changed(): other tiles are selected.
        menu_wanted(QPoint): what can be done with the selected ones; a point of the screen.
    """

    needed = Signal(int, int)
    opened = Signal(int)
    selection_changed = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, picture_of: Callable[[int], QPixmap | None], parent: QWidget | None = None) -> None:
        """`picture_of` gives the picture of a file's id, None while there is none; asked at every paint."""
        super().__init__(parent)
        self._picture_of = picture_of
        self._titles: list[str] = []
        self._counts: list[int] = []
        self._tiles: Mapping[int, Tile] = {}
        self.layout_ = GridLayout((), 100, 10, 1, 1)
        self.current = -1
        self._anchor = -1
        self.selected: set[int] = set()
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._ask)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setAutoFillBackground(True)

    def show_months(self, months: Sequence[tuple[str, int]]) -> None:
        """Months as (title, number of tiles), in their order. Keeps the scroll position and forgets the selection."""
        self._titles = [title for title, _count in months]
        self._counts = [count for _title, count in months]
        self.selected = set()
        self._lay_out()
        self.current = min(self.current, self.layout_.total - 1)
        self.selection_changed.emit()

    def show_tiles(self, tiles: Mapping[int, Tile]) -> None:
        """What is known: position -> tile. The mapping is kept and may grow; call again when it did."""
        self._tiles = tiles
        self._describe()
        self.viewport().update()

    def visible_range(self) -> tuple[int, int]:
        """The positions on the screen, as first and last + 1."""
        top = self.verticalScrollBar().value()
        return self.layout_.visible(top, top + self.viewport().height())

    def select(self, position: int, *, add: bool = False, up_to: bool = False) -> None:
        """Make a tile the current one and select it; `add` toggles it, `up_to` selects from the anchor on."""
        if not 0 <= position < self.layout_.total:
            return
        if up_to and self._anchor >= 0:
            low, high = sorted((self._anchor, position))
            self.selected = set(range(low, high + 1))
        elif add:
            self.selected ^= {position}
            self._anchor = position
        else:
            self.selected = {position}
            self._anchor = position
        self.current = position
        self._show_current()
        self.selection_changed.emit()

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()  # it takes all the room that there is, and scrolls by itself

    def minimumSizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(round(em * (_CELL_EM + 2)), em * 10)

    # --- drawing ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        top = self.verticalScrollBar().value()
        first, last = self.layout_.visible(top + event.rect().top(), top + event.rect().bottom() + 1)
        palette = self.palette()
        for position in range(first, last):
            tile = self._tiles.get(position)
            box = QRectF(self.box_of(position))
            draw_tile(painter, box, tile, self._picture_of(tile.id) if tile else None, palette)
            current = position == self.current and self.hasFocus()
            draw_choice(painter, box, palette, selected=position in self.selected, current=current)
            if tile is not None:
                draw_badges(painter, box, tile, palette)
        self._draw_headings(painter, top, event.rect().top(), event.rect().bottom())
        painter.end()

    def box_of(self, position: int) -> QRect:
        """A tile's box within the viewport."""
        place = self.layout_.place(position)
        box = QRect(place.x, place.y - self.verticalScrollBar().value(), self.layout_.tile, self.layout_.tile)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            box.moveLeft(self.viewport().width() - box.right() - 1)
        return box

    def _draw_headings(self, painter: QPainter, scrolled: int, top: int, bottom: int) -> None:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        for month, title in enumerate(self._titles):
            y = self.layout_.top_of(month) - scrolled
            if y > bottom:
                break
            if y + self.layout_.heading >= top:
                gap = self.layout_.gap
                box = QRect(gap, y, self.viewport().width() - 2 * gap, self.layout_.heading)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | self._leading(), title)

    def _leading(self) -> Qt.AlignmentFlag:
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        return Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft

    # --- moving -----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        first, _last = self.visible_range()
        self._lay_out(keep=first)

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self.viewport().update()
        self._rest.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        page = max(1, self.viewport().height() // self.layout_.pitch - 1)
        target = moved(self.layout_, self.current, Qt.Key(event.key()), page, mirrored=mirrored)
        if target is not None and control and not shift:
            self.current = target
            self._show_current()
        elif target is not None:
            self.select(target, up_to=shift)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.current >= 0:
            self.opened.emit(self.current)
        elif event.key() == Qt.Key.Key_Space and self.current >= 0:
            self.select(self.current, add=True)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = self._at(event.position().toPoint())
        if position is None:
            return
        if event.button() == Qt.MouseButton.RightButton and position in self.selected:
            self.current = position
            return
        self.select(
            position,
            add=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier),
            up_to=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
        )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        position = self._at(event.position().toPoint())
        if position is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(position)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.selected:
            self.menu_wanted.emit(event.globalPos())

    def viewportEvent(self, event: QHelpEvent) -> bool:  # type: ignore[override] # one kind of event is ours
        if event.type() is QHelpEvent.Type.ToolTip:
            position = self._at(event.pos())
            tile = None if position is None else self._tiles.get(position)
            QToolTip.showText(event.globalPos(), tile.title if tile else "", self.viewport())
            return True
        return super().viewportEvent(event)

    def _at(self, point: QPoint) -> int | None:
        x = point.x()
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x = self.viewport().width() - 1 - x
        return self.layout_.at(x, point.y() + self.verticalScrollBar().value())

    def _show_current(self) -> None:
        box = self.box_of(self.current)
        bar = self.verticalScrollBar()
        if box.top() < self.layout_.heading:
            bar.setValue(bar.value() + box.top() - self.layout_.heading)
        elif box.bottom() > self.viewport().height():
            bar.setValue(bar.value() + box.bottom() - self.viewport().height() + self.layout_.gap)
        self._describe()
        self.viewport().update()

    def _describe(self) -> None:
        tile = self._tiles.get(self.current)
        said = tile.title if tile else ""
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _lay_out(self, keep: int = -1) -> None:
        em = self.fontMetrics().height()
        sizes = (round(em * part) for part in (_CELL_EM, _GAP_EM, _HEADING_EM))
        self.layout_ = GridLayout(self._counts, self.viewport().width(), *sizes)
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self.layout_.pitch // 3)
        bar.setRange(0, max(0, self.layout_.height - self.viewport().height()))
        if 0 < keep < self.layout_.total:
            bar.setValue(self.layout_.place(keep).y - self.layout_.heading)
        self.viewport().update()
        self._rest.start()

    def _ask(self) -> None:
        first, last = self.visible_range()
        if last > first:
            self.needed.emit(first, last)
