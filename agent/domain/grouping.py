"""Which files of one directory are one asset: a still, the video of a live photo, a sidecar. Pure, by names alone.

Names are compared without regard to case and to the way in which accents are spelled, since phones, cameras and
file systems each have their own; where several would fit, the one in the very same spelling is taken.
"""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from agent.domain.media_types import extension_of, is_raw, role_of
from agent.record import Record

#: The halves of a live photo; the earlier in the list, the likelier the original.
_LIVE_STILLS: Final = (b".heic", b".heif", b".jpg", b".jpeg")
_LIVE_VIDEOS: Final = (b".mov", b".mp4")


class Group(Record, frozen=True):
    """The names that make one asset. A sidecar alone waits for what it belongs to."""

    still: bytes | None = None
    video: bytes | None = None
    sidecar: bytes | None = None

    def names(self) -> tuple[bytes, ...]:
        """The one to three names."""
        return tuple(name for name in (self.still, self.video, self.sidecar) if name is not None)


def stem_key(name: bytes) -> bytes:
    """What a still, its video and its sidecars in both spellings have in common, for keeping together what may belong.

    Coarser than `group`: all known extensions are taken off, so `a.jpg.xmp`, `a.xmp`, `a.jpg` and `a.mov` meet at `a`.
    """
    key = _folded(name)
    while role_of(key) is not None:
        key = _stem(key)
    return key


def portions(names: Collection[bytes], at_most: int) -> Iterator[list[bytes]]:
    """All these names, about so many at a time; what may belong to one asset stays together."""
    if len(names) <= at_most:
        if names:
            yield list(names)
        return
    portion: list[bytes] = []
    last = b""
    for stem, name in sorted((stem_key(name), name) for name in names):
        if len(portion) >= at_most and stem != last:
            yield portion
            portion = []
        portion.append(name)
        last = stem
    yield portion


def group(names: Sequence[bytes]) -> list[Group]:
    """Arrange names of one directory into assets; each name is in exactly one, whatever the order they came in.

    Names that are no photo, video or sidecar are left out. A raw picture and the JPEG of the same stem are two assets.
    """
    stills: list[bytes] = []
    videos: list[bytes] = []
    sidecars: list[bytes] = []
    for name in sorted(set(names)):
        role = role_of(name)
        if role == "still":
            stills.append(name)
        elif role == "video":
            videos.append(name)
        elif role == "sidecar":
            sidecars.append(name)

    video_of = _live_pairs(stills, videos) if stills and videos else {}
    taken = set(video_of.values())
    media: list[tuple[bytes | None, bytes | None]] = [(still, video_of.get(still)) for still in stills]
    media += [(None, video) for video in videos if video not in taken]
    sidecar_of = _sidecars(media, sidecars) if sidecars else {}
    placed = set(sidecar_of.values())
    groups = [Group(still, video, sidecar_of.get(at)) for at, (still, video) in enumerate(media)]
    return groups + [Group(sidecar=sidecar) for sidecar in sidecars if sidecar not in placed]


def _live_pairs(stills: Iterable[bytes], videos: Iterable[bytes]) -> dict[bytes, bytes]:
    """Still -> video; of all pairs that are possible the best first."""
    by_stem: dict[bytes, list[bytes]] = {}
    for video in videos:
        if extension_of(video) in _LIVE_VIDEOS:
            by_stem.setdefault(_folded(_stem(video)), []).append(video)
    pairs = [
        (
            _stem(still) != _stem(video),
            _LIVE_STILLS.index(extension_of(still)),
            _LIVE_VIDEOS.index(extension_of(video)),
            still,
            video,
        )
        for still in stills
        if extension_of(still) in _LIVE_STILLS
        for video in by_stem.get(_folded(_stem(still)), ())
    ]
    found: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    for *_, still, video in sorted(pairs):
        if still not in found and video not in taken:
            found[still] = video
            taken.add(video)
    return found


def _sidecars(media: Sequence[tuple[bytes | None, bytes | None]], sidecars: Iterable[bytes]) -> dict[int, bytes]:
    """Index in `media` -> its sidecar. Each sidecar has one place where it belongs; the better spelling gets it."""
    by_full: dict[bytes, list[tuple[bytes, int]]] = {}
    by_stem: dict[bytes, list[tuple[bytes, int]]] = {}
    for at, halves in enumerate(media):
        for name in halves:
            if name is not None:
                by_full.setdefault(_folded(name), []).append((name, at))
                by_stem.setdefault(_folded(_stem(name)), []).append((name, at))

    claims: list[tuple[int, bool, int, bytes]] = []
    for sidecar in sidecars:
        base = _stem(sidecar)
        key = _folded(base)
        if full := by_full.get(key):
            name, at = min(full, key=lambda one: (one[0] != base, one))
            claims.append((0 if role_of(name) == "still" else 1, name != base, at, sidecar))
        elif stem := by_stem.get(key):
            name, at = min(stem, key=lambda one: (_rank(one[0]), _stem(one[0]) != base, one))
            claims.append((2, _stem(name) != base, at, sidecar))
    found: dict[int, bytes] = {}
    for *_, at, sidecar in sorted(claims):
        found.setdefault(at, sidecar)
    return found


def _rank(name: bytes) -> int:
    """Whom a sidecar without a full name belongs to first: editors write them for raw pictures."""
    if role_of(name) == "video":
        return 2
    return 0 if is_raw(name) else 1


def _stem(name: bytes) -> bytes:
    return name[: name.rfind(b".")]


def _folded(name: bytes) -> bytes:
    if name.isascii():
        return name.lower()
    text = unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape"))
    return unicodedata.normalize("NFC", text.casefold()).encode("utf-8", "surrogateescape")
