"""All pictures as a grid by month, with how each stands; a person filters, looks and acts. GUI thread."""

import os

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from agent.protocol.methods import PathRef
from agent.protocol.paths import from_wire
from agent.protocol.types import FileDetail, FileRow, FileState
from agent.words.catalogue import _, fill, ngettext
from tray.model import Model, explained
from tray.pages.deed_buttons import Deed, DeedButtons
from tray.pages.file_facts import link_in_immich
from tray.pages.library_filter import FilterBar
from tray.pages.library_pages import LibraryPages, month_titles
from tray.pages.lightbox import Lightbox, Reveal
from tray.pages.page import Page
from tray.pages.revealing import Revealer
from tray.pages.thumbnails import PictureShelf
from tray.widgets.flow import FlowLayout
from tray.widgets.photo_grid import PhotoGrid
from tray.widgets.telling import tell
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton


class LibraryPage(Page):
    """The grid, its filters, and what can be done with what is selected."""

    scrolls_inside = True

    def __init__(self, model: Model, reveal: Reveal | None = None, parent: QWidget | None = None) -> None:
        """`reveal` shows a path of the system's in its file manager."""
        super().__init__(model, parent)
        self.title = _("Library")
        self.mark = "page-library"
        self._reveal = reveal or Revealer(model.told.emit, self)
        self.lightbox: Lightbox | None = None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not event.spontaneous():
            self._want_pictures()  # they rested while nobody looked

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous() and hasattr(self, "shelf"):
            self.shelf.rest(keep=not self.window().isHidden())

    def build(self) -> None:
        self.shelf = PictureShelf(self.model, parent=self)
        self.pages = LibraryPages(self.model, self)
        self.filters = FilterBar()
        self.said = Aside()
        self.grid = PhotoGrid(self.shelf.picture)
        self.grid.setAccessibleName(_("Photos and videos"))
        self.count = Aside()
        self.deeds = DeedButtons(self.model, self._hand_over, self.body)
        self.came = BreakableSentence()
        self.open = TextButton(_("&Look at it"))
        self.show_file = TextButton(_("&Show in the file manager"))
        self.immich = TextButton(_("Open in &Immich"))
        self._arrange()
        self._connect()
        self.pages.show_only(self.filters.filter())

    def refresh(self, sections: frozenset[str]) -> None:
        snapshot = self.model.snapshot
        self.body.setEnabled(snapshot is not None)
        if snapshot is None:
            tell(self.said, self.model.without_agent)
            self._say("")
            return
        self._want_pictures()
        self.filters.show_folders([folder.path for folder in snapshot.folders])
        if "connection" in sections:
            self._say("")
            self.shelf.forget()
            self.pages.show_only(self.filters.filter())
        elif sections & {"library", "folders"}:
            self.pages.touch()

    def show_state(self, state: FileState) -> None:
        """Show only the files that stand like this."""
        self.ready()
        self.filters.show_state(state)

    def selected(self) -> list[FileRow]:
        """The selected files, as far as they are known."""
        return [self.pages.rows[one] for one in sorted(self.grid.selected) if one in self.pages.rows]

    # --- showing ----------------------------------------------------------------------------------------------------

    def _months_changed(self) -> None:
        self.grid.show_months(month_titles(self.pages.months))
        empty = self.pages.total == 0
        self.grid.setVisible(not empty)
        self.said.setVisible(empty)
        is_filtered = self.filters.filter() != type(self.pages.only)()
        self.said.setText(
            _("Nothing fits this choice.") if is_filtered else _("No photos or videos yet. Add a folder to begin.")
        )
        self._selection_changed()

    def _rows_changed(self) -> None:
        self.grid.show_tiles(self.pages.tiles)
        self._offer()
        self._want_pictures()

    def _needed(self, first: int, last: int) -> None:
        self.pages.need(first, last)
        self._want_pictures()

    def _want_pictures(self) -> None:
        first, last = self.grid.visible_range()
        shown = [self.pages.rows[one].id for one in range(first, last) if one in self.pages.rows]
        self.shelf.want(shown, round(self.grid.layout_.tile * self.devicePixelRatioF()))

    def _selection_changed(self) -> None:
        chosen = len(self.grid.selected)
        if chosen:
            text = ngettext("{count} selected", "{count} selected", chosen)
            self.count.setText(fill(text, {"count": chosen}))
        else:
            total = self.pages.total
            text = ngettext("{count} photo or video", "{count} photos and videos", total)
            self.count.setText(fill(text, {"count": total}))
        self._offer()

    def _offer(self) -> None:
        """What can be done with what is selected, as far as that is known."""
        chosen = len(self.grid.selected)
        self.open.setEnabled(chosen == 1)
        self.show_file.setEnabled(chosen == 1)
        self.immich.setEnabled(chosen == 1)
        snapshot = self.model.snapshot
        self.immich.setVisible(snapshot is not None and any(one.kind == "immich" for one in snapshot.destinations))
        self.deeds.offer(self.selected(), chosen)

    # --- doing ------------------------------------------------------------------------------------------------------

    def _open_current(self) -> None:
        if self.grid.current >= 0:
            self._open(self.grid.current)

    def _open(self, position: int) -> None:
        if position not in self.pages.rows:
            return
        if self.lightbox is None:
            self.lightbox = Lightbox(self.model, self.shelf.picture, self._reveal, self.window())
            self.lightbox.moved.connect(self._move)
            self.lightbox.finished.connect(self._closed)
        self.lightbox.show_file(self.pages.rows[position])
        self.lightbox.open()

    def _move(self, by: int) -> None:
        position = self.grid.current + by
        if position in self.pages.rows and self.lightbox is not None:
            self.grid.select(position)
            self.lightbox.show_file(self.pages.rows[position])

    def _closed(self) -> None:
        if self.lightbox is not None:
            self.lightbox.deleteLater()
            self.lightbox = None
            self.grid.setFocus()

    def _hand_over(self, deed: Deed) -> None:
        """All that is selected, also what was never on the screen."""
        self.pages.gather(sorted(self.grid.selected), deed)

    def _say(self, said: str) -> None:
        """What came of what was asked; nothing takes no room."""
        tell(self.came, said)

    def _failed(self, said: str) -> None:
        if self.model.snapshot is not None:  # else that is said already, with the next step
            self._say(said)

    def _show_in_file_manager(self) -> None:
        for row in self.selected()[:1]:
            self._reveal(os.fsdecode(from_wire(row.path)))

    def _open_in_immich(self) -> None:
        for row in self.selected()[:1]:
            ask = PathRef(row.path)
            self.model.call("library.show", ask, self._found, lambda error: self._say(explained(error)), owner=self)

    def _found(self, detail: FileDetail) -> None:
        link = link_in_immich(detail, self.model.snapshot)
        self._say("" if link else _("It is not on the Immich server yet."))
        if link:
            QDesktopServices.openUrl(QUrl(link))

    def _show_menu(self, at: QPoint) -> None:
        self.menu().popup(at)

    def menu(self) -> QMenu:
        """What can be done with what is selected; it goes when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in (self.open, *self.deeds.buttons, self.show_file, self.immich):
            if button.isHidden():
                continue
            action = menu.addAction(button.text())
            action.setEnabled(button.isEnabled())
            action.triggered.connect(lambda *_checked, button=button: button.click())
        return menu

    # --- putting together -------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.filters.chosen.connect(self.pages.show_only)
        self.pages.months_changed.connect(self._months_changed)
        self.pages.rows_changed.connect(self._rows_changed)
        self.pages.failed.connect(self._failed)
        self.shelf.arrived.connect(self.grid.viewport().update)
        self.grid.needed.connect(self._needed)
        self.grid.opened.connect(self._open)
        self.grid.selection_changed.connect(self._selection_changed)
        self.grid.menu_wanted.connect(self._show_menu)
        self.open.clicked.connect(self._open_current)
        self.show_file.clicked.connect(self._show_in_file_manager)
        self.immich.clicked.connect(self._open_in_immich)
        self.deeds.said.connect(self._say)
        self.deeds.done.connect(self.pages.look_again)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.activated.connect(self.filters.text.setFocus)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(em, em, 0, em // 2)
        column.setSpacing(em // 2)
        column.addWidget(self.filters)
        column.addWidget(self.said)
        column.addWidget(self.grid, 1)
        buttons = FlowLayout(em // 2)
        for button in (self.open, *self.deeds.buttons, self.show_file, self.immich):
            buttons.addWidget(button)
        self._offer()
        self.came.hide()
        column.addWidget(self.count)
        column.addLayout(buttons)
        column.addWidget(self.came)
        self.said.hide()
