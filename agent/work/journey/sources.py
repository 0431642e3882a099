"""A file of the user's as a destination wants it: opened only when its bytes are asked for, and checked on the way.

Marries `agent.files.read` and `agent.destinations.base`, which know nothing of each other. Runs on the sender's thread.
"""

from collections.abc import Callable, Iterator
from datetime import date

from agent.destinations.base import Chunk
from agent.files.read import chunks, unchanged_chunks
from agent.record import Record
from agent.store.files import Member

PIECE_BYTES = 1024 * 1024


class FileSource(Record, frozen=True):
    """A `Source` for a member of an asset whose content is known."""

    member: Member
    sha1: bytes
    check: Callable[[], None]
    captured: Callable[[bytes], date | None]
    pace: Callable[[Iterator[Chunk], Callable[[], None]], Iterator[Chunk]]
    is_hashed_again: bool
    prefetched: bytes | None = None

    @property
    def name(self) -> bytes:
        """The file's own name."""
        return self.member.name

    @property
    def size_bytes(self) -> int:
        """The length of the bytes that were hashed."""
        return self.member.size_bytes

    @property
    def modified_at(self) -> int:
        """Its mtime in epoch milliseconds."""
        return self.member.mtime_ns // 1_000_000

    @property
    def created_at(self) -> int:
        """The server replaces it by the capture date; until then the mtime is the best that is known."""
        return self.modified_at

    def captured_on(self) -> date | None:
        """The day in the camera's own calendar."""
        return self.captured(self.member.path)

    def chunks(self) -> Iterator[Chunk]:
        """The bytes, the last piece only when all of them are what was hashed."""
        return self.pace(self._chunks(), self.check)

    def _chunks(self) -> Iterator[Chunk]:
        if self.prefetched is None:
            path, size_bytes = self.member.path, self.size_bytes
            if self.is_hashed_again:
                return chunks(path, self.sha1, size_bytes, check=self.check)
            return unchanged_chunks(path, self.member.mtime_ns, size_bytes, check=self.check)
        self.check()
        content = memoryview(self.prefetched)  # the very bytes that the digest was made of
        return (content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES))
