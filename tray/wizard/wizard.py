"""The five steps in one dialog, with where one is, back, continue, and leaving at any time. GUI thread."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from agent.words.catalogue import _, fill
from tray.model import Model
from tray.widgets.choosing import choose_folder
from tray.widgets.choosing import choose_place as usual_place
from tray.widgets.steps import StepsLine
from tray.widgets.text import Aside
from tray.widgets.text_button import TextButton
from tray.wizard.address import AddressStep
from tray.wizard.folders import FoldersStep, usual_folders
from tray.wizard.login import LoginStep
from tray.wizard.schedule import ScheduleStep
from tray.wizard.sign_in import SignInStep
from tray.wizard.step import Step

_WIDTH_EM, _HEIGHT_EM, _LEAST_EM = 42, 36, 24


class Wizard(QDialog):
    """The first run.

    Signals:
        startup_asked(bool): have Safelight start at login, or not.
    """

    startup_asked = Signal(bool)

    def __init__(
        self,
        model: Model,
        parent: QWidget | None = None,
        *,
        usual: Callable[[], Sequence[str]] = usual_folders,
        choose: Callable[[QWidget], str] = choose_folder,
        choose_place: Callable[[QWidget], str] = usual_place,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Welcome to Safelight"))
        self.address = AddressStep(model, choose_place)
        self.sign_in = SignInStep(model, self.address)
        self.folders = FoldersStep(model, usual, choose)
        self.schedule = ScheduleStep(model)
        self.login = LoginStep(model)
        self.steps: tuple[Step, ...] = (self.address, self.sign_in, self.folders, self.schedule, self.login)
        self._way: list[int] = []
        self.line = StepsLine((_("Server"), _("Sign in"), _("Folders"), _("When"), _("Start")), self)
        self.stack = QStackedWidget(self)
        self.later = TextButton(_("&Later"), self)
        self.later.setToolTip(_("What you did so far is kept."))
        self.back = TextButton(_("&Back"), self)
        self.onward = TextButton(_("&Continue"), self, primary=True)
        self._arrange()
        self._connect()
        self.show_step(0)

    def sizeHint(self) -> QSize:
        em = self.fontMetrics().height()
        return QSize(em * _WIDTH_EM, em * _HEIGHT_EM)

    @property
    def step(self) -> Step:
        """The one that is shown."""
        return self.steps[self.stack.currentIndex()]

    def show_step(self, at: int) -> None:
        """Turn to a step."""
        self.stack.setCurrentIndex(at)
        self.line.show_step(at)
        said = fill(_("Step {number} of {total}"), {"number": at + 1, "total": len(self.steps)})
        self.line.setAccessibleName(said)
        self.onward.setText(_("Be&gin") if at == len(self.steps) - 1 else _("&Continue"))
        self.onward.setAccessibleName(self.onward.text().replace("&", ""))
        self.step.enter()
        self._refresh()
        self._focus_in_step()

    def _focus_in_step(self) -> None:
        """Where the person goes on with the keyboard, unless the step has chosen that itself."""
        within = self.step.findChildren(QWidget)
        if self.focusWidget() not in within:
            can = (one for one in within if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isVisibleTo(self.step))
            next((one for one in can if one.isEnabled()), self.onward).setFocus()

    def _proceed(self) -> None:
        if self.onward.isEnabled():
            self.step.proceed()

    def _proceeded(self, steps: int) -> None:
        at = self.stack.currentIndex()
        if at + steps >= len(self.steps):
            self.accept()
            return
        self._way.append(at)
        self.show_step(at + steps)

    def _go_back(self) -> None:
        if self._way:
            self.show_step(self._way.pop())

    def _refresh(self) -> None:
        self.back.setEnabled(bool(self._way) and not self.step.is_busy)
        self.onward.setEnabled(self.step.may_proceed() and not self.step.is_busy)

    def _connect(self) -> None:
        for step in self.steps:
            step.changed.connect(self._refresh)
            step.proceeded.connect(self._proceeded)
            self.rejected.connect(step.leave)
        self.login.startup_asked.connect(self.startup_asked)
        self.later.clicked.connect(self.reject)
        self.back.clicked.connect(self._go_back)
        self.onward.clicked.connect(self._proceed)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        for step in self.steps:
            page = QWidget()
            around = QVBoxLayout(page)
            around.setContentsMargins(0, 0, 0, 0)
            around.setSpacing(em // 2)
            scroll = QScrollArea()
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the focus
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setWidgetResizable(True)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setMinimumWidth(step.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
            scroll.setWidget(step)
            around.addWidget(scroll, 1)
            around.addWidget(step.said)
            step.offered.connect(lambda scroll=scroll: QTimer.singleShot(0, scroll, lambda: _to_end(scroll)))
            self.stack.addWidget(page)
        foot = QHBoxLayout()
        note = Aside(self)
        note.setText(_("You may leave at any time: what you did so far is kept."))
        foot.addWidget(self.later)
        foot.addWidget(note, 1)
        foot.addWidget(self.back)
        foot.addWidget(self.onward)
        foot.setSpacing(em // 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(round(em * 1.5), em, round(em * 1.5), em)
        column.setSpacing(em)
        self.setMinimumHeight(em * _LEAST_EM)
        column.addWidget(self.line)
        column.addWidget(self.stack, 1)
        column.addLayout(foot)


def _to_end(scroll: QScrollArea) -> None:
    scroll.verticalScrollBar().setValue(scroll.verticalScrollBar().maximum())
