"""What all parts of the state share: the lock, the time, who wants to hear of changes, and what is gone.

For: ``store.py``, ``groups.py`` and ``people.py``, which report every change here once.
Must not: know what the changes mean.
Thread: any; :meth:`Ledger.tell` is called while the shared lock is held, listeners run in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .calendar import Calendar
from .models import Gone, User
from .pulse import Pulse

Listener = Callable[[str, User, Any], None]


class Ledger:
    """Marks for changes, the list of what was removed, and the listeners."""

    def __init__(self, pulse: Pulse, calendar: Calendar) -> None:
        self.pulse = pulse
        self.calendar = calendar
        self.listeners: list[Listener] = []
        self.gone: list[Gone] = []
        self.changes = 0

    def mark(self) -> str:
        """The mark of a change made now; later ones sort behind it."""
        self.changes += 1
        return self.calendar.next_id()

    def now_iso(self) -> str:
        """The present moment as the server sees it."""
        return self.calendar.now_iso()

    def bury(self, kind: str, seen_by: Iterable[User], **data: str) -> None:
        """Remember that something is gone, for the users who knew of it."""
        self.gone.append(Gone(self.mark(), kind, data, frozenset(user.id for user in seen_by)))

    def forget(self) -> None:
        """Forget what is gone, as a wiped or restored database does."""
        self.gone.clear()
        self.changes += 1

    def tell(self, event: str, owner: User, subject: Any) -> None:
        """Report a change to the listeners and to waiting tests."""
        for listener in self.listeners:
            listener(event, owner, subject)
        self.pulse.beat()
