"""Adding an Immich server: address and sign-in in one dialog. GUI thread; never waits."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from agent.protocol.wire import Error
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.widgets.server_form import AddressForm, SignInForm
from tray.widgets.text import Sentence

_WIDTH_EM = 34


class ServerDialog(QDialog):
    """Closes itself when the agent has signed in."""

    def __init__(self, model: Model, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setWindowTitle(_("Add an Immich server"))
        self.address = AddressForm(self)
        self.sign_in = SignInForm(self)
        self.said = Sentence(self)
        self.said.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.add = self.buttons.addButton(_("&Sign in"), QDialogButtonBox.ButtonRole.AcceptRole)
        column = QVBoxLayout(self)
        em = self.fontMetrics().height()
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        for widget in (self.address, self.sign_in, self.said):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.buttons)
        for form in (self.address, self.sign_in):
            form.edited.connect(self._edited)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        self._edited()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().height() * _WIDTH_EM, super().sizeHint().height())

    def _edited(self) -> None:
        self.add.setEnabled(bool(self.address.text()) and self.sign_in.is_complete())

    def _ask(self) -> None:
        self.add.setEnabled(False)
        self._say(_("Signing in …"))
        wish = self.sign_in.wish(self.address.text())
        self._model.call("destination.add_immich", wish, self._added, self._refused, owner=self)

    def _added(self, _answer: object) -> None:
        self.sign_in.forget()
        self.accept()

    def _refused(self, error: Error) -> None:
        if error.message in {"keyring_absent", "keyring_locked"}:
            self.sign_in.offer_file()
        self._say(explained(error))
        self._edited()

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.said.show()
