"""Learns the digests of a batch, a part of it ahead of those who send: the line to the server never waits for a disk.

The reading runs on a thread of its own for as long as a batch has more than one part. Digests go into the ledger with
the ends of their jobs, about once a second; only that of a large file, which is long on its way, is written down at
once, by the lane's thread. Speaks with no destination.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from agent.domain.errors import FileChanged, FileVanished, Interrupted, Rejected, Transient
from agent.files import read
from agent.record import replace
from agent.store import files
from agent.work.journey.batch import Batched, Piece, write_digests
from agent.work.worker import Scope

#: So much is hashed before it is asked for and sent.
PART_BYTES = 4 * 1024 * 1024
#: So many parts are hashed, or wait, while one is in flight: writing down what is through takes a while, too.
PARTS_AHEAD = 2
#: The first part of a batch is small, because the line waits for it; each is up to twice the one before.
FIRST_PART_BYTES = 1024 * 1024
#: Up to this size a file keeps its bytes from hashing to sending: read once, and the very bytes hashed are sent.
KEEP_BYTES = 4 * 1024 * 1024
#: What is not as it was taken in, and was written to so shortly before, is a recording under way: not worth reading.
WRITTEN_TO_NS = 2_000_000_000


def digested(
    scope: Scope, batch: list[Batched], idle: Callable[[], None], idle_every_s: float
) -> Generator[list[Batched]]:
    """The batch in parts, each when the digests of its files are known; with the bytes of small ones.

    While a part takes long, `idle` is called every so often. Raises what `scope.check` does.
    """
    parts = list(_parts(batch))
    over = threading.Event()
    coming: deque[Future[list[Piece]]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix=f"hash-{scope.lane}") as reader:

        def begin(number: int) -> Future[list[Piece]]:
            following = parts[number + 1] if number + 1 < len(parts) else ()
            return reader.submit(_hash, scope, parts[number], following, over)

        def go_on(number: int) -> None:
            while len(coming) < PARTS_AHEAD and number + len(coming) < len(parts):
                coming.append(begin(number + len(coming)))

        try:
            for number, part in enumerate(parts):
                if len(parts) == 1:  # a lone photo needs no thread
                    hashed = _hash(scope, part, (), over)
                else:
                    go_on(number)
                    first = coming.popleft()
                    while not wait([first], idle_every_s).done:
                        idle()
                    hashed = first.result()
                    go_on(number + 1)
                _tell(scope, hashed)
                yield part
        finally:
            over.set()


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


def _hash(scope: Scope, part: Sequence[Batched], following: Sequence[Batched], over: threading.Event) -> list[Piece]:
    """The pieces whose digest was made anew. What is known already costs a look at size and mtime."""
    hashed: list[Piece] = []
    for asset in following:  # the disk reads these while the processor is busy with those
        for piece in asset.pieces:
            if piece.sha1 is None:
                read.announce(piece.member.path)
    for asset in part:
        check = partial(_check, scope, asset, over)
        for piece in asset.pieces:
            check()
            try:
                if _is_known(piece, scope.clock.now_at()):
                    continue
                found = read.fingerprint(piece.member.path, check=check, keep_bytes=KEEP_BYTES)
            except (FileVanished, FileChanged, Rejected, Transient) as error:
                piece.error = error
                continue
            piece.sha1, piece.content, piece.is_fresh = found.sha1, found.content, True
            facts = found.facts
            piece.member = replace(piece.member, size_bytes=facts.size_bytes, mtime_ns=facts.mtime_ns)
            hashed.append(piece)
    return hashed


def _check(scope: Scope, asset: Batched, over: threading.Event) -> None:
    scope.check(asset.job)
    if over.is_set():
        raise Interrupted("stop")


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
    if all(piece.content is not None for piece in hashed):
        keys = [(piece.sha1 or b"", piece.member.size_bytes) for piece in hashed]
        known = files.contents_of(scope.database.read(), keys)
        for piece, key in zip(hashed, keys, strict=True):
            piece.content_id = known.get(key)
        return
    with scope.database.write() as tx:
        write_digests(tx, hashed, scope.clock.now_at())
