"""The pictures that were copied last, as a strip; one that is clicked opens large. GUI thread.

Asks the agent again, a few seconds apart at least, when something was copied while it is seen.
"""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent

from agent.protocol.methods import Files, LibraryRecent
from agent.protocol.types import FileRow
from agent.words.catalogue import _
from tray.model import Model
from tray.pages.library_pages import tile_of
from tray.pages.lightbox import Lightbox, Reveal
from tray.pages.thumbnails import PictureShelf
from tray.widgets.card import Card
from tray.widgets.picture_strip import PictureStrip

_MOST = 24
_AGAIN_MS = 2_000


class RecentCard(Card):
    """There when something was copied."""

    def __init__(self, model: Model, reveal: Reveal) -> None:
        super().__init__(_("Backed up last"))
        self._model = model
        self._reveal = reveal
        self._at = 0
        self.rows: tuple[FileRow, ...] = ()
        self.lightbox: Lightbox | None = None
        self.shelf = PictureShelf(model, parent=self)
        self.strip = PictureStrip(self.shelf.picture)
        self.strip.setAccessibleName(_("Backed up last"))
        self.body.addWidget(self.strip)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._ask)
        self.shelf.arrived.connect(self.strip.update)
        self.strip.room_changed.connect(self._want_pictures)
        self.strip.chosen.connect(self._open)
        self.hide()

    @property
    def is_complete(self) -> bool:
        """Whether every picture that has room is there."""
        return all(self.shelf.picture(tile.id) is not None for tile in self.strip.shown())

    def refresh(self, sections: frozenset[str]) -> None:
        """These sections are new."""
        if self._model.snapshot is None:
            self._show(())
        elif "connection" in sections:
            self.shelf.forget()
            self._ask()
        elif sections & {"backup", "library"} and not self._again.isActive():
            self._again.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._want_pictures()  # they rested while nobody looked

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.shelf.rest(keep=not self.window().isHidden())

    def _ask(self) -> None:
        self._model.call("library.recent", LibraryRecent(_MOST), self._take, lambda _error: None, owner=self)

    def _take(self, found: Files) -> None:
        self._show(found.rows)

    def _show(self, rows: tuple[FileRow, ...]) -> None:
        self.rows = rows
        self.strip.show_tiles([tile_of(row) for row in rows])
        self.setVisible(bool(rows))
        self._want_pictures()

    def _want_pictures(self) -> None:
        if self.rows:
            side_px = round(self.strip.side_px * self.devicePixelRatioF())
            self.shelf.want([tile.id for tile in self.strip.shown()], side_px)

    def _open(self, at: int) -> None:
        if self.lightbox is None:
            self.lightbox = Lightbox(self._model, self.shelf.picture, self._reveal, self.window())
            self.lightbox.moved.connect(self._move)
            self.lightbox.finished.connect(self._closed)
        self._at = at
        self.lightbox.show_file(self.rows[at])
        self.lightbox.open()

    def _move(self, by: int) -> None:
        at = self._at + by
        if self.lightbox is not None and 0 <= at < len(self.rows):
            self._at = at
            self.lightbox.show_file(self.rows[at])

    def _closed(self) -> None:
        if self.lightbox is not None:
            self.lightbox.deleteLater()
            self.lightbox = None
