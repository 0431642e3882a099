"""Makes pictures and metadata of files and keeps them: decoders on the one side, the two cache databases on the other.

`decode` may run on many threads at once, `keep` writes what they found, a few dozen files in one transaction. What is
wrong with a file is written down and not tried again until it changes; it never stops the others.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Literal

from agent.domain.cache import chosen_to_go, to_free_bytes
from agent.domain.clock import Clock
from agent.domain.errors import Fate, FileVanished, Rejected, Transient
from agent.media.made import Made, Picture
from agent.media.pool import Decoders
from agent.record import Record
from agent.store import media_metadata, thumbnails
from agent.store.cache_db import MOST_ROWS, CacheDatabase
from agent.store.places import Version, key_of
from agent.store.thumbnails import Stored

log = logging.getLogger(__name__)

Part = Literal["whole", "first"]


class Outcome(Record, frozen=True):
    """What became of one file: `made`, or `failure` and why; neither for a file that is not there any more.

    `is_kept` is False for a failure that may pass by itself.
    """

    version: Version
    sha1: bytes | None
    part: Part = "whole"
    made: Made | None = None
    failure: str | None = None
    is_kept: bool = True

    @property
    def reason(self) -> str | None:
        """Why there is no picture, if there should be one."""
        if self.failure is not None:
            return self.failure
        return self.made.trouble if self.made is not None and self.part == "whole" else None


class Making:
    """The way from files to entries."""

    def __init__(
        self,
        thumbs: CacheDatabase,
        facts: CacheDatabase,
        decoders: Decoders,
        clock: Clock,
        *,
        sizes: Callable[[], Sequence[int]],
        limit_bytes: Callable[[], int],
        shared: bytes | None = None,
    ) -> None:
        """`shared` is the folder of the desktop's own thumbnails, None where there is none."""
        self.thumbs = thumbs
        self.facts = facts
        self._decoders = decoders
        self._clock = clock
        self.sizes = sizes
        self._limit_bytes = limit_bytes
        self._shared = shared

    def decode(
        self, version: Version, sha1: bytes | None, part: Part = "whole", more_sizes: Sequence[int] = ()
    ) -> Outcome:
        """Open one file. Any thread; blocks. Raises `Interrupted`, and `Transient` where no decoder can be had."""
        try:
            if part == "first":
                made = self._decoders.first(version.path)
            else:
                sizes = [*self.sizes(), *(size for size in more_sizes if size not in self.sizes())]
                made = self._decoders.pictures(version.path, sizes, digest=sha1 is None, shared=self._shared)
        except (FileVanished, Rejected, Transient) as error:
            if error.code == "decoder_unavailable":
                raise
            return _outcome(version, sha1, part, error)
        return _outcome(version, sha1, part, made)

    def decode_firsts(self, files: Sequence[tuple[Version, bytes | None]]) -> list[Outcome]:
        """Tiny pictures of several files at once. As `decode`."""
        found = self._decoders.firsts([version.path for version, _ in files])
        return [_outcome(version, sha1, "first", one) for (version, sha1), one in zip(files, found, strict=True)]

    def keep(self, outcomes: Sequence[Outcome]) -> None:
        """Write down what was found. Any thread."""
        now_at = self._clock.now_at()
        for start in range(0, len(outcomes), MOST_ROWS // 2):
            some = outcomes[start : start + MOST_ROWS // 2]
            with self.facts.write() as tx:
                for one in some:
                    if one.made is not None:
                        key = key_of(one.version, one.sha1)
                        media_metadata.put(tx, one.version, key, one.made.metadata, one.made.thumbhash, now_at)
                    elif one.failure is not None and one.is_kept:
                        media_metadata.fail(tx, one.version, one.failure, now_at)
            with self.thumbs.write() as tx:
                for one in some:
                    pictures = [_stored(picture) for picture in one.made.pictures] if one.made else []
                    if one.part == "first":
                        if pictures:
                            thumbnails.put_first(tx, one.version, pictures[0])
                        elif one.failure is not None and one.is_kept:
                            thumbnails.fail(tx, one.version, one.failure, now_at)
                    elif pictures:
                        thumbnails.put(tx, one.version, key_of(one.version, one.sha1), pictures, now_at)
                    elif one.reason is not None and one.is_kept:
                        thumbnails.fail(tx, one.version, one.reason, now_at)

    def make_room(self) -> int:
        """Throw the least recently used pictures out while there is more than the limit; how many went."""
        gone = 0
        wanted_bytes = to_free_bytes(self.thumbs.used_bytes(), self._limit_bytes())
        while wanted_bytes > 0:
            with self.thumbs.write() as tx:
                oldest = thumbnails.least_used(tx, MOST_ROWS)
                keys = chosen_to_go(oldest, wanted_bytes)
                thumbnails.evict(tx, keys)
            if not keys:
                break
            gone += len(keys)
            wanted_bytes -= sum(size for key, size in oldest if key in set(keys))
        if gone:
            log.info("%d pictures that were not used for long made room for others", gone)
        return gone

    def used_bytes(self) -> int:
        """What the pictures take now."""
        return self.thumbs.used_bytes()

    def limit_bytes(self) -> int:
        """What they may take."""
        return self._limit_bytes()


def _outcome(version: Version, sha1: bytes | None, part: Part, found: Made | Fate) -> Outcome:
    match found:
        case Made():
            seen = Version(version.path, found.size_bytes, found.mtime_ns)
            # The ledger's digest is that of the bytes it saw; other facts mean other bytes.
            return Outcome(seen, sha1 if sha1 is not None and seen == version else found.sha1, part, found)
        case FileVanished():
            return Outcome(version, sha1, part)
        case Transient():
            return Outcome(version, sha1, part, failure=found.code, is_kept=False)
        case _:
            detail = found.args_.get("detail") if found.code == "undecodable" else found.code
            return Outcome(version, sha1, part, failure=str(detail))


def _stored(picture: Picture) -> Stored:
    return Stored(picture.bound_px, picture.width, picture.height, picture.data)
