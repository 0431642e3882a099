"""Says at its place what came of something that the person asked for, to the eye and to a screen reader. GUI thread."""

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLabel


def tell(label: QLabel, said: str, *, aloud: bool = True) -> None:
    """Show a sentence in this label and have it read aloud, wherever the focus is; nothing takes no room.

    What moves by itself, such as a count, is not to be read `aloud` at every step.
    """
    is_new = said != label.text()
    label.setText(said)
    label.setVisible(bool(said))
    if aloud and said and is_new and label.isVisible():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(label, said))
