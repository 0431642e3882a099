"""How text is set: three ranks by size and weight, and a quieter colour, all relative to the person's own font.

What is shown may be the name of a file or a server, so it is never taken for markup.
"""

import re

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QLabel, QStyle, QWidget

_LONG_WORD = re.compile(r"\S{16,}")
_SEPARATOR = re.compile(r"[/\\.@_\-]+|\S{24}")
_BREAK = "\u200b"  # has no width, and lets a line end
_QUIET = 0.72  # still 4.5:1 against the ground
_DISABLED = (QPalette.ColorGroup.Disabled, 1.0)  # quiet enough by itself


class Line(QLabel):
    """Text that begins at the side where reading begins in this window, also where its letters run the other way."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._begin()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.LayoutDirectionChange:
            self._begin()

    def _begin(self) -> None:
        # Qt goes by the letters of the text unless the side is absolute.
        side = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        self.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter)


class Sentence(Line):
    """Text that wraps and can be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)


class BreakableSentence(Sentence):
    """Text whose long words, such as paths, may break after a separator, so that none forces a window wider.

    It cannot be copied: the places where it may break would come along.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)

    def setText(self, text: str) -> None:
        self.setAccessibleName(text)
        super().setText(_LONG_WORD.sub(lambda word: _SEPARATOR.sub(lambda part: part[0] + _BREAK, word[0]), text))


class Aside(BreakableSentence):
    """Facts that may be overlooked: the colour of its surroundings' text, a little nearer to the ground."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recolour()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.ParentChange}:
            self._recolour()

    def _recolour(self) -> None:
        around, palette, text = self.parentWidget(), self.palette(), QPalette.ColorRole.WindowText
        theirs = around.palette() if around else QGuiApplication.palette()
        is_new = False
        for group, share in ((QPalette.ColorGroup.Active, _QUIET), (QPalette.ColorGroup.Inactive, _QUIET), _DISABLED):
            colour = QColor(theirs.color(group, text))
            colour.setAlphaF(share)
            is_new = is_new or colour != palette.color(group, text)
            palette.setColor(group, text, colour)
        if is_new:  # setting it brings us here again
            self.setPalette(palette)


def style_as_headline(widget: QWidget) -> None:
    """The one sentence that counts."""
    _scale(widget, 1.45, QFont.Weight.DemiBold)


def style_as_heading(widget: QWidget) -> None:
    """The heading of a group."""
    _scale(widget, 1.0, QFont.Weight.DemiBold)


def _scale(widget: QWidget, factor: float, weight: QFont.Weight) -> None:
    font = widget.font()
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * factor)
    else:
        font.setPixelSize(round(font.pixelSize() * factor))
    font.setWeight(weight)
    widget.setFont(font)
