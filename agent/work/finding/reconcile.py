"""Compares a folder with the ledger: finds whatever the watcher did not tell.

Runs on the local lane as the job `scan`. The whole comparison reads one directory at a time, and what equals the
ledger costs no write; the quick one (at the start, after a wake) reads only directories whose mtime moved: it sees
what came, went or was renamed, not what was rewritten in place. A drive that is away or a directory that cannot be
read is a problem shown, never a deletion.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from agent.domain.clock import Clock
from agent.domain.errors import Blocked
from agent.domain.grouping import portions
from agent.files.mounts import root_identity
from agent.files.reach import Beat, Reach
from agent.files.read import Facts
from agent.files.scan import FolderMissing, Listing, list_directory, trusted_mtime_ns, walk, walk_changed
from agent.files.settle import Settler
from agent.protocol.paths import to_display
from agent.record import MutableRecord, field
from agent.store import files, folders
from agent.store.db import Database
from agent.work.finding.intake import TAKEN_TOGETHER, Intake, Taken, Urgency
from agent.work.folders import Folders, Watched

#: A file touched this recently is left to the settler: somebody may still be writing it.
REST_NS = 2_000_000_000
#: Directories whose mtimes are written down together.
NOTED_TOGETHER = 500
#: So many new files wait at most until what is gone is known; more than that were hardly moved, and take memory.
WAITING = 20_000


class Looked(MutableRecord):
    """What a comparison could not settle: directories that cannot be read, and whether files do not rest yet."""

    unreadable: list[bytes] = field(default_factory=list)
    restless: bool = False


class Reconcile:
    """The comparison of one folder, or of a part of it, at a time."""

    def __init__(
        self, database: Database, watched: Folders, intake: Intake, settler: Settler, clock: Clock, reach: Reach
    ) -> None:
        self._database = database
        self._folders = watched
        self._intake = intake
        self._settler = settler
        self._clock = clock
        self._reach = reach

    def folder(
        self,
        watched: Watched,
        urgency: Urgency,
        check: Callable[[], None],
        on_taken: Callable[[Taken], None],
        *,
        below: bytes = b"",
        quick: bool = False,
    ) -> Looked:
        """Compare what lies below a directory of a folder ('' for all of it).

        `quick` is only as good as the last whole comparison and becomes one when there was none by these rules. `check`
        may raise Interrupted at any time. Raises Blocked for a folder out of reach.
        """
        row = next((row for row in folders.watched(self._database.read()) if row.id == watched.id), None)
        if row is None:
            return Looked()
        identity, is_empty = self._reach.ask(watched.id, lambda _: _first_look(watched, row.identity), check)
        if is_empty:
            raise Blocked("folder_replaced", path=to_display(watched.root))
        rejudge = row.rules != watched.rules_key
        quick = quick and not rejudge and row.identity == identity
        known = folders.directories(self._database.read(), watched.id)
        comparison = _Comparison(self, watched, known, urgency, on_taken, check, rejudge=rejudge)
        found = self._reach.stream(
            watched.id, lambda beat: self._listings(watched, known, below, beat, quick=quick), check
        )
        with closing(found):
            for listing in found:
                check()
                comparison.take(listing)
        absent = comparison.vanished
        if not quick:
            absent += comparison.unseen(path for path in known if not below or _is_below(path, below))
        if absent and self._reach.ask(watched.id, lambda _: _identity(watched), check) != identity:
            raise Blocked("folder_replaced", path=to_display(watched.root))  # its drive went away meanwhile
        comparison.end(absent)
        if not quick and not below:
            with self._database.write() as tx:
                folders.mark_checked(tx, watched.id, identity, watched.rules_key, self._clock.now_at())
            if rejudge:
                self._folders.judge(watched)
                on_taken(Taken(lanes=set(watched.destinations), changed=True))
        return comparison.looked

    def _listings(
        self,
        watched: Watched,
        known: dict[bytes, tuple[int, int | None]],
        below: bytes,
        beat: Beat,
        *,
        quick: bool,
    ) -> Iterator[Listing]:
        """What lies on the disk: all that touches it after the first look."""
        if quick:
            mtimes = {path: -1 if mtime is None else mtime for path, (_, mtime) in known.items()}
            yield from walk_changed(watched.root, mtimes, watched.enters, check=beat)
            return
        start = files.join(watched.root, below, b"")
        for found in walk(start, lambda relative: watched.enters(_under(below, relative)), check=beat):
            yield found._replace(relative=_under(below, found.relative))

    def observe(
        self,
        watched: Watched,
        relative: bytes,
        seen: dict[bytes, Facts],
        gone: list[bytes],
        urgency: Urgency,
        *,
        rejudge: bool,
    ) -> Taken:
        """Take what differs in one directory into the ledger."""
        taken = Taken()
        self._intake.observe(watched, relative, seen, gone, urgency, taken, rejudge=rejudge)
        return taken

    def ledger(self, directory_id: int) -> set[files.Standing]:
        """The files of a directory that were there when it was last looked at."""
        return files.standings(self._database.read(), directory_id)

    def now_at(self) -> int:
        """UTC epoch milliseconds."""
        return self._clock.now_at()

    def leave_to_settler(self, watched: Watched, relative: bytes, name: bytes) -> None:
        """The file was touched a moment ago."""
        self._settler.touch(watched.id, files.join(watched.root, relative, name))

    def note(self, watched: Watched, mtimes: dict[bytes, int]) -> None:
        """Remember as of which mtimes these directories were compared."""
        with self._database.write() as tx:
            for relative, mtime_ns in mtimes.items():
                folders.directory_read(tx, folders.directory(tx, watched.id, relative), mtime_ns)


class _Comparison:
    """One folder's comparison under way.

    What is gone is written down first, so that what was moved is found again at its new place: new names wait for it.
    """

    def __init__(
        self,
        room: Reconcile,
        watched: Watched,
        known: dict[bytes, tuple[int, int | None]],
        urgency: Urgency,
        on_taken: Callable[[Taken], None],
        check: Callable[[], None],
        *,
        rejudge: bool,
    ) -> None:
        self._room = room
        self._watched = watched
        self._known = known
        self._urgency = urgency
        self._on_taken = on_taken
        self._check = check
        self._rejudge = rejudge
        self._mtimes: dict[bytes, int] = {}
        self._visited: set[bytes] = set()
        self._new: list[tuple[bytes, dict[bytes, Facts]]] = []
        self._new_mtimes: dict[bytes, int] = {}
        self._waiting = 0
        self.vanished: list[bytes] = []
        self.looked = Looked()

    def take(self, listing: Listing) -> None:
        """Compare one directory."""
        relative = listing.relative
        if listing.trouble is not None and not relative:
            code = "folder_missing" if listing.trouble == "vanished" else "folder_unreadable"
            raise Blocked(code, path=to_display(self._watched.root))
        if listing.trouble == "vanished":
            self.vanished.append(relative)
            return
        if listing.trouble is not None:
            self.looked.unreadable.append(relative)
        self._visited.add(relative)
        known = self._known.get(relative)
        ledger = self._room.ledger(known[0]) if known else set()
        # Whole directories at a time: a library of a million files is compared in a handful of operations on sets.
        present = {entry[:3] for entry in listing.entries}
        seen, restless = self._settled(listing, present if self._rejudge else present - ledger)
        whole = listing.trouble is None
        gone = {name for name, _, _ in ledger - present} - {name for name, _, _ in present - ledger} if whole else set()
        new = self._put_aside(relative, seen, ledger)
        self._observe(relative, seen, gone)
        mtime_ns = trusted_mtime_ns(listing.mtime_ns, self._room.now_at())
        self.looked.restless |= restless
        if restless or not whole:
            mtime_ns = -1
        if known is None or known[1] != mtime_ns:
            (self._new_mtimes if new else self._mtimes)[relative] = mtime_ns
            if len(self._mtimes) >= NOTED_TOGETHER:
                self.note_directories()

    def _settled(self, listing: Listing, differing: set[files.Standing]) -> tuple[dict[bytes, Facts], bool]:
        """Those of the files that differ from the ledger which rest, and whether there are some that do not yet."""
        now_ns = self._room.now_at() * 1_000_000
        seen: dict[bytes, Facts] = {}
        restless = False
        for entry in listing.entries if differing else ():
            if entry[:3] not in differing:
                continue
            if 0 <= now_ns - entry.mtime_ns < REST_NS:
                self._room.leave_to_settler(self._watched, listing.relative, entry.name)
                restless = True
                continue
            seen[entry.name] = Facts(entry.size_bytes, entry.mtime_ns, entry.inode)
        return seen, restless

    def _put_aside(self, relative: bytes, seen: dict[bytes, Facts], ledger: set[files.Standing]) -> bool:
        """Take the new names out of what was seen, to be taken in at the end; False where there are none, or too many.

        A folder that is looked at for the first time has nothing that may have been moved.
        """
        if not self._known or not seen or self._waiting + len(seen) > WAITING:
            return False
        names = {name for name, _, _ in ledger}
        new = {name: seen.pop(name) for name in list(seen) if name not in names}
        if new:
            self._new.append((relative, new))
            self._waiting += len(new)
        return bool(new)

    def unseen(self, known: Iterable[bytes]) -> list[bytes]:
        """Those of these directories that are no more; none below one that could not be read."""
        bad = self.looked.unreadable
        missing = [path for path in known if path not in self._visited and path not in self.vanished]
        return [path for path in missing if not any(_is_below(path, one) for one in bad)]

    def end(self, absent: Iterable[bytes]) -> None:
        """What lay in these directories is gone; then what is new is taken in."""
        for relative in absent:
            known = self._known.get(relative)
            self._observe(relative, {}, {name for name, _, _ in self._room.ledger(known[0])} if known else set())
        for relative, seen in self._new:
            self._observe(relative, seen, set())
        self._mtimes |= self._new_mtimes
        self.note_directories()

    def _observe(self, relative: bytes, seen: dict[bytes, Facts], gone: set[bytes]) -> None:
        for some in portions(gone, TAKEN_TOGETHER):
            self._take_in(relative, {}, some)
        for some in portions(seen, TAKEN_TOGETHER):
            self._take_in(relative, {name: seen[name] for name in some}, [])

    def _take_in(self, relative: bytes, seen: dict[bytes, Facts], gone: list[bytes]) -> None:
        self._check()
        taken = self._room.observe(self._watched, relative, seen, gone, self._urgency, rejudge=self._rejudge)
        if taken.changed:
            self._on_taken(taken)

    def note_directories(self) -> None:
        """Write down as of which mtimes the directories were compared."""
        if self._mtimes:
            self._room.note(self._watched, self._mtimes)
            self._mtimes = {}


def _is_below(relative: bytes, parent: bytes) -> bool:
    return relative == parent or relative.startswith(parent + b"/")


def _first_look(watched: Watched, known: str | None) -> tuple[str, bool]:
    """Which file system the root lies on, and whether it is another one than was known, with nothing on it."""
    identity = _identity(watched)
    return identity, known is not None and known != identity and _looks_empty(watched)


def _identity(watched: Watched) -> str:
    """Which file system the root lies on; raises Blocked for a root that is away or cannot be looked at."""
    try:
        return root_identity(watched.root)
    except FileNotFoundError as error:
        raise FolderMissing("folder_missing", path=to_display(watched.root)) from error
    except OSError as error:
        raise Blocked("folder_unreadable", path=to_display(watched.root), count=1) from error


def _looks_empty(watched: Watched) -> bool:
    """Whether the root holds nothing at all, as the bare mount point of a drive that is away."""
    listing, inside = list_directory(watched.root, b"")
    return not listing.entries and not inside


def _under(below: bytes, relative: bytes) -> bytes:
    return b"/".join(part for part in (below, relative) if part)
