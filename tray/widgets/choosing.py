"""The native dialogs that ask for a folder. GUI thread; the person's answer ends them."""

from PySide6.QtWidgets import QFileDialog, QWidget

from agent.words.catalogue import _


def choose_folder(parent: QWidget) -> str:
    """A folder to watch; empty where nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, _("Which folder shall be kept safe?"))


def choose_place(parent: QWidget) -> str:
    """A folder for copies; empty where nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, _("Which folder shall hold the copies?"))
