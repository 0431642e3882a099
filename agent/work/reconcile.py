"""Compares a whole folder with the ledger: finds whatever the watcher did not tell.

Runs on the local lane as the job `scan`: at the start, daily, after a change of folders or rules, after a lost event.
Reads one directory at a time; what equals the ledger costs no write. A drive that is not mounted or a directory that
cannot be read is a problem shown, never a deletion.
"""

from collections.abc import Callable

from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Rejected
from agent.files.mounts import root_identity
from agent.files.read import Facts
from agent.files.scan import Entry, Listing, walk
from agent.files.settle import Settler
from agent.protocol.paths import to_display
from agent.store import files, folders
from agent.store.db import Database
from agent.work.folders import Folders, Watched
from agent.work.intake import Intake, Taken, Urgency

#: A file touched this recently is left to the settler: somebody may still be writing it.
REST_NS = 2_000_000_000


class Reconcile:
    """The full comparison of one folder, or of a part of it, at a time."""

    def __init__(self, database: Database, watched: Folders, intake: Intake, settler: Settler, clock: Clock) -> None:
        self._database = database
        self._folders = watched
        self._intake = intake
        self._settler = settler
        self._clock = clock

    def folder(
        self,
        watched: Watched,
        urgency: Urgency,
        check: Callable[[], None],
        on_taken: Callable[[Taken], None],
        below: bytes = b"",
    ) -> None:
        """Compare what lies below a directory of a folder ('' for all of it).

        `check` may raise Interrupted between directories. Raises Blocked for a folder out of reach.
        """
        row = next((row for row in folders.watched(self._database.read()) if row.id == watched.id), None)
        if row is None:
            return
        identity = root_identity(watched.root)
        if row.identity is not None and row.identity != identity and _looks_empty(watched):
            raise Blocked("folder_replaced", path=to_display(watched.root))
        rejudge = row.rules != watched.rules_key
        known = folders.directories(self._database.read(), watched.id)
        visited: set[bytes] = set()
        unreadable: list[bytes] = []
        start = files.join(watched.root, below, b"")
        for found in walk(start, lambda relative: watched.enters(_under(below, relative)), check=check):
            relative = _under(below, found.relative)
            if found.trouble is not None:
                if not relative:
                    raise Blocked(found.trouble, path=to_display(watched.root))
                unreadable.append(relative)
                continue
            visited.add(relative)
            taken = self._directory(watched, relative, found, known.get(relative), urgency, rejudge=rejudge)
            if taken.changed:
                on_taken(taken)
        asked = {path: facts for path, facts in known.items() if not below or _is_below(path, below)}
        if self._forget(asked, visited, unreadable):
            on_taken(Taken(changed=True))
        if not below:
            with self._database.write() as tx:
                folders.mark_checked(tx, watched.id, identity, watched.rules_key, self._clock.now_at())

    def _directory(
        self,
        watched: Watched,
        relative: bytes,
        listing: Listing,
        known: tuple[int, int | None] | None,
        urgency: Urgency,
        *,
        rejudge: bool,
    ) -> Taken:
        taken = Taken()
        ledger = files.in_directory(self._database.read(), known[0]) if known else {}
        now_ns = self._clock.now_at() * 1_000_000
        seen: dict[bytes, Facts] = {}
        present: set[bytes] = set()
        for entry in listing.entries:
            present.add(entry.name)
            row = ledger.get(entry.name)
            if row is not None and not rejudge and _unchanged(row, entry):
                continue
            if 0 <= now_ns - entry.mtime_ns < REST_NS:
                self._settler.touch(watched.id, files.join(watched.root, relative, entry.name))
                continue
            seen[entry.name] = Facts(entry.size_bytes, entry.mtime_ns, entry.inode)
        gone = [name for name, row in ledger.items() if name not in present and row.state != "gone"]
        if seen or gone:
            self._intake.observe(watched, relative, seen, gone, urgency, taken, rejudge=rejudge)
        return taken

    def _forget(self, known: dict[bytes, tuple[int, int | None]], visited: set[bytes], unreadable: list[bytes]) -> bool:
        """Mark as gone what lay in directories that are no more; not below one that could not be read."""
        lost: list[int] = []
        for relative, (directory_id, _) in known.items():
            if relative in visited or any(_is_below(relative, bad) for bad in unreadable):
                continue
            rows = files.in_directory(self._database.read(), directory_id).values()
            lost += [row.id for row in rows if row.state != "gone"]
        if lost:
            with self._database.write() as tx:
                files.mark_gone(tx, lost, self._clock.now_at())
        return bool(lost)


def _unchanged(row: files.FileFacts, entry: Entry) -> bool:
    return row.size_bytes == entry.size_bytes and row.mtime_ns == entry.mtime_ns and row.state != "gone"


def _is_below(relative: bytes, parent: bytes) -> bool:
    return relative == parent or relative.startswith(parent + b"/")


def _looks_empty(watched: Watched) -> bool:
    """Whether the root holds nothing at all, as the bare mount point of a drive that is away."""
    try:
        listing = next(iter(walk(watched.root, lambda _: False, check=lambda: None)))
    except (StopIteration, Blocked, Rejected):
        return True
    return not listing.entries and listing.trouble is None


def _under(below: bytes, relative: bytes) -> bytes:
    return b"/".join(part for part in (below, relative) if part)
