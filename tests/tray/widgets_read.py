"""What the tests of the tray see of a widget: its words, its controls, and how they stand to each other."""

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QRadioButton,
    QTabBar,
    QWidget,
)

_KEY = re.compile(r"(?<!&)&(\w)")
CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QPlainTextEdit, QAbstractItemView, QTabBar)


def read(widget: QWidget) -> str:
    """Every label that is seen, one a line."""
    return "\n".join(label.text().replace("\u200b", "") for label in widget.findChildren(QLabel) if label.isVisible())


def controls(widget: QWidget) -> list[QWidget]:
    """What can be operated, without the parts that Qt makes inside of others."""
    return [
        one
        for one in widget.findChildren(QWidget)
        if isinstance(one, CONTROLS) and one.isVisible() and not _is_a_part(one)
    ]


def nameless(widget: QWidget) -> list[QWidget]:
    """Controls of which a screen reader could say nothing."""
    return [one for one in controls(widget) if not one.accessibleName()]


def unreachable(widget: QWidget) -> list[QWidget]:
    """Controls that Tab never comes to; of choices that exclude each other, the arrow keys lead on from the chosen."""
    return [
        one
        for one in controls(widget)
        if not one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.isEnabled()
        and not (isinstance(one, QRadioButton) and not one.isChecked())
    ]


def shared_keys(widget: QWidget) -> dict[str, set[str]]:
    """Access keys that open several different things that are seen together: key -> their words."""
    found: dict[str, set[str]] = {}
    for one in widget.findChildren(QWidget):
        opens = isinstance(one, QAbstractButton) or (isinstance(one, QLabel) and one.buddy() is not None)
        text = one.text() if opens and one.isVisible() else ""  # type: ignore[attr-defined]
        if key := _KEY.search(text):
            found.setdefault(key[1].lower(), set()).add(text)
    return {key: texts for key, texts in found.items() if len(texts) > 1}


def shared_entries(menu: QMenu) -> dict[str, set[str]]:
    """The same for the entries of a menu."""
    found: dict[str, set[str]] = {}
    for entry in menu.actions():
        if entry.isVisible() and (key := _KEY.search(entry.text())):
            found.setdefault(key[1].lower(), set()).add(entry.text())
    return {key: texts for key, texts in found.items() if len(texts) > 1}


def clipped(widget: QWidget) -> list[str]:
    """Labels whose words have no room."""
    return [
        label.text()
        for label in widget.findChildren(QLabel)
        if label.isVisible() and label.wordWrap() and label.height() < label.heightForWidth(label.width())
    ]


def _is_a_part(widget: QWidget) -> bool:
    around = widget.parentWidget()
    while around is not None:
        if isinstance(around, QAbstractSpinBox | QComboBox | QAbstractItemView | QTabBar | QLineEdit):
            return True
        if (
            isinstance(around, QAbstractScrollArea)
            and isinstance(widget, QAbstractButton)
            and widget.parent() is around
        ):
            return True
        around = around.parentWidget()
    return False
