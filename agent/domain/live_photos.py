"""Whether a still and a video of the same name are the two halves of one live photo. Pure.

A name is no proof: cameras count stills and videos alike, and a video that is taken for a half is hidden in its still.
So a second sign is asked for, and where there is none the two stay apart: shown twice is better than hidden.
"""

from typing import Final

from agent.record import Record

#: Phones record about three seconds around the still.
LONGEST_S: Final = 6.0
#: The clock of the still is read at the shutter, that of the video at its beginning or end.
APART_MS: Final = 5_000
#: Zones differ by quarters of an hour; a still that tells none is compared by what is left within one.
_QUARTER_MS: Final = 900_000
_WIDEST_ZONES_MS: Final = 26 * 3_600_000


class Capture(Record, frozen=True):
    """What a file tells of its making. `taken_at` is UTC in epoch milliseconds where `zone_known`, else camera time."""

    taken_at: int | None = None
    zone_known: bool = False
    duration_s: float | None = None
    identifier: str | None = None


def are_halves(still: Capture, video: Capture) -> bool:
    """Equal identifiers say yes and unequal ones no; else a short video taken at the same moment is the half."""
    if still.identifier and video.identifier:
        return still.identifier == video.identifier
    if video.duration_s is None or video.duration_s > LONGEST_S:
        return False
    if still.taken_at is None or video.taken_at is None:
        return False
    apart = abs(still.taken_at - video.taken_at)
    if still.zone_known != video.zone_known and apart <= _WIDEST_ZONES_MS:
        rest = apart % _QUARTER_MS
        apart = min(rest, _QUARTER_MS - rest)
    return apart <= APART_MS
