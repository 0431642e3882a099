"""For how long to pause: the four answers, in the tray's menu and behind the window's button alike. GUI thread."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QMenu, QWidget

from agent.words.catalogue import _
from tray.widgets.text_button import TextButton

_MORNING_HOUR = 8
_MINUTE_MS = 60_000


class PauseButton(TextButton):
    """Opens a menu. Styles keep a fixed width for its arrow, which large letters run into: it has room of its own."""

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self.fontMetrics().height() // 2, 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class PauseMenu(QMenu):
    """A menu of durations.

    Signals:
        chosen(object): the epoch ms until which to pause, None for without an end.
    """

    chosen = Signal(object)

    def __init__(self, now_at: Callable[[], int], parent: QWidget | None = None) -> None:
        """`now_at` gives epoch ms."""
        super().__init__(_("&Pause"), parent)
        for text, until in (
            (_("For &30 minutes"), lambda: now_at() + 30 * _MINUTE_MS),
            (_("For &2 hours"), lambda: now_at() + 120 * _MINUTE_MS),
            (_("Until &tomorrow"), lambda: tomorrow_at(now_at())),
            (_("Until I &resume"), lambda: None),
        ):
            self.addAction(text).triggered.connect(lambda *_checked, until=until: self.chosen.emit(until()))


def tomorrow_at(now_at: int) -> int:
    """The next day's morning in local time, as epoch ms."""
    now = datetime.fromtimestamp(now_at / 1_000, UTC).astimezone()
    morning = datetime(now.year, now.month, now.day, _MORNING_HOUR).astimezone() + timedelta(days=1)
    # The offset may differ tomorrow: the wall clock shall say eight.
    return round(morning.replace(tzinfo=None).astimezone().timestamp() * 1_000)
