"""What few servers ask for before one may even sign in: certificates of one's own, and the headers of a proxy.

A part of the address form, shown to who ticks it. Edits values, asks nobody; GUI thread.
"""

import os
from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from agent.words.catalogue import _
from tray.widgets.choosing import choose_certificate
from tray.widgets.labelled import Check
from tray.widgets.lines_edit import LinesEdit
from tray.widgets.text import Aside, Line
from tray.widgets.text_button import TextButton

#: Refusals that are answered here.
_ANSWERED = frozenset({"client_certificate_needed", "certificate_file_unreadable", "header_invalid"})


class FileEdit(QWidget):
    """A file by its path, typed or chosen.

    Signals:
        edited(): it is another one.
    """

    edited = Signal()

    def __init__(self, name: str, why: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choose: Callable[[QWidget], str] = choose_certificate
        self.line = QLineEdit(self)
        self.line.setAccessibleName(name)
        self.line.setAccessibleDescription(why)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.edited)
        self.button = TextButton(_("Choose …"), self)
        self.button.setAccessibleDescription(name)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._ask)
        label = Line(name, self)
        label.setBuddy(self.line)
        hint = Aside(self)
        hint.setText(why)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self.fontMetrics().height() // 4)
        column.addWidget(label)
        column.addLayout(row)
        column.addWidget(hint)

    def path(self) -> str | None:
        """The full path, None where nothing stands there."""
        typed = self.line.text().strip()
        return os.path.abspath(os.path.expanduser(typed)) if typed else None

    def _ask(self) -> None:
        chosen = self.choose(self)
        if chosen:
            self.line.setText(os.path.normpath(chosen))


class ServerExtras(QWidget):
    """A tick, and below it the certificates and headers; without the tick there are none.

    Signals:
        edited(): they are others.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wanted = Check(
            _("This server needs a certificate or &headers of its own"),
            _("Only where whoever runs the server told you so."),
            self,
        )
        self.authority = FileEdit(
            _("Certificate of an own authority"),
            _("A PEM file. The server's certificate is believed if it fits."),
            self,
        )
        self.client = FileEdit(
            _("Certificate to show to the server"), _("A PEM file that holds the certificate and its key."), self
        )
        self.headers_edit = LinesEdit(_("Headers for a proxy"), "CF-Access-Client-Id: …", self)
        self._fields = QWidget(self)
        self._arrange()
        self._toggled()
        self.wanted.box.toggled.connect(self._toggled)
        for one in (self.authority, self.client):
            one.edited.connect(self.edited)
        self.headers_edit.textChanged.connect(self.edited)

    @property
    def ca_file(self) -> str | None:
        """An own authority's file."""
        return self.authority.path() if self.wanted.box.isChecked() else None

    @property
    def client_certificate(self) -> str | None:
        """The file that is shown to the server."""
        return self.client.path() if self.wanted.box.isChecked() else None

    @property
    def headers(self) -> dict[str, str]:
        """By name; a line without a colon is a name without a value, which the agent refuses in words."""
        lines = self.headers_edit.lines() if self.wanted.box.isChecked() else ()
        parts = [line.partition(":") for line in lines]
        return {name.strip(): value.strip() for name, _colon, value in parts}

    def offer_for(self, code: str) -> None:
        """A refusal that is answered here: show where."""
        if code in _ANSWERED:
            self.wanted.box.setChecked(True)

    def forget(self) -> None:
        """Drop the secrets."""
        self.headers_edit.clear()

    def _toggled(self) -> None:
        self._fields.setVisible(self.wanted.box.isChecked())
        self.edited.emit()

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        label = Line(self.headers_edit.accessibleName(), self._fields)
        label.setBuddy(self.headers_edit)
        hint = Aside(self._fields)
        hint.setText(_("One a line, as in 'Name: value'. They are kept like the sign-in and shown nowhere again."))
        fields = QVBoxLayout(self._fields)
        fields.setContentsMargins(em, 0, 0, 0)
        fields.setSpacing(em // 2)
        for widget in (self.authority, self.client, label, self.headers_edit, hint):
            fields.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em // 2)
        column.addWidget(self.wanted)
        column.addWidget(self._fields)
