"""The tray's language: our own texts, and those that Qt brings (buttons of its dialogs). Chosen once; GUI thread.

Where a text is about what to do next, the window has a button for what is a command at the terminal.
"""

import os

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QTranslator

import resources
from agent import words
from agent.platforms.language import chosen


def speak() -> None:
    """Speak the person's language from here on, before the first text is made."""
    words.speak_in_window()
    system = chosen()
    wanted = words.wish(os.environ, system.languages, system.formats)
    try:
        words.speak(wanted, str(resources.path("locale")))
    except FileNotFoundError:  # a checkout whose translations are not there: English
        words.speak(wanted, None)


def teach_qt(app: QCoreApplication) -> None:
    """Let Qt's own texts follow, as far as it knows the language and was packaged with it."""
    translator = QTranslator(app)
    if translator.load(f"qtbase_{words.spoken()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
