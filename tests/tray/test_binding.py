"""That the Qt binding in use is sound: it may not eat the interpreter from within."""

import sys

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot


def test_calls_that_return_nothing_leave_none_as_it_was(qtbot: QtBot) -> None:
    """PySide6 6.12.0 takes a reference from None at each such call; before Python 3.12 that ends the process."""
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for _ in range(500):
        label.setText("x")
    assert sys.getrefcount(None) > before - 250
