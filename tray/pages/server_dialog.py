"""Adding an Immich server, or signing in to one again: address and sign-in in one dialog. GUI thread; never waits."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from agent.protocol.types import Destination
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained, web_address
from tray.sign_in import SignIn
from tray.widgets.server_form import AddressForm, SignInForm
from tray.widgets.text import Sentence

_WIDTH_EM = 34


class ServerDialog(QDialog):
    """Closes itself when the agent has signed in."""

    def __init__(self, model: Model, parent: QWidget | None = None, renew: Destination | None = None) -> None:
        """`renew` is the server to sign in to again."""
        super().__init__(parent)
        self._renew = renew
        self.setWindowTitle(_("Add an Immich server"))
        self.address = AddressForm(self)
        self.form = SignInForm(self)
        self.sign_in = SignIn(model, self)
        self.said = Sentence(self)
        self.said.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.add = self.buttons.addButton(_("&Sign in"), QDialogButtonBox.ButtonRole.AcceptRole)
        if renew is not None:
            self.setWindowTitle(fill(_("Sign in to {name} again"), {"name": renew.name}))
            self.address.url.setText(web_address(renew))
            self.address.url.setReadOnly(True)
            self.form.email.setText(renew.account or "")
        self._arrange()
        for form in (self.address, self.form):
            form.edited.connect(self._edited)
        self.sign_in.said.connect(self._say)
        self.sign_in.added.connect(self._added)
        self.sign_in.refused.connect(self._refused)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        self.rejected.connect(self.sign_in.give_up)
        self._edited()

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().height() * _WIDTH_EM, super().sizeHint().height())

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        em = self.fontMetrics().height()
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        for widget in (self.address, self.form, self.said):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.buttons)

    def _edited(self) -> None:
        self.add.setEnabled(bool(self.address.text()) and self.form.is_complete())

    def _ask(self) -> None:
        self.add.setEnabled(False)
        renew = self._renew.id if self._renew else None
        self.sign_in.begin(
            lambda token: self.form.wish(self.address.text(), self.address, token, renew),
            by_browser=self.form.by_browser.isChecked(),
        )

    def _added(self, _answer: object) -> None:
        self.form.forget()
        self.accept()

    def _refused(self, error: Error) -> None:
        self.address.offer_way_out(error.message, error.data)
        if error.message in {"keyring_absent", "keyring_locked"}:
            self.form.offer_file()
        self._say(explained(error))
        self._edited()

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.said.show()
