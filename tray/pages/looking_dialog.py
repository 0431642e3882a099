"""A window onto a command that only looks: it runs for as long as the window is open. GUI thread.

Such commands work when there is no agent, which is when they are wanted most. What they print is the matter of each
window.
"""

from collections.abc import Sequence

from PySide6.QtCore import QProcess, QSize
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget

_END_MS = 2_000


class LookingDialog(QDialog):
    """Begins when it is shown and ends when it is closed; `_begin` calls `_run`."""

    #: How large it opens, in heights of a line.
    SIZE_EM = (40, 32)

    def __init__(self, command: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._command = command
        self._process: QProcess | None = None

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        width_em, height_em = self.SIZE_EM
        return QSize(em * width_em, em * height_em)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._process is None:
            self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():  # that is the desktop, which has only put it away
            self._end()

    def _begin(self) -> None:
        raise NotImplementedError

    def _failed(self) -> None:
        """The command could not be started."""
        raise NotImplementedError

    def _read(self) -> None:
        """It has printed something."""

    def _finished(self) -> None:
        """It has come to its end by itself."""

    def _run(self, *arguments: str) -> None:
        """Start the command with these further words."""
        process = QProcess(self)
        # No lambdas: they would keep this window until its own child goes.
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed)
        self._process = process
        process.start(self._command[0], [*self._command[1:], *arguments])

    def _end(self) -> None:
        """It only looks, so it may be cut."""
        process, self._process = self._process, None
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(_END_MS)
            process.deleteLater()
