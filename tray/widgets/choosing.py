"""The native dialogs that ask for a folder or a file. GUI thread; the person's answer ends them."""

from PySide6.QtWidgets import QFileDialog, QWidget

from agent.words.catalogue import _


def choose_folder(parent: QWidget) -> str:
    """A folder to watch; empty where nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, _("Which folder shall be kept safe?"))


def choose_place(parent: QWidget) -> str:
    """A folder for copies; empty where nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, _("Which folder shall hold the copies?"))


def choose_certificate(parent: QWidget) -> str:
    """A certificate's file; empty where nothing was chosen."""
    path, _filter = QFileDialog.getOpenFileName(
        parent, _("Which certificate?"), "", ";;".join((_("Certificates (*.pem *.crt *.cer)"), _("All files (*)")))
    )
    return path


def choose_text_file(parent: QWidget, name: str) -> str:
    """Where to save a text under this name; empty where nothing was chosen."""
    path, _filter = QFileDialog.getSaveFileName(parent, _("Save the statement"), name, _("Text files (*.txt)"))
    return path
