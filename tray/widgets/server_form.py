"""The address of an Immich server, and how to sign in to it. Asks nobody; keeps no secret once it was handed over."""

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from agent.protocol.methods import DestinationAddImmich, ServerAddress
from agent.protocol.types import Args
from agent.words.catalogue import _, fill
from tray.widgets.labelled import Check, name_button, plain
from tray.widgets.server_extras import ServerExtras
from tray.widgets.text import Aside


class AddressForm(QWidget):
    """The server's address, and where that is not enough, the person's word for it.

    Signals:
        edited(): it is another one.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fingerprint = ""
        self.url = QLineEdit(self)
        self.url.setPlaceholderText("https://photos.example.org")
        self.url.textChanged.connect(self._typed)
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(_("like the address"))
        self.name.setMaxLength(120)
        self.extras = ServerExtras(self)
        self.extras.edited.connect(self.edited)
        hint = Aside(self)
        hint.setText(_("The address that opens Immich in the browser."))
        self.trust = Check(_("I have compared the fingerprint and trust this certificate"), parent=self)
        self.unencrypted = Check(_("Use it without encryption: others in the network can read along"), parent=self)
        self._form = form = _form(self)
        _row(form, _("&Server address"), self.url)
        form.addRow("", hint)
        _row(form, _("&Name"), self.name)
        form.setRowVisible(self.name, False)
        form.addRow(self.extras)
        for check in (self.trust, self.unencrypted):
            form.addRow(check)
            check.hide()
            check.box.toggled.connect(self.edited)

    def text(self) -> str:
        """The address as it was typed."""
        return self.url.text().strip()

    @property
    def fingerprint(self) -> str | None:
        """That of the certificate which the person trusts."""
        return self._fingerprint if self.trust.box.isChecked() else None

    @property
    def plain_http(self) -> bool:
        """Whether the person wants it without encryption."""
        return self.unencrypted.box.isChecked()

    def question(self) -> ServerAddress:
        """What the agent is to look for."""
        extras = self.extras
        return ServerAddress(
            self.text(),
            extras.headers,
            self.fingerprint,
            extras.ca_file,
            extras.client_certificate,
            plain_http=self.plain_http,
        )

    def offer_name(self) -> None:
        """Let the person call it something."""
        self._form.setRowVisible(self.name, True)

    def offer_way_out(self, code: str, args: Args) -> None:
        """The address was refused: where the person's word is enough, ask for it."""
        self.extras.offer_for(code)
        found = args.get("fingerprint")
        if code in {"certificate_untrusted", "certificate_changed"} and isinstance(found, str):
            self._fingerprint = found
            self.trust.box.setChecked(False)  # the word was for another one
            self.trust.box.setToolTip(fill(_("Fingerprint: {fingerprint}"), {"fingerprint": found}))
            self.trust.show()
        elif code == "plain_http":
            self.unencrypted.show()

    def _typed(self) -> None:
        for check in (self.trust, self.unencrypted):
            check.box.setChecked(False)
            check.hide()
        self.edited.emit()


class SignInForm(QWidget):
    """E-mail and password, an API key, or the browser.

    Signals:
        edited(): something else stands there.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_password = QRadioButton(_("With &e-mail and password"), self)
        self.by_key = QRadioButton(_("With an &API key"), self)
        self.by_browser = QRadioButton(_("In the b&rowser"), self)
        self.email = QLineEdit(self)
        self.password = QLineEdit(self)
        self.key = QLineEdit(self)
        self.in_file = Check(
            _("Keep the key in a file"),
            _("Only where this computer has no keyring. The file can be read by you alone, but it is not encrypted."),
            self,
        )
        self.in_file.hide()
        self.narrow = Check(
            _("Keep a narrow API key instead of a session"),
            _("It may do less, and what changes at the server is noticed later."),
            self,
        )
        for secret in (self.password, self.key):
            secret.setEchoMode(QLineEdit.EchoMode.Password)
        self._arrange()
        for edit in (self.email, self.password, self.key):
            edit.textChanged.connect(self.edited)
        for button in (self.by_password, self.by_key, self.by_browser):
            name_button(button)
            button.toggled.connect(self._chosen)
        self.by_password.setChecked(True)

    def is_complete(self) -> bool:
        """Whether there is enough to sign in with."""
        if self.by_key.isChecked():
            return bool(self.key.text().strip())
        return self.by_browser.isChecked() or bool(self.email.text().strip() and self.password.text())

    def wish(self, url: str, where: AddressForm, token: str | None, renew: str | None = None) -> DestinationAddImmich:
        """The request to the agent, which keeps neither password nor token. `renew` is whom to sign in again."""
        by_key, by_password = self.by_key.isChecked(), self.by_password.isChecked()
        sign_in: Literal["key", "session"] = "key" if self.narrow.box.isChecked() else "session"
        return DestinationAddImmich(
            url,
            name=where.name.text().strip() or None,
            api_key=self.key.text().strip() if by_key else None,
            email=self.email.text().strip() if by_password else None,
            password=self.password.text() if by_password else None,
            store="file" if self.in_file.box.isChecked() else "keyring",
            sign_in=sign_in,
            oauth_token=token,
            headers=where.extras.headers,
            fingerprint=where.fingerprint,
            ca_file=where.extras.ca_file,
            client_certificate=where.extras.client_certificate,
            plain_http=where.plain_http,
            renew=renew,
        )

    def offer_file(self) -> None:
        """There is no keyring: let the person choose a file."""
        self.in_file.show()

    def forget(self) -> None:
        """Drop the secrets."""
        self.password.clear()
        self.key.clear()

    def _chosen(self) -> None:
        self.narrow.setVisible(not self.by_key.isChecked())
        self._password_fields.setVisible(self.by_password.isChecked())
        self._key_fields.setVisible(self.by_key.isChecked())
        self.edited.emit()

    def _arrange(self) -> None:
        self._password_fields, self._key_fields = QWidget(self), QWidget(self)
        fields = _form(self._password_fields)
        _row(fields, _("E-&mail"), self.email)
        _row(fields, _("&Password"), self.password)
        once = Aside()
        once.setText(_("Used once, to sign in. The password is not kept."))
        fields.addRow("", once)
        key_fields = _form(self._key_fields)
        _row(key_fields, _("API &key"), self.key)
        where = Aside()
        where.setText(_("Made in Immich under Account Settings, API Keys. The system's keyring keeps it."))
        key_fields.addRow("", where)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        ways = (self.by_password, self._password_fields, self.by_key, self._key_fields, self.by_browser)
        for widget in (*ways, self.narrow, self.in_file):
            column.addWidget(widget)


def _form(parent: QWidget) -> QFormLayout:
    form = QFormLayout(parent)
    form.setContentsMargins(0, 0, 0, 0)
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _row(form: QFormLayout, name: str, edit: QLineEdit) -> None:
    edit.setAccessibleName(plain(name))
    form.addRow(name, edit)
