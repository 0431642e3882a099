"""The rules of a folder as controls: what is taken, where it goes, albums, and when. Edits a value, asks nobody."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from agent.protocol.settings import FolderRules, Override
from agent.words.catalogue import _
from tray.widgets.card import Card
from tray.widgets.labelled import Check, Labelled, name_button, steady
from tray.widgets.lines_edit import LinesEdit
from tray.widgets.text import Aside, Line

#: What no album can be called, since it means something else.
_NO_NAMES = frozenset({"", "none", "folder"})


class PlacesForm(Card):
    """Where the copies of a folder go.

    Signals:
        edited(): the answer is another one.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Where the copies go"), parent)
        self.everywhere = Check(_("Everywhere"), _("To every destination, also to those that you add later."))
        self.body.addWidget(self.everywhere)
        self._column = QVBoxLayout()
        self.body.addLayout(self._column)
        self._boxes: dict[str, QCheckBox] = {}
        self.everywhere.box.toggled.connect(self._toggled)

    def show_choice(self, known: Sequence[tuple[str, str]], chosen: Sequence[str]) -> None:
        """`known` are the destinations as (id, name); nothing chosen is everywhere."""
        for identity, name in known:
            box = QCheckBox(name.replace("&", "&&"), self)
            name_button(box)
            box.setChecked(identity in chosen)
            box.toggled.connect(self.edited)
            self._boxes[identity] = box
            self._column.addWidget(box)
        self.everywhere.box.setChecked(not chosen)
        self._toggled()

    def choice(self) -> tuple[str, ...]:
        """The chosen ids; none is everywhere."""
        if self.everywhere.box.isChecked():
            return ()
        return tuple(identity for identity, box in self._boxes.items() if box.isChecked())

    def lacking(self) -> str:
        """What is still to be done before this is an answer; empty where it is one."""
        is_answer = self.everywhere.box.isChecked() or bool(self.choice())
        return "" if is_answer else _("Choose where the copies go.")

    def _toggled(self) -> None:
        for box in self._boxes.values():
            box.setEnabled(not self.everywhere.box.isChecked())
        self.edited.emit()


class RulesForm(QWidget):
    """All that `FolderRules` holds.

    Signals:
        edited(): the rules are others.
        selection_edited(): and other files may be taken.
    """

    edited = Signal()
    selection_edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recursive = Check(_("With subfolders"))
        self.hidden = Check(_("With hidden files"))
        self.include = LinesEdit(_("Take only these"), _("everything"))
        self.exclude = LinesEdit(_("Leave these out"), "*.png\nDrafts/")
        self.album = _combo((("none", _("None")), ("folder", _("Named like the folders")), ("one", _("One album:"))))
        self.album_name = QLineEdit(self)
        self.album_name.setAccessibleName(_("Name of the album"))
        self.album_name.setMaxLength(120)
        self.album_name.setPlaceholderText(_("Name of the album"))
        self.stack = Check(_("Stack RAW and JPEG"), _("A RAW and the JPEG of the same shot become one stack."))
        usual = (("auto", _("As in the settings")), ("yes", _("Yes")), ("no", _("No")))
        self.tag = Check(_("Tag with the folders"), _("One tag for each folder, below that of its parent."))
        self.favorite = Check(_("Mark as favourites"), _("What is new at a server becomes a favourite there."))
        self.archive = Check(_("Put into the archive"), _("What is new at a server is kept out of its timeline."))
        self.unmetered = _combo(usual)
        self.charging = _combo(usual)
        self._arrange()
        self._connect()

    def show_rules(self, rules: FolderRules) -> None:
        """Show these, without a signal."""
        self.blockSignals(True)
        self.recursive.box.setChecked(rules.recursive)
        self.hidden.box.setChecked(rules.hidden)
        self.include.show_lines(rules.include)
        self.exclude.show_lines(rules.exclude)
        named = rules.album not in {"none", "folder"}
        self.album.setCurrentIndex(self.album.findData("one" if named else rules.album))
        self.album_name.setText(rules.album if named else "")
        self.album_name.setVisible(named)
        self.stack.box.setChecked(rules.stack)
        self.tag.box.setChecked(rules.tag)
        self.favorite.box.setChecked(rules.favorite)
        self.archive.box.setChecked(rules.visibility == "archive")
        self.unmetered.setCurrentIndex(self.unmetered.findData(rules.require_unmetered))
        self.charging.setCurrentIndex(self.charging.findData(rules.require_charging))
        self.blockSignals(False)

    def rules(self) -> FolderRules:
        """What the controls say."""
        album: str = self.album.currentData()
        unmetered: Override = self.unmetered.currentData()
        charging: Override = self.charging.currentData()
        return FolderRules(
            include=self.include.lines(),
            exclude=self.exclude.lines(),
            recursive=self.recursive.box.isChecked(),
            hidden=self.hidden.box.isChecked(),
            album=(self.album_name.text().strip() or "none") if album == "one" else album,
            stack=self.stack.box.isChecked(),
            tag=self.tag.box.isChecked(),
            favorite=self.favorite.box.isChecked(),
            visibility="archive" if self.archive.box.isChecked() else "timeline",
            require_unmetered=unmetered,
            require_charging=charging,
        )

    def lacking(self) -> str:
        """What is still to be done before these are rules; empty where nothing is."""
        name = self.album_name.text().strip()
        if self.album.currentData() != "one" or name not in _NO_NAMES:
            return ""
        return _("Give the album another name.") if name else _("Give the album a name.")

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        what = Card(_("What is taken"))
        for check in (self.recursive, self.hidden):
            what.body.addWidget(check)
        columns = QHBoxLayout()
        columns.setSpacing(em)
        for edit in (self.include, self.exclude):
            column = QVBoxLayout()
            column.setSpacing(em // 4)
            label = Line(edit.accessibleName())
            label.setBuddy(edit)
            column.addWidget(label)
            column.addWidget(edit)
            columns.addLayout(column)
        what.body.addLayout(columns)
        hint = Aside(what)
        hint.setText(_("One pattern a line: * stands for anything, a pattern with a / for a path below the folder."))
        what.body.addWidget(hint)
        albums = Card(_("Albums and stacks"))
        albums.body.addWidget(Labelled(_("Put what is uploaded into albums"), self.album))
        albums.body.addWidget(self.album_name)
        albums.body.addWidget(self.tag)
        albums.body.addWidget(self.stack)
        server = Card(_("At the server"))
        for check in (self.favorite, self.archive):
            server.body.addWidget(check)
        when = Card(_("When"))
        when.body.addWidget(Labelled(_("Only on networks that are not metered"), self.unmetered))
        when.body.addWidget(Labelled(_("Only while charging"), self.charging))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em)
        for card in (what, albums, server, when):
            column.addWidget(card)

    def _connect(self) -> None:
        for check in (self.recursive, self.hidden):
            check.box.toggled.connect(self.selection_edited)
        for edit in (self.include, self.exclude):
            edit.textChanged.connect(self.selection_edited)
        self.selection_edited.connect(self.edited)
        for check in (self.stack, self.tag, self.favorite, self.archive):
            check.box.toggled.connect(self.edited)
        self.album_name.textChanged.connect(self.edited)
        for combo in (self.album, self.unmetered, self.charging):
            combo.currentIndexChanged.connect(self.edited)
        self.album.currentIndexChanged.connect(lambda: self.album_name.setVisible(self.album.currentData() == "one"))


def _combo(options: Sequence[tuple[str, str]]) -> QComboBox:
    combo = QComboBox()
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    steady(combo)
    for value, text in options:
        combo.addItem(text, value)
    return combo
