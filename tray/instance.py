"""One tray for each home: a second start asks the first to show itself. GUI thread."""

import hashlib
import logging
import os
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

_OTHER_ANSWERS_MS = 1_000


class OneInstance(QObject):
    """Lets one tray run for each home; a second one asks the first to show itself and ends.

    Signals:
        called(): another start of the tray asked for this one.
    """

    called = Signal()

    def __init__(self, address: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._address = address
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)

    def take(self) -> bool:
        """Become the one instance; False where another is, which has been asked to show itself.

        The only place that waits (at most a second, before any window): the answer decides whether there is an app.
        """
        other = QLocalSocket()
        other.connectToServer(self._address)
        if other.waitForConnected(_OTHER_ANSWERS_MS):
            other.disconnectFromServer()
            return False
        QLocalServer.removeServer(self._address)  # left behind by one that was killed
        if not self._server.listen(self._address):
            log.warning("a second tray could not find this one: %s", self._server.errorString())
        return True

    def close(self) -> None:
        """Let another tray be the one."""
        self._server.close()

    def _answer(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            connection.disconnected.connect(connection.deleteLater)
            self.called.emit()


def tray_address(agent_address: str) -> str:
    """Where the tray of the same home listens for a second start of itself."""
    if agent_address.startswith("\\\\"):
        return f"{agent_address}-tray"
    beside = Path(agent_address)
    name = hashlib.sha256(os.fsencode(beside.name)).hexdigest()[:6]
    return str(beside.with_name(f"{name}.t"))
