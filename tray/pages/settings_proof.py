"""The proof of backup in the settings: files are read again and looked for at every destination. GUI thread.

The agent does it as a job; here is how far it is, and its dated statement.
"""

from agent import words
from agent.protocol.server import JobIds, Paths
from agent.protocol.types import JobRow
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.pages.following import Follow
from tray.widgets.card import Card
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

_LISTED = 10
_BAD = ("in_trash", "unsafe", "lost", "rotten", "unreadable")


class ProofCard(Card):
    """One button and what came of it."""

    def __init__(self, model: Model) -> None:
        super().__init__(_("Proof of backup"))
        self._model = model
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
        for widget in (hint, self.said, self.check):
            self.body.addWidget(widget)
        self._follow.moved.connect(self._moved)
        self._follow.lost.connect(lambda: self._rest(""))

    def _begin(self) -> None:
        self._work(_("Asking for it …"))
        self._model.call("verify.start", Paths(), self._begun, self._refused, owner=self)

    def _begun(self, answer: JobIds) -> None:
        self._follow.follow(answer.ids[0])

    def _refused(self, error: Error) -> None:
        self._rest(explained(error))

    def _moved(self, row: JobRow) -> None:
        match row.status:
            case "COMPLETED":
                self._rest("\n".join(_statement(row.result or {})))
            case "FAILED":
                self._rest(words.last_error(row.last_error))
            case "CANCELLED":
                self._rest(_("The check was cancelled."))
            case _:
                self._work(self._progress(row))

    def _progress(self, row: JobRow) -> str:
        tally = (row.payload or {}).get("tally")
        done = int(tally.get("files", 0)) if isinstance(tally, dict) else 0
        total = self._model.snapshot.library.counts.total if self._model.snapshot else 0
        return fill(_("Checked {done} of {total} photos and videos …"), {"done": done, "total": max(done, total)})

    def _work(self, said: str) -> None:
        self._say(said)
        self.check.setEnabled(False)

    def _rest(self, said: str) -> None:
        self._say(said)
        self.check.setEnabled(True)

    def _say(self, said: str) -> None:
        self.said.setText(said)
        self.said.setVisible(bool(said))


def _statement(result: dict[str, object]) -> list[str]:
    """When it was, what it came to, and the first files that did not come out well."""
    numbers = {name: int(str(result.get(name, 0))) for name in ("ended_at", "files", "whole", *_BAD)}
    lines = [words.date_time(numbers["ended_at"]), words.proof(numbers["files"], numbers["whole"])]
    lines += [f"{words.verdict(name)}: {words.number(numbers[name])}" for name in _BAD if numbers[name]]
    found = result.get("found")
    for one in found[:_LISTED] if isinstance(found, list) else ():
        lines.append(f"{words.display_path(str(one['path']))}: {words.verdict(str(one['verdict']))}")
    if result.get("unreachable"):
        lines.append(_("Not every destination could be asked; the proof is to be repeated when they are there."))
    return lines
