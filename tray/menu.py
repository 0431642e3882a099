"""The tray icon's menu: the headline, and what one does without opening the window. GUI thread.

Every entry is one request to the agent or opens something; what is possible now follows the snapshot.
"""

from collections.abc import Callable

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMenu

from agent.protocol.methods import BackupStart, Pause
from agent.protocol.types import Snapshot
from agent.words.catalogue import _
from tray.model import Model, web_address
from tray.widgets.pause_menu import PauseMenu


class TrayMenu(QMenu):
    """Built once; its entries are shown, hidden and renamed as the model changes.

    Signals:
        window_asked(): open the window.
        settings_asked(): open the settings.
        start_asked(): start the agent.
        quit_asked(): end the tray.
    """

    window_asked = Signal()
    settings_asked = Signal()
    start_asked = Signal()
    quit_asked = Signal()

    def __init__(self, model: Model, open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl) -> None:
        super().__init__()
        self._model = model
        self._open_url = open_url
        self.headline = self.addAction("")
        self.headline.setEnabled(False)
        self.addSeparator()
        self.start = self._entry(_("&Start it"), self.start_asked.emit)
        self.enable = self._entry(_("&Turn backup on"), lambda: model.call("backup.enable"))
        self.back_up = self._entry(_("&Back up now"), lambda: model.call("backup.start", BackupStart()))
        self.pause = PauseMenu(model.now_at, self)
        self.pause.chosen.connect(lambda until_at: model.call("backup.pause", Pause(until_at)))
        self.addMenu(self.pause)
        self.resume = self._entry(_("&Resume"), lambda: model.call("backup.resume"))
        self.addSeparator()
        self.open = self._entry(_("&Open Safelight"), self.window_asked.emit)
        self.immich = self._entry(_("Open &Immich in the browser"), self._open_immich)
        self.settings = self._entry(_("S&ettings"), self.settings_asked.emit)
        self.addSeparator()
        self.leave = self._entry(_("&Quit the tray (the backup goes on)"), self.quit_asked.emit)
        model.changed.connect(self._refresh)
        self._refresh()

    def _entry(self, text: str, do: Callable[[], None]) -> QAction:
        action = self.addAction(text)
        action.triggered.connect(lambda *_checked: do())
        return action

    def _refresh(self, *_sections: object) -> None:
        snapshot = self._model.snapshot
        backup = snapshot.backup if snapshot else None
        self.headline.setText(self._model.headline.replace("&", "&&"))
        self.start.setVisible(self._model.connection == "absent")
        self.enable.setVisible(backup is not None and not backup.enabled)
        self.back_up.setVisible(backup is not None)
        self.pause.menuAction().setVisible(backup is not None and backup.enabled and not backup.paused)
        self.resume.setVisible(backup is not None and backup.paused)
        self.immich.setVisible(immich_address(snapshot) is not None)
        self.leave.setText(_("&Quit the tray (the backup goes on)") if snapshot else _("&Quit the tray"))

    def _open_immich(self) -> None:
        address = immich_address(self._model.snapshot)
        if address:
            self._open_url(QUrl(address))


def immich_address(snapshot: Snapshot | None) -> str | None:
    """The web address of the first Immich server, if there is one."""
    for destination in snapshot.destinations if snapshot else ():
        if destination.kind == "immich" and destination.location.startswith(("https://", "http://")):
            return web_address(destination)
    return None
