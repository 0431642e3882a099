"""One batch of uploads on its way: its assets with their files, and what has come of each so far.

Values: a piece is touched by one thread at a time. Nothing here speaks with a destination.
"""

from collections.abc import Iterable, Sequence

from agent.destinations.base import Found
from agent.domain.errors import Blocked, Fate, FileChanged, Interrupted, Rejected, Transient
from agent.record import MutableRecord, field
from agent.store import files
from agent.store.db import Database, Tx
from agent.store.jobs import Claimed


class Piece(MutableRecord):
    """One file of the batch on its way. `outcome` is the copy's state once known; `error` why there is none."""

    member: files.Member
    content_id: int | None
    sha1: bytes | None
    content: bytes | None = None
    outcome: str | None = None
    remote_id: str | None = None
    is_new: bool = False
    #: Its digest was made in this batch: it is new, or was changed.
    is_fresh: bool = False
    #: That digest is in the ledger.
    is_written: bool = False
    #: A sidecar that was not taken just now: what it says is still to be told.
    is_untold: bool = False
    #: The ledger knows of its copy already; the destination was not asked.
    is_known: bool = False
    error: Fate | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done for it in this batch."""
        return self.outcome is not None or self.error is not None

    def settle(self, found: Found) -> None:
        """It is there."""
        self.outcome = "in_trash" if found.in_trash else "safe"
        self.remote_id = found.remote_id


class Batched(MutableRecord):
    """One job: an asset and its pieces.

    `is_live`: still and video were found to be halves of a live photo; `is_linked`: the still told so when it was put.
    """

    job: Claimed
    pieces: list[Piece] = field(default_factory=list)
    is_live: bool = False
    is_linked: bool = False

    def of(self, role: str) -> Piece | None:
        """The piece in a role."""
        return next((piece for piece in self.pieces if piece.member.role == role), None)

    def forget_contents(self) -> None:
        """Let go of bytes that were kept for sending; they are read again if need be."""
        for piece in self.pieces:
            piece.content = None

    def error(self) -> Fate | None:
        """What decides about the job: a changed file first (it will be tried again), then the gravest."""
        errors = [piece.error for piece in self.pieces if piece.error is not None]
        for kind in (Blocked, Interrupted, FileChanged, Transient, Rejected):
            for error in errors:
                if isinstance(error, kind):
                    return error
        return None


def load(database: Database, jobs: Sequence[Claimed]) -> list[Batched]:
    """The assets of these jobs with their files; an asset that a job names again has none the second time."""
    batch: list[Batched] = []
    by_id: dict[int, Batched] = {}
    for job in jobs:
        batch.append(Batched(job))
        asset_id = job.payload.get("asset_id")
        if isinstance(asset_id, int):
            by_id.setdefault(asset_id, batch[-1])
    for asset_id, members in files.members(database.read(), list(by_id)).items():
        by_id[asset_id].pieces = [Piece(member, member.content_id, member.sha1) for member in members]
    return batch


def write_digests(tx: Tx, pieces: Iterable[Piece], now_at: int) -> None:
    """The digests that were made in this batch, once each."""
    for piece in pieces:
        if piece.is_fresh and not piece.is_written and piece.sha1 is not None:
            member = piece.member
            piece.content_id = files.set_content(tx, member.id, piece.sha1, member.size_bytes, member.mtime_ns, now_at)
            piece.is_written = True


def find_contents(tx: Tx, pieces: Sequence[Piece]) -> None:
    """Which of these contents the ledger knows, by another file or another time."""
    keys = [(piece.sha1 or b"", piece.member.size_bytes) for piece in pieces]
    known = files.contents_of(tx, keys)
    for piece, key in zip(pieces, keys, strict=True):
        piece.content_id = known.get(key)
