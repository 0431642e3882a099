"""Settings as native controls: each knows its key, shows a value and says when the person chose another.

Knows no model: values are handed in by `show_values`, and `chosen` carries one key and value at a time. GUI thread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTime, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from tray.widgets.flow import FlowLayout
from tray.widgets.labelled import Check, Labelled, name_button, steady
from tray.widgets.telling import tell
from tray.widgets.text import Sentence
from tray.widgets.time_windows import TimeWindows, decimals_of

_TIME = "HH:mm"


class SettingsForm(QObject):
    """Makes rows for settings and keeps them true.

    Signals:
        chosen(str, object): the person wants this setting to be this.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.controls: dict[str, QWidget] = {}
        self.rows: dict[str, _Row] = {}
        self._show: dict[str, Callable[[Any], None]] = {}

    def say_at(self, key: str, said: str) -> None:
        """Show a sentence at this setting: why it stayed as it was. An empty one takes it back."""
        self.rows[key].say(said)

    def show_values(self, values: Mapping[str, Any], refused: str | None = None) -> None:
        """Show these values, without a signal.

        A control in which the person is typing is left alone, except that of a setting that was `refused`.
        """
        for key, show in self._show.items():
            control = self.controls[key]
            is_typed_in = control.hasFocus() and isinstance(control, QAbstractSpinBox | QLineEdit)
            if key not in values or (is_typed_in and key != refused):
                continue
            control.blockSignals(True)
            show(values[key])
            control.blockSignals(False)

    def check(self, key: str, text: str, detail: str = "") -> QWidget:
        """A switch."""
        row = Check(text, detail)
        row.box.toggled.connect(lambda on: self.chosen.emit(key, on))
        return self._keep(key, row.box, row.box.setChecked, row)

    def number(
        self,
        key: str,
        name: str,
        bounds: tuple[int, int],
        suffix: str,
        *,
        detail: str = "",
        scale: int = 1,
        zero: str = "",
    ) -> QWidget:
        """A whole number of `scale` units of the setting; `zero` is what the least value is called."""
        box = QSpinBox()
        box.setRange(*bounds)
        box.setSuffix(suffix)
        box.setSpecialValueText(zero)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(lambda value: self.chosen.emit(key, value * scale))
        return self._keep(key, box, lambda value: box.setValue(round(value / scale)), _row(name, box, detail))

    def decimal(
        self,
        key: str,
        name: str,
        bounds: tuple[float, float],
        suffix: str,
        *,
        detail: str = "",
        scale: int,
        zero: str = "",
    ) -> QWidget:
        """The same with a digit behind the point, or with more where the setting is finer."""
        box = QDoubleSpinBox()
        box.setSingleStep(0.5)
        box.setSuffix(suffix)
        box.setSpecialValueText(zero)
        box.setKeyboardTracking(False)

        def show(value: float) -> None:
            box.setDecimals(decimals_of(value / scale))
            box.setRange(*bounds)  # which were rounded to the digits of before
            box.setValue(value / scale)

        show(bounds[0] * scale)
        box.valueChanged.connect(lambda value: self.chosen.emit(key, round(value * scale)))
        return self._keep(key, box, show, _row(name, box, detail))

    def choice(
        self,
        key: str,
        name: str,
        options: Sequence[tuple[Any, str]],
        detail: str = "",
        *,
        say: Callable[[Any], str] = str,
    ) -> QWidget:
        """One of several. A value that is none of them is shown as `say` puts it."""
        combo = QComboBox()
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for value, text in options:
            combo.addItem(text, value)

        def show(value: object) -> None:
            at = next((at for at in range(combo.count()) if combo.itemData(at) == value), -1)
            if at < 0:
                combo.addItem(say(value), value)
                at = combo.count() - 1
            combo.setCurrentIndex(at)

        combo.activated.connect(lambda at: self.chosen.emit(key, combo.itemData(at)))
        return self._keep(key, combo, show, _row(name, combo, detail))

    def time(self, key: str, name: str, detail: str = "") -> QWidget:
        """A time of day."""
        edit = QTimeEdit()
        edit.setDisplayFormat(_TIME)
        edit.setKeyboardTracking(False)
        edit.timeChanged.connect(lambda time: self.chosen.emit(key, time.toString(_TIME)))
        return self._keep(
            key, edit, lambda value: edit.setTime(QTime.fromString(value, _TIME)), _row(name, edit, detail)
        )

    def words(self, key: str, name: str, hint: str, detail: str = "") -> QWidget:
        """Names, separated by commas."""
        edit = QLineEdit()
        edit.setPlaceholderText(hint)
        edit.setMinimumWidth(edit.fontMetrics().averageCharWidth() * 24)

        def typed() -> None:
            if edit.isModified():
                edit.setModified(False)
                self.chosen.emit(key, [part.strip() for part in edit.text().split(",") if part.strip()])

        edit.editingFinished.connect(typed)
        edit.setClearButtonEnabled(True)
        return self._keep(
            key, edit, lambda value: edit.setText(", ".join(map(str, value))), Labelled(name, edit, detail)
        )

    def windows(self, key: str, name: str, add: str, *, with_rate: bool) -> QWidget:
        """Stretches of the day."""
        editor = TimeWindows(name, add, with_rate=with_rate)
        editor.edited.connect(lambda: self.chosen.emit(key, editor.windows()))
        return self._keep(key, editor, editor.show_windows, editor)

    def checks(self, key: str, name: str, options: Sequence[tuple[str, str]]) -> QWidget:
        """A set of which all, or none, mean any."""
        holder = QWidget()
        holder.setAccessibleName(name)
        line = FlowLayout(holder.fontMetrics().height(), holder)
        boxes = [QCheckBox(text) for _value, text in options]

        def chosen() -> None:
            on = [value for (value, _text), box in zip(options, boxes, strict=True) if box.isChecked()]
            self.chosen.emit(key, [] if len(on) == len(options) else on)

        def show(values: Sequence[str]) -> None:
            for (value, _text), box in zip(options, boxes, strict=True):
                box.blockSignals(True)
                box.setChecked(not values or value in values)
                box.blockSignals(False)

        for box in boxes:
            name_button(box)
            line.addWidget(box)
            box.toggled.connect(chosen)
        return self._keep(key, holder, show, holder)

    def _keep(self, key: str, control: QWidget, show: Callable[[Any], None], row: QWidget) -> QWidget:
        self.controls[key] = control
        self._show[key] = show
        self.rows[key] = _Row(row)
        return self.rows[key]


class _Row(QWidget):
    """A control with its name, and below them why the last choice was refused."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(self.fontMetrics().height() // 4)
        self._column.addWidget(inner)
        self._said: Sentence | None = None  # few rows ever have something to say

    def say(self, said: str) -> None:
        """Show a sentence; nothing takes no room."""
        if self._said is None and said:
            self._said = Sentence(self)
            self._column.addWidget(self._said)
        if self._said is not None:
            tell(self._said, said)


def _row(name: str, control: QWidget, detail: str) -> QWidget:
    steady(control)
    return Labelled(name, control, detail)
