"""Settings as native controls: each knows its key, shows a value and says when the person chose another.

Knows no model: values are handed in by `show_values`, and `chosen` carries one key and value at a time. GUI thread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTime, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QTimeEdit, QWidget

from tray.widgets.flow import FlowLayout
from tray.widgets.labelled import Check, Labelled, name_button, steady
from tray.widgets.time_windows import TimeWindows

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
        self._show: dict[str, Callable[[Any], None]] = {}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show these values, without a signal; a control in which the person is typing is left alone."""
        for key, show in self._show.items():
            control = self.controls[key]
            if key not in values or (control.hasFocus() and not isinstance(control, QComboBox)):
                continue
            control.blockSignals(True)
            show(values[key])
            control.blockSignals(False)

    def check(self, key: str, text: str, detail: str = "") -> QWidget:
        """A switch."""
        row = Check(text, detail)
        row.box.toggled.connect(lambda on: self.chosen.emit(key, on))
        self._keep(key, row.box, row.box.setChecked)
        return row

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
        self._keep(key, box, lambda value: box.setValue(round(value / scale)))
        return self._row(name, box, detail)

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
        """The same with one digit behind the point."""
        box = QDoubleSpinBox()
        box.setDecimals(1)
        box.setSingleStep(0.5)
        box.setRange(*bounds)
        box.setSuffix(suffix)
        box.setSpecialValueText(zero)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(lambda value: self.chosen.emit(key, round(value * scale)))
        self._keep(key, box, lambda value: box.setValue(value / scale))
        return self._row(name, box, detail)

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
        self._keep(key, combo, show)
        return self._row(name, combo, detail)

    def time(self, key: str, name: str, detail: str = "") -> QWidget:
        """A time of day."""
        edit = QTimeEdit()
        edit.setDisplayFormat(_TIME)
        edit.setKeyboardTracking(False)
        edit.timeChanged.connect(lambda time: self.chosen.emit(key, time.toString(_TIME)))
        self._keep(key, edit, lambda value: edit.setTime(QTime.fromString(value, _TIME)))
        return self._row(name, edit, detail)

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
        self._keep(key, edit, lambda value: edit.setText(", ".join(map(str, value))))
        row = Labelled(name, edit, detail)
        edit.setClearButtonEnabled(True)
        return row

    def windows(self, key: str, name: str, add: str, *, with_rate: bool) -> TimeWindows:
        """Stretches of the day."""
        editor = TimeWindows(name, add, with_rate=with_rate)
        editor.edited.connect(lambda: self.chosen.emit(key, editor.windows()))
        self._keep(key, editor, editor.show_windows)
        return editor

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
        self._keep(key, holder, show)
        return holder

    def _row(self, name: str, control: QWidget, detail: str) -> QWidget:
        steady(control)
        return Labelled(name, control, detail)

    def _keep(self, key: str, control: QWidget, show: Callable[[Any], None]) -> None:
        self.controls[key] = control
        self._show[key] = show
