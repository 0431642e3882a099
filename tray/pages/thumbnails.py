"""Small pictures on their way from the agent's cache to the screen: asked for in pages, decoded a few at a time.

GUI thread. What is on the screen is kept, and as much of what was there before as a limit allows; nothing while the
window is closed. Qt's own cache would empty itself by a timer, whatever is on the screen. A picture that is still being
made is asked for again a little later, while it is still wanted.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from time import perf_counter

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from agent.protocol.cache import ThumbnailRow, Thumbnails, ThumbnailsWish
from agent.protocol.wire import Error
from tray.model import Model

#: What may be kept of pictures that are not on the screen.
KEPT_BYTES = 24 * 1_024 * 1_024
_PAGE = 60
#: Until what is being made is asked for again: at first, and at last.
_AGAIN_MS, _LONGEST_MS = 1_500, 60_000
#: How long pictures may be decoded before events have their turn again.
_BUDGET_S = 0.008


class PictureShelf(QObject):
    """The pictures of the files on the screen.

    Signals:
        arrived(): there are pictures that were not there before.
    """

    arrived = Signal()

    def __init__(self, model: Model, bound_px: int = 0, parent: QObject | None = None) -> None:
        """`bound_px` is the size that is asked for; 0 is the first of the settings."""
        super().__init__(parent)
        self._model = model
        self._bound_px = bound_px
        self._side_px = 160
        self._pause_ms = _AGAIN_MS
        self._wanted: list[int] = []
        self._asked: set[int] = set()
        self._passing: set[int] = set()
        self._none: set[int] = set()
        self._undrawn: deque[ThumbnailRow] = deque()
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()
        self._kept_bytes = 0
        self._drawing = QTimer(self, interval=0)
        self._drawing.timeout.connect(self._draw_some)
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._ask)

    def picture(self, identity: int) -> QPixmap | None:
        """A file's picture, None while there is none."""
        return self._pictures.get(identity)

    def want(self, identities: Sequence[int], side_px: int) -> None:
        """These are on the screen now, `side_px` large; what was wanted before no longer matters."""
        if identities and side_px != self._side_px:
            self._side_px = side_px
            self._drop()
        self._wanted = list(identities)
        for one in self._wanted:
            if one in self._pictures:
                self._pictures.move_to_end(one)
        self._pause_ms = _AGAIN_MS
        self._ask()

    def rest(self, *, keep: bool) -> None:
        """Nobody looks: nothing more is asked for, and without `keep` (the window is closed) nothing is kept."""
        self.want((), 0)
        if not keep:
            self._again.stop()
            self._undrawn.clear()
            self._drop()

    def forget(self) -> None:
        """The agent is another one: ask for everything anew."""
        self._asked.clear()
        self._none.clear()
        self._undrawn.clear()

    def _ask(self) -> None:
        missing = [
            one
            for one in self._wanted
            if one not in self._asked and one not in self._none and (one in self._passing or self.picture(one) is None)
        ]
        for at in range(0, len(missing), _PAGE):
            self._ask_page(missing[at : at + _PAGE])

    def _ask_page(self, page: Sequence[int]) -> None:
        self._asked.update(page)
        self._model.call(
            "cache.thumbnails",
            ThumbnailsWish(tuple(page), self._bound_px),
            lambda found: self._take(page, found),
            lambda error: self._refused(page, error),
            owner=self,
        )

    def _take(self, page: Sequence[int], found: Thumbnails) -> None:
        self._asked.difference_update(page)
        waiting = bool(found.left)
        for row in found.rows:
            if row.failure is not None:
                self._none.add(row.id)
            elif row.data is None:
                waiting = True
            else:
                self._undrawn.append(row)
                waiting = waiting or not row.is_final
        if self._undrawn and not self._drawing.isActive():
            self._drawing.start()
        if waiting and not self._again.isActive():
            self._again.start(self._pause_ms)
            self._pause_ms = min(2 * self._pause_ms, _LONGEST_MS)

    def _refused(self, page: Sequence[int], _error: Error) -> None:
        self._asked.difference_update(page)  # asked for again with the next scroll

    def _draw_some(self) -> None:
        until = perf_counter() + _BUDGET_S
        while self._undrawn and perf_counter() < until:
            self._draw(self._undrawn.popleft())
        if not self._undrawn:
            self._drawing.stop()
        self.arrived.emit()

    def _draw(self, row: ThumbnailRow) -> None:
        image = QImage.fromData(row.data or b"")
        if image.isNull():
            self._none.add(row.id)
            return
        side = QSize(self._side_px, self._side_px)
        if min(image.width(), image.height()) > self._side_px:
            image = image.scaled(
                side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            )
        self._keep(row.id, QPixmap.fromImage(image))
        if row.is_final:
            self._passing.discard(row.id)
        else:
            self._passing.add(row.id)

    def _keep(self, identity: int, picture: QPixmap) -> None:
        self._kept_bytes += _bytes(picture) - _bytes(self._pictures.get(identity))
        self._pictures[identity] = picture
        self._pictures.move_to_end(identity)
        seen = len(self._wanted)  # those were touched last, and stay however large the screen is
        while self._kept_bytes > KEPT_BYTES and len(self._pictures) > seen:
            _oldest, gone = self._pictures.popitem(last=False)
            self._kept_bytes -= _bytes(gone)

    def _drop(self) -> None:
        self._pictures.clear()
        self._kept_bytes = 0


def _bytes(picture: QPixmap | None) -> int:
    return 0 if picture is None else picture.width() * picture.height() * picture.depth() // 8
