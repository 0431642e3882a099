"""A folder as a destination: a dated tree on a local, external or network drive.

`2024/2024-05/IMG_1.JPG`, and beside it the month's `.safelight-sums`, to which lines are only ever added. Nothing that
is there is overwritten, ever. A copy counts once its bytes were read back, its name and its line are on the disk.
Two agents may use one folder. Runs in lane threads, `put` in several at once; `close` from any.
"""

import hashlib
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import tzinfo
from io import RawIOBase

from agent.destinations import names, sums
from agent.destinations.base import Found, Item, Placed, Report, Source, Traits, Wanted
from agent.destinations.disk import (
    ABSENT,
    NAME_REFUSED,
    Room,
    append_line,
    content_of,
    digest_of,
    disk_fate,
    fates,
    holds,
    moved,
    sync_folder,
)
from agent.destinations.marker import claims
from agent.destinations.sums import Month
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Interrupted, Transient
from agent.protocol.paths import to_display, to_wire

SUMS = b".safelight-sums"
_PART_START, _PART_END = b".safelight-", b".part"
_LEFTOVER_S = 24 * 3600
_YEAR, _MONTH = re.compile(rb"\d{4}"), re.compile(rb"\d{4}-\d{2}")
_KEPT_MONTHS = 12
_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY | getattr(os, "O_NOFOLLOW", 0)


class FolderDestination:
    """`tz` is the zone of the days for files that tell no day of their own; None is this computer's."""

    traits = Traits(
        kind="folder",
        takes_sidecars=False,
        links_live_photos=False,
        crosses_network=False,
        has_inventory=True,
        makes_digests=False,
    )

    def __init__(self, root: bytes, *, clock: Clock, tz: tzinfo | None = None, expected_id: str | None = None) -> None:
        self._root = root
        self._clock = clock
        self._tz = tz
        self._expected_id = expected_id
        self._room = Room(root, clock)
        self._lock = threading.Lock()
        self._months: dict[bytes, Month] = {}
        self._era = 0

    def probe(self) -> Report:
        """Writes and removes a small file; a drive that was found full must have room for what found none."""
        self._be_there()
        with fates(self._root):
            path = self._path(_passing_name())
            handle = os.open(path, _NEW, 0o600)
            try:
                self._room.try_out(handle)
            finally:
                os.close(handle)
                os.unlink(path)
        return Report()

    def inventory(self) -> Iterator[tuple[bytes, int, str]]:
        """What the months' lines tell and is still there, with the size it has now."""
        self._be_there()
        with fates(self._root, denied="destination_unreadable"):
            for folder in self._month_folders():
                lines = sums.read_lines(content_of(self._path(folder, SUMS)))
                for name, sha1 in {name: sha1 for sha1, name in lines}.items():  # the last line for a name counts
                    relative = folder + b"/" + name
                    size_bytes = self._size(relative) if b"/" not in name else None
                    # An empty file under a line for one that was not is what a crash of the drive leaves.
                    if size_bytes or (size_bytes == 0 and sha1 == hashlib.sha1(b"", usedforsecurity=False).digest()):
                        yield sha1, size_bytes, to_wire(relative)

    def check(self, wanted: Sequence[Wanted]) -> dict[bytes, Found]:
        """Those whose remote id names a file of the right size; the bytes are not read."""
        self._be_there()
        found: dict[bytes, Found] = {}
        with fates(self._root, denied="destination_unreadable"):
            for want in wanted:
                relative = names.inside(want.remote_id)
                if want.remote_id and relative and self._size(relative) == want.size_bytes:
                    found[want.sha1] = Found(want.remote_id)
        return found

    def prove(self, wanted: Sequence[Wanted], check: Callable[[], None]) -> dict[bytes, Found]:
        """Those of them that hold these bytes now: each is read again."""
        found = self.check(wanted)
        with fates(self._root, denied="destination_unreadable"):
            for sha1, there in list(found.items()):
                check()
                if not holds(self._path(names.inside(there.remote_id) or b""), sha1):
                    del found[sha1]
        return found

    def put(self, item: Item, progress: Callable[[int], None]) -> Placed:
        """Copies, reads back, names. A sidecar `beside` something follows that one's name and folder."""
        era = self._era
        self._be_there()
        source = item.source
        with self._room.needed(source.size_bytes), fates(self._root, size_bytes=source.size_bytes):
            folder, name = self._target(item)
            self._make_folders(folder)
            month = self._month(folder)
            name = self._accepted(folder, name)
            there = self._equal(month, folder, name, item)
            if there is None:
                self._room.require(source.size_bytes)
                with self._written(folder, source, progress, era) as part:
                    there, created = self._named(month, folder, name, item, part)
            else:
                progress(source.size_bytes)
                with self._lock:
                    self._note(month, folder, there, source.sha1)
                created = False
        return Placed(to_wire(folder + b"/" + there), created=created)

    def close(self) -> None:
        """What is under way stops at its next piece; what is remembered of the months is read anew."""
        with self._lock:
            self._era += 1
            self._months.clear()

    # -- where to ----------------------------------------------------------------------------------------------------

    def _be_there(self) -> None:
        """Raises `Blocked` unless the folder is the one that was added, not the empty place of a drive that is away."""
        reason = None
        try:
            if not stat.S_ISDIR(os.stat(self._root).st_mode):
                reason = "no_folder"
            elif self._expected_id and self._expected_id not in claims(self._root):
                reason = "no_marker"
        except OSError as error:
            if error.errno not in ABSENT:
                raise disk_fate(error, self._root, denied="destination_unreadable") from error
            reason = "gone"
        if reason:
            with self._lock:
                self._months.clear()  # another drive may come back
            raise Blocked("destination_missing", path=to_display(self._root), reason=reason)

    def _path(self, *parts: bytes) -> bytes:
        return os.path.join(self._root, *b"/".join(parts).split(b"/"))

    def _target(self, item: Item) -> tuple[bytes, bytes]:
        """Folder (relative, with slashes) and wished-for name."""
        primary = names.inside(item.beside)
        if primary is not None and b"/" in primary:
            folder, _, name = primary.rpartition(b"/")
            return folder, names.beside(name, item.source.name)
        day = item.source.captured_on() or names.local_day(item.source.modified_at, self._tz)
        return b"%04d/%04d-%02d" % (day.year, day.year, day.month), names.usable(item.source.name)

    def _accepted(self, folder: bytes, name: bytes) -> bytes:
        """The name, or one in plain signs where the file system knows no such name (or none so long, with a number)."""
        try:
            os.lstat(self._path(folder, names.numbered(name, 1_000)))
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno not in NAME_REFUSED:
                raise
            return names.portable(name)
        return name

    def _make_folders(self, folder: bytes) -> None:
        """Makes what is missing and has each entry written in the folder above."""
        path = self._root
        for step in folder.split(b"/"):
            above, path = path, os.path.join(path, step)
            with suppress(FileExistsError):
                os.mkdir(path)
                sync_folder(above)

    def _month(self, folder: bytes) -> Month:
        """What is in a month's folder: listed once, then remembered until somebody else writes a line there."""
        with self._lock:
            month = self._months.pop(folder, None)
            if month is None or month.stamp != self._stamp(folder):
                month = self._listed(folder)
            self._months[folder] = month  # the last used are the last to be forgotten
            if len(self._months) > _KEPT_MONTHS:
                del self._months[next(iter(self._months))]
            return month

    def _listed(self, folder: bytes) -> Month:
        oldest_s = self._clock.now_at() / 1000 - _LEFTOVER_S
        listing = os.listdir(self._path(folder))
        for name in listing:
            if name.startswith(_PART_START) and name.endswith(_PART_END):
                with suppress(OSError):  # another agent may have been quicker
                    info = os.lstat(self._path(folder, name))
                    # Its mtime is that of the photo, and old, before it gets its name.
                    if max(info.st_mtime, info.st_ctime) < oldest_s:
                        os.unlink(self._path(folder, name))
        stamp = self._stamp(folder)
        return Month(listing, sums.read_lines(content_of(self._path(folder, SUMS))), stamp)

    def _stamp(self, folder: bytes) -> tuple[int, int] | None:
        """What changes with every line; None while there is none."""
        try:
            info = os.stat(self._path(folder, SUMS))
        except FileNotFoundError:
            return None
        return info.st_ino, info.st_size

    # -- what is there -----------------------------------------------------------------------------------------------

    def _equal(self, month: Month, folder: bytes, name: bytes, item: Item) -> bytes | None:
        """The name under which these very bytes are in the folder already: by a line, or under the wished-for name."""
        source = item.source
        known = month.name_of(source.sha1)
        if known and item.beside is None and self._is_same(folder, known, source):
            return known
        number = 1
        while month.is_taken(candidate := names.numbered(name, number)) or self._exists(folder, candidate):
            if month.may_be(source.sha1, candidate) and self._is_same(folder, candidate, source):
                return candidate
            number += 1
        return None

    def _exists(self, folder: bytes, name: bytes) -> bool:
        try:
            os.lstat(self._path(folder, name))
        except FileNotFoundError:
            return False
        return True

    def _size(self, relative: bytes) -> int | None:
        """Bytes of a plain file; None for anything else."""
        try:
            info = os.lstat(self._path(relative))
        except OSError as error:
            if error.errno in ABSENT:
                return None
            raise
        return info.st_size if stat.S_ISREG(info.st_mode) else None

    def _is_same(self, folder: bytes, name: bytes, source: Source) -> bool:
        return self._size(folder + b"/" + name) == source.size_bytes and holds(self._path(folder, name), source.sha1)

    def _month_folders(self) -> Iterator[bytes]:
        for year in sorted(filter(_YEAR.fullmatch, os.listdir(self._root))):
            with suppress(NotADirectoryError):
                for month in sorted(filter(_MONTH.fullmatch, os.listdir(self._path(year)))):
                    yield year + b"/" + month

    # -- writing -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _written(self, folder: bytes, source: Source, progress: Callable[[int], None], era: int) -> Iterator[bytes]:
        """The bytes under a passing name, on the disk and read back; that name is gone afterwards, come what may."""
        part = self._path(folder, _passing_name())
        try:
            with open(os.open(part, _NEW, 0o666), "wb", buffering=0) as file:
                self._fill(file, source, progress, era)
                with suppress(OSError):  # some network drives let nobody set it
                    os.utime(part, ns=(source.modified_at * 1_000_000,) * 2)
                os.fsync(file.fileno())
            if digest_of(part) != source.sha1:
                raise Transient("copy_damaged", path=to_display(self._root))
            yield part
        finally:
            with suppress(OSError):
                os.unlink(part)

    def _fill(self, file: RawIOBase, source: Source, progress: Callable[[int], None], era: int) -> None:
        written_bytes = 0
        for chunk in source.chunks():
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) or 0 :]
            if self._era != era:
                raise Interrupted("stop")
            written_bytes += len(chunk)
            progress(written_bytes)

    def _named(self, month: Month, folder: bytes, name: bytes, item: Item, part: bytes) -> tuple[bytes, bool]:
        """Give the copy the first free name, and a line. The second value is False when somebody else was quicker."""
        source = item.source
        with self._lock:
            quicker = month.placed.get(source.sha1) if item.beside is None else None
            if quicker is not None and self._is_same(folder, quicker, source):
                return quicker, False
            chosen, created = self._first_free(month, folder, name, source, part)
            sync_folder(self._path(folder))
            month.placed[source.sha1] = chosen
            self._note(month, folder, chosen, source.sha1)
            return chosen, created

    def _first_free(self, month: Month, folder: bytes, name: bytes, source: Source, part: bytes) -> tuple[bytes, bool]:
        """Move the copy to the first free number of its name; a name whose file is gone is free for the same bytes.

        Where another agent has put the same bytes meanwhile, that is the name, and nothing was moved (False).
        """
        number = 1
        while True:
            chosen = names.numbered(name, number)
            try:
                if month.is_free(chosen, source.sha1):
                    if moved(part, self._path(folder, chosen)):
                        return chosen, True
                    if self._is_same(folder, chosen, source):
                        return chosen, False
            except OSError as error:
                if error.errno not in NAME_REFUSED or name == names.portable(name):
                    raise
                name, number = names.portable(name), 0
            else:
                month.take(chosen)
            number += 1

    def _note(self, month: Month, folder: bytes, name: bytes, sha1: bytes) -> None:
        """Add the line, unless it is there. Under the lock."""
        if not month.has_line(sha1, name):

            def is_whole(line: bytes) -> bool:
                return any(self._exists(folder, told) for _, told in sums.read_lines(line + b"\n"))

            if append_line(self._path(folder, SUMS), sums.to_line(sha1, name), is_whole):
                sync_folder(self._path(folder))
            month.learn(sha1, name)
            month.stamp = self._stamp(folder)


def _passing_name() -> bytes:
    return _PART_START + secrets.token_hex(8).encode() + _PART_END
