"""A question before something that cannot simply be taken back: what follows from it, and 'no' as the usual answer."""

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QWidget


def ask(parent: QWidget, title: str, text: str, detail: str, yes: str, do: Callable[[], None]) -> QMessageBox:
    """Open the question above `parent`'s window; `do` follows if the person presses `yes`. Waits for nothing."""
    box = QMessageBox(parent.window())
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(detail)
    agreed = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))

    def answered() -> None:
        if box.clickedButton() is agreed:
            do()
        box.deleteLater()

    box.finished.connect(answered)
    box.open()
    return box
