"""Step 2: signing in to the server. The agent makes a narrow key of a password and keeps that in the keyring."""

from agent.protocol.methods import DestinationAdded, ServerFound
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.sign_in import SignIn, said_of_permissions
from tray.widgets.server_form import SignInForm
from tray.wizard.address import AddressStep
from tray.wizard.step import Step


class SignInStep(Step):
    """Signs in to what the first step found."""

    def __init__(self, model: Model, address: AddressStep) -> None:
        super().__init__(
            model,
            _("Sign in to your server"),
            _("Once. What Safelight needs to come back by itself is kept in this computer's keyring."),
        )
        self._address = address
        self._signed_in_to: ServerFound | None = None
        self.form = SignInForm(self)
        self.sign_in = SignIn(model, self)
        self.sign_in.said.connect(lambda sentence: self.say(sentence, busy=True))
        self.sign_in.added.connect(self._added)
        self.sign_in.refused.connect(self.refuse)
        self.form.edited.connect(self._edited)
        self.column.addWidget(self.form)
        self.close_column()

    def enter(self) -> None:
        found = self._address.found
        if found is not None and found.version:
            self.say(
                fill(
                    _("Immich {version} answers at {address}."),
                    {"version": found.version, "address": found.address.removesuffix("/api")},
                )
            )
        self.form.email.setFocus()

    def may_proceed(self) -> bool:
        return self.form.is_complete() or self._is_done()

    def proceed(self) -> None:
        found = self._address.found
        if self._is_done() or found is None:
            self.go_on()
            return
        self.sign_in.begin(
            lambda token: self.form.wish(found.address, self._address.form, token),
            by_browser=self.form.by_browser.isChecked(),
        )

    def refuse(self, error: Error) -> None:
        if error.message in {"keyring_absent", "keyring_locked"}:
            self.form.offer_file()
            self.offered.emit()
        self.say(explained(error))

    def leave(self) -> None:
        self.sign_in.give_up()

    def _edited(self) -> None:
        if self.sign_in.is_in_browser:  # who types here does not come back from there
            self.sign_in.give_up()
            self.say("")
        else:
            self.changed.emit()

    def _is_done(self) -> bool:
        return self._signed_in_to is not None and self._signed_in_to == self._address.found

    def _added(self, added: DestinationAdded) -> None:
        self._signed_in_to = self._address.found
        self.form.forget()
        lacking = said_of_permissions(added.missing_permissions)
        if lacking:  # 'Continue' goes on; this is to be read first
            self.say(lacking)
        else:
            self.go_on()
