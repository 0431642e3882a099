"""Learns the digests of a batch, a part of it ahead of those who send: the line to the server never waits for a disk.

The reading runs on a thread of its own, which is left behind when the disk hangs: the photos of that folder then wait,
and those of the others go on. Digests go into the ledger with the ends of their jobs, about once a second; only that of
a large file, which is long on its way, is written down at once, by the lane's thread. Speaks with no destination.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from agent.domain.errors import FileChanged, FileVanished, Interrupted, Rejected, Transient
from agent.files import read
from agent.files.reach import Beat, Reach, Silent
from agent.record import replace
from agent.work.journey.batch import Batched, Piece, find_contents, write_digests
from agent.work.worker import Scope

#: So much is hashed before it is asked for and sent.
PART_BYTES = 4 * 1024 * 1024
#: So many parts are hashed, or wait, while one is in flight: writing down what is through takes a while, too.
PARTS_AHEAD = 2
#: The first part of a batch is small, because the line waits for it; each is up to twice the one before.
FIRST_PART_BYTES = 1024 * 1024
#: Up to this size a file keeps its bytes from hashing to sending: read once, and the very bytes hashed are sent. While
#: the destination turns out to have everything, none does: one buffer is cheaper than memory for each.
KEEP_BYTES = 4 * 1024 * 1024
#: What is not as it was taken in, and was written to so shortly before, is a recording under way: not worth reading.
WRITTEN_TO_NS = 2_000_000_000


def digested(scope: Scope, reach: Reach, batch: list[Batched], idle: Callable[[], None]) -> Generator[list[Batched]]:
    """The batch in parts, each when the digests of its files are known; with the bytes of small ones that may be sent.

    One folder's photos come after the other's. Who takes a part settles what is at the destination before asking for
    the next. While a part takes long, `idle` is called every so often. Raises what `scope.check` does, and Interrupted
    where a disk falls silent: the gate then holds its folder.
    """
    by_folder: dict[int, list[Batched]] = {}
    for asset in batch:
        by_folder.setdefault(asset.job.folder_id or 0, []).append(asset)  # what is to be sent always has a folder
    for folder_id, assets in by_folder.items():
        hasher = _Hasher(scope, idle, list(_parts(assets)))
        try:
            found = reach.stream(folder_id, hasher.hash, hasher.check, reads_ahead=PARTS_AHEAD)
            with closing(found):
                for part, hashed in found:
                    _tell(scope, hashed)
                    yield part
                    hasher.keep_bytes = KEEP_BYTES if any(map(_was_missing, part)) else 0
        except Silent as silent:
            hung = hasher.at  # none where the folder was silent before
            if hung is not None:  # next time after the others: only its place on the disk may be bad
                with scope.database.write() as tx:
                    scope.give_back(tx, hung.job, changed=True)
            raise Interrupted("hold") from silent


def _parts(batch: list[Batched]) -> Iterator[list[Batched]]:
    part: list[Batched] = []
    length, enough = 0, FIRST_PART_BYTES
    for asset in batch:
        part.append(asset)
        length += sum(piece.member.size_bytes for piece in asset.pieces)
        if length >= enough:
            yield part
            part, length, enough = [], 0, min(enough * 2, PART_BYTES)
    if part:
        yield part


def _was_missing(asset: Batched) -> bool:
    return any(piece.is_new or not piece.is_settled for piece in asset.pieces)


class _Hasher:
    """Makes the digests of one folder's parts, on the reach's thread. `at`: the asset that it reads now."""

    def __init__(self, scope: Scope, idle: Callable[[], None], parts: list[list[Batched]]) -> None:
        self._scope = scope
        self._idle = idle
        self._parts = parts
        self.keep_bytes = KEEP_BYTES
        self.at: Batched | None = None

    def check(self) -> None:
        """On the lane's thread, while it waits."""
        self._idle()
        if (at := self.at) is not None:
            self._scope.check(at.job)

    def hash(self, beat: Beat) -> Iterator[tuple[list[Batched], list[Piece]]]:
        """Each part, with those of its pieces whose digest was made anew."""

        def go_on() -> None:
            beat()
            self._scope.check(asset.job)

        for part, following in zip(self._parts, [*self._parts[1:], []], strict=True):
            _announce(following)
            hashed: list[Piece] = []
            for asset in part:
                self.at = asset
                for piece in asset.pieces:
                    go_on()
                    if _hash(piece, self._scope.clock.now_at(), go_on, self.keep_bytes):
                        hashed.append(piece)
            self.at = None
            yield part, hashed


def _announce(following: Sequence[Batched]) -> None:
    """The disk reads these while the processor is busy with those before."""
    for asset in following:
        for piece in asset.pieces:
            if piece.sha1 is None:
                read.announce(piece.member.path)


def _hash(piece: Piece, now_at: int, check: Callable[[], None], keep_bytes: int) -> bool:
    """Whether the digest was made anew. What is known already costs a look at size and mtime."""
    try:
        if _is_known(piece, now_at):
            return False
        found = read.fingerprint(piece.member.path, check=check, keep_bytes=keep_bytes)
    except (FileVanished, FileChanged, Rejected, Transient) as error:
        piece.error = error
        return False
    piece.sha1, piece.content, piece.is_fresh = found.sha1, found.content, True
    facts = found.facts
    piece.member = replace(piece.member, size_bytes=facts.size_bytes, mtime_ns=facts.mtime_ns)
    return True


def _is_known(piece: Piece, now_at: int) -> bool:
    """Whether nothing need be read. Raises FileChanged for what is being written to."""
    facts = read.look(piece.member.path)
    same = facts.size_bytes == piece.member.size_bytes and facts.mtime_ns == piece.member.mtime_ns
    if not same and 0 <= now_at * 1_000_000 - facts.mtime_ns < WRITTEN_TO_NS:
        raise FileChanged("changed")
    return same and piece.sha1 is not None


def _tell(scope: Scope, hashed: list[Piece]) -> None:
    """Whether the ledger knows these contents already; what would have to be read again at length is written down."""
    if not hashed:
        return
    if all(piece.member.size_bytes <= KEEP_BYTES for piece in hashed):
        find_contents(scope.database.read(), hashed)
        return
    with scope.database.write() as tx:
        write_digests(tx, hashed, scope.clock.now_at())
