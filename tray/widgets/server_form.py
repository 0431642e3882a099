"""The address of an Immich server, and how to sign in to it. Asks nobody; keeps no secret once it was handed over."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QRadioButton, QVBoxLayout, QWidget

from agent.protocol.methods import DestinationAddImmich
from agent.words.catalogue import _
from tray.widgets.labelled import Check, name_button, plain
from tray.widgets.text import Aside


class AddressForm(QWidget):
    """The server's address.

    Signals:
        edited(): it is another one.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.url = QLineEdit(self)
        self.url.setPlaceholderText("https://photos.example.org")
        self.url.textChanged.connect(self.edited)
        hint = Aside(self)
        hint.setText(_("The address that opens Immich in the browser."))
        form = _form(self)
        _row(form, _("&Server address"), self.url)
        form.addRow("", hint)

    def text(self) -> str:
        """The address as it was typed."""
        return self.url.text().strip()


class SignInForm(QWidget):
    """E-mail and password, or an API key.

    Signals:
        edited(): something else stands there.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.by_password = QRadioButton(_("With &e-mail and password"), self)
        self.by_key = QRadioButton(_("With an &API key"), self)
        self.email = QLineEdit(self)
        self.password = QLineEdit(self)
        self.key = QLineEdit(self)
        self.in_file = Check(
            _("Keep the key in a file"),
            _("Only where this computer has no keyring. The file can be read by you alone, but it is not encrypted."),
            self,
        )
        self.in_file.hide()
        for secret in (self.password, self.key):
            secret.setEchoMode(QLineEdit.EchoMode.Password)
        self._arrange()
        for edit in (self.email, self.password, self.key):
            edit.textChanged.connect(self.edited)
        for button in (self.by_password, self.by_key):
            name_button(button)
            button.toggled.connect(self._chosen)
        self.by_password.setChecked(True)

    def is_complete(self) -> bool:
        """Whether there is enough to sign in with."""
        if self.by_key.isChecked():
            return bool(self.key.text().strip())
        return bool(self.email.text().strip() and self.password.text())

    def wish(self, url: str) -> DestinationAddImmich:
        """The request to the agent, which makes a narrow key of the password and forgets it."""
        store = "file" if self.in_file.box.isChecked() else "keyring"
        if self.by_key.isChecked():
            return DestinationAddImmich(url, api_key=self.key.text().strip(), store=store)  # type: ignore[arg-type]
        return DestinationAddImmich(
            url,
            email=self.email.text().strip(),
            password=self.password.text(),
            store=store,  # type: ignore[arg-type]
        )

    def offer_file(self) -> None:
        """There is no keyring: let the person choose a file."""
        self.in_file.show()

    def forget(self) -> None:
        """Drop the secrets."""
        self.password.clear()
        self.key.clear()

    def _chosen(self) -> None:
        by_key = self.by_key.isChecked()
        self._password_fields.setVisible(not by_key)
        self._key_fields.setVisible(by_key)
        self.edited.emit()

    def _arrange(self) -> None:
        self._password_fields, self._key_fields = QWidget(self), QWidget(self)
        fields = _form(self._password_fields)
        _row(fields, _("E-&mail"), self.email)
        _row(fields, _("&Password"), self.password)
        once = Aside()
        once.setText(_("Used once, to make a key that may only back up. The password is not kept."))
        fields.addRow("", once)
        key_fields = _form(self._key_fields)
        _row(key_fields, _("API &key"), self.key)
        where = Aside()
        where.setText(_("Made in Immich under Account Settings, API Keys. The system's keyring keeps it."))
        key_fields.addRow("", where)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.by_password, self._password_fields, self.by_key, self._key_fields, self.in_file):
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
