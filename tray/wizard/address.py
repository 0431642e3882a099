"""Step 1: where the copies shall go, an Immich server or a folder on another drive."""

import os
from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from agent.protocol.methods import DestinationAddFolder, ServerFound
from agent.protocol.paths import to_wire
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model
from tray.widgets.choosing import choose_place
from tray.widgets.server_form import AddressForm
from tray.widgets.text_button import TextButton
from tray.wizard.step import Step


class AddressStep(Step):
    """Looks for the server before anything secret is typed. `found` is what answered."""

    def __init__(self, model: Model, choose: Callable[[QWidget], str] = choose_place) -> None:
        super().__init__(
            model,
            _("Where shall your pictures be kept safe?"),
            _("On your own Immich server. Safelight copies there what is on this computer and never deletes anything."),
        )
        self._choose = choose
        self.found: ServerFound | None = None
        self.form = AddressForm(self)
        self.form.edited.connect(self._edited)
        self.folder = TextButton(_("Use a &folder or a drive instead …"), self)
        self.folder.clicked.connect(self._ask_for_folder)
        self.column.addWidget(self.form)
        self.column.addWidget(self.folder)
        self.close_column()

    def enter(self) -> None:
        places = self.model.snapshot.destinations if self.model.snapshot else ()
        if places and not self.form.text():
            names = ", ".join(place.name for place in places)
            self.say(fill(_("Copies go to {names} already. Go on, or add another server."), {"names": names}))
        self.form.url.setFocus()

    def may_proceed(self) -> bool:
        has_place = self.model.snapshot is not None and bool(self.model.snapshot.destinations)
        return bool(self.form.text()) or has_place

    def proceed(self) -> None:
        if not self.form.text():
            self.go_on(2)
            return
        self.say(_("Looking for the server …"), busy=True)
        self.model.call("server.find", self.form.question(), self._answered, self.refuse, owner=self)

    def refuse(self, error: Error) -> None:
        self.form.offer_way_out(error.message, error.data)  # an edit; what is said must outlast it
        self.offered.emit()
        super().refuse(error)

    def _answered(self, found: ServerFound) -> None:
        self.found = found
        self.go_on()

    def _edited(self) -> None:
        self.found = None
        if self.form.fingerprint or self.form.plain_http:
            self.changed.emit()  # what was said is what the person agrees to
        else:
            self.say("")

    def _ask_for_folder(self) -> None:
        chosen = self._choose(self)
        if not chosen:
            return
        self.say(_("Trying the folder …"), busy=True)
        wish = DestinationAddFolder(to_wire(os.fsencode(chosen)))
        self.model.call("destination.add_folder", wish, lambda _added: self.go_on(2), self.refuse, owner=self)
