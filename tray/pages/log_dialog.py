"""The agent's log as it grows, in a window: the last lines, what is added, and how grave a line must be. GUI thread.

The lines come from `safelight logs --follow`, a process of its own: it knows the file, its rotation and its levels, and
works when there is no agent, which is when a log is wanted most. Lines are only added while the window is open.
"""

import re
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from agent import words
from agent.protocol.wire import from_json
from agent.words.catalogue import _
from tray.pages.looking_dialog import LookingDialog
from tray.widgets.labelled import Check, Labelled, name_button
from tray.widgets.text import Sentence
from tray.widgets.text_button import TextButton

_FIRST_LINES = 500
_MOST_LINES = 5_000
#: Lines that come together are shown together.
_GATHER_MS = 100
#: A traceback at the end of a line, with its line breaks written out; a path such as `C:\\new` has none.
_TRACEBACK = re.compile(r"\\nTraceback \(most recent call last\):.*")
_BREAK = re.compile(r"\\n(?=  |\\n|Traceback |The above |During |[\w.]+(?:: |$)|$)")


class LogDialog(LookingDialog):
    """Shows the log until it is closed."""

    SIZE_EM = (62, 36)

    def __init__(self, command: Sequence[str], parent: QWidget | None = None) -> None:
        """`command` is `safelight --json logs --follow`."""
        super().__init__(command, parent)
        self._waiting: list[str] = []
        self.setWindowTitle(_("Log of the background agent"))
        self.level = QComboBox(self)
        for value, text in (("info", _("Everything")), ("warning", _("Warnings")), ("severe", _("Errors only"))):
            self.level.addItem(text, value)
        self.scrolls = Check(_("&Go on to new lines"), parent=self)
        self.scrolls.box.setChecked(True)
        self.lines = QPlainTextEdit(self)
        self.lines.setReadOnly(True)
        self.lines.setAccessibleName(_("Lines of the log"))
        self.lines.setMaximumBlockCount(_MOST_LINES)
        self.lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.lines.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.lines.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.said = Sentence(self)
        self.said.hide()
        self.copy = TextButton(_("&Copy all"), self)
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.lines.toPlainText()))
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._show)
        self._arrange()
        self.level.activated.connect(self._begin)
        self.scrolls.box.toggled.connect(self._scroll)
        self.resize(self.sizeHint())

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        head = QHBoxLayout()
        head.setSpacing(em)
        head.addWidget(Labelled(_("Show"), self.level))
        head.addWidget(self.scrolls)
        head.addStretch(1)
        head.addWidget(self.copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        for button in buttons.buttons():
            name_button(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em // 2)
        column.addLayout(head)
        column.addWidget(self.lines, 1)
        column.addWidget(self.said)
        column.addWidget(buttons)

    # --- The process -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Show the log of the chosen level, from its last lines on."""
        self._end()
        self.lines.clear()
        self._run("--lines", str(_FIRST_LINES), "--level", str(self.level.currentData()))

    def _end(self) -> None:
        super()._end()
        self._waiting.clear()

    def _read(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            document = from_json(bytes(process.readLine().data()))
            self._waiting.append(unfold(str(document["line"])))
        if self._waiting and not self._gather.isActive():
            self._gather.start()

    def _failed(self) -> None:
        self.said.setText(words.mistake("start_failed", {}))
        self.said.show()

    def _show(self) -> None:
        if not self._waiting:
            return
        bar = self.lines.verticalScrollBar()
        before = bar.value()
        self.lines.appendPlainText("\n".join(self._waiting))
        self._waiting.clear()
        bar.setValue(before)
        self._scroll()

    def _scroll(self) -> None:
        if self.scrolls.box.isChecked():
            self.lines.moveCursor(QTextCursor.MoveOperation.End)
            self.lines.moveCursor(QTextCursor.MoveOperation.StartOfLine)


def unfold(line: str) -> str:
    """A line of the log as a person reads it: a traceback has its own lines again."""
    return _TRACEBACK.sub(lambda found: _BREAK.sub("\n", found[0]), line)
