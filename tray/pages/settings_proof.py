"""The proof of backup in the settings: files are read again and looked for at every destination. GUI thread.

The agent does it as a job; here is how far it is, and its dated statement.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QWidget

from agent import words
from agent.protocol.server import JobIds, Paths
from agent.protocol.types import JobRow
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.pages.following import Follow
from tray.widgets.card import Card
from tray.widgets.choosing import choose_text_file
from tray.widgets.flow import FlowLayout
from tray.widgets.telling import tell
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

_LISTED = 10
_BAD = ("in_trash", "unsafe", "lost", "rotten", "unreadable")


class ProofCard(Card):
    """One button and what came of it."""

    def __init__(self, model: Model, choose: Callable[[QWidget, str], str] = choose_text_file) -> None:
        """`choose` asks for the file of the statement, given a name for it."""
        super().__init__(_("Proof of backup"))
        self._model = model
        self._choose = choose
        self._last: JobRow | None = None
        self._follow = Follow(model, self)
        hint = Aside(self)
        hint.setText(
            _(
                "Reads every photo and video again and asks each destination for exactly these bytes. "
                "A share of them has its turn each day."
            )
        )
        self.said = BreakableSentence(self)
        self.said.hide()
        self.check = TextButton(_("Check e&verything now"), self)
        self.check.clicked.connect(self._begin)
        self.save = TextButton(_("Save it as te&xt …"), self)
        self.save.clicked.connect(self._save)
        self.save.hide()
        self.saved = BreakableSentence(self)
        self.saved.hide()
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        buttons.addWidget(self.check)
        buttons.addWidget(self.save)
        self.body.addWidget(hint)
        self.body.addWidget(self.said)
        self.body.addLayout(buttons)
        self.body.addWidget(self.saved)
        self._follow.moved.connect(self._moved)
        self._follow.lost.connect(lambda: self._rest(""))

    def _save(self) -> None:
        """Write the whole statement to a file of the person's choice."""
        if self._last is None:
            return
        ended_at = int(str((self._last.result or {}).get("ended_at", 0)))
        day = datetime.fromtimestamp(ended_at / 1_000, UTC).astimezone().date()
        name = fill(_("Proof of backup {date}.txt"), {"date": day.isoformat()})
        path = self._choose(self, name)
        if not path:
            return
        try:
            Path(path).write_text("\n".join(_statement(self._last.result or {}, None)) + "\n", encoding="utf-8")
        except OSError as error:
            tell(self.saved, words.mistake("file_unwritable", {"path": path, "detail": error.strerror or ""}))
        else:
            tell(self.saved, fill(_("Saved as {path}."), {"path": path}))

    def _begin(self) -> None:
        self._work(_("Asking for it …"))
        self._model.call("verify.start", Paths(), self._begun, self._refused, owner=self)

    def _begun(self, answer: JobIds) -> None:
        self._follow.follow(answer.ids[0])

    def _refused(self, error: Error) -> None:
        self._rest(explained(error))

    def _moved(self, row: JobRow) -> None:
        ended = statement_of(row)
        self._last = row if row.status == "COMPLETED" else None
        self.save.setVisible(self._last is not None)
        tell(self.saved, "")
        if ended is None:
            self._work(self._progress(row))
        else:
            self._rest(ended)

    def _progress(self, row: JobRow) -> str:
        tally = (row.payload or {}).get("tally")
        done = int(tally.get("files", 0)) if isinstance(tally, dict) else 0
        total = self._model.snapshot.library.counts.total if self._model.snapshot else 0
        return fill(_("Checked {done} of {total} photos and videos …"), {"done": done, "total": max(done, total)})

    def _work(self, said: str) -> None:
        tell(self.said, said, aloud=False)
        self.check.setEnabled(False)

    def _rest(self, said: str) -> None:
        tell(self.said, said)
        self.check.setEnabled(True)


def statement_of(row: JobRow) -> str | None:
    """What a check came to, None while it is under way."""
    match row.status:
        case "COMPLETED":
            return "\n".join(_statement(row.result or {}, _LISTED))
        case "FAILED":
            return words.last_error(row.last_error, is_over=True)
        case "CANCELLED":
            return _("The check was cancelled.")
        case _:
            return None


def _statement(result: dict[str, object], limit: int | None) -> list[str]:
    """When it was, what it came to, and the files that did not come out well, so many of them or all."""
    numbers = {name: int(str(result.get(name, 0))) for name in ("ended_at", "files", "whole", *_BAD)}
    lines = [words.date_time(numbers["ended_at"]), words.proof(numbers["files"], numbers["whole"])]
    lines += [f"{words.verdict(name)}: {words.number(numbers[name])}" for name in _BAD if numbers[name]]
    found = result.get("found")
    for one in found[:limit] if isinstance(found, list) else ():
        lines.append(f"{words.display_path(str(one['path']))}: {words.verdict(str(one['verdict']))}")
    if result.get("unreachable"):
        lines.append(_("Not every destination could be asked; the proof is to be repeated when they are there."))
    return lines
