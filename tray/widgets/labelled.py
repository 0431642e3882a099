"""A control with its name before it and, where it needs one, a line below on what follows from it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QDialogButtonBox,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from tray.widgets.text import Aside, Line


class Labelled(QWidget):
    """A row: the name to the left, the control to the right, the detail below the name."""

    def __init__(self, name: str, control: QWidget, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.control = control
        label = Line(name, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setBuddy(control)
        control.setAccessibleName(plain(name))
        control.setAccessibleDescription(detail)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(self.fontMetrics().height())
        grid.setVerticalSpacing(round(self.fontMetrics().height() * 0.1))
        grid.setColumnStretch(0, 1)
        grid.addWidget(label, 0, 0)
        grid.addWidget(control, 0, 1, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        if detail:
            aside = Aside(self)
            aside.setText(detail)
            grid.addWidget(aside, 1, 0, 1, 2)


class Check(QWidget):
    """A native check box, and below its words what follows from them."""

    def __init__(self, text: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box = QCheckBox(text, self)
        name_button(self.box)
        self.box.setAccessibleDescription(detail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(round(self.fontMetrics().height() * 0.1))
        column.addWidget(self.box)
        if detail:
            aside = Aside(self)
            aside.setText(detail)
            aside.setContentsMargins(self._indent(), 0, 0, 0)
            column.addWidget(aside)

    def _indent(self) -> int:
        style = self.style()
        return style.pixelMetric(style.PixelMetric.PM_IndicatorWidth) + style.pixelMetric(
            style.PixelMetric.PM_CheckBoxLabelSpacing
        )


class _WheelGuard(QObject):
    """Lets the wheel scroll the page over a control that has not been clicked, instead of changing its value."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def steady(control: QWidget) -> None:
    """Keep a control's value while a page is scrolled across it."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_WheelGuard(control))
    control.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)


def name_button(button: QAbstractButton) -> None:
    """Give a button its own words as the name that is read aloud."""
    button.setAccessibleName(plain(button.text()))


def close_by(buttons: QDialogButtonBox, usual: QPushButton) -> None:
    """Name a dialog's buttons, and let Enter mean `usual` alone: never 'Cancel' while `usual` is not to be had."""
    for button in buttons.buttons():
        name_button(button)
        if isinstance(button, QPushButton):
            button.setAutoDefault(button is usual)
    usual.setDefault(True)


def plain(text: str) -> str:
    """Words without the marks of their access keys."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")
