"""Leaving single files out of the backup by choice, and taking them in again.

Called on the threads that answer clients. The choice is written to the journal of intent, by path, and from then on the
intake abides by it: it survives a rescan, a rename and a lost ledger. Copies that are somewhere already stay there.
"""

import os
from collections.abc import Callable, Iterable, Sequence

from agent.domain.clock import Clock
from agent.domain.grouping import stem_key
from agent.files.read import Facts
from agent.protocol.history import Chosen
from agent.protocol.paths import from_wire, to_display
from agent.protocol.wire import Mistake
from agent.record import Record
from agent.store import activity, copies, files
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.store.jobs import iso
from agent.work.finding.intake import ASKED, LEFT_OUT, Intake, Taken, Urgency
from agent.work.folders import Folders, Watched


class _Place(Record, frozen=True):
    """Where a file lies; `row` is None for one that the ledger has not seen yet."""

    folder: Watched
    below: bytes
    path: bytes
    row: files.FileFacts | None


class Leaving:
    """A person's wishes about single files."""

    def __init__(
        self,
        database: Database,
        intent: IntentJournal,
        watched: Folders,
        intake: Intake,
        clock: Clock,
        cancel: Callable[[int], None],
        on_changed: Callable[[], None],
    ) -> None:
        """`cancel` stops a job that runs."""
        self._database = database
        self._intent = intent
        self._folders = watched
        self._intake = intake
        self._clock = clock
        self._cancel = cancel
        self._on_changed = on_changed

    def exclude(self, wire_paths: Sequence[str]) -> Chosen:
        """Leave these files out from now on."""
        places = [self._place(from_wire(wire)) for wire in wire_paths]
        changed = [one for one in places if one.row is None or one.row.reason != LEFT_OUT]
        self._intent.leave_out([one.path for one in places], self._clock.now_at())
        self._judge(changed, "excluded")
        self._on_changed()
        return Chosen(len(changed))

    def include(self, wire_paths: Sequence[str]) -> Chosen:
        """Take these files in again, if no rule is against it."""
        places = [self._place(from_wire(wire)) for wire in wire_paths]
        left_out = self._intent.left_out()
        changed = [one for one in places if one.path in left_out or (one.row and one.row.reason == LEFT_OUT)]
        self._intent.take_in([one.path for one in places], self._clock.now_at())
        self._judge(changed, "included")
        self._on_changed()
        return Chosen(len(changed))

    def restore(self) -> None:
        """Abide by what was chosen before, should the ledger be an older copy of itself."""
        found = [self._find(path) for path in self._intent.left_out()]
        forgotten = [one for one in found if one and one.row and one.row.state not in ("gone", "excluded")]
        if forgotten:
            self._judge(forgotten, "excluded")

    def _place(self, path: bytes) -> _Place:
        place = self._find(path)
        if os.path.isdir(path):
            raise Mistake("is_a_folder", path=to_display(path))
        if place is None:
            raise Mistake("path_not_watched", path=to_display(path))
        if (place.row is None or place.row.state == "gone") and not os.path.lexists(path):
            raise Mistake("file_unknown", path=to_display(path))
        return place

    def _find(self, path: bytes) -> _Place | None:
        found = self._folders.containing(path)
        if found is None or not found[1]:
            return None
        folder, relative = found
        below, _, name = relative.rpartition(b"/")
        return _Place(folder, below, path, files.find(self._database.read(), folder.id, below, name))

    def _judge(self, places: Iterable[_Place], event: str) -> None:
        """Let the intake decide again about files that have not changed, and about what goes along with them."""
        by_directory: dict[tuple[int, bytes], tuple[Watched, list[files.FileFacts]]] = {}
        for place in places:
            if place.row is not None and place.row.state != "gone":
                by_directory.setdefault((place.folder.id, place.below), (place.folder, []))[1].append(place.row)
        for (_folder_id, below), (folder, rows) in by_directory.items():
            self._observe(folder, below, rows)
            self._observe(folder, below, self._sidecars(rows))
            now_at = self._clock.now_at()
            assets = sorted({row.asset_id for row in rows if row.asset_id is not None})
            with self._database.write() as tx:
                for row in rows:
                    activity.note(tx, event, row.id, None, {}, now_at)
                empty = sorted(set(assets) - files.members(tx, assets).keys()) if assets else []
                called_off = copies.call_off(tx, empty, folder.destinations, iso(now_at))
            for job_id in called_off:
                self._cancel(job_id)

    def _observe(self, folder: Watched, below: bytes, rows: Sequence[files.FileFacts]) -> None:
        seen = {row.name: Facts(row.size_bytes, row.mtime_ns, row.inode) for row in rows}
        if seen:
            urgency = Urgency(self._clock.now_at(), ASKED)
            self._intake.observe(folder, below, seen, [], urgency, Taken(), rejudge=True)

    def _sidecars(self, rows: Sequence[files.FileFacts]) -> list[files.FileFacts]:
        tx = self._database.read()
        found: dict[int, files.FileFacts] = {}
        for row in rows:
            stem = row.name.split(b".", 1)[0] or row.name
            for other in files.with_stem(tx, row.directory_id, stem, stem + b"\xff"):
                if other.role == "sidecar" and stem_key(other.name) == stem_key(row.name):
                    found[other.id] = other
        return list(found.values())
