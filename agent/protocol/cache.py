"""The media cache in the protocol: its calls and answers, and the media facts as `cache metadata --json` shows them.

Small pictures travel as base64 of JPEG; an answer carries at most a megabyte of them.
"""

from typing import Annotated

from msgspec import Meta

from agent.protocol.message import Message, Method, Nothing, PathRef

PICTURES_LIMIT_BYTES = 700_000
PAGE_LIMIT = 500

#: The square that a picture should fill; 0 is the first of the sizes in the settings.
Bound = Annotated[int, Meta(ge=0, le=2_048)]


class CacheStore(Message, frozen=True):
    """One of the two databases: whether it is there, how many contents it knows, what it takes on the disk."""

    exists: bool
    count: int
    size_bytes: int


class CacheStats(Message, frozen=True):
    """Both databases; how many files gave no picture; what the pictures may take."""

    thumbnails: CacheStore
    metadata: CacheStore
    failed: int = 0
    limit_bytes: int = 0


class MediaInfo(Message, frozen=True):
    """What a picture or video says of itself. `width` and `height` are as stored, before turning by `orientation`.

    `cached` tells whether it was known before, `cached_at` since when (ISO 8601, UTC). `captured_at` is in the camera's
    own time, `captured_offset` its distance to UTC.
    """

    file_path: str
    width: int
    height: int
    file_size: int
    duration: float | None
    format: str
    cached: bool
    cached_at: str | None
    captured_at: str | None = None
    captured_offset: str | None = None
    camera: str | None = None
    orientation: int | None = None
    has_gps: bool = False
    content_identifier: str | None = None
    thumbhash: bytes | None = None


class ThumbnailWish(Message, frozen=True):
    """A picture of a file by its path; with `quick` a tiny first one will do while the real one is made."""

    path: str
    bound_px: Bound = 0
    quick: bool = False


class Thumbnail(Message, frozen=True):
    """A JPEG, upright and in sRGB. `is_final` is False for a tiny first one."""

    data: bytes
    width: int
    height: int
    cached: bool
    is_final: bool = True


class ThumbnailsWish(Message, frozen=True):
    """The pictures of a page of files, by the ids of `library.list`."""

    ids: Annotated[tuple[Annotated[int, Meta(ge=0, le=2**63 - 1)], ...], Meta(max_length=PAGE_LIMIT)]
    bound_px: Bound = 0


class ThumbnailRow(Message, frozen=True):
    """A file's picture. Without `data` it is being made, unless `failure` says why there is none."""

    id: int
    data: bytes | None = None
    width: int = 0
    height: int = 0
    is_final: bool = False
    thumbhash: bytes | None = None
    failure: str | None = None


class Thumbnails(Message, frozen=True):
    """A page of pictures. `left` are ids for another call; `making` counts rows that are worth asking for again."""

    rows: tuple[ThumbnailRow, ...]
    left: tuple[int, ...] = ()
    making: int = 0


class CacheWish(Message, frozen=True):
    """What a rebuild should do: make what is missing, or with `anew` throw away what there is and make all of it."""

    anew: bool = False


class CacheRebuild(Message, frozen=True):
    """Whether a rebuild was asked for, or one is under way already."""

    job_id: int


CACHE_ROWS = (
    Method("cache.stats", Nothing, CacheStats, "How large the media cache is.", Nothing()),
    Method("cache.metadata", PathRef, MediaInfo, "What a file says of itself.", PathRef("/home/ada/Pictures/a.jpg")),
    Method(
        "cache.thumbnail",
        ThumbnailWish,
        Thumbnail,
        "A small picture of a file, made if there is none yet.",
        ThumbnailWish("/home/ada/Pictures/a.jpg"),
    ),
    Method(
        "cache.thumbnails",
        ThumbnailsWish,
        Thumbnails,
        "The small pictures of a page of files; what is missing is being made.",
        ThumbnailsWish((1, 2, 3)),
    ),
    Method("cache.rebuild", CacheWish, CacheRebuild, "Makes what the cache lacks, in the background.", CacheWish()),
)
