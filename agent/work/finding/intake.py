"""Takes what was seen on the disk into the ledger: the first durable hand-over.

`observe` gets files of one directory and writes files, assets and jobs in one transaction; from then on they cannot
be forgotten. Constraints are not looked at: what is held waits in the queue. Called by the settler's thread and by
the local lane; the ledger's one writer keeps them apart.
"""

import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence

from agent.domain.clock import Clock
from agent.domain.grouping import group, portions, stem_key
from agent.domain.media_types import role_of
from agent.files.read import Facts
from agent.files.settle import Touch
from agent.record import MutableRecord, Record, field
from agent.store import copies, files, folders, jobs
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal
from agent.work.folders import Folders, Watched
from agent.work.server.arrange import follow

log = logging.getLogger(__name__)

#: Fresh files come before the backlog, and what a person asked for before both.
FRESH, BACKLOG, ASKED = 10, 0, 100
#: So many files of a directory are written down together: the ledger is free for others in between, and the first are
#: on their way while the last are still taken in.
TAKEN_TOGETHER = 1_000
#: Why a file is not backed up that a person chose to leave out.
LEFT_OUT = "user_excluded"


class Urgency(Record, frozen=True):
    """How soon the jobs become due, how urgent they are, and the request they belong to."""

    run_after: int
    priority: int
    group_id: int | None = None


class Taken(MutableRecord):
    """What an observation came to."""

    jobs: list[int] = field(default_factory=list)
    lanes: set[str] = field(default_factory=set)
    changed: bool = False
    #: Files that are new or not what they were.
    files: list[int] = field(default_factory=list)


class _Directory(MutableRecord):
    """One directory under observation, inside the transaction."""

    tx: Tx
    folder: Watched
    below: bytes
    id: int
    now_at: int
    intent: IntentJournal | None
    touched: list[int] = field(default_factory=list)
    assets: set[int] = field(default_factory=set)
    moved: list[int] = field(default_factory=list)


class Intake:
    """The door to the ledger for what lies on the disk."""

    def __init__(
        self,
        database: Database,
        watched: Folders,
        clock: Clock,
        delay_s: Callable[[], int],
        on_taken: Callable[[Taken], None],
        intent: IntentJournal | None = None,
    ) -> None:
        self._database = database
        self._intent = intent
        self._folders = watched
        self._clock = clock
        self._delay_s = delay_s
        self._on_taken = on_taken
        self._gathering_until = 0

    def gathering_until(self) -> int | None:
        """When the batch that gathers now becomes due, None if none gathers."""
        return self._gathering_until if self._gathering_until > self._clock.now_at() else None

    def due_now(self) -> None:
        """End the gathering: a person does not want to wait."""
        self._gathering_until = 0

    def take(self, touches: Sequence[Touch]) -> None:
        """Files that were touched and now rest, from the settler's thread."""
        by_directory: dict[tuple[int, bytes], dict[bytes, Facts | None]] = {}
        for touch in touches:
            folder = self._folders.get(touch.folder_id)
            place = self._folders.containing(touch.path)
            if folder is None or place is None:
                continue
            below, _, name = place[1].rpartition(b"/")
            if name and place[0].holds(below):
                by_directory.setdefault((place[0].id, below), {})[name] = (
                    None if touch.gone else touch.facts or Facts(0, 0, 0)
                )
        # What is gone goes first: a file that moved is then found again at its new place.
        taken = Taken()
        for gone_first in (True, False):
            for (folder_id, below), seen in by_directory.items():
                here = {name: facts for name, facts in seen.items() if facts is not None and not gone_first}
                gone = [name for name, facts in seen.items() if facts is None and gone_first]
                found = self._folders.get(folder_id)
                if found is None:
                    continue
                for some in portions([*here, *gone], TAKEN_TOGETHER):
                    facts = {name: here[name] for name in some if name in here}
                    lost = [name for name in some if name not in here]
                    self.observe(found, below, facts, lost, Urgency(self._due_at(), FRESH), taken)
        log.debug("%d files rest in %d directories: %d new jobs", len(touches), len(by_directory), len(taken.jobs))
        if taken.changed:
            self._on_taken(taken)

    def _due_at(self) -> int:
        """One batch gathers from its first file for the whole delay."""
        now_at = self._clock.now_at()
        delay_ms = self._delay_s() * 1000
        if not now_at < self._gathering_until <= now_at + delay_ms:
            self._gathering_until = now_at + delay_ms
        return self._gathering_until

    def observe(
        self,
        folder: Watched,
        below: bytes,
        seen: Mapping[bytes, Facts],
        gone: Collection[bytes],
        urgency: Urgency,
        taken: Taken,
        *,
        rejudge: bool = False,
    ) -> None:
        """Compare some files of a directory with the ledger and write down what differs, in one transaction."""
        with self._database.write() as tx:
            now_at = self._clock.now_at()
            directory = _Directory(tx, folder, below, folders.directory(tx, folder.id, below), now_at, self._intent)
            known = files.in_directory(tx, directory.id, [*seen, *gone])
            lost = [known[name].id for name in gone if name in known and known[name].state != "gone"]
            if lost:
                files.mark_gone(tx, lost, now_at)
                taken.changed = True
            fresh = [name for name, facts in seen.items() if _take(directory, name, facts, known.get(name), rejudge)]
            if fresh:
                _join_assets(directory, fresh)
            if directory.touched:
                taken.changed = True
                taken.files += directory.touched
                files.derive(tx, directory.touched)
                if directory.moved:
                    taken.lanes.update(follow(tx, folder, directory.moved, now_at))
                self._enqueue(directory, urgency, taken)

    def _enqueue(self, directory: _Directory, urgency: Urgency, taken: Taken) -> None:
        assets = sorted(directory.assets)
        for destination in directory.folder.destinations:
            for asset_id, weight in copies.lacking_of(directory.tx, assets, destination):
                job = copies.upload_job(
                    asset_id,
                    destination,
                    directory.folder.id,
                    weight_bytes=weight,
                    run_after=urgency.run_after,
                    priority=urgency.priority,
                    group_id=urgency.group_id,
                )
                taken.jobs.append(jobs.enqueue(directory.tx, job, directory.now_at))
                taken.lanes.add(destination)


def _take(directory: _Directory, name: bytes, facts: Facts, known: files.FileFacts | None, rejudge: bool) -> bool:  # noqa: FBT001 - one of the facts
    """Write down one file; True when it is to be backed up and its asset must be found."""
    tx = directory.tx
    same = known is not None and known.size_bytes == facts.size_bytes and known.mtime_ns == facts.mtime_ns
    if known is not None and same and not rejudge and known.state != "gone":
        return False
    relative = os.fsdecode(directory.below + b"/" + name if directory.below else name).replace(os.sep, "/")
    verdict = directory.folder.matcher.verdict(relative, facts.size_bytes)
    if verdict == "junk":
        return False
    verdict = verdict or _wish_for(directory, name, known, is_same=same)
    if verdict is not None:
        _leave_out(directory, name, facts, known, verdict)
        return False
    if known is not None and same and known.state not in ("gone", "excluded"):
        return False
    role = role_of(name) or "other"
    if known is None:
        moved = files.find_moved(tx, facts.inode, facts.size_bytes, facts.mtime_ns) if facts.inode else None
        if moved is not None:
            was = files.path_of(tx, moved.id)
            files.move(tx, moved.id, directory.id, directory.folder.id, name, role)
            file_id = moved.id
            directory.moved.append(file_id)
            if moved.reason == LEFT_OUT and directory.intent is not None:
                directory.intent.leave_out([_path(directory, name)], directory.now_at)
                directory.intent.take_in([was], directory.now_at)
                files.exclude(tx, file_id, LEFT_OUT)
                directory.touched.append(file_id)
                return False
        else:
            file_id = files.add(
                tx,
                directory.id,
                directory.folder.id,
                name,
                role,
                facts.size_bytes,
                facts.mtime_ns,
                facts.inode,
                directory.now_at,
            )
    else:
        file_id = known.id
        files.observe(tx, file_id, facts.size_bytes, facts.mtime_ns, facts.inode, same_bytes=same)
        files.set_role(tx, file_id, role)
    directory.touched.append(file_id)
    return True


def _path(directory: _Directory, name: bytes) -> bytes:
    return files.join(directory.folder.root, directory.below, name)


def _wish_for(directory: _Directory, name: bytes, known: files.FileFacts | None, *, is_same: bool) -> str | None:
    """Whether a person chose to leave this file out, or the picture that it goes along with."""
    intent = directory.intent
    if intent is None or not intent.left_out():
        return None
    path = _path(directory, name)
    if path in intent.left_out():
        if known is None or known.state != "gone" or is_same:
            return LEFT_OUT
        intent.take_in([path], directory.now_at)  # another file in the place of one that is gone: it is not that one
    if role_of(name) != "sidecar":
        return None
    stem = _raw_stem(name)
    pictures = [
        row
        for row in files.with_stem(directory.tx, directory.id, stem, stem + b"\xff")
        if row.role in ("still", "video") and stem_key(row.name) == stem_key(name)
    ]
    return LEFT_OUT if pictures and all(row.reason == LEFT_OUT for row in pictures) else None


def _leave_out(directory: _Directory, name: bytes, facts: Facts, known: files.FileFacts | None, reason: str) -> None:
    if known is None:
        file_id = files.add(
            directory.tx,
            directory.id,
            directory.folder.id,
            name,
            role_of(name) or "other",
            facts.size_bytes,
            facts.mtime_ns,
            facts.inode,
            directory.now_at,
        )
    elif known.state == "excluded" and known.reason == reason and known.size_bytes == facts.size_bytes:
        return
    else:
        file_id = known.id
        files.observe(
            directory.tx,
            file_id,
            facts.size_bytes,
            facts.mtime_ns,
            facts.inode,
            same_bytes=known.size_bytes == facts.size_bytes and known.mtime_ns == facts.mtime_ns,
        )
    files.exclude(directory.tx, file_id, reason)
    directory.touched.append(file_id)


def _join_assets(directory: _Directory, fresh: Sequence[bytes]) -> None:
    """Give every fresh file its asset: the one of the files that it belongs with, or a new one."""
    stems = {stem_key(name) for name in fresh}
    rows = {row.name: row for row in files.in_directory(directory.tx, directory.id, fresh).values()}
    for stem in {spelled for name in fresh for spelled in _stems(name)}:
        for row in files.with_stem(directory.tx, directory.id, stem, stem + b"\xff"):
            if row.state != "excluded" and stem_key(row.name) in stems:
                rows.setdefault(row.name, row)
    taken: set[int] = set()
    for found in group([name for name, row in rows.items() if row.role != "other"]):
        taken.add(_join_asset(directory, [rows[name] for name in found.names()], taken))


def _stems(name: bytes) -> set[bytes]:
    """What the names of its asset may begin with: editors write `a.xmp` beside a camera's `A.JPG`."""
    stem = _raw_stem(name)
    return {stem, stem.lower(), stem.upper()} if role_of(name) == "sidecar" else {stem}


def _raw_stem(name: bytes) -> bytes:
    """What the names of one asset begin with, letter for letter."""
    return name.split(b".", 1)[0] or name


def _join_asset(directory: _Directory, members: list[files.FileFacts], taken: Collection[int]) -> int:
    """The asset of files that belong together: one of those that they had, but not that of others (`taken`)."""
    here = [row.asset_id for row in members if row.folder_id == directory.folder.id]
    held = [asset for asset in here if asset is not None and asset not in taken]
    asset_id = held[0] if held else files.add_asset(directory.tx, directory.folder.id, directory.now_at)
    for row in members:
        if row.asset_id != asset_id:
            files.set_asset(directory.tx, row.id, asset_id)
    directory.assets.add(asset_id)
    return asset_id
