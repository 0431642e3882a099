"""What every step of the first run is: a question, its controls, and what 'Continue' does. GUI thread."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent.protocol.wire import Error
from tray.model import Model, explained
from tray.widgets.telling import tell
from tray.widgets.text import Aside, Sentence, style_as_headline


class Step(QWidget):
    """One question. Subclasses add controls to `column` and write `proceed`.

    Signals:
        proceeded(int): this many steps on (1, or 2 where the next one is not needed).
        changed(): `may_proceed` is another one, or `busy`.
        offered(): the person is asked for something more, at the end of the step.
    """

    proceeded = Signal(int)
    changed = Signal()
    offered = Signal()

    def __init__(self, model: Model, title: str, why: str) -> None:
        super().__init__()
        self.model = model
        self.is_busy = False
        self.setAccessibleName(title)
        heading = Sentence(self)
        style_as_headline(heading)
        heading.setText(title)
        reason = Aside(self)
        reason.setText(why)
        #: What the step says; the wizard has it below the step, where it is seen however far that is scrolled.
        self.said = Sentence(self)
        self.said.hide()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(round(self.fontMetrics().height() * 0.7))
        self.column.addWidget(heading)
        self.column.addWidget(reason)
        self.column.addSpacing(self.fontMetrics().height() // 2)

    def close_column(self) -> None:
        """All controls are there."""
        self.column.addStretch(1)

    def enter(self) -> None:
        """The step is shown now."""

    def leave(self) -> None:
        """The person leaves; what is under way and was not agreed to is given up."""

    def may_proceed(self) -> bool:
        """Whether 'Continue' has something to do."""
        return True

    def proceed(self) -> None:
        """Do what was asked for, and emit `proceeded` when the agent has accepted."""
        raise NotImplementedError

    def say(self, sentence: str, *, busy: bool = False) -> None:
        """Show a sentence below the controls; `busy` while an answer is awaited."""
        self.is_busy = busy
        tell(self.said, sentence)
        self.changed.emit()

    def refuse(self, error: Error) -> None:
        """The agent refused: say why, and let the person correct it."""
        self.say(explained(error))

    def go_on(self, steps: int = 1) -> None:
        """Done here."""
        self.say("")
        self.proceeded.emit(steps)
