"""The single door to the snapshot: whoever knows something new says it here, and whoever listens hears what differs.

Holds no truth of its own. Any thread may update; listeners are called on that thread and must only take note.
"""

import threading
from collections.abc import Callable

from agent.protocol.merge import with_sections
from agent.protocol.types import Snapshot


class State:
    """The present snapshot. A section that is set to an equal value changes nothing and tells nobody."""

    def __init__(self, first: Snapshot) -> None:
        self._turn = threading.Lock()
        self._snapshot = first
        self._listeners: list[Callable[[frozenset[str]], None]] = []

    def snapshot(self) -> Snapshot:
        """The present snapshot; immutable."""
        return self._snapshot

    def listen(self, callback: Callable[[frozenset[str]], None]) -> None:
        """Be told the names of sections that changed."""
        self._listeners.append(callback)

    def update(self, **sections: object) -> None:
        """Replace sections by new values."""
        with self._turn:
            changed = {name: value for name, value in sections.items() if getattr(self._snapshot, name) != value}
            if not changed:
                return
            self._snapshot = with_sections(self._snapshot, **changed)
        for listener in self._listeners:
            listener(frozenset(changed))
