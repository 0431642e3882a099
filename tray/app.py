"""The tray put together: one instance for each home, the line to the agent, the icon, the menu and the window.

The composition root: the only module that knows all the others. GUI thread.
"""

import gc
import logging
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QProcess, Signal
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QApplication, QFileDialog

from agent import __version__
from agent.platforms.base import HOME_VARIABLE, NotPrivate, make_private, places
from agent.platforms.clock import SystemClock
from agent.protocol.methods import BackupStart
from agent.protocol.paths import to_wire
from agent.words.catalogue import _
from tray.client import Client
from tray.command import Command, command_line
from tray.icon import TrayIcon
from tray.instance import OneInstance, tray_address
from tray.menu import TrayMenu
from tray.model import Model
from tray.notify import DesktopSender, Notifier
from tray.pages.activity import Activity
from tray.pages.file_deeds import said_of_start
from tray.pages.folders import FoldersPage
from tray.pages.library import LibraryPage
from tray.pages.overview import Overview
from tray.pages.page import Page
from tray.pages.settings import SettingsPage
from tray.pages.window import Window
from tray.speech import speak, teach_qt
from tray.startup import Startup
from tray.widgets.drawing import app_icon

if TYPE_CHECKING:
    from tray.wizard.wizard import Wizard

#: Set in the environment of a tray that started itself anew.
RENEWED = "SAFELIGHT_TRAY_RENEWED"
#: What the event loop ends with when the tray is to start itself anew.
_RENEW = 64


class App(QObject):
    """The whole tray, ready to be shown.

    Signals:
        renewal_asked(): end, and start the tray that is installed now.
    """

    renewal_asked = Signal()

    def __init__(self, home: Path | None, address: str) -> None:
        super().__init__()
        self.client = Client(address, self)
        self.model = Model(self.client, SystemClock().now_at, self)
        self.starter = Command(command_line(home, "start"), self)
        self.startup = Startup(Command(command_line(home, "--json", "service"), self), self)
        self.diagnostics = Command(command_line(home, "diagnostics"), self)
        self.overview = Overview(self.model)
        self.library = LibraryPage(self.model)
        self.folders = FoldersPage(self.model)
        self.activity = Activity(self.model)
        log_command = command_line(home, "--json", "logs", "--follow")
        doctor = command_line(home, "--json", "doctor")
        self.settings = SettingsPage(self.model, str(places(home).log_dir), log_command, doctor_command=doctor)
        self.window = Window([self.overview, self.library, self.folders, self.activity, self.settings])
        self.menu = TrayMenu(self.model)
        self.icon = TrayIcon(self.model, self.menu, self)
        self.desktop = DesktopSender(self)
        self.notifier = Notifier(self.model, self.desktop, self.window.isActiveWindow, self)
        self.wizard: Wizard | None = None
        self._was_welcomed = False
        self._was_started = False
        self._connect()

    def start(self, *, show_window: bool) -> None:
        """Show the light, and the window where it was asked for or there is no panel for the light."""
        self.client.retry()
        if show_window or not self.icon.is_hosted:
            self.window.come_forward()
        if not self.icon.is_hosted:
            self._say_no_tray()

    def renew(self) -> None:
        """Become the version that is installed now: the agent has been updated under this tray. Once, not for ever."""
        if RENEWED not in os.environ:
            os.environ[RENEWED] = "1"
            self.renewal_asked.emit()

    def close(self) -> None:
        """End the connection; the agent goes on."""
        self.client.close()
        self.desktop.close()
        for command in (self.starter, self.startup, self.diagnostics):
            command.close()
        self.settings.close_windows()
        self.window.close()

    def _connect(self) -> None:
        for source in (self.menu, self.overview):
            source.start_asked.connect(self.starter.run)
        self.starter.succeeded.connect(self._started)
        self.starter.failed.connect(self.tell)
        self.client.refused.connect(self.renew)
        self.model.told.connect(self.tell)
        self.menu.window_asked.connect(self.window.come_forward)
        self.menu.settings_asked.connect(lambda: self.open(self.settings))
        self.icon.clicked.connect(self.window.come_forward)
        self.icon.host_changed.connect(self._host_changed)
        self.menu.quit_asked.connect(QApplication.quit)
        self.notifier.asked_for.connect(self._show_place)
        self.overview.place_asked.connect(self._show_place)
        self.desktop.failed.connect(self.icon.say)
        for page in (self.overview, self.settings):
            page.tour_asked.connect(self.welcome)
        self.model.changed.connect(self._greet_the_first_time)
        self.window.folder_dropped.connect(self._add_folder)
        self.window.files_dropped.connect(self._back_up)
        self.settings.diagnostics_asked.connect(self._save_diagnostics)
        self.diagnostics.succeeded.connect(lambda _said: self.tell(_("The diagnostics file is saved.")))
        self.diagnostics.failed.connect(self.tell)
        self.settings.startup_wanted.connect(self.startup.look)
        self.settings.startup_asked.connect(lambda part, on: self.startup.set_part(part, is_on=on))
        self.startup.changed.connect(self._show_startup)
        self.startup.failed.connect(self.tell)  # the first steps are over by then, and the settings not open

    def open(self, page: Page) -> None:
        """Show this page to the person."""
        self.window.show_page(page)
        self.window.come_forward()

    def _show_place(self, name: str) -> None:
        pages: dict[str, Page] = {
            "library": self.library,
            "folders": self.folders,
            "activity": self.activity,
            "settings": self.settings,
        }
        self.open(pages.get(name, self.overview))
        if name == "activity":
            self.activity.show_status("FAILED")

    def welcome(self) -> None:
        """Go through the first steps with the person; where one is open already, show it."""
        from tray.wizard.wizard import Wizard  # once in a lifetime, and not at every start

        self._was_welcomed = True
        self.window.come_forward()
        if self.wizard is None:
            self.wizard = Wizard(self.model, self.window)
            self.wizard.startup_asked.connect(lambda on: self.startup.set_both(is_on=on))
            self.wizard.finished.connect(self._welcomed)
        self.startup.look()
        self.wizard.open()

    def _welcomed(self) -> None:
        if self.wizard is not None:
            self.wizard.deleteLater()
            self.wizard = None
        self.window.show_page(self.overview)

    def _greet_the_first_time(self) -> None:
        now = self.model.snapshot
        if now is None or now.agent.phase != "running" or self._was_welcomed:
            return  # an agent that has only just opened its door is about to run: whether this is new is told then
        self._was_welcomed = True  # whoever says 'later' is not asked again and again
        if not now.destinations and not now.folders:
            self.welcome()

    def _save_diagnostics(self) -> None:
        path, _filter = QFileDialog.getSaveFileName(
            self.window, _("Save a diagnostics file"), "safelight-diagnostics.zip", _("Zip files (*.zip)")
        )
        if path:
            self.diagnostics.run(path)

    def _add_folder(self, path: str) -> None:
        self.open(self.folders)
        self.folders.add_folder(path)

    def _back_up(self, paths: list[str]) -> None:
        wish = BackupStart(tuple(to_wire(os.fsencode(path)) for path in paths))
        self.model.call("backup.start", wish, lambda _group: self.tell(said_of_start(len(paths))))

    def _started(self) -> None:
        self._was_started = True  # by hand: whether the system will do it the next time is looked at below
        self.client.retry()
        self.startup.look()

    def _show_startup(self) -> None:
        now = self.startup
        self.settings.show_startup(agent=now.agent, tray=now.tray, said=now.said)
        if self.wizard is not None and now.agent is not None:
            self.wizard.login.show_startup(is_on=now.agent)
        if now.agent is None:
            return
        was_started, self._was_started = self._was_started, False
        if was_started and not now.agent:
            self.window.tell(
                _(
                    "The background agent runs now. For it to start at each login too, switch that on in the settings, "
                    "under “Start-up”."
                )
            )

    def tell(self, text: str) -> None:
        """Say something to the person, in the window."""
        self.window.tell(text)
        self.window.come_forward()

    def _host_changed(self) -> None:
        if self.icon.is_hosted:
            self.window.notice.hide()
        else:
            self._say_no_tray()

    def _say_no_tray(self) -> None:
        self.window.tell(
            _(
                "This desktop shows no tray icons, so Safelight stays in this window. On GNOME the extension "
                "“AppIndicator and KStatusNotifierItem Support” adds them. "
                "The backup goes on when the window is closed."
            )
        )


def run(arguments: Sequence[str]) -> int:
    """The tray from its first line to its last; the exit code."""
    speak()
    asked = _parser().parse_args(arguments)
    if asked.home is not None:
        os.environ[HOME_VARIABLE] = str(asked.home)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C ends it at once: the tray holds nothing that could be lost
    app = QApplication([sys.argv[0]])
    app.setApplicationName("safelight")
    app.setApplicationDisplayName("Safelight")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("safelight")
    app.setWindowIcon(app_icon())
    app.setQuitOnLastWindowClosed(False)
    QPixmapCache.setCacheLimit(
        0
    )  # Qt wakes for minutes to empty it bit by bit; drawing without it costs next to nothing
    teach_qt(app)
    here = places()
    try:
        make_private(here.runtime_dir)
    except (OSError, NotPrivate) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    one = OneInstance(tray_address(here.socket_address))
    if not one.take():
        return 0
    tray = App(asked.home, here.socket_address)
    one.called.connect(tray.window.come_forward)
    tray.renewal_asked.connect(lambda: app.exit(_RENEW))
    tray.start(show_window=asked.window)
    gc.freeze()  # what lives as long as the tray is not looked through again and again
    gc.enable()
    code = app.exec()
    tray.close()
    one.close()
    if code == _RENEW:
        started, _process_id = QProcess.startDetached(sys.executable, [*tray_argv(), *arguments])
        return 0 if started else 1
    return code


def tray_argv() -> list[str]:
    """What makes this interpreter, or this packaged program, the tray."""
    return [] if getattr(sys, "frozen", False) else ["-m", "tray"]


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="safelight-tray", description=_("The light in the tray, and the window of Safelight."))
    parser.add_argument("--home", type=Path, metavar="DIR", help=_("a folder that holds all of Safelight's files"))
    parser.add_argument("--window", action="store_true", help=_("open the window too"))
    parser.add_argument("--version", action="version", version=__version__)
    return parser
