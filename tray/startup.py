"""What starts at login: the agent and the light, each by itself, as the system says it and as a person wants it.

The `safelight service` command registers and reads back; here its runs stand in line, so that no wish is lost, and
what it says becomes words. GUI thread; never waits.
"""

from collections import deque
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from agent.words import checkup
from agent.words.catalogue import _
from tray.command import Command

Part = Literal["agent", "tray"]

#: What the switches themselves show, and what only a computer without a screen need know.
_SHOWN = frozenset({"service_absent", "service_disabled", "tray_absent", "tray_disabled", "service_not_lingering"})
_ONLY: dict[Part, str] = {"agent": "--no-tray", "tray": "--no-agent"}


class Startup(QObject):
    """The start at login of this installation.

    Signals:
        changed(): `agent`, `tray` or `said` is another one.
        failed(str): what was asked for with `set_both` could not be done; why.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, command: Command, parent: QObject | None = None) -> None:
        """`command` runs `safelight --json service` with the words that are added."""
        super().__init__(parent)
        #: Whether each starts at login: as it was asked for until that is read back; None while it cannot be said.
        self.agent: bool | None = None
        self.tray: bool | None = None
        #: What is being done, what is wrong with it, or why it could not be done.
        self.said = ""
        self._read_last: tuple[bool | None, bool | None] = (None, None)
        self._command = command
        self._waiting: deque[tuple[str, ...]] = deque()
        self._running: tuple[str, ...] = ()
        self._refusal = ""
        command.succeeded.connect(self._read)
        command.failed.connect(self._refused)

    def look(self) -> None:
        """Read back how it is."""
        if not self._running and not self._waiting:
            self._ask("status")

    def set_part(self, part: Part, *, is_on: bool) -> None:
        """Have one of the two start at login, or not; what runs now goes on."""
        if part == "agent":
            self.agent = is_on
        else:
            self.tray = is_on
        self._ask(*(("install",) if is_on else ("uninstall", "--no-stop")), _ONLY[part])

    def set_both(self, *, is_on: bool) -> None:
        """Have both start at login, or neither; what runs now goes on."""
        if is_on:
            self._ask("install")
        elif self.agent or self.tray:
            self._ask("uninstall", "--no-stop")

    def close(self) -> None:
        """Ask for nothing any more."""
        self._waiting.clear()
        self._command.close()

    def _ask(self, *words: str) -> None:
        self._waiting.append(words)
        if words != ("status",):
            self._refusal = ""
            self._say(_("Asking the system …"))
        if not self._running:
            self._next()

    def _next(self) -> None:
        self._running = self._waiting.popleft()
        self._command.run(*self._running)

    def _read(self, document: object) -> None:
        self._running = ()
        if self._waiting:
            self._next()
            return
        if not isinstance(document, dict) or "at_login" not in document:  # what was changed is read back
            self._ask("status")
            return
        self._read_last = self.agent, self.tray = document["at_login"]["agent"], document["at_login"]["tray"]
        self._say(self._refusal or _told(document))

    def _refused(self, said: str) -> None:
        asked, self._running = self._running, ()
        if asked[:1] != ("status",):
            self._refusal = said
            if not set(asked) & set(_ONLY.values()):
                self.failed.emit(said)
        if self._waiting:
            self._next()
        elif asked[:1] == ("status",):
            self.agent, self.tray = self._read_last
            self._say(self._refusal or said)
        else:
            self._ask("status")  # half of it may have been done

    def _say(self, said: str) -> None:
        self.said = said
        self.changed.emit()


def _told(document: dict[str, Any]) -> str:
    """What is wrong with that which is on, each with its next step."""
    found = [one for one in document["findings"] if one["code"] not in _SHOWN]
    return " ".join(part for one in found for part in checkup.finding(one["code"], one["args"]))
