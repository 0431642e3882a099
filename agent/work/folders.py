"""The watched folders as the work sees them: settings resolved, rules compiled, ids known.

A registry that is replaced whole when the settings change; any thread may read it.
"""

import os
import threading
from collections.abc import Mapping, Sequence

from agent.domain.rules import Matcher, compile_rules
from agent.protocol.paths import from_wire, to_wire
from agent.protocol.settings import FolderRules, Settings
from agent.protocol.wire import as_json
from agent.record import Record


class Watched(Record, frozen=True):
    """A watched folder, ready for use. `inner` are watched folders below it, relative: theirs are not its files."""

    id: int
    root: bytes
    rules: FolderRules
    matcher: Matcher
    destinations: tuple[str, ...]
    inner: frozenset[bytes]

    @property
    def rules_key(self) -> str:
        """The rules as text, and what is another folder's, to notice that others judged before."""
        return "\n".join([as_json(self.rules).decode(), *(to_wire(one) for one in sorted(self.inner))])

    def enters(self, relative: bytes) -> bool:
        """Whether a directory below the root is this folder's business."""
        return relative not in self.inner and self.matcher.enters(os.fsdecode(relative).replace(os.sep, "/"))

    def holds(self, relative: bytes) -> bool:
        """Whether a file's directory, at any depth, is this folder's business."""
        parts = relative.split(b"/") if relative else []
        return all(self.enters(b"/".join(parts[: depth + 1])) for depth in range(len(parts)))


class Folders:
    """All watched folders at this moment."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._by_id: dict[int, Watched] = {}
        self._judged: dict[int, str] = {}

    def replace(self, settings: Settings, ids: dict[bytes, int], judged: Mapping[int, str] | None = None) -> None:
        """Take over changed settings; `ids` are the ledger's, `judged` the rules by which it was last compared."""
        roots = {from_wire(folder.path): folder for folder in settings.folders}
        by_id = {}
        for root, folder in roots.items():
            prefix = root.rstrip(b"/") + b"/"
            by_id[ids[root]] = Watched(
                id=ids[root],
                root=root,
                rules=folder.rules,
                matcher=compile_rules(folder.rules),
                destinations=destinations_of(settings, folder.destinations),
                inner=frozenset(other[len(prefix) :] for other in roots if other.startswith(prefix)),
            )
        with self._turn:
            self._by_id = by_id
            self._judged = dict(judged or {})

    def is_judged(self, folder: Watched) -> bool:
        """Whether no other rules than these decided what of the folder waits. A new one's files wait by its own."""
        return self._judged.get(folder.id, folder.rules_key) == folder.rules_key

    def judge(self, folder: Watched) -> None:
        """The folder was compared by these rules."""
        with self._turn:
            self._judged[folder.id] = folder.rules_key

    def get(self, folder_id: int) -> Watched | None:
        """A watched folder, None when it no longer is one."""
        return self._by_id.get(folder_id)

    def rules(self, folder_id: int | None) -> FolderRules:
        """The rules of a folder, the usual ones of what is none (any more)."""
        folder = self._by_id.get(folder_id) if folder_id is not None else None
        return folder.rules if folder is not None else FolderRules()

    def all(self) -> list[Watched]:
        """Every watched folder."""
        return list(self._by_id.values())

    def containing(self, path: bytes) -> tuple[Watched, bytes] | None:
        """The innermost watched folder that a path lies in, and the path relative to it."""
        best: tuple[Watched, bytes] | None = None
        for folder in self.all():
            below = relative_to(path, folder.root)
            if below is not None and (best is None or len(folder.root) > len(best[0].root)):
                best = (folder, below)
        return best


def relative_to(path: bytes, root: bytes) -> bytes | None:
    """A path relative to a root ('' for the root itself), None if it lies elsewhere."""
    if path == root:
        return b""
    prefix = root.rstrip(b"/") + b"/"
    return path[len(prefix) :] if path.startswith(prefix) else None


def destinations_of(settings: Settings, named: Sequence[str]) -> tuple[str, ...]:
    """The destinations of a folder: those named that exist, or when none is named every one."""
    every = tuple(destination.id for destination in settings.destinations)
    return tuple(one for one in every if one in named) if named else every
