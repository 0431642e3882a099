"""What of the library is shown: by text, state, kind and folder. A row of native controls. GUI thread."""

from collections.abc import Sequence
from typing import get_args

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from agent import words
from agent.protocol.methods import LibraryFilter
from agent.protocol.types import FileState
from agent.words.catalogue import _
from tray.widgets.flow import FlowLayout

_REST_MS = 300
_STATES: tuple[FileState, ...] = get_args(FileState)


class FilterBar(QWidget):
    """Asks for a filter.

    Signals:
        chosen(LibraryFilter): show these.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLineEdit(self)
        self.text.setPlaceholderText(_("Search by name or folder"))
        self.text.setAccessibleName(_("Search by name or folder"))
        self.text.setClearButtonEnabled(True)
        hint = self.fontMetrics().horizontalAdvance(self.text.placeholderText())
        self.text.setMinimumWidth(hint + 3 * self.fontMetrics().height())
        self.state = _combo(_("State"), [(None, _("Every state")), *((one, words.state(one)) for one in _STATES)])
        self.role = _combo(_("Kind"), [(None, _("Photos and videos")), ("still", _("Photos")), ("video", _("Videos"))])
        self.folder = _combo(_("Folder"), [(None, _("Every folder"))])
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        line = FlowLayout(self.fontMetrics().height() // 2, self)
        for control in (self.text, self.state, self.role, self.folder):
            line.addWidget(control)
        self.text.textChanged.connect(self._typed)
        self.text.returnPressed.connect(self._choose)
        self._rest.timeout.connect(self._choose)
        for combo in (self.state, self.role, self.folder):
            combo.activated.connect(self._choose)

    def filter(self) -> LibraryFilter:
        """What is chosen now."""
        return LibraryFilter(
            self.state.currentData(), self.folder.currentData(), self.role.currentData(), self.text.text().strip()[:200]
        )

    def show_folders(self, paths: Sequence[str]) -> None:
        """Offer these folders (wire text); one that is gone is no longer chosen."""
        known = [self.folder.itemData(at) for at in range(1, self.folder.count())]
        if list(paths) == known:
            return
        chosen = self.folder.currentData()
        while self.folder.count() > 1:
            self.folder.removeItem(1)
        for path in paths:
            self.folder.addItem(words.display_path(path), path)
        at = self.folder.findData(chosen)
        self.folder.setCurrentIndex(max(at, 0))
        if at < 0:
            self._choose()

    def show_state(self, state: FileState | None) -> None:
        """Choose a state, and nothing else."""
        for combo in (self.role, self.folder):
            combo.setCurrentIndex(0)
        self.text.clear()
        self.state.setCurrentIndex(max(0, self.state.findData(state)))
        self._choose()

    def _typed(self) -> None:
        self._rest.start()

    def _choose(self) -> None:
        self._rest.stop()
        self.chosen.emit(self.filter())


def _combo(name: str, options: Sequence[tuple[str | None, str]]) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    combo.setMaximumWidth(combo.fontMetrics().averageCharWidth() * 34)
    for value, text in options:
        combo.addItem(text, value)
    return combo
