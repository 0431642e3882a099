"""Where copies go: every destination with who is signed in and how it stands; add, check and remove. GUI thread."""

import os
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMessageBox, QVBoxLayout, QWidget

from agent import words
from agent.protocol.methods import DestinationAddFolder, DestinationRef, DestinationReport, Destinations
from agent.protocol.paths import to_wire
from agent.protocol.types import Destination, Snapshot
from agent.words.catalogue import _, fill, ngettext
from tray.model import Model
from tray.pages.server_dialog import ServerDialog
from tray.widgets.card import Card
from tray.widgets.drawing import light_colour
from tray.widgets.fact_row import Mark
from tray.widgets.flow import FlowLayout
from tray.widgets.row_list import RowList
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

#: Problems that end when the person signs in again.
_SIGNED_OUT = frozenset({"signed_out", "secret_missing", "permission_missing", "account_changed"})


def choose_place(parent: QWidget) -> str:
    """The native dialog; empty where nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, _("Which folder shall hold the copies?"))


class PlacesCard(Card):
    """A row for each destination, and the two ways to add one."""

    def __init__(self, model: Model, choose: Callable[[QWidget], str] = choose_place) -> None:
        super().__init__(_("Where the copies go"))
        self._model = model
        self._choose = choose
        self._safe: dict[str, int] = {}
        self._reports: dict[str, str] = {}
        self.dialog: ServerDialog | None = None
        self.question: QMessageBox | None = None
        self.rows: RowList[PlaceRow] = RowList(self._make_row)
        self.nothing = Aside(self)
        self.nothing.setText(_("There is no place to back up to yet."))
        self.add_server = TextButton(_("Add an &Immich server …"), self)
        self.add_folder = TextButton(_("Add a &folder or drive …"), self)
        self.add_server.clicked.connect(self._ask_for_server)
        self.add_folder.clicked.connect(self._ask_for_folder)
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        buttons.addWidget(self.add_server)
        buttons.addWidget(self.add_folder)
        self.body.addWidget(self.rows)
        self.body.addWidget(self.nothing)
        self.body.addLayout(buttons)

    def show_places(self, snapshot: Snapshot | None) -> None:
        """Show the destinations of this snapshot, and ask how many files are safe at each."""
        places = snapshot.destinations if snapshot else ()
        self.nothing.setVisible(snapshot is not None and not places)
        self.rows.setVisible(bool(places))
        out = {problem.blocks for problem in snapshot.problems if problem.code in _SIGNED_OUT} if snapshot else set()
        self.rows.show_items(places, lambda row, one: self._fill(row, one, is_out=one.id in out))

    def _fill(self, row: "PlaceRow", place: Destination, *, is_out: bool) -> None:
        row.show_place(place, self._safe.get(place.id), self._reports.get(place.id, ""))
        row.sign_in.setVisible(is_out)

    def ask_counts(self) -> None:
        """Ask how many files are safe at each destination."""
        self._model.call("destination.list", None, self._listed, owner=self)

    def _listed(self, found: Destinations) -> None:
        self._safe = {row.id: row.files_safe for row in found.rows}
        self.show_places(self._model.snapshot)

    def _make_row(self) -> "PlaceRow":
        row = PlaceRow()
        row.check.clicked.connect(lambda: self._check(row.identity))
        row.sign_in.clicked.connect(lambda: self._sign_in_again(row.identity))
        row.remove.clicked.connect(lambda: self._ask_to_remove(row.identity, row.name))
        return row

    def _check(self, identity: str) -> None:
        self._report(identity, _("Checking …"))
        self._model.call(
            "destination.check",
            DestinationRef(identity),
            lambda report: self._report(identity, said_of(report)),
            owner=self,
        )

    def _report(self, identity: str, said: str) -> None:
        self._reports[identity] = said
        self.show_places(self._model.snapshot)

    def _ask_for_server(self) -> None:
        self._open(ServerDialog(self._model, self.window()))

    def _sign_in_again(self, identity: str) -> None:
        places = self._model.snapshot.destinations if self._model.snapshot else ()
        for place in places:
            if place.id == identity:
                self._open(ServerDialog(self._model, self.window(), place))

    def _open(self, dialog: ServerDialog) -> None:
        self.dialog = dialog
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _ask_for_folder(self) -> None:
        chosen = self._choose(self)
        if chosen:
            self._model.call("destination.add_folder", DestinationAddFolder(to_wire(os.fsencode(chosen))))

    def _ask_to_remove(self, identity: str, name: str) -> None:
        box = QMessageBox(self.window())
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(_("Remove a destination"))
        box.setText(fill(_("Remove {name}?"), {"name": name}))
        box.setInformativeText(
            _(
                "Nothing is deleted: the copies that are there stay there. The sign-in is forgotten, and nothing more "
                "is copied there."
            )
        )
        remove = box.addButton(_("&Remove"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.finished.connect(lambda: self._answered(identity, yes=box.clickedButton() is remove))
        self.question = box
        box.open()

    def _answered(self, identity: str, *, yes: bool) -> None:
        if yes:
            self._model.call("destination.remove", DestinationRef(identity))
        if self.question is not None:
            self.question.deleteLater()
            self.question = None


class PlaceRow(QWidget):
    """One destination."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = self.name = ""
        self._mark = Mark(self)
        self._title = BreakableSentence(self)
        self._detail = Aside(self)
        self._report = BreakableSentence(self)
        self.sign_in = TextButton(_("&Sign in again …"), self, primary=True)
        self.check = TextButton(_("&Check"), self)
        self.remove = TextButton(_("&Remove …"), self)
        em = self.fontMetrics().height()
        text = QVBoxLayout()
        text.setSpacing(round(em * 0.1))
        for widget in (self._title, self._detail, self._report):
            text.addWidget(widget)
        buttons = FlowLayout(em // 2)
        for button in (self.sign_in, self.check, self.remove):
            buttons.addWidget(button)
        text.addSpacing(round(em * 0.3))
        text.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(round(em * 0.6))
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)

    def show_place(self, place: Destination, safe: int | None, report: str) -> None:
        """Show this destination; `safe` files are known to be there, `report` is what the last check said."""
        self.identity, self.name = place.id, place.name
        away = place.reachable is False
        mark = "server" if place.kind == "immich" else "folder"
        self._mark.show_mark(mark, light_colour("attention", self.palette()) if away else None)
        self._title.setText(place.name)
        said = [place.location if place.kind == "immich" else words.display_path(place.location)]
        if place.account:
            said.append(fill(_("signed in as {account}"), {"account": place.account}))
        if place.secret_store == "file":  # noqa: S105 - the name of a place
            said.append(_("key kept in a file"))
        if away:
            said.append(_("not reachable now"))
        if safe is not None:
            said.append(
                fill(ngettext("{count} file is safe there", "{count} files are safe there", safe), {"count": safe})
            )
        self._detail.setText(" · ".join(said))
        self._report.setText(report)
        self._report.setVisible(bool(report))
        for button in (self.sign_in, self.check, self.remove):
            button.setAccessibleDescription(place.name)


def said_of(report: DestinationReport) -> str:
    """What a check found, in a sentence."""
    if not report.ok:
        return words.sentences(*words.problem_text(report.code or "", report.args))
    if report.missing_permissions:
        return fill(
            _("It works. For albums and stacks the key still lacks: {permissions}."),
            {"permissions": ", ".join(report.missing_permissions)},
        )
    if report.server_version:
        return fill(_("All is well; the server's version is {version}."), {"version": report.server_version})
    return _("All is well.")
