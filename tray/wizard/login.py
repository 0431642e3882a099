"""Step 5: start at login, and begin. What the system must be told is done by whoever listens."""

from PySide6.QtCore import Signal

from agent.protocol.methods import BackupStart
from agent.words.catalogue import _
from tray.model import Model
from tray.widgets.labelled import Check
from tray.wizard.step import Step


class LoginStep(Step):
    """The last step: its 'Continue' turns the backup on and starts the first one.

    Signals:
        startup_asked(bool): have Safelight start at login, or not.
    """

    startup_asked = Signal(bool)

    def __init__(self, model: Model) -> None:
        super().__init__(
            model,
            _("That is all."),
            _("The first backup begins now. Work on as usual; the light in the tray says how things are."),
        )
        self.at_login = Check(
            _("&Start Safelight at login"),
            _("The backup runs in the background then, whether or not the window is open."),
        )
        self.at_login.box.setChecked(True)
        self._is_chosen = False
        self.at_login.box.clicked.connect(self._choose)
        self.column.addWidget(self.at_login)
        self.close_column()

    def show_startup(self, *, is_on: bool) -> None:
        """How it is now, which is shown to whoever was here before; what they have chosen meanwhile stays."""
        snapshot = self.model.snapshot
        if not self._is_chosen and snapshot is not None and snapshot.backup.enabled:
            self.at_login.box.setChecked(is_on)

    def _choose(self) -> None:
        self._is_chosen = True

    def proceed(self) -> None:
        self.say(_("Starting …"), busy=True)
        self.model.call("backup.enable", None, self._enabled, self.refuse, owner=self)

    def _enabled(self, _nothing: object) -> None:
        self.model.call("backup.start", BackupStart(), self._begun, self.refuse, owner=self)

    def _begun(self, _group: object) -> None:
        self.startup_asked.emit(self.at_login.box.isChecked())  # last, for the system starts the agent anew
        self.go_on()
