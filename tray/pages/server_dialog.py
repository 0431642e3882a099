"""Adding an Immich server, or signing in to one again: address and sign-in in one dialog. GUI thread; never waits."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from agent.protocol.types import Destination
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained, web_address
from tray.sign_in import SignIn
from tray.widgets.labelled import close_by
from tray.widgets.server_form import AddressForm, SignInForm
from tray.widgets.telling import tell
from tray.widgets.text import Sentence

_WIDTH_EM, _FOOT_EM, _MOST_EM = 34, 5, 46


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
        self.add = self.buttons.addButton(_("Sign &in"), QDialogButtonBox.ButtonRole.AcceptRole)
        if renew is not None:
            self.setWindowTitle(fill(_("Sign in to {name} again"), {"name": renew.name}))
            self.address.url.setText(web_address(renew))
            self.address.url.setReadOnly(True)
            self.form.email.setText(renew.account or "")
        else:
            self.address.offer_name()
        self._arrange()
        for form in (self.address, self.form):
            form.edited.connect(self._edited)
        self.sign_in.said.connect(self._say)
        self.sign_in.added.connect(self._added)
        self.sign_in.refused.connect(self._refused)
        self.address.extras.wanted.box.toggled.connect(self._grow)
        self.buttons.accepted.connect(self._ask)
        self.buttons.rejected.connect(self.reject)
        self.rejected.connect(self.sign_in.give_up)
        self._edited()
        (self.address.url if renew is None else self.form.password).setFocus()

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(em * _WIDTH_EM, min(self._inner.heightForWidth(em * _WIDTH_EM) + em * _FOOT_EM, em * _MOST_EM))

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        self._inner = QWidget()
        column = QVBoxLayout(self._inner)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        column.addWidget(self.address)
        column.addWidget(self.form)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(self._inner.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        scroll.setWidget(self._inner)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus
        foot = QVBoxLayout()
        foot.setContentsMargins(em, 0, em, em // 2)
        foot.addWidget(self.said)
        foot.addWidget(self.buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        outer.addLayout(foot)
        close_by(self.buttons, self.add)

    def _grow(self) -> None:
        self.resize(self.size().expandedTo(self.sizeHint()))

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
        self.address.extras.forget()
        self.accept()

    def _refused(self, error: Error) -> None:
        self.address.offer_way_out(error.message, error.data)
        if error.message in {"keyring_absent", "keyring_locked"}:
            self.form.offer_file()
        self._grow()
        self._say(explained(error))
        self._edited()

    def _say(self, sentence: str) -> None:
        tell(self.said, sentence)
