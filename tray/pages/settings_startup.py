"""What starts at login, as two switches that show what the system says. GUI thread."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from agent.words.catalogue import _
from tray.widgets.card import Card
from tray.widgets.labelled import Check
from tray.widgets.telling import tell
from tray.widgets.text import Sentence


class StartupCard(Card):
    """The agent and the light at login.

    Signals:
        asked(str, bool): have the `agent` or the `tray` start at login, or not.
    """

    asked = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Start-up"), parent)
        self.agent = Check(
            _("Start the background agent at login"),
            _("The backup runs in the background then, whether or not this window is open."),
        )
        self.tray = Check(
            _("Show the light in the tray at login"),
            _("It says whether your photos are safe; the backup runs with and without it."),
        )
        self.said = Sentence()
        self.said.hide()
        for widget in (self.agent, self.tray, self.said):
            self.body.addWidget(widget)
        self.show_startup(agent=None, tray=None)
        self.agent.box.clicked.connect(lambda on: self.asked.emit("agent", on))
        self.tray.box.clicked.connect(lambda on: self.asked.emit("tray", on))

    def show_startup(self, *, agent: bool | None, tray: bool | None, said: str = "") -> None:
        """How it is, as the system itself says; None where that cannot be said."""
        for check, is_on in ((self.agent, agent), (self.tray, tray)):
            check.box.setEnabled(is_on is not None)
            check.box.setChecked(bool(is_on))
        tell(self.said, said)
