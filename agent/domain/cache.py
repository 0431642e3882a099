"""Decides what the media cache makes, in which order, and what goes when it is full. Pure.

The rule of room: what is wanted now (a new file, a picture that somebody looks at) may push out what was not used for
longest; the nightly pass only fills room that is free, so that a library larger than the cache does not go round.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from agent.domain.facts import HostFacts
from agent.protocol.settings import Values
from agent.record import Record

#: The nightly pass leaves this part free for what comes during the day, and a full cache is emptied down to it.
_FILLED: Final = 0.9
_EMPTIED: Final = 0.95
#: Pictures looked at since so long ago come first, and those beside them next.
VIEWED_MS: Final = 14 * 86_400_000
#: Reasons that may pass although the file does not change.
_PASSING: Final = frozenset({"unreadable"})


class Lacks(Record, frozen=True):
    """What a file lacks in the cache. `adopt`: it is all there under the digest, only not at this path."""

    picture: bool = False
    metadata: bool = False
    adopt_picture: bool = False
    adopt_metadata: bool = False

    def __bool__(self) -> bool:
        return self.picture or self.metadata

    @property
    def adopts(self) -> bool:
        """Whether something is only to be written down anew."""
        return self.adopt_picture or self.adopt_metadata


def lacks(
    *,
    picture_key: str | None,
    picture_failure: str | None,
    metadata_key: str | None,
    metadata_failure: str | None,
    digest: str | None,
    bounds: dict[str, frozenset[int]],
    described: Collection[str],
    wanted: Sequence[int],
) -> Lacks:
    """What is to be done for a file.

    Keys and failures are those written down for this very version of the file. `bounds`: key -> sizes that there are;
    `described`: keys with metadata; `wanted`: sizes in pixels that the settings ask for.
    """

    def is_whole(key: str | None) -> bool:
        return key is not None and bounds.get(key, frozenset()).issuperset(wanted)

    has_picture = is_whole(picture_key) or (picture_failure is not None and picture_failure not in _PASSING)
    has_metadata = metadata_key in described or (metadata_failure is not None and metadata_failure not in _PASSING)
    adopt_picture = digest is not None and digest != picture_key and is_whole(digest)
    adopt_metadata = digest is not None and digest != metadata_key and digest in described
    return Lacks(
        picture=not has_picture and not adopt_picture,
        metadata=not has_metadata and not adopt_metadata,
        adopt_picture=adopt_picture and picture_failure is None,
        adopt_metadata=adopt_metadata and metadata_failure is None,
    )


class Candidate(Record, frozen=True):
    """A file that lacks something. `is_viewed`: it, or another in its folder, was looked at lately."""

    id: int
    mtime_ns: int
    is_viewed: bool


def ordered(candidates: Iterable[Candidate]) -> list[int]:
    """File ids in the order in which they are worked off: what was looked at first, then the newest."""
    return [one.id for one in sorted(candidates, key=lambda one: (not one.is_viewed, -one.mtime_ns, -one.id))]


def may_fill(used_bytes: int, limit_bytes: int) -> bool:
    """Whether the nightly pass may go on to fill the cache."""
    return used_bytes < limit_bytes * _FILLED


def to_free_bytes(used_bytes: int, limit_bytes: int) -> int:
    """How much must go; nothing as long as the limit is kept."""
    return 0 if used_bytes <= limit_bytes else used_bytes - int(limit_bytes * _EMPTIED)


def chosen_to_go(least_used: Iterable[tuple[str, int]], wanted_bytes: int) -> list[str]:
    """The first of these (key, bytes) that together free what is wanted."""
    chosen: list[str] = []
    for key, size_bytes in least_used:
        if wanted_bytes <= 0:
            break
        chosen.append(key)
        wanted_bytes -= size_bytes
    return chosen


def rests(values: Values, facts: HostFacts, *, paused: bool = False, spare: bool = False) -> str | None:
    """Why no picture is made in the background now, None if some may be. What a person looks at is made always.

    `spare`: a battery is not for this at all, as in the nightly pass, which nobody waits for.
    """
    if paused:
        return "paused"
    if facts.on_battery and (spare or values.require_charging):
        return "charging"
    percent = facts.battery_percent
    if facts.on_battery and percent is not None and percent < values.battery_floor_percent:
        return "battery_floor"
    return "battery_saver" if values.pause_on_battery_saver and facts.battery_saver else None


def remaining_s(done: int, total: int, elapsed_s: float) -> float | None:
    """How long the rest takes at the rate so far; None while nothing can be said."""
    return elapsed_s / done * (total - done) if done > 0 and elapsed_s > 0 else None
