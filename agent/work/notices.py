"""Keeps the notices that a tray should show, also while none is there.

Told by the state of what changed; puts the section `notices` into it. A notice that was dismissed comes back only
when it is raised anew. Runs on whichever thread changed something; never blocks.
"""

import threading
from collections.abc import Callable

from agent.domain import notices as rules
from agent.protocol.settings import Values
from agent.protocol.types import Notice
from agent.state import State

_WATCHED = frozenset({"run", "transfers", "problems", "library"})


class Notices:
    """The notices in force."""

    def __init__(self, state: State, values: Callable[[], Values]) -> None:
        self._state = state
        self._values = values
        self._turn = threading.Lock()
        self._dismissed: dict[str, int] = {}
        self._done: Notice | None = None
        state.listen(self._heard)

    def finished(self, *, completed: int, ended_at: int) -> None:
        """A stretch of work is over."""
        notice = rules.done(self._values(), completed=completed, ended_at=ended_at)
        if notice is not None:
            with self._turn:
                self._done = notice
            self._publish()

    def dismiss(self, notice_id: str) -> None:
        """The user has seen it."""
        with self._turn:
            shown = next((one for one in self._state.snapshot().notices if one.id == notice_id), None)
            if shown is not None:
                self._dismissed[notice_id] = shown.raised_at
            if self._done is not None and self._done.id == notice_id:
                self._done = None
        self._publish()

    def _heard(self, sections: frozenset[str]) -> None:
        if sections & _WATCHED:
            self._publish()

    def _publish(self) -> None:
        snapshot, values = self._state.snapshot(), self._values()
        found = rules.progress(values, snapshot.run, snapshot.transfers)
        failed = snapshot.library.counts.failed
        raised = rules.errors(values, snapshot.problems, failed, snapshot.backup.failed_since)
        with self._turn:
            self._dismissed = {key: at for key, at in self._dismissed.items() if any(one.id == key for one in raised)}
            found += [one for one in raised if self._dismissed.get(one.id) != one.raised_at]
            if self._done is not None:
                found.append(self._done)
        self._state.update(notices=tuple(found))
