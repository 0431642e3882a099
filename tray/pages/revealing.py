"""Shows files in the system's file manager without holding the window up: a thread of its own asks the system."""

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from agent.platforms.reveal import reveal
from agent.words.catalogue import _


class Revealer(QObject):
    """Called with a path of the system's, on the GUI thread.

    Signals:
        failed(): this computer has nothing to show it with.
    """

    failed = Signal()

    def __init__(
        self, tell: Callable[[str], None], parent: QObject | None = None, show: Callable[[str], bool] = reveal
    ) -> None:
        """`tell` gets a sentence when there is nothing to show it with; `show` may wait, on another thread."""
        super().__init__(parent)
        self._tell = tell
        self._show = show
        self.failed.connect(self._say_so)  # a slot of an object of this thread, so that it is called on this thread

    def __call__(self, path: str) -> None:
        threading.Thread(target=self._try, args=(path,), name="reveal", daemon=True).start()

    def _say_so(self) -> None:
        self._tell(_("No file manager answers on this computer."))

    def _try(self, path: str) -> None:
        if not self._show(path):
            self.failed.emit()
