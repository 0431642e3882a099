"""The interface of a destination, and the values that pass through it.

Every method may block and raises only fates of `domain.errors`: `Blocked` when the destination itself is not to be
had, `Rejected` for one file that it will not take, `Transient` for what may pass. Every method may be called again
after a crash without harm. A destination object belongs to one lane; `put` may be called from several threads at once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Literal, Protocol

from agent.record import Record, field

#: A piece of a file on its way; a view of bytes in memory is not copied.
Chunk = bytes | memoryview


class Source(Protocol):
    """A file to send: known bytes, read when asked for."""

    @property
    def name(self) -> bytes:
        """The file's own name without its folder, as bytes."""
        ...

    @property
    def size_bytes(self) -> int:
        """The length of the bytes that were hashed."""
        ...

    @property
    def sha1(self) -> bytes:
        """Their digest, 20 bytes."""
        ...

    @property
    def modified_at(self) -> int:
        """The file's mtime in epoch milliseconds."""
        ...

    @property
    def created_at(self) -> int:
        """The earlier of mtime and birth time in epoch milliseconds."""
        ...

    def captured_on(self) -> date | None:
        """The day in the camera's own calendar, None if the file tells none. May open the file."""
        ...

    def chunks(self) -> Iterator[Chunk]:
        """The bytes, in pieces of at most 1 MiB.

        The last piece is given only after the whole was found to be what `sha1` says, by its digest, or by its facts
        where `Traits.makes_digests`. So whoever needs the end of the stream to complete a copy never completes one that
        is known to be wrong. Raises `FileChanged`,
        `FileVanished`, `Interrupted` (hold, stop, cancel), `Transient`.
        """
        ...


class Wanted(Record, frozen=True):
    """A content that is asked for; `remote_id` where the ledger believes it is."""

    sha1: bytes
    size_bytes: int
    remote_id: str | None = None


class Found(Record, frozen=True):
    """A content that is at the destination."""

    remote_id: str
    in_trash: bool = False


class Item(Record, frozen=True):
    """One thing to put.

    `sidecar` goes along where `Traits.takes_sidecars` says so; elsewhere a sidecar is an item of its own with `beside`,
    the remote id of what it belongs to. `live_video_id` is the remote id of the moving half of a live photo.
    """

    source: Source
    sidecar: Source | None = None
    beside: str | None = None
    live_video_id: str | None = None
    #: True for the moving half of a live photo: kept out of the timeline where the destination can.
    is_live_video: bool = False
    #: How a new copy is to be shown, where the destination can; what is there already stays as it is.
    is_favorite: bool = False
    is_archived: bool = False


class Placed(Record, frozen=True):
    """What became of an item: where it is, and whether it is new there (False: it was there already)."""

    remote_id: str
    created: bool
    in_trash: bool = False
    sidecar_taken: bool = False


class Traits(Record, frozen=True):
    """What a kind of destination can and needs."""

    kind: Literal["immich", "folder"]
    takes_sidecars: bool
    links_live_photos: bool
    crosses_network: bool
    #: Whether `inventory` must be read into the ledger before the first put: it cannot be asked by digest.
    has_inventory: bool
    #: Whether it tells by a digest of its own which bytes have arrived: they need not be hashed again on their way.
    makes_digests: bool


class Report(Record, frozen=True):
    """What `probe` learned."""

    account: str | None = None
    user_id: str | None = None
    server_version: str | None = None
    missing_permissions: tuple[str, ...] = field(default=())


class Destination(Protocol):
    """A place that keeps copies."""

    traits: Traits

    def probe(self) -> Report:
        """Look whether the destination works, all of the way (sign-in, permissions, writable); raises `Blocked`."""
        ...

    def inventory(self) -> Iterator[tuple[bytes, int, str]]:
        """All that is there as (sha1, size, remote id); only where `Traits.has_inventory`."""
        ...

    def check(self, wanted: Sequence[Wanted]) -> dict[bytes, Found]:
        """Which of these contents are there, in one question for all; a digest that is absent is not there."""
        ...

    def prove(self, wanted: Sequence[Wanted], check: Callable[[], None]) -> dict[bytes, Found]:
        """The same by the bytes themselves: where nobody tells digests they are read again.

        `check` is called before each file that is read, and may raise.
        """
        ...

    def put(self, item: Item, progress: Callable[[int], None]) -> Placed:
        """Make the item's bytes be there. `progress` hears the number of bytes sent so far."""
        ...

    def close(self) -> None:
        """Let go of connections. May be called from another thread to abandon a `put` that hangs."""
        ...
