"""The buttons for what can be done with files, made and wired once for the grid and the large picture. GUI thread."""

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agent.protocol.types import FileRow
from agent.words.catalogue import _
from tray.model import Model
from tray.pages.file_deeds import GONE_THERE, FileDeeds
from tray.pages.file_facts import is_chosen_out
from tray.widgets.text_button import TextButton

Deed = Callable[[Sequence[FileRow]], None]


class DeedButtons(QObject):
    """One button for each deed; whoever shows them says for which files by `offer`, and hands these over when asked.

    Signals:
        said(str): what came of it, or why not; empty when something else was begun.
        done(): the files may stand otherwise now.
    """

    said = Signal(str)
    done = Signal()

    def __init__(self, model: Model, hand_over: Callable[[Deed], None], parent: QWidget) -> None:
        """`hand_over` calls what it is given with the files that are meant, at once or when they are known."""
        super().__init__(parent)
        self.back_up = TextButton(_("&Back up now"), parent)
        self.leave_out = TextButton(_("&Do not back up"), parent)
        self.take_in = TextButton(_("Back up &after all"), parent)
        self.put_back = TextButton(_("P&ut back there"), parent)
        self.accept_loss = TextButton(_("It was &meant to be deleted"), parent)
        self.prove = TextButton(_("Chec&k the copies"), parent)
        deeds = FileDeeds(model, self)
        wired: tuple[tuple[TextButton, Deed], ...] = (
            (self.back_up, deeds.back_up),
            (self.leave_out, deeds.leave_out),
            (self.take_in, deeds.take_in),
            (self.put_back, deeds.put_back),
            (self.accept_loss, deeds.accept_loss),
            (self.prove, deeds.prove),
        )
        for button, deed in wired:
            button.clicked.connect(lambda *_checked, deed=deed: self._do(hand_over, deed))
        self.buttons = tuple(button for button, _deed in wired)
        deeds.said.connect(self.said)
        deeds.done.connect(self.done)

    def offer(self, rows: Collection[FileRow], chosen: int) -> None:
        """Show what fits these files: all that is known of the `chosen` many."""
        states = {row.state for row in rows}
        chosen_out = [is_chosen_out(row) for row in rows]
        self.back_up.setEnabled(chosen > 0)
        self.back_up.call_it(_("Retr&y") if states == {"failed"} else _("&Back up now"))
        self.leave_out.setVisible(not (chosen_out and all(chosen_out)))
        self.take_in.setVisible(any(chosen_out))
        self.put_back.setVisible(bool(states & GONE_THERE))
        self.accept_loss.setVisible("missing_at_destination" in states)
        for button in (self.leave_out, self.prove):
            button.setEnabled(bool(states - {"excluded"}))

    def _do(self, hand_over: Callable[[Deed], None], deed: Deed) -> None:
        self.said.emit("")
        hand_over(deed)
