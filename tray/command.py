"""The `safelight` command run by the tray for what the agent cannot do itself: start it, register it with the system.

The command knows whether the system's service does it; the tray only shows what it says. GUI thread; never waits.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from agent import words
from agent.protocol.wire import from_json

_LAST_MS = 10_000


class Command(QObject):
    """One run of the command at a time.

    Signals:
        succeeded(object): it ended well; the document that it printed, None where it printed none.
        failed(str): a sentence on why not.
    """

    succeeded = Signal(object)
    failed = Signal(str)

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        """`command` is what `command_line` gives."""
        super().__init__(parent)
        self._command = command
        self._only_looks = False
        self._is_closed = False
        self._process = QProcess(self)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._errored)

    def run(self, *more: str) -> None:
        """Run the command with these words added; nothing while it runs already, or after `close`."""
        if not self._is_closed and self._process.state() is QProcess.ProcessState.NotRunning:
            self._only_looks = "status" in more
            self._process.start(self._command[0], [*self._command[1:], *more])

    def close(self) -> None:
        """Say nothing any more. What changes something is let finish, what only looks is ended."""
        self._is_closed = True
        self.blockSignals(True)
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            if self._only_looks:
                self._process.kill()
            self._process.waitForFinished(_LAST_MS)

    def _finished(self, code: int) -> None:
        if code == 0:
            self.succeeded.emit(_document(bytes(self._process.readAllStandardOutput().data())))
            return
        said = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").strip().splitlines()
        self.failed.emit(said[-1] if said else words.mistake("start_failed", {}))

    def _errored(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.failed.emit(words.mistake("start_failed", {}))


def command_line(home: Path | None, *words_: str) -> list[str]:
    """The command of this installation for this home, with these words."""
    if getattr(sys, "frozen", False):  # the packaged command lies beside the packaged tray
        command = [str(Path(sys.executable).with_name("safelight" + Path(sys.executable).suffix))]
    else:
        command = [sys.executable, "-m", "agent"]
    return [*command, *(["--home", str(home)] if home else []), *words_]


def _document(printed: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return from_json(printed)
    except ValueError:
        return None
