"""The watched folders: how each stands, where it goes and by which rules; adding, changing and removing. GUI thread."""

import os
from collections import deque
from collections.abc import Callable, Sequence

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QWidget

from agent import words
from agent.protocol.methods import BackupStart, Folders, PathRef
from agent.protocol.paths import from_wire, to_wire
from agent.protocol.settings import FolderSetting
from agent.protocol.types import Destination, Folder
from agent.words.catalogue import _, fill, ngettext
from tray.model import Model
from tray.pages.folder_card import FolderCard
from tray.pages.folder_dialog import FolderDialog
from tray.pages.page import Page
from tray.widgets.choosing import choose_folder
from tray.widgets.question import ask
from tray.widgets.row_list import RowList
from tray.widgets.text import Aside, Sentence, style_as_headline
from tray.widgets.text_button import TextButton

Choose = Callable[[QWidget], str]


class FoldersPage(Page):
    """A card for each folder."""

    def __init__(self, model: Model, choose: Choose = choose_folder, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.title = _("Folders")
        self.mark = "folder"
        self._choose = choose
        self._settings: dict[str, FolderSetting] = {}
        self._warnings: dict[str, tuple[str, ...]] = {}
        self.dialog: FolderDialog | None = None
        #: Folders that were offered together and have not had their turn.
        self._offered: deque[str] = deque()
        self.question: QMessageBox | None = None

    def build(self) -> None:
        self.heading = Sentence()
        style_as_headline(self.heading)
        self.hint = Aside()
        self.hint.setText(_("You can also drop a folder onto this window."))
        self.add = TextButton(_("&Add a folder …"), primary=True)
        self.add.clicked.connect(self._ask_for_folder)
        self.cards: RowList[FolderCard] = RowList(self._make_card)
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.heading, 1)
        row.addWidget(self.add)
        column = self.stack((head, self.cards, self.hint))
        column.addStretch(1)

    def refresh(self, sections: frozenset[str]) -> None:
        snapshot = self.model.snapshot
        self.add.setEnabled(snapshot is not None)
        self._show_cards()
        if snapshot is not None and sections & {"settings_revision", "connection"}:
            self.model.call("folder.list", None, self._listed, owner=self)

    def add_folder(self, path: str) -> None:
        """Offer to watch the folder at this path of the system's; several one after the other."""
        self._offered.append(path)
        if self.dialog is None:
            self._offer_next()

    def _offer_next(self) -> None:
        setting = FolderSetting(to_wire(os.fsencode(self._offered.popleft())))
        self._open(FolderDialog(self.model, setting, is_new=True, parent=self.window()))

    def _listed(self, folders: Folders) -> None:
        self._settings = {setting.path: setting for setting in folders.rows}
        self._warnings = folders.warnings
        self._show_cards()

    def _show_cards(self) -> None:
        snapshot = self.model.snapshot
        folders = snapshot.folders if snapshot else ()
        self.heading.setText(_heading(folders) if snapshot else self.model.without_agent)
        self.hint.setVisible(snapshot is not None)
        self.cards.setVisible(bool(folders))
        destinations = snapshot.destinations if snapshot else ()
        self.cards.show_items(folders, lambda card, folder: self._fill(card, folder, destinations))

    def _fill(self, card: FolderCard, folder: Folder, destinations: Sequence[Destination]) -> None:
        card.show_folder(folder, self._settings.get(folder.path), {one.id: one.name for one in destinations})
        card.show_warnings(self._said_of(folder))

    def _said_of(self, folder: Folder) -> list[str]:
        """What deserves a word: what is so for good, and what is wrong just now beside its being away."""
        problems = self.model.snapshot.problems if self.model.snapshot else ()
        shown = words.display_path(folder.path)
        return [words.warning(code) for code in self._warnings.get(folder.path, ())] + [
            words.sentences(*words.problem(one))
            for one in problems
            if one.args.get("path") == shown and one.code != "folder_missing"
        ]

    def _make_card(self) -> FolderCard:
        card = FolderCard()
        card.change.clicked.connect(lambda: self._change(card.path))
        card.remove.clicked.connect(lambda: self._ask_to_remove(card.path))
        card.back_up.clicked.connect(lambda: self.model.call("backup.start", BackupStart((card.path,))))
        card.open.clicked.connect(lambda: _open_in_file_manager(card.path))
        return card

    def _ask_for_folder(self) -> None:
        chosen = self._choose(self)
        if chosen:
            self.add_folder(chosen)

    def _change(self, path: str) -> None:
        setting = self._settings.get(path)
        if setting is not None:
            self._open(FolderDialog(self.model, setting, is_new=False, parent=self.window()))

    def _open(self, dialog: FolderDialog) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        self.dialog = dialog
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
        if self._offered:
            self._offer_next()

    def _ask_to_remove(self, path: str) -> None:
        self.question = ask(
            self,
            _("Stop watching"),
            fill(_("Stop watching {path}?"), {"path": words.display_path(path)}),
            _(
                "Nothing is deleted: the pictures stay on this computer, and the copies that were made stay where "
                "they are. New pictures in this folder are no longer backed up."
            ),
            _("&Stop watching"),
            lambda: self.model.call("folder.remove", PathRef(path)),
        )


def _heading(folders: Sequence[Folder]) -> str:
    if not folders:
        return _("No folder is watched yet.")
    return fill(
        ngettext("{count} folder is kept safe", "{count} folders are kept safe", len(folders)), {"count": len(folders)}
    )


def _open_in_file_manager(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(os.fsdecode(from_wire(path))))
