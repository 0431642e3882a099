"""Where copies go: every destination, and what a person can do with one, each a request to the agent. GUI thread."""

import os
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from agent import words
from agent.protocol.destination import AddressesKept, DestinationRow, DestinationSpace
from agent.protocol.methods import (
    DestinationAdded,
    DestinationAddFolder,
    DestinationRef,
    DestinationReport,
    Destinations,
)
from agent.protocol.paths import to_wire
from agent.protocol.server import JobIds, SyncStart
from agent.protocol.types import Destination, JobRow, Snapshot
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.pages.address_dialog import AddressDialog
from tray.pages.following import Follow
from tray.pages.place_row import PlaceRow
from tray.pages.server_dialog import ServerDialog
from tray.sign_in import said_of_permissions
from tray.widgets.card import Card
from tray.widgets.choosing import choose_place
from tray.widgets.flow import FlowLayout
from tray.widgets.question import ask
from tray.widgets.row_list import RowList
from tray.widgets.telling import tell
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

#: Problems that end when the person signs in again, with another certificate, say.
_SIGNED_OUT = frozenset(
    {
        "signed_out",
        "secret_missing",
        "permission_missing",
        "account_changed",
        "certificate_untrusted",
        "certificate_changed",
        "certificate_file_unreadable",
        "client_certificate_needed",
    }
)


class PlacesCard(Card):
    """A row for each destination, and the two ways to add one."""

    def __init__(self, model: Model, choose: Callable[[QWidget], str] = choose_place) -> None:
        super().__init__(_("Where the copies go"))
        self._model = model
        self._choose = choose
        self._listed: dict[str, DestinationRow] = {}
        self._spaces: dict[str, DestinationSpace] = {}
        self._reports: dict[str, str] = {}
        self._follows: dict[str, Follow] = {}
        self.dialog: ServerDialog | None = None
        self.addresses: AddressDialog | None = None
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
        self.said = BreakableSentence(self)
        self.said.hide()
        self.body.addWidget(self.said)

    def show_places(self, snapshot: Snapshot | None) -> None:
        """Show the destinations of this snapshot."""
        places = snapshot.destinations if snapshot else ()
        self.nothing.setVisible(snapshot is not None and not places)
        self.rows.setVisible(bool(places))
        out = {problem.blocks for problem in snapshot.problems if problem.code in _SIGNED_OUT} if snapshot else set()
        self.rows.show_items(places, lambda row, one: self._fill(row, one, is_out=one.id in out))

    def _fill(self, row: PlaceRow, place: Destination, *, is_out: bool) -> None:
        listed, space = self._listed.get(place.id), self._spaces.get(place.id)
        row.show_place(place, listed, space, self._reports.get(place.id, ""), is_out=is_out)

    def ask_more(self) -> None:
        """Ask what the snapshot does not hold: how many files are safe at each destination, and its space."""
        self._model.call("destination.list", None, self._take_rows, owner=self)
        for place in self._places():
            if place.reachable is not False and (place.kind == "folder" or place.account is not None):
                self._model.call(
                    "destination.space", DestinationRef(place.id), self._take_space, lambda _error: None, owner=self
                )

    def _take_rows(self, found: Destinations) -> None:
        self._listed = {row.id: row for row in found.rows}
        self.show_places(self._model.snapshot)

    def _take_space(self, found: DestinationSpace) -> None:
        self._spaces[found.id] = found
        self.show_places(self._model.snapshot)

    def _make_row(self) -> PlaceRow:
        row = PlaceRow()
        row.check.clicked.connect(lambda: self._check(row.identity))
        row.sync.clicked.connect(lambda: self._sync(row.identity))
        row.addresses.clicked.connect(lambda: self._ask_for_addresses(row.identity))
        row.sign_in.clicked.connect(lambda: self._sign_in_again(row.identity))
        row.sign_out.clicked.connect(lambda: self._ask_to_sign_out(row.identity, row.name))
        row.remove.clicked.connect(lambda: self._ask_to_remove(row.identity, row.name))
        return row

    def _places(self) -> Sequence[Destination]:
        return self._model.snapshot.destinations if self._model.snapshot else ()

    def _place(self, identity: str) -> Destination | None:
        return next((one for one in self._places() if one.id == identity), None)

    def _report(self, identity: str, said: str) -> None:
        self._reports[identity] = said
        self.show_places(self._model.snapshot)

    def _tells_of(self, identity: str) -> Callable[[Error], None]:
        """Shows at a destination why a request about it was refused."""
        return lambda error: self._report(identity, explained(error))

    def _say(self, said: str) -> None:
        """Show a sentence below the buttons; nothing takes no room."""
        tell(self.said, said)

    # --- Looking at one ----------------------------------------------------------------------------------------------

    def _check(self, identity: str) -> None:
        self._report(identity, _("Checking …"))
        self._model.call(
            "destination.check",
            DestinationRef(identity),
            lambda report: self._report(identity, said_of(report)),
            self._tells_of(identity),
            owner=self,
        )

    def _sync(self, identity: str) -> None:
        if identity not in self._follows:
            follow = self._follows[identity] = Follow(self._model, self)
            follow.moved.connect(lambda row: self._report(identity, said_of_sync(row)))
            follow.lost.connect(lambda: self._report(identity, ""))
        self._report(identity, _("Fetching the changes …"))
        self._model.call(
            "sync.start",
            SyncStart(identity),
            lambda begun: self._synced(identity, begun),
            self._tells_of(identity),
            owner=self,
        )

    def _synced(self, identity: str, begun: JobIds) -> None:
        self._follows[identity].follow(begun.ids[0])

    # --- Changing one ------------------------------------------------------------------------------------------------

    def _ask_for_addresses(self, identity: str) -> None:
        place, listed = self._place(identity), self._listed.get(identity)
        if place is not None:
            self.addresses = AddressDialog(self._model, place, listed.routes if listed else (), self.window())
            self.addresses.kept.connect(lambda kept: self._addresses_kept(identity, kept))
            self._open(self.addresses)

    def _addresses_kept(self, identity: str, kept: AddressesKept) -> None:
        self._report(identity, " ".join(words.silent_address(url) for url in kept.silent))
        self.ask_more()

    def _ask_for_server(self) -> None:
        self._ask_to_sign_in(ServerDialog(self._model, self.window()))

    def _sign_in_again(self, identity: str) -> None:
        place = self._place(identity)
        if place is not None:
            self._ask_to_sign_in(ServerDialog(self._model, self.window(), place))

    def _ask_to_sign_in(self, dialog: ServerDialog) -> None:
        self._say("")
        self.dialog = dialog
        dialog.sign_in.added.connect(self._added)
        self._open(dialog)

    def _added(self, added: DestinationAdded) -> None:
        """What there is to say of a server that was just signed in to."""
        self._report(added.id, said_of_permissions(added.missing_permissions))
        self.ask_more()

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _ask_for_folder(self) -> None:
        chosen = self._choose(self)
        if chosen:
            self._say(_("Trying the folder …"))
            self._model.call(
                "destination.add_folder",
                DestinationAddFolder(to_wire(os.fsencode(chosen))),
                lambda _added: self._say(""),
                lambda error: self._say(explained(error)),
                owner=self,
            )

    def _ask_to_sign_out(self, identity: str, name: str) -> None:
        self.question = ask(
            self,
            _("Sign out"),
            fill(_("Sign out of {name}?"), {"name": name}),
            _(
                "Nothing is deleted, and what is safe there stays known. Nothing more is copied there until you "
                "sign in again."
            ),
            _("Sign &out"),
            lambda: self._do("destination.sign_out", identity),
        )

    def _ask_to_remove(self, identity: str, name: str) -> None:
        self.question = ask(
            self,
            _("Remove a destination"),
            fill(_("Remove {name}?"), {"name": name}),
            _(
                "Nothing is deleted: the copies that are there stay there. The sign-in is forgotten, and nothing more "
                "is copied there."
            ),
            _("&Remove"),
            lambda: self._do("destination.remove", identity),
        )

    def _do(self, method: str, identity: str) -> None:
        self._model.call(
            method,
            DestinationRef(identity),
            lambda _done: self._report(identity, ""),
            self._tells_of(identity),
            owner=self,
        )


def said_of(report: DestinationReport) -> str:
    """What a check found, in a sentence."""
    if not report.ok:
        return words.sentences(*words.problem_text(report.code or "", report.args))
    if report.missing_permissions:
        return said_of_permissions(report.missing_permissions)
    if report.server_version:
        return fill(_("All is well; the server's version is {version}."), {"version": report.server_version})
    return _("All is well.")


def said_of_sync(row: JobRow) -> str:
    """How far the look at a server's changes is, in a sentence."""
    match row.status:
        case "COMPLETED":
            return _("All changes are fetched.")
        case "FAILED":
            return _("The changes could not be fetched. The Activity page says why.")
        case "CANCELLED":
            return _("Fetching the changes was cancelled.")
        case "PENDING":
            return _("The changes are fetched as soon as the server is free for it.")
        case _:
            return _("Fetching the changes …")
