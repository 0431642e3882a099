"""A row of small pictures, as many as there is room for, each of them a button."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QStyle, QWidget

from tray.widgets.tile import Tile, draw_badges, draw_choice, draw_tile

_SIDE_EM, _GAP_EM = 6.0, 0.5
_EDGE_PX = 2


class PictureStrip(QWidget):
    """Shows the first ones of what it is given.

    Signals:
        chosen(int): the person wants to see the picture at this place large.
        room_changed(): more or fewer pictures than before have room.
    """

    chosen = Signal(int)
    room_changed = Signal()

    def __init__(self, picture_of: Callable[[int], QPixmap | None], parent: QWidget | None = None) -> None:
        """`picture_of` gives the picture of a file's id, None while there is none; asked at every paint."""
        super().__init__(parent)
        self._picture_of = picture_of
        self._tiles: tuple[Tile, ...] = ()
        self.buttons: list[PictureButton] = []
        self._room = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def side_px(self) -> int:
        """How large a picture is."""
        return round(self.fontMetrics().height() * _SIDE_EM)

    def show_tiles(self, tiles: Sequence[Tile]) -> None:
        """Show these, the first one first."""
        self._tiles = tuple(tiles)
        self._fill()

    def shown(self) -> tuple[Tile, ...]:
        """Those that have room."""
        return self._tiles[: self._room]

    def sizeHint(self) -> QSize:
        return QSize(self.side_px * 4, self.side_px)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.side_px, self.side_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def _fill(self) -> None:
        side, gap = self.side_px, round(self.fontMetrics().height() * _GAP_EM)
        room = max(1, (self.width() + gap) // (side + gap))
        while len(self.buttons) < min(room, len(self._tiles)):
            self.buttons.append(self._make_button(len(self.buttons)))
        for at, button in enumerate(self.buttons):
            is_shown = at < min(room, len(self._tiles))
            if is_shown:
                box = QRect(at * (side + gap), 0, side, side)
                button.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), box))
                button.show_tile(self._tiles[at])
            button.setVisible(is_shown)
        if room != self._room:
            self._room = room
            self.room_changed.emit()

    def _make_button(self, at: int) -> "PictureButton":
        button = PictureButton(self._picture_of, self)
        button.clicked.connect(lambda: self.chosen.emit(at))
        return button


class PictureButton(QAbstractButton):
    """One picture with the badge of its state."""

    def __init__(self, picture_of: Callable[[int], QPixmap | None], parent: QWidget) -> None:
        super().__init__(parent)
        self._picture_of = picture_of
        self._tile: Tile | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_tile(self, tile: Tile) -> None:
        """Show this file."""
        self._tile = tile
        self.setAccessibleName(tile.title)
        self.setToolTip(tile.title)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
        palette = self.palette()
        draw_tile(painter, box, self._tile, self._picture_of(self._tile.id) if self._tile else None, palette)
        draw_choice(painter, box, palette, selected=self.isDown(), current=self.hasFocus())
        if self._tile is not None:
            draw_badges(painter, box, self._tile, palette)
        painter.end()
