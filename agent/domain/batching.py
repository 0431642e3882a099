"""How much a lane takes at once. Pure."""

from typing import Final

from agent.record import Record

#: About so long a batch should last: a new photo, a person's wish or a higher priority has its turn after it.
BATCH_S: Final = 4.0
_MB: Final = 1024 * 1024


class Size(Record, frozen=True):
    """So many jobs at most, and no more once their files have so many bytes."""

    files: int
    size_bytes: int


LEAST: Final = Size(100, 32 * _MB)
MOST: Final = Size(1_000, 512 * _MB)
#: For a lane whose work has no neighbours.
ONE: Final = Size(1, MOST.size_bytes)


def next_size(files: int, size_bytes: int, took_s: float) -> Size:
    """What to take after a batch of so many `files` and bytes: as much as such a destination takes in `BATCH_S`."""
    batches = BATCH_S / max(took_s, 0.001)
    return Size(
        min(max(int(files * batches), LEAST.files), MOST.files),
        min(max(int(size_bytes * batches), LEAST.size_bytes), MOST.size_bytes),
    )
