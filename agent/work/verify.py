"""The job `verify`: the proof of backup. Reads files again, and asks every destination for exactly these bytes.

Runs on the local lane, a slice at a time, so that nothing else waits for it: what is left is written back into the job.
Payload: `paths` (wire text; none: everything) with `whole` for a person, without it a share of the library, the
longest unproven first. The result is a dated statement. Finds bit rot (other bytes, though size and time never moved)
and copies that a destination lost; changes nothing but the ledger.
"""

import functools
import logging
from collections.abc import Callable, Sequence

from agent.destinations.base import Destination, Found, Wanted
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, FileChanged, FileVanished, Rejected, Transient
from agent.files.reach import Reach, Silent
from agent.files.read import fingerprint, look
from agent.protocol.paths import from_wire, to_wire
from agent.record import MutableRecord, asdict, field
from agent.store import copies, files, folders, lost
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal
from agent.store.jobs import Claimed
from agent.store.lost import Known
from agent.work.folders import Folders
from agent.work.server.mirror import Mirror
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: Files that are read and asked about together, and how long one slice works before others have their turn.
TOGETHER = 100
SLICE_S = 10.0
#: The share of the library that is proven each day: all of it in two months, and never more than so many bytes.
DAYS = 60
SHARE_BYTES = 20_000_000_000
LISTED = 200


_Check = Callable[[Sequence[Wanted]], dict[bytes, Found]]
_Ask = Callable[[str, Sequence[Wanted]], dict[bytes, Found]]


class Tally(MutableRecord):
    """The statement: how many files came out how, and those that a person should know of."""

    began_at: int = 0
    ended_at: int = 0
    files: int = 0
    bytes: int = 0
    whole: int = 0
    rotten: int = 0
    lost: int = 0
    in_trash: int = 0
    unsafe: int = 0
    unreadable: int = 0
    unreachable: list[str] = field(default_factory=list)
    found: list[dict[str, object]] = field(default_factory=list)

    def count(self, known: Known, verdict: str) -> None:
        """One file came out."""
        self.files += 1
        self.bytes += known.size_bytes
        setattr(self, verdict, getattr(self, verdict) + 1)
        if verdict != "whole" and len(self.found) < LISTED:
            self.found.append({"path": to_wire(known.path), "verdict": verdict})


class Verify:
    """The handler of `verify`."""

    def __init__(
        self,
        database: Database,
        watched: Folders,
        destination: Callable[[str], Destination],
        intent: IntentJournal,
        clock: Clock,
        on_changed: Callable[[], None],
        reach: Reach,
        crossing: Callable[[], frozenset[str]],
    ) -> None:
        """`crossing`: the destinations that lie behind a network; copies there are read for a person alone."""
        self._database = database
        self._folders = watched
        self._destination = destination
        self._intent = intent
        self._clock = clock
        self._on_changed = on_changed
        self._reach = reach
        self._crossing = crossing

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """One slice of each job."""
        for job in batch:
            tally, position = _kept(job.payload)
            tally.began_at = tally.began_at or self._clock.now_at()
            until_s = self._clock.monotonic_s() + SLICE_S
            is_over = False
            while not is_over and self._clock.monotonic_s() < until_s:
                some, position = self._next(job.payload, tally, position)
                self._prove(scope, job, some, tally)
                is_over = position is None
            tally.ended_at = self._clock.now_at()
            with self._database.write() as tx:
                if is_over:
                    scope.complete(tx, job, asdict(tally))
                else:
                    payload = {**job.payload, "tally": asdict(tally), "position": position}
                    lost.go_on(tx, job.id, payload, self._clock.now_at())
                    scope.ended.add(job.id)
        self._on_changed()

    def _next(
        self, payload: dict[str, object], tally: Tally, position: list[int] | None
    ) -> tuple[list[Known], list[int] | None]:
        """The next files, and where to go on (None: this was all). A position is (place, last file id)."""
        tx = self._database.read()
        if not payload.get("whole"):
            total = sum(files.shown_counts(tx).values())
            left = -(-total // DAYS) - tally.files
            if left <= 0 or tally.bytes >= SHARE_BYTES:
                return [], None
            some = lost.least_proven(tx, tally.began_at, min(left, TOGETHER))
            return some, [0, 0] if some else None
        at, after = position or [0, 0]
        places = self._places(payload.get("paths"))
        while at < len(places):
            some = lost.known_below(tx, *places[at], after, TOGETHER)
            if some:
                return some, [at, some[-1].file_id]
            at, after = at + 1, 0
        return [], None

    def _places(self, wire_paths: object) -> list[tuple[int, bytes]]:
        if not isinstance(wire_paths, list) or not wire_paths:
            return [(folder.id, b"") for folder in self._folders.all()]
        found = []
        for wire in wire_paths:
            path = from_wire(str(wire))
            place = self._folders.containing(path)
            if place is not None:
                found.append((place[0].id, place[1]))
            found += [
                (folder.id, b"") for folder in self._folders.all() if folder.root.startswith(path.rstrip(b"/") + b"/")
            ]
        return found

    def _prove(self, scope: Scope, job: Claimed, some: Sequence[Known], tally: Tally) -> None:
        verdicts: dict[int, tuple[str, bytes | None]] = {}
        sound: list[Known] = []
        for known in some:
            scope.check(job)
            try:
                verdict, found_sha1 = self._reach.ask(
                    known.folder_id, functools.partial(self._read, known), lambda: scope.check(job)
                )
            except Silent:
                verdict, found_sha1 = "unreadable", None
            if verdict == "whole":
                sound.append(known)
            elif verdict is not None:
                verdicts[known.file_id] = (verdict, found_sha1)
        ask = functools.partial(self._question, job, lambda: scope.check(job))
        verdicts |= {file_id: (verdict, None) for file_id, verdict in self._ask(sound, tally, ask).items()}
        now_at = self._clock.now_at()
        with self._database.write() as tx:
            for known in some:
                if known.file_id not in verdicts:  # it left meanwhile; looked at again when it is back
                    lost.prove(tx, known.file_id, "unreadable", None, now_at)
                else:
                    verdict, found_sha1 = verdicts[known.file_id]
                    lost.prove(tx, known.file_id, verdict, found_sha1, now_at)
                    tally.count(known, verdict)
                    if verdict == "rotten":
                        log.warning("a file holds other bytes than were copied, though nothing touched it")

    @staticmethod
    def _read(known: Known, check: Callable[[], None]) -> tuple[str | None, bytes | None]:
        """`whole`, `rotten`, `unreadable`, `unsafe` (changed: its new version is copied soon), None for one gone."""
        try:
            facts = look(known.path)
            if (facts.size_bytes, facts.mtime_ns) != (known.size_bytes, known.mtime_ns):
                return "unsafe", None
            found = fingerprint(known.path, check=check)
        except FileVanished:
            return None, None
        except FileChanged:
            return "unsafe", None
        except (Rejected, Transient):
            return "unreadable", None
        if (found.facts.size_bytes, found.facts.mtime_ns) != (known.size_bytes, known.mtime_ns):
            return "unsafe", None
        return ("whole", None) if found.sha1 == known.sha1 else ("rotten", found.sha1)

    # --- the destinations -------------------------------------------------------------------------------------------

    def _question(
        self, job: Claimed, check: Callable[[], None], destination_id: str, wanted: Sequence[Wanted]
    ) -> dict[bytes, Found]:
        """What of these is there. A drive tells no digests: copies are read again, unless that fills a line."""
        destination = self._destination(destination_id)
        if job.payload.get("whole") or destination_id not in self._crossing():
            return destination.prove(wanted, check)
        return destination.check(wanted)

    def _ask(self, sound: Sequence[Known], tally: Tally, ask: _Ask) -> dict[int, str]:
        """File id -> the worst of what its folder's destinations answered."""
        tx = self._database.read()
        links = folders.links(tx)
        verdicts = {known.file_id: "whole" for known in sound}
        for destination_id in sorted({destination for _, destination in links}):
            here = [known for known in sound if (known.folder_id, destination_id) in links]
            if not here:
                continue
            try:
                answers = self._ask_one(destination_id, here, functools.partial(ask, destination_id))
            except (Blocked, Transient) as problem:
                log.info("no proof by %s: %s", destination_id, problem)
                if destination_id not in tally.unreachable:
                    tally.unreachable.append(destination_id)
                answers = {known.file_id: "unsafe" for known in here}
            for file_id, verdict in answers.items():
                verdicts[file_id] = max(verdicts[file_id], verdict, key=_ORDER.index)
        linked = {folder_id for folder_id, _ in links}
        verdicts |= {known.file_id: "unsafe" for known in sound if known.folder_id not in linked}
        return verdicts

    def _ask_one(self, destination_id: str, here: Sequence[Known], check: _Check) -> dict[int, str]:
        known = copies.at(self._database.read(), destination_id, [one.content_id for one in here])
        wanted = [
            Wanted(one.sha1, one.size_bytes, known[one.content_id].remote_id if one.content_id in known else None)
            for one in here
        ]
        found = check(wanted)
        self._take(destination_id, check, here, found, {one: copy.state for one, copy in known.items()})
        now = copies.at(self._database.read(), destination_id, [one.content_id for one in here])
        verdicts = {}
        for one in here:
            answer, copy = found.get(one.sha1), known.get(one.content_id)
            if answer is not None and one.content_id in now:  # as the ledger has it, which may have heard of more since
                verdicts[one.file_id] = _BELIEVED[now[one.content_id].state]
            elif answer is not None:
                verdicts[one.file_id] = "in_trash" if answer.in_trash else "whole"
            else:
                believed = copy is not None and copy.state in ("safe", "in_trash", "missing_at_destination")
                verdicts[one.file_id] = "lost" if believed else "unsafe"
        return verdicts

    def _take(
        self,
        destination_id: str,
        check: _Check,
        here: Sequence[Known],
        found: dict[bytes, Found],
        before: dict[int, str],
    ) -> None:
        """What the destination showed goes into the ledger; what it lost is asked about, never put back by itself."""
        asked = [(one.content_id, one.sha1, one.size_bytes) for one in here]
        lacking = [one for one in asked if one[1] not in found and before.get(one[0]) == "safe"]
        now_at = self._clock.now_at()
        mirror = Mirror(destination_id, check, self._database, self._intent, self._clock)
        mirror.found(found, asked, before)
        if lacking:
            mirror.lacking(lacking, _nothing)
        with self._database.write() as tx:
            proven = [one for one, sha1, _ in asked if sha1 in found and not found[sha1].in_trash]
            copies.verified(tx, destination_id, proven, now_at)


#: State of a copy -> what that means for its file.
_BELIEVED = {
    "safe": "whole",
    "not_taken": "whole",
    "in_trash": "in_trash",
    "missing_at_destination": "lost",
    "deleted_at_destination": "lost",
}
#: From good to bad.
_ORDER = ("whole", "in_trash", "unsafe", "lost")


def _kept(payload: dict[str, object]) -> tuple[Tally, list[int] | None]:
    """How far the slices before came."""
    tally, position = payload.get("tally"), payload.get("position")
    made = Tally(**tally) if isinstance(tally, dict) else Tally()
    return made, [int(one) for one in position] if isinstance(position, list) else None


def _nothing(_: Tx) -> None:
    pass
