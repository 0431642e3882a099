"""Stretches of the day as rows of two times: when work may run, or how fast it may run then."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QTime, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QTimeEdit, QVBoxLayout, QWidget

from agent.words.catalogue import _
from tray.widgets.flow import FlowLayout
from tray.widgets.labelled import name_button, steady
from tray.widgets.text import Line
from tray.widgets.text_button import TextButton

_TIME = "HH:mm"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MB = 1_000_000


class TimeWindows(QWidget):
    """Any number of windows, none of which means always.

    Signals:
        edited(): the windows are others.
    """

    edited = Signal()

    def __init__(self, name: str, add: str, *, with_rate: bool, parent: QWidget | None = None) -> None:
        """`with_rate`: each window limits the speed; else each has its days."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._with_rate = with_rate
        self._rows: list[_Row] = []
        self.add = TextButton(add, self)
        self.add.clicked.connect(self._add)
        self._column = QVBoxLayout()
        self._column.setSpacing(self.fontMetrics().height() // 2)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(self.fontMetrics().height() // 2)
        outer.addLayout(self._column)
        outer.addWidget(self.add)

    def windows(self) -> list[dict[str, Any]]:
        """As the setting holds them."""
        return [row.window_() for row in self._rows]

    def show_windows(self, windows: Sequence[Mapping[str, Any]]) -> None:
        """Show these, without a signal."""
        if list(map(dict, windows)) == self.windows():
            return
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = []
        for window in windows:
            self._append(window)

    def _append(self, window: Mapping[str, Any]) -> None:
        row = _Row(window, with_rate=self._with_rate)
        row.edited.connect(self.edited)
        row.remove.clicked.connect(lambda: self._drop(row))
        self._rows.append(row)
        self._column.addWidget(row)

    def _add(self) -> None:
        usual = {"since": "22:00", "until": "06:00"}
        if self._with_rate:
            usual = {"since": "08:00", "until": "18:00"}
        self._append(usual)
        self.edited.emit()

    def _drop(self, row: "_Row") -> None:
        self._rows.remove(row)
        row.hide()
        row.deleteLater()
        self.edited.emit()


class _Row(QWidget):
    edited = Signal()

    def __init__(self, window: Mapping[str, Any], *, with_rate: bool) -> None:
        super().__init__()
        self.since = _time(_("From"), window["since"])
        self.until = _time(_("Until"), window["until"])
        self.days = [] if with_rate else _day_boxes(window.get("days", _DAYS))
        self.rate = _rate(window.get("bytes_s", _MB)) if with_rate else None
        self.remove = TextButton(_("Remove"), self)
        line = FlowLayout(self.fontMetrics().height() // 2, self)
        for edit in (self.since, self.until):
            line.addWidget(_pair(edit))
            edit.timeChanged.connect(self.edited)
        if self.rate is not None:
            line.addWidget(self.rate)
            self.rate.valueChanged.connect(self.edited)
        for box in self.days:
            line.addWidget(box)
            box.toggled.connect(self._day_toggled)
        line.addWidget(self.remove)

    def _day_toggled(self) -> None:
        """No day at all would be no window: every day is meant then, and shown."""
        if not any(box.isChecked() for box in self.days):
            for box in self.days:
                box.blockSignals(True)
                box.setChecked(True)
                box.blockSignals(False)
        self.edited.emit()

    def window_(self) -> dict[str, Any]:
        """As the setting holds it."""
        found: dict[str, Any] = {
            "since": self.since.time().toString(_TIME),
            "until": self.until.time().toString(_TIME),
        }
        if self.rate is not None:
            return found | {"bytes_s": round(self.rate.value() * _MB)}
        return found | {"days": [day for day, box in zip(_DAYS, self.days, strict=True) if box.isChecked()]}


def _time(name: str, text: str) -> QTimeEdit:
    edit = QTimeEdit(QTime.fromString(text, _TIME))
    edit.setDisplayFormat(_TIME)
    edit.setKeyboardTracking(False)
    edit.setAccessibleName(name)
    steady(edit)
    return edit


def _pair(edit: QTimeEdit) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    label = Line(edit.accessibleName())
    label.setBuddy(edit)
    row.addWidget(label)
    row.addWidget(edit)
    return holder


def decimals_of(value: float) -> int:
    """As many digits behind the point as say a number truly, from one to three."""
    return next((digits for digits in (1, 2) if round(value, digits) == value), 3)


def _rate(bytes_s: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(decimals_of(bytes_s / _MB))
    box.setRange(0, 10_000)
    box.setSingleStep(0.5)
    box.setSuffix(_(" MB/s"))
    box.setSpecialValueText(_("no limit"))
    box.setValue(bytes_s / _MB)
    box.setKeyboardTracking(False)
    box.setAccessibleName(_("At most"))
    steady(box)
    return box


def _day_boxes(days: Sequence[str]) -> list[QCheckBox]:
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    boxes = []
    for day, name in zip(_DAYS, names, strict=True):
        box = QCheckBox(name)
        box.setChecked(day in days)
        name_button(box)
        boxes.append(box)
    return boxes
