"""One picture, large, with all that is known of it and what can be done. GUI thread; never waits.

It shows what the agent's cache holds: the files themselves are opened by the agent's confined decoders alone.
"""

import os
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QKeySequence, QPixmap, QShortcut
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from agent.protocol.cache import MediaInfo, Thumbnail, ThumbnailWish
from agent.protocol.methods import PathRef
from agent.protocol.paths import from_wire
from agent.protocol.types import FileDetail, FileRow
from agent.protocol.wire import Error
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.pages.deed_buttons import Deed, DeedButtons
from tray.pages.file_facts import (
    about_content,
    about_copies,
    about_file,
    about_history,
    about_media,
    link_in_immich,
)
from tray.widgets.picture import Picture
from tray.widgets.telling import tell
from tray.widgets.text import Aside, BreakableSentence, style_as_heading, style_as_headline
from tray.widgets.text_button import TextButton

Reveal = Callable[[str], None]
_LARGE_PX = 1_440
_SIDE_EM = 19
_WIDTH_EM, _HEIGHT_EM = 66, 42


class Lightbox(QDialog):
    """Shows one file at a time.

    Signals:
        moved(int): the person wants the next (1) or the one before (-1).
    """

    moved = Signal(int)

    def __init__(
        self,
        model: Model,
        small: Callable[[int], QPixmap | None],
        reveal: Reveal,
        parent: QWidget | None = None,
    ) -> None:
        """`small` gives the picture of the grid; `reveal` shows a path in the file manager."""
        super().__init__(parent)
        self._model = model
        self._small = small
        self._reveal = reveal
        self._file: FileRow | None = None
        self._web = ""
        #: Whether an answer on it is awaited, and whether it may stand otherwise than that will say.
        self._asking = self._is_stale = False
        self.picture = Picture(self)
        self.title = BreakableSentence(self)
        style_as_headline(self.title)
        self.facts = Aside(self)
        self.media = Aside(self)
        self.copies = BreakableSentence(self)
        self.history = Aside(self)
        self.show_file_ = TextButton(_("&Show in the file manager"), self)
        self.immich = TextButton(_("Open in &Immich"), self)
        self.deeds = DeedButtons(model, self._hand_over, self)
        self.said = BreakableSentence(self)
        self.said.hide()
        self.before = TextButton(_("&Previous"), self)
        self.after = TextButton(_("&Next"), self)
        self.close_ = TextButton(_("&Close"), self)
        self._arrange()
        self._connect()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        usual, around = QSize(em * _WIDTH_EM, em * _HEIGHT_EM), self.parentWidget()
        return usual if around is None else usual.expandedTo(around.size() * 0.95)

    def show_file(self, file: FileRow) -> None:
        """Show this file: what is known at once, the rest when it comes."""
        self._file = file
        self._web = ""
        self.setWindowTitle(file.name)
        self.title.setText(file.name)
        self.facts.setText(about_file(file))
        self.picture.setAccessibleName(file.name)
        self.picture.show_picture(self._small(file.id), is_video=file.role == "video")
        for label in (self.media, self.copies, self.history):
            label.setText("")
        self.immich.setEnabled(False)
        self._say("")
        self.deeds.offer((file,), 1)
        call, path = self._model.call, file.path
        self._ask_detail()
        call("cache.metadata", PathRef(path), lambda found: self._take_media(path, found), _nothing, owner=self)
        wish = ThumbnailWish(path, _LARGE_PX, quick=True)
        call("cache.thumbnail", wish, lambda found: self._take_picture(path, found), _nothing, owner=self)

    def _step(self, by: int) -> None:
        self.moved.emit(-by if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else by)

    def _is_shown(self, path: str) -> bool:
        return self._file is not None and self._file.path == path

    def _take_detail(self, path: str, found: FileDetail) -> None:
        if not self._is_shown(path):
            return
        self._file = found.file
        self.deeds.offer((found.file,), 1)
        self.facts.setText("\n".join(part for part in (about_file(found.file), about_content(found)) if part))
        self.copies.setText(about_copies(found, self._model.snapshot, self._model.now_at()))
        self.history.setText(about_history(found, self._model.now_at()))
        self._web = link_in_immich(found, self._model.snapshot)
        self.immich.setEnabled(bool(self._web))

    def _take_media(self, path: str, found: MediaInfo) -> None:
        if self._is_shown(path):
            self.media.setText(about_media(found))

    def _take_picture(self, path: str, found: Thumbnail) -> None:
        pixmap = QPixmap()
        if self._is_shown(path) and self._file is not None and pixmap.loadFromData(found.data):
            self.picture.show_picture(pixmap, is_video=self._file.role == "video")
            if not found.is_final:
                wish = ThumbnailWish(path, _LARGE_PX)
                self._model.call(
                    "cache.thumbnail", wish, lambda final: self._take_picture(path, final), _nothing, owner=self
                )

    def _ask_detail(self) -> None:
        if self._file is None:
            return
        path, self._asking, self._is_stale = self._file.path, True, False

        def told(found: FileDetail) -> None:
            self._take_detail(path, found)
            self._answered()

        def refused(error: Error) -> None:
            if self._is_shown(path):
                self._say(explained(error))
            self._asking = False

        self._model.call("library.show", PathRef(path), told, refused, owner=self)

    def _answered(self) -> None:
        self._asking = False
        if self._is_stale:
            self._ask_detail()

    def _follow(self, sections: frozenset[str]) -> None:
        """It is copied, say, while the person looks: one question at a time, however fast things change."""
        if not sections & {"library", "holds", "problems"} or not self.isVisible() or self._model.snapshot is None:
            return
        if self._asking:
            self._is_stale = True
        else:
            self._ask_detail()

    def _say(self, said: str) -> None:
        """What came of what was asked; nothing takes no room."""
        tell(self.said, said)

    def _hand_over(self, deed: Deed) -> None:
        if self._file is not None:
            deed((self._file,))

    def _show_in_file_manager(self) -> None:
        if self._file is not None:
            self._reveal(os.fsdecode(from_wire(self._file.path)))

    def _connect(self) -> None:
        self._model.changed.connect(self._follow)
        self.deeds.said.connect(self._say)
        self.deeds.done.connect(self._ask_detail)
        self.show_file_.clicked.connect(self._show_in_file_manager)
        self.immich.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(self._web)))
        self.before.clicked.connect(lambda: self.moved.emit(-1))
        self.after.clicked.connect(lambda: self.moved.emit(1))
        self.close_.clicked.connect(self.reject)
        for key, by in ((Qt.Key.Key_Left, -1), (Qt.Key.Key_Right, 1)):  # shortcuts: buttons take these keys themselves
            QShortcut(QKeySequence(key), self).activated.connect(lambda by=by: self._step(by))

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em // 2)
        for widget in (self.title, self.facts, self.media):
            column.addWidget(widget)
        for name, label in ((_("Copies"), self.copies), (_("History"), self.history)):
            heading = BreakableSentence()
            style_as_heading(heading)
            heading.setText(name)
            column.addSpacing(em // 2)
            column.addWidget(heading)
            column.addWidget(label)
        column.addStretch(1)
        for button in (*self.deeds.buttons, self.show_file_, self.immich):
            column.addWidget(button)
        column.addWidget(self.said)
        steps = QHBoxLayout()
        for button in (self.before, self.after):
            steps.addWidget(button)
        steps.addStretch(1)
        column.addLayout(steps)
        column.addWidget(self.close_)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(max(em * _SIDE_EM, side.minimumSizeHint().width() + em))
        scroll.setWidget(side)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus, and has no keys of its own
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.picture, 1)
        row.addWidget(scroll)
        self.after.setFocus()  # so that Enter leads on and asks for nothing


def _nothing(_error: object) -> None:
    """A file without a picture or facts is shown without."""
