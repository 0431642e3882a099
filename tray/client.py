"""The line to the agent: connects, greets, subscribes, calls, and comes back by itself when the line is cut.

Everything runs on the GUI thread and nothing waits: a call returns at once and its answer comes to a callback. It
knows nothing of what the sections mean (that is `tray.model`).
"""

import logging
import random
from collections.abc import Callable
from time import perf_counter
from typing import Any

from PySide6.QtCore import QFileInfo, QFileSystemWatcher, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalSocket

from agent import __version__
from agent.protocol import methods, wire
from agent.protocol.methods import LINE_LIMIT_BYTES, PROTOCOL, Hello, Message, Nothing

log = logging.getLogger(__name__)

OnResult = Callable[[Any], None]
OnError = Callable[[wire.Error], None]

#: The code of the error that answers a call when there is no agent to ask; not on the wire.
NO_AGENT = -1
_FIRST_MS = 250
_LONGEST_MS = 15_000
#: The same where the folder of the socket tells when an agent comes.
_LONGEST_WATCHED_MS = 60_000
_GREETING_MS = 10_000
#: For how long lines are read without a break.
_BUDGET_S = 0.008


class Backoff:
    """How long to wait before the next try: doubling, bounded, spread by up to a quarter either way."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives numbers from 0 to 1."""
        self._chance = chance
        self.longest_ms = _LONGEST_MS
        self._tries = 0

    def next_ms(self) -> int:
        """The next pause in ms."""
        pause: int = min(_FIRST_MS << self._tries, self.longest_ms)
        self._tries = min(self._tries + 1, 16)
        return round(pause * (0.75 + self._chance() / 2))

    def reset(self) -> None:
        """Begin anew, after a success or when the agent was just started."""
        self._tries = 0


class Client(QObject):
    """One connection to the agent, renewed for ever.

    Signals:
        greeted(Welcome): the agent answered `hello`; calls are possible from here on.
        received(Changes): sections arrived.
        lost(): the connection that was greeted is gone; another try follows at once.
        missed(): a try found no agent.
        refused(str): another version answers; its words, for the log. The next try comes late, or with `retry`.
        failed(Error): a call without an `on_error` of its own was refused.
    """

    greeted = Signal(object)
    received = Signal(object)
    lost = Signal()
    missed = Signal()
    refused = Signal(str)
    failed = Signal(object)

    def __init__(self, address: str, parent: QObject | None = None, backoff: Backoff | None = None) -> None:
        """`address` is the agent's socket as `agent.platforms` names it."""
        super().__init__(parent)
        self._address = address
        self._backoff = backoff or Backoff()
        self._greeted = False
        self._turned_away = False
        self._closed = False
        self._ids = 0
        self._pending: dict[int, tuple[str, OnResult | None, OnError | None]] = {}
        self._socket = QLocalSocket(self)
        self._socket.setReadBufferSize(LINE_LIMIT_BYTES + 1)
        self._socket.connected.connect(self._greet)
        self._socket.readyRead.connect(self._read)
        self._socket.stateChanged.connect(self._ended)  # the one signal that follows a miss, a cut and a drop alike
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._connect)
        self._patience = QTimer(self, singleShot=True, interval=_GREETING_MS)
        self._patience.timeout.connect(self.drop)
        self._folder = QFileSystemWatcher(self)
        self._folder.directoryChanged.connect(self.retry)

    @property
    def is_greeted(self) -> bool:
        """Whether a call would be sent now."""
        return self._greeted

    def retry(self) -> None:
        """Try now and often: the agent was just started, or replaced."""
        self._backoff.reset()
        if self._socket.state() is QLocalSocket.LocalSocketState.UnconnectedState:
            self._again.stop()
            self._connect()

    def call(
        self,
        method: str,
        params: Message | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Send a call. Exactly one of the callbacks comes later, never from within this function.

        None comes after `close`.
        """
        if not self._greeted:
            error = wire.Error(NO_AGENT, "no_agent")
            QTimer.singleShot(0, self, lambda: self._fail(on_error, error))
            return
        self._send(method, params or Nothing(), on_result, on_error)

    def drop(self) -> None:
        """Cut this connection, because what came was nothing of ours; the next try follows."""
        self._socket.abort()

    def close(self) -> None:
        """Cut the connection for good, and tell nobody of it: a window would come to the front as the tray ends."""
        if self._closed:
            return
        self._closed = True
        self._folder.blockSignals(True)
        self._folder.deleteLater()  # the system gives each person a small number of watches like this one
        self._again.stop()
        self._socket.abort()

    def _watch(self) -> None:
        """Hear of an agent that comes rather than look for it, where its address lies in a folder."""
        folder = QFileInfo(self._address).path()
        if not self._folder.directories() and not self._address.startswith("\\\\") and self._folder.addPath(folder):
            self._backoff.longest_ms = _LONGEST_WATCHED_MS

    def _connect(self) -> None:
        if self._socket.state() is QLocalSocket.LocalSocketState.UnconnectedState:
            self._watch()
            self._turned_away = False
            self._patience.start()
            self._socket.connectToServer(self._address)

    def _greet(self) -> None:
        self._send("hello", Hello(PROTOCOL, __version__, "tray"), self._welcomed, self._refused)

    def _welcomed(self, welcome: methods.Welcome) -> None:
        self._patience.stop()
        self._backoff.reset()
        self._greeted = True
        self._send("state.subscribe", Nothing(), None, None)
        self.greeted.emit(welcome)

    def _refused(self, error: wire.Error) -> None:
        if error.code == NO_AGENT:  # cut before it answered: like no agent at all
            return
        self._turned_away = True
        self._socket.abort()
        self.refused.emit(error.message)

    def _send(self, method: str, params: Message, on_result: OnResult | None, on_error: OnError | None) -> None:
        self._ids += 1
        self._pending[self._ids] = (method, on_result, on_error)
        self._socket.write(wire.pack_request(self._ids, method, params))

    def _read(self) -> None:
        until_s = perf_counter() + _BUDGET_S
        while self._socket.canReadLine():
            if perf_counter() > until_s:  # the screen and the person have their turn, then the rest
                QTimer.singleShot(0, self, self._read)
                return
            try:
                self._take(bytes(self._socket.readLine().data()))
            except wire.WireError as error:
                log.warning("the agent sent what is no message: %s", error)
                self.drop()
                return
        if self._socket.bytesAvailable() > LINE_LIMIT_BYTES:
            log.warning("the agent sent a line that is too long")
            self.drop()

    def _take(self, line: bytes) -> None:
        reply = wire.unpack_reply(line)
        changes = wire.changes_in(reply)
        if changes is not None:
            self.received.emit(changes)
        elif reply.id is not None:
            method, on_result, on_error = self._pending.pop(reply.id, ("", None, None))
            if isinstance(reply.error, wire.Error):
                self._fail(on_error, reply.error)
            elif method and on_result:
                on_result(wire.result_in(method, reply))

    def _fail(self, on_error: OnError | None, error: wire.Error) -> None:
        if self._closed:
            return
        if on_error:
            on_error(error)
        else:
            self.failed.emit(error)

    def _ended(self) -> None:
        if self._again.isActive() or self._socket.state() is not QLocalSocket.LocalSocketState.UnconnectedState:
            return
        self._patience.stop()
        was_greeted, self._greeted = self._greeted, False
        pending, self._pending = self._pending, {}
        if not self._closed:
            self._again.start(_LONGEST_MS if self._turned_away else self._backoff.next_ms())
        for _method, _on_result, on_error in pending.values():
            self._fail(on_error, wire.Error(NO_AGENT, "no_agent"))
        if self._closed:
            return
        if was_greeted:
            self.lost.emit()
        elif not self._turned_away:
            self.missed.emit()
