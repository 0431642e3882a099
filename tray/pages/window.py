"""The window: a sidebar of pages, the page, and a line for what just happened. GUI thread.

Closing it hides it; the tray and the agent go on. A sidebar with a single page would be a door to nowhere, so it
appears with the second. Folders and files may be dropped anywhere on it.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QFileInfo, QSize, Qt, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

from agent.words.catalogue import _
from tray.pages.page import Page
from tray.widgets.drawing import app_icon, mark_icon
from tray.widgets.notice_bar import NoticeBar

_WIDTH_EM, _HEIGHT_EM = 64, 42
_SIDEBAR_EM = 11
_ENTRY_EM = 2.1


class Window(QWidget):
    """Shows the pages that exist.

    Signals:
        folder_dropped(str), files_dropped(list): paths of the system's that the person dropped.
    """

    folder_dropped = Signal(str)
    files_dropped = Signal(object)

    def __init__(self, pages: Sequence[Page]) -> None:
        super().__init__()
        self.setWindowTitle("Safelight")
        self.setWindowIcon(app_icon())
        self.notice = NoticeBar(self)
        self.sidebar = QListWidget(self)
        self.sidebar.setAccessibleName(_("Pages"))
        self.stack = QStackedWidget(self)
        self.setAcceptDrops(True)
        self.pages = tuple(pages)
        self._marks = [page.mark for page in pages]
        for page in pages:
            page.setAccessibleName(page.title)  # the arrow keys scroll it
            self.stack.addWidget(page)
            entry = QListWidgetItem(page.title)
            entry.setSizeHint(QSize(0, round(self.fontMetrics().height() * _ENTRY_EM)))
            self.sidebar.addItem(entry)
        self._colour_marks()
        self.sidebar.setVisible(len(pages) > 1)
        self.sidebar.currentRowChanged.connect(self.stack.setCurrentIndex)
        self.sidebar.setCurrentRow(0)
        self._arrange()
        self._bind_keys(len(pages))

    def show_page(self, at: int | Page) -> None:
        """Turn to a page, or to the one at this place."""
        self.sidebar.setCurrentRow(at if isinstance(at, int) else self.stack.indexOf(at))

    def tell(self, text: str) -> None:
        """Say a sentence at the top."""
        self.notice.say(text)

    def come_forward(self) -> None:
        """Open, or come before the other windows."""
        self.setWindowState((self.windowState() & ~Qt.WindowState.WindowMinimized) | Qt.WindowState.WindowActive)
        self.show()
        self.raise_()
        self.activateWindow()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(em * _WIDTH_EM, em * _HEIGHT_EM)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_marks"):  # Qt calls this before we are whole
            self._colour_marks()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        folders = [path for path in paths if QFileInfo(path).isDir()]
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        for path in folders:
            self.folder_dropped.emit(path)
        files = [path for path in paths if path not in folders]
        if files:
            self.files_dropped.emit(files)

    def _colour_marks(self) -> None:
        for at, mark in enumerate(self._marks):
            self.sidebar.item(at).setIcon(mark_icon(mark, self.palette()))

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        self.sidebar.setFixedWidth(em * _SIDEBAR_EM)
        self.sidebar.setIconSize(QSize(round(em * 1.2), round(em * 1.2)))
        self.sidebar.setSpacing(em // 6)
        self.sidebar.setFrameShape(QListWidget.Shape.NoFrame)
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(self.sidebar)
        beside.addWidget(self.stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addLayout(beside, 1)

    def _bind_keys(self, pages: int) -> None:
        for at in range(pages):
            self._bind(QKeySequence(f"Ctrl+{at + 1}")).triggered.connect(lambda *_checked, at=at: self.show_page(at))
        self._bind(QKeySequence(QKeySequence.StandardKey.Close)).triggered.connect(self.close)

    def _bind(self, keys: QKeySequence) -> QAction:
        action = QAction(self)
        action.setShortcut(keys)
        self.addAction(action)
        return action
