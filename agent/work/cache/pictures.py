"""The media cache as clients see it: facts and pictures of files, made when they are asked for and not there yet.

Called from the threads that answer clients, in the agent or, while no agent runs, in the command itself. What somebody
looks at is made at once, whatever the battery says; `demand` sees to what a page lacks, `arrivals` to new files.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from agent.domain.clock import Clock
from agent.domain.errors import FileVanished, Rejected, Transient
from agent.files.read import look
from agent.protocol.cache import (
    PICTURES_LIMIT_BYTES,
    CacheStats,
    CacheStore,
    MediaInfo,
    Thumbnail,
    ThumbnailRow,
    Thumbnails,
)
from agent.protocol.paths import from_wire, to_display, to_wire
from agent.protocol.wire import Mistake
from agent.store import media_metadata, picturable, places, thumbnails
from agent.store.cache_db import MOST_ROWS, CacheDatabase
from agent.store.db import Tx
from agent.store.media_metadata import Kept
from agent.store.picturable import Picturable
from agent.store.places import Known, Version
from agent.store.thumbnails import Stored
from agent.work.cache.making import Making, Outcome

#: Looks are written down together, so that looking costs no writing each time.
_VIEWS_FLUSH_S: Final = 60.0
_VIEWS_MOST: Final = 500

#: The digest of a file where the ledger knows it, and the ledger for reading; None where there is no ledger.
DigestOf = Callable[[Version], bytes | None]
Ledger = Callable[[], Tx | None]


class Cache:
    """Questions to the cache, and the looks that it learns from."""

    def __init__(
        self,
        making: Making,
        clock: Clock,
        ledger: Ledger,
        digest_of: DigestOf,
        on_missing: Callable[[Sequence[Picturable], int], int] = lambda _files, _bound: 0,
    ) -> None:
        """`on_missing` gets the files of a page that have no picture yet, and answers how many it will see to."""
        self._making = making
        self._clock = clock
        self._ledger = ledger
        self._digest_of = digest_of
        self._on_missing = on_missing
        self._guard = threading.Lock()
        self._views: dict[str, int] = {}
        self._flushed_s = clock.monotonic_s()

    # --- Numbers -----------------------------------------------------------------------------------------------------

    def stats(self) -> CacheStats:
        """How much there is."""
        failed = 0
        if self._making.thumbs.exists():
            with self._making.thumbs.read() as tx:
                failed = int(tx.execute("SELECT count(*) FROM failures").fetchone()[0])
        return CacheStats(
            thumbnails=_store(self._making.thumbs, thumbnails.count),
            metadata=_store(self._making.facts, media_metadata.count),
            failed=failed,
            limit_bytes=self._making.limit_bytes(),
        )

    # --- One file ----------------------------------------------------------------------------------------------------

    def metadata(self, wire_path: str) -> MediaInfo:
        """What a file says of itself. `Mistake` where it is not there or says nothing."""
        version = _version(wire_path)
        with self._making.facts.read() as tx:
            known = _now(places.known(tx, [version.path]), version)
            found = media_metadata.get(tx, known.key) if known is not None and known.key is not None else None
        if found is not None:
            return _info(wire_path, found, cached=True)
        if known is not None and known.failure is not None:
            raise _refusal(version, known.failure)
        outcome = self._made(version, ())
        with self._making.facts.read() as tx:
            fresh = places.known(tx, [outcome.version.path]).get(outcome.version.path)
            found = media_metadata.get(tx, fresh.key) if fresh is not None and fresh.key is not None else None
        if found is None:
            raise _refusal(version, outcome.failure or "broken")
        return _info(wire_path, found, cached=False)

    def thumbnail(self, wire_path: str, bound_px: int, *, quick: bool = False) -> Thumbnail:
        """A file's picture. With `quick` a tiny one is enough where there is no other yet."""
        version = _version(wire_path)
        bound_px = bound_px or self._making.sizes()[0]
        stored, failure = self._kept(version, bound_px)
        if stored is None and failure is None and quick:
            stored = self._first(version)
        if stored is not None:
            return Thumbnail(stored.data, stored.width, stored.height, cached=True, is_final=stored.is_final)
        if failure is not None:
            raise _refusal(version, failure)
        outcome = self._made(version, (bound_px,))
        pictures = outcome.made.pictures if outcome.made is not None else ()
        if not pictures:
            raise _refusal(version, outcome.reason or "vanished")
        enough = [one for one in pictures if one.bound_px >= bound_px] or list(pictures)
        best = min(enough, key=lambda one: one.bound_px)
        return Thumbnail(best.data, best.width, best.height, cached=False)

    def _kept(self, version: Version, bound_px: int) -> tuple[Stored | None, str | None]:
        """The picture that is there already, or why there can be none."""
        with self._making.thumbs.read() as tx:
            known = _now(places.known(tx, [version.path]), version)
            key = known.key if known is not None else None
            if key is None:
                digest = self._digest_of(version)
                key = digest.hex() if digest else None
            stored = thumbnails.get(tx, key, bound_px) if key is not None else None
        if stored is not None and key is not None and _is_enough(stored, bound_px):
            self._viewed(key)
            return stored, None
        return None, known.failure if known is not None else None

    def _first(self, version: Version) -> Stored | None:
        with self._making.thumbs.read() as tx:
            stored = thumbnails.get_first(tx, version)
        if stored is None:
            self._keep(self._making.decode(version, None, "first"))
            with self._making.thumbs.read() as tx:
                stored = thumbnails.get_first(tx, version)
        return stored

    def _made(self, version: Version, more_sizes: Sequence[int]) -> Outcome:
        """Open the file now, and keep what it gives."""
        outcome = self._making.decode(version, self._digest_of(version), "whole", more_sizes)
        self._keep(outcome)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        """A cache that cannot be written keeps nobody from seeing a picture."""
        with suppress(Transient):
            self._making.keep([outcome])

    # --- A page ------------------------------------------------------------------------------------------------------

    def page(self, ids: Sequence[int], bound_px: int) -> Thumbnails:
        """The pictures of some files of the ledger, as many as an answer may carry."""
        ledger = self._ledger()
        files = picturable.by_ids(ledger, ids) if ledger is not None else {}
        bound_px = bound_px or self._making.sizes()[0]
        rows: list[ThumbnailRow] = []
        missing: list[Picturable] = []
        hashes = self._thumbhashes(list(files.values()))
        size_bytes = 0
        with self._making.thumbs.read() as tx:
            known = places.known(tx, [one.version.path for one in files.values()])
            for at, one in enumerate(ids):
                if one not in files:
                    rows.append(ThumbnailRow(one, failure="vanished"))
                    continue
                row = self._row(tx, files[one], known.get(files[one].version.path), bound_px, hashes)
                size_bytes += len(row.data or b"")
                if size_bytes > PICTURES_LIMIT_BYTES and rows:
                    return Thumbnails(tuple(rows), tuple(ids[at:]), self._ask_for(missing, bound_px))
                rows.append(row)
                if not row.is_final and row.failure is None:
                    missing.append(files[one])
        return Thumbnails(tuple(rows), (), self._ask_for(missing, bound_px))

    def _row(
        self, tx: Tx, file: Picturable, known: Known | None, bound_px: int, hashes: dict[bytes, bytes]
    ) -> ThumbnailRow:
        current = known if known is not None and known.is_of(file.version) else None
        key = current.key if current is not None else None
        if key is None and file.sha1 is not None:
            key = file.sha1.hex()
        stored = thumbnails.get(tx, key, bound_px) if key is not None else None
        failure = current.failure if current is not None and stored is None else None
        if stored is not None and key is not None:
            self._viewed(key)
        stored = stored or thumbnails.get_first(tx, file.version)
        blurred = hashes.get(file.version.path)
        if stored is None:
            return ThumbnailRow(file.id, thumbhash=blurred, failure=failure)
        return ThumbnailRow(file.id, stored.data, stored.width, stored.height, stored.is_final, blurred, failure)

    def _thumbhashes(self, files: Sequence[Picturable]) -> dict[bytes, bytes]:
        with self._making.facts.read() as tx:
            known = places.known(tx, [one.version.path for one in files])
            hashes = media_metadata.thumbhashes(tx, [one.key for one in known.values() if one.key is not None])
        return {path: hashes[one.key] for path, one in known.items() if one.key in hashes}

    def _ask_for(self, missing: Sequence[Picturable], bound_px: int) -> int:
        return self._on_missing(missing, bound_px) if missing else 0

    # --- Looks -------------------------------------------------------------------------------------------------------

    def _viewed(self, key: str) -> None:
        with self._guard:
            self._views[key] = self._clock.now_at()
            waited_s = self._clock.monotonic_s() - self._flushed_s
            if waited_s < _VIEWS_FLUSH_S and len(self._views) < _VIEWS_MOST:
                return
        self.flush()

    def flush(self) -> None:
        """Write down what was looked at. Losing it costs an order of work, so trouble is passed over."""
        with self._guard:
            views, self._views = self._views, {}
            self._flushed_s = self._clock.monotonic_s()
        looked = list(views.items())
        with suppress(Transient):
            for start in range(0, len(looked), MOST_ROWS):
                with self._making.thumbs.write() as tx:
                    thumbnails.viewed(tx, looked[start : start + MOST_ROWS])


def _store(database: CacheDatabase, count: Callable[[Tx], int]) -> CacheStore:
    if not database.exists():
        return CacheStore(exists=False, count=0, size_bytes=0)
    with database.read() as tx:
        return CacheStore(exists=True, count=count(tx), size_bytes=database.size_bytes())


def _version(wire_path: str) -> Version:
    path = from_wire(wire_path)
    try:
        facts = look(path)
    except FileVanished:
        raise Mistake("path_missing", path=to_display(path)) from None
    except (Rejected, Transient) as error:
        raise Mistake(error.code, path=to_display(path)) from None
    return Version(path, facts.size_bytes, facts.mtime_ns)


def _now(known: dict[bytes, Known], version: Version) -> Known | None:
    """What is written down of this very version."""
    found = known.get(version.path)
    return found if found is not None and found.is_of(version) else None


def _is_enough(stored: Stored, bound_px: int) -> bool:
    """Whether a picture fills the square, or is as large as the file has it."""
    return stored.bound_px >= bound_px or max(stored.width, stored.height) < stored.bound_px


def _refusal(version: Version, reason: str) -> Mistake:
    return Mistake("no_picture", path=to_display(version.path), reason=reason)


def _info(wire_path: str, found: Kept, *, cached: bool) -> MediaInfo:
    said = found.metadata
    return MediaInfo(
        file_path=to_wire(from_wire(wire_path)),
        width=said.width,
        height=said.height,
        file_size=found.file_size,
        duration=said.duration_s,
        format=said.format,
        cached=cached,
        cached_at=found.cached_at_text,
        captured_at=said.captured_at_text,
        captured_offset=said.offset_text,
        camera=said.camera,
        orientation=said.orientation,
        has_gps=said.has_gps,
        content_identifier=said.content_identifier,
        thumbhash=found.thumbhash,
    )
