"""By which addresses a server is reached, and in which order they are tried. GUI thread; never waits."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from agent.protocol.destination import AddressesKept, DestinationAddresses
from agent.protocol.types import Destination
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.widgets.labelled import Check, close_by
from tray.widgets.ordered_list import OrderedList
from tray.widgets.telling import tell
from tray.widgets.text import Aside, Sentence

_WIDTH_EM = 34


class AddressDialog(QDialog):
    """Closes itself when the agent has taken the addresses.

    Signals:
        kept(AddressesKept): what the agent made of them.
    """

    kept = Signal(object)

    def __init__(self, model: Model, place: Destination, routes: Sequence[str], parent: QWidget | None = None) -> None:
        """`routes` are the addresses that are tried when the place's own does not answer."""
        super().__init__(parent)
        self._model = model
        self._place = place
        #: What a person sees -> what the agent calls it, so that nothing that it knows is looked for again.
        self._known = {_site(url): url for url in (place.location, *routes)}
        self.setWindowTitle(fill(_("Addresses of {name}"), {"name": place.name}))
        self.addresses = OrderedList(_("Addresses"), "https://photos.example.org", self)
        self.addresses.show_texts(list(self._known))
        self.unencrypted = Check(_("Use it without encryption: others in the network can read along"), parent=self)
        self.trust = Check(_("I have compared the fingerprint and trust this certificate"), parent=self)
        self._fingerprint = ""
        for check in (self.unencrypted, self.trust):
            check.hide()
        self.said = Sentence(self)
        self.said.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.save = self.buttons.addButton(_("&Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        close_by(self.buttons, self.save)
        self._arrange()
        self.addresses.edited.connect(self._edited)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().height() * _WIDTH_EM, super().sizeHint().height())

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        hint = Aside(self)
        hint.setText(
            _("Tried from the top: first the one at home, say, then the one for on the way. All lead to one account.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        column.addWidget(hint)
        column.addWidget(self.addresses, 1)
        column.addWidget(self.said)
        column.addWidget(self.unencrypted)
        column.addWidget(self.trust)
        column.addWidget(self.buttons)

    def _edited(self) -> None:
        for check in (self.unencrypted, self.trust):
            check.box.setChecked(False)
            check.hide()
        self.said.hide()
        self.save.setEnabled(bool(self.addresses.texts()))

    def _ask(self) -> None:
        self.save.setEnabled(False)
        self._say(_("Trying the new addresses …"))
        wanted = tuple(self._known.get(one, one) for one in self.addresses.texts())
        wish = DestinationAddresses(
            self._place.id,
            wanted,
            fingerprint=self._fingerprint if self.trust.box.isChecked() else None,
            plain_http=self.unencrypted.box.isChecked(),
        )
        self._model.call("destination.set_addresses", wish, self._kept, self._refused, owner=self)

    def _kept(self, answer: AddressesKept) -> None:
        self.kept.emit(answer)
        self.accept()

    def _refused(self, error: Error) -> None:
        if error.message == "plain_http":
            self.unencrypted.show()
        found = (error.data or {}).get("fingerprint")
        if isinstance(found, str):
            self._fingerprint = found
            self.trust.box.setChecked(False)  # the word was for another one
            self.trust.show()
        self._say(explained(error))
        self.save.setEnabled(True)

    def _say(self, sentence: str) -> None:
        tell(self.said, sentence)


def _site(url: str) -> str:
    """An address as it opens Immich in the browser."""
    return url.rstrip("/").removesuffix("/api")
