"""What a person can have done with files, for the grid and the large picture alike: requests, and what came of them.

GUI thread; nothing waits. However many files were chosen, no request names more than the agent takes at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from agent.protocol.history import Chosen
from agent.protocol.message import Message
from agent.protocol.methods import BackupStart
from agent.protocol.server import Accepted, JobIds, Paths, PutBack
from agent.protocol.types import FileRow, FileState, JobRow
from agent.words.catalogue import _, fill, ngettext
from tray.model import Model, explained
from tray.pages.file_facts import is_chosen_out
from tray.pages.following import Follow
from tray.pages.settings_proof import statement_of

#: No longer at a destination, by somebody's hand or without one.
GONE_THERE: frozenset[FileState] = frozenset({"deleted_at_destination", "in_trash", "missing_at_destination"})
#: So many paths go into one line of the channel with room to spare.
_AT_ONCE = 1_000


class FileDeeds(QObject):
    """One request at a time is told of; each takes the files that it fits of those that it is given.

    Signals:
        said(str): what came of it, or why not.
        done(): the files may stand otherwise now.
    """

    said = Signal(str)
    done = Signal()

    def __init__(self, model: Model, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._follow = Follow(model, self)
        self._follow.moved.connect(self._proof_moved)
        self._follow.lost.connect(lambda: self.said.emit(""))

    def back_up(self, rows: Sequence[FileRow]) -> None:
        """Copy these now; what failed is tried again."""
        paths = [row.path for row in rows]
        self._ask("backup.start", paths, BackupStart, lambda _group: 0, lambda _sum: said_of_start(len(paths)))

    def leave_out(self, rows: Sequence[FileRow]) -> None:
        """Do not back these up."""
        paths = [row.path for row in rows if row.state != "excluded"]
        self._ask("library.exclude", paths, Paths, _files, said_of_leaving_out)

    def take_in(self, rows: Sequence[FileRow]) -> None:
        """Back up again what was left out by choice."""
        paths = [row.path for row in rows if is_chosen_out(row)]
        self._ask("library.include", paths, Paths, _files, said_of_taking_in)

    def put_back(self, rows: Sequence[FileRow]) -> None:
        """Put back what is gone at a destination."""
        paths = [row.path for row in rows if row.state in GONE_THERE]
        self._ask("library.restore", paths, Paths, _put_back, said_of_putting_back)

    def accept_loss(self, rows: Sequence[FileRow]) -> None:
        """What is missing was meant to be deleted."""
        paths = [row.path for row in rows if row.state == "missing_at_destination"]
        self._ask("library.accept", paths, Paths, _files, said_of_accepting)

    def prove(self, rows: Sequence[FileRow]) -> None:
        """Read these again and look for them at every destination."""
        if rows:
            self.said.emit(_("Checking …"))
            paths = Paths(tuple(row.path for row in rows[:_AT_ONCE]))
            self._model.call("verify.start", paths, self._proof_begun, self._refused, owner=self)

    def _ask(
        self,
        method: str,
        paths: Sequence[str],
        make: Callable[[tuple[str, ...]], Message],
        count: Callable[[Any], int],
        say: Callable[[int], str],
        so_far: int = 0,
    ) -> None:
        """Ask about the first of these paths, then about the others; say in the end how many it was."""
        if not paths:
            return

        def answered(answer: object) -> None:
            number = so_far + count(answer)
            if len(paths) > _AT_ONCE:
                self._ask(method, paths[_AT_ONCE:], make, count, say, number)
                return
            self.said.emit(say(number))
            self.done.emit()

        self._model.call(method, make(tuple(paths[:_AT_ONCE])), answered, self._refused, owner=self)

    def _refused(self, error: Any) -> None:  # noqa: ANN401 - an error of the channel
        self.said.emit(explained(error))
        self.done.emit()

    def _proof_begun(self, answer: JobIds) -> None:
        self._follow.follow(answer.ids[0])

    def _proof_moved(self, row: JobRow) -> None:
        ended = statement_of(row)
        self.said.emit(ended if ended is not None else _("Checking …"))
        if ended is not None:
            self.done.emit()


def _files(answer: Chosen | Accepted) -> int:
    return answer.files


def _put_back(answer: PutBack) -> int:
    return answer.from_trash + answer.again


def said_of_start(number: int) -> str:
    """These were asked for."""
    said = ngettext(
        "One file is copied as soon as nothing holds it back.",
        "{count} files are copied as soon as nothing holds them back.",
        number,
    )
    return fill(said, {"count": number})


def said_of_leaving_out(number: int) -> str:
    """So many are left out."""
    said = ngettext("One file is left out from now on.", "{count} files are left out from now on.", number)
    return fill(said, {"count": number}) if number else _("They were left out already.")


def said_of_taking_in(number: int) -> str:
    """So many are taken again."""
    said = ngettext("One file is backed up again.", "{count} files are backed up again.", number)
    return fill(said, {"count": number}) if number else _("None of them was left out.")


def said_of_putting_back(number: int) -> str:
    """So many come back."""
    said = ngettext("One file is put back.", "{count} files are put back.", number)
    return fill(said, {"count": number}) if number else _("There is nothing to put back.")


def said_of_accepting(number: int) -> str:
    """So many count as deleted."""
    said = ngettext("One missing copy counts as deleted now.", "{count} missing copies count as deleted now.", number)
    return fill(said, {"count": number}) if number else _("No copy is missing.")
