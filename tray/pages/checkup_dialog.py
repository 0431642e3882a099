"""The check-up in a window: what usually goes wrong, looked at from outside, and how each of it is mended. GUI thread.

`safelight doctor` looks, a process of its own: it works when there is no agent. What it found is said here anew, since
a person before the window has buttons where the terminal has commands.
"""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from agent import words
from agent.protocol.types import Light
from agent.protocol.wire import from_json
from agent.words import checkup
from agent.words.catalogue import _, fill
from tray.pages.looking_dialog import LookingDialog
from tray.widgets.drawing import light_colour
from tray.widgets.fact_row import FactRow
from tray.widgets.labelled import close_by
from tray.widgets.row_list import RowList
from tray.widgets.telling import tell
from tray.widgets.text import Aside, Sentence

_MARKS: dict[str, tuple[str, Light]] = {
    "error": ("light-attention", "attention"),
    "warning": ("mark-warning", "waiting"),
    "info": ("mark-info", "working"),
}


class CheckupDialog(LookingDialog):
    """Looks each time that it is opened, and again on request."""

    def __init__(self, command: Sequence[str], parent: QWidget | None = None) -> None:
        """`command` is `safelight --json doctor`."""
        super().__init__(command, parent)
        self.setWindowTitle(_("Check-up"))
        self.said = Sentence(self)
        self.findings: RowList[FactRow] = RowList(FactRow)
        self.fine = Aside(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.again = self.buttons.addButton(_("Look &again"), QDialogButtonBox.ButtonRole.ActionRole)
        close_by(self.buttons, self.buttons.button(QDialogButtonBox.StandardButton.Close))
        self.again.clicked.connect(self._begin)
        self.buttons.rejected.connect(self.reject)
        self._arrange()

    def _begin(self) -> None:
        self._end()
        self.again.setEnabled(False)
        tell(self.said, _("Looking at everything; this may take some seconds."))
        self._run()

    def _finished(self) -> None:
        printed = bytes(self._process.readAllStandardOutput().data()) if self._process is not None else b""
        try:
            document = from_json(printed)
            found, checked = document["findings"], document["checked"]
        except (ValueError, TypeError, KeyError):  # it ended before it could say anything
            self._rest(words.mistake("internal", {}))
            return
        palette = self.palette()
        self.findings.show_items(found, lambda row, one: _show(row, one, palette))
        troubled = {one["area"] for one in found}
        fine = [checkup.area(area) for area in checked if area not in troubled]
        tell(self.fine, fill(_("In order: {areas}."), {"areas": ", ".join(fine)}) if fine else "", aloud=False)
        self._rest(_("This was found:") if found else _("Nothing is wrong."))

    def _failed(self) -> None:
        self._rest(words.mistake("start_failed", {}))

    def _rest(self, said: str) -> None:
        self.again.setEnabled(True)
        tell(self.said, said)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em)
        for widget in (self.said, self.findings, self.fine):
            column.addWidget(widget)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, em // 2, em // 2)
        outer.addWidget(scroll, 1)
        outer.addWidget(self.buttons)


def _show(row: FactRow, one: dict[str, Any], palette: QPalette) -> None:
    mark, light = _MARKS[one["severity"]]
    text, step = checkup.finding(one["code"], one["args"])
    row.show_fact(mark, light_colour(light, palette), text, step)
