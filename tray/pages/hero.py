"""The head of the overview: the lamp, the one sentence, when it was last done, and the buttons. GUI thread."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout

from agent import words
from agent.protocol.types import Snapshot
from agent.words.catalogue import _, fill
from tray.model import Model
from tray.widgets.card import Card
from tray.widgets.drawing import light_colour
from tray.widgets.lamp import Lamp
from tray.widgets.pause_menu import PauseButton, PauseMenu
from tray.widgets.text import Aside, Sentence, style_as_headline
from tray.widgets.text_button import TextButton

#: Narrower than this the lamp stands above the sentence, which needs the width more.
_BESIDE_EM = 34
#: What the lamp takes of the width when it stands beside, with its distance.
_LAMP_EM = 8


class Hero(Card):
    """Shows how things are; its buttons are wired by the page."""

    def __init__(self, now_at: Callable[[], int]) -> None:
        super().__init__()
        self.lamp = Lamp(self)
        self.headline = Sentence(self)
        style_as_headline(self.headline)
        self.aside = Aside(self)
        self.start = TextButton(_("&Start it"), self, primary=True)
        self.enable = TextButton(_("&Turn backup on"), self, primary=True)
        self.back_up = TextButton(_("&Back up now"), self)
        self.pause = PauseButton(_("&Pause"), self)
        self.pause_menu = PauseMenu(now_at, self.pause)
        self.pause.setMenu(self.pause_menu)
        self.resume = TextButton(_("&Resume"), self)
        self._arrange()

    def show_state(self, model: Model) -> None:
        """Show the light, the headline and what can be done now."""
        snapshot = model.snapshot
        backup = snapshot.backup if snapshot else None
        self.lamp.show_light(model.light, model.progress, words.light(model.light))
        self.set_tint(light_colour(model.light, self.palette()))
        self.headline.setText(model.headline)
        self.aside.setText(_aside(snapshot, model))
        self.aside.setVisible(bool(self.aside.text()))
        self.start.setVisible(model.connection == "absent")
        self.enable.setVisible(backup is not None and not backup.enabled)
        self.back_up.setVisible(backup is not None)
        self.pause.setVisible(backup is not None and backup.enabled and not backup.paused)
        self.resume.setVisible(backup is not None and backup.paused)

    def minimumSizeHint(self) -> QSize:
        """That of the narrow form."""
        edges = self.body.contentsMargins()
        width = max(self.lamp.sizeHint().width(), self._text.minimumSize().width())
        return QSize(width + edges.left() + edges.right(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        em = self.fontMetrics().height()
        wide = self.width() >= max(em * _BESIDE_EM, self.minimumSizeHint().width() + em * _LAMP_EM)
        self.lamp.be_small(really=not wide)
        self._row.setSpacing(em if wide else 0)
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        buttons = QHBoxLayout()
        buttons.setSpacing(em // 2)
        for button in (self.start, self.enable, self.resume, self.back_up, self.pause):
            buttons.addWidget(button)
        buttons.addStretch(1)
        text = self._text = QVBoxLayout()
        text.setSpacing(round(em * 0.4))
        text.addStretch(1)
        text.addWidget(self.headline)
        text.addWidget(self.aside)
        text.addSpacing(round(em * 0.3))
        text.addLayout(buttons)
        text.addStretch(1)
        row = self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        row.setSpacing(em)
        row.addWidget(self.lamp, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(text, 1)
        self.body.addLayout(row)


def _aside(snapshot: Snapshot | None, model: Model) -> str:
    if snapshot is None:
        return _("New photos are not backed up until it runs.") if model.connection == "absent" else ""
    backup, now_at = snapshot.backup, model.now_at()
    said = []
    if snapshot.library.bytes.total:
        size = snapshot.library.bytes
        sentence = _("{total_bytes} in all") if size.safe == size.total else _("{safe_bytes} of {total_bytes} safe")
        said.append(fill(sentence, {"safe_bytes": size.safe, "total_bytes": size.total}))
    if backup.last_backup_at is not None:
        said.append(fill(_("last backup {moment}"), {"moment": words.moment(backup.last_backup_at, now_at)}))
    if backup.checking:
        said.append(_("comparing all folders now"))
    elif backup.last_check_at is not None:
        said.append(fill(_("last full check {moment}"), {"moment": words.moment(backup.last_check_at, now_at)}))
    if backup.next_check_at is not None and not backup.checking:
        said.append(fill(_("the next one {moment}"), {"moment": words.moment(backup.next_check_at, now_at)}))
    return " · ".join(said)
