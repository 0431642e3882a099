"""A library of any size for the stand-in agent: months, files and the pictures of `resources/samples`."""

import io
from functools import cache
from pathlib import Path

from PIL import Image, ImageOps

import resources
from agent.protocol.cache import MediaInfo, Thumbnail, ThumbnailRow, Thumbnails, ThumbnailsWish, ThumbnailWish
from agent.protocol.methods import Files, LibraryFilter, LibraryMonth, LibraryRecent, Month, Months, PathRef
from agent.protocol.types import CopyRow, Event, FileDetail, FileRow, FileState
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import IMMICH, NAS, NOW_AT

_DAY_MS = 86_400_000
#: Every so many files stand otherwise than safe.
_ODD: dict[int, FileState] = {
    4: "queued",
    9: "failed",
    11: "excluded",
    17: "deleted_at_destination",
    19: "in_trash",
    23: "missing_at_destination",
}


def months_of(total: int) -> list[Month]:
    """A library that grew over the years, newest month first."""
    found, left, year, month = [], total, 2026, 11
    while left > 0:
        files = min(left, 23 + (year * 7 + month * 13) % 60 if total < 2_000 else 400 + (year * 97 + month * 31) % 600)
        found.append(Month(f"{year:04}-{month:02}", files))
        left -= files
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found


def file(position: int) -> FileRow:
    """The file at a place of the library, counted from the newest."""
    state: FileState = _ODD.get(position % 29, "safe")
    is_video = position % 7 == 5
    name = f"IMG_{9_999 - position % 10_000:04}.{'MOV' if is_video else 'HEIC'}"
    return FileRow(
        id=position + 1,
        path=f"/home/ada/Pictures/{name}",
        name=name,
        state=state,
        size_bytes=2_400_000 + position * 1_371 % 5_000_000,
        modified_at=NOW_AT - position * _DAY_MS // 20,
        role="video" if is_video else "still",
        reason={"failed": "too_large_for_server", "excluded": "user_excluded"}.get(state),
    )


class Shelf:
    """Answers the library's calls."""

    def __init__(self, total: int) -> None:
        self.months = months_of(total)
        self._firsts = {}
        first = 0
        for month in self.months:
            self._firsts[month.month] = first
            first += month.files

    def all_months(self, only: LibraryFilter) -> Months:
        """All of them; with a text that fits nothing, none."""
        return Months(() if only.text == "nothing" else tuple(self.months))

    def month(self, asked: LibraryMonth) -> Files:
        """A stretch."""
        first = self._firsts[asked.month]
        size = next(month.files for month in self.months if month.month == asked.month)
        last = min(asked.offset + asked.limit, size)
        return Files(tuple(file(first + at) for at in range(asked.offset, last)))


def recent(asked: LibraryRecent) -> Files:
    """The newest files that are safe."""
    return Files(tuple([file(at) for at in range(10_000) if at % 29 not in _ODD][: asked.limit]))


def show(asked: PathRef) -> FileDetail:
    """A file with a copy at each destination and a history."""
    row = next(one for at in range(10_000) if (one := file(at)).path == asked.path)
    return FileDetail(
        row,
        "/home/ada/Pictures",
        "0f" * 20,
        (
            CopyRow(IMMICH.id, IMMICH.name, "safe", "8f3b", NOW_AT - _DAY_MS),
            CopyRow(NAS.id, NAS.name, "safe", None, NOW_AT - _DAY_MS),
        ),
        (),
        (
            Event(row.modified_at + 60_000, "seen"),
            Event(row.modified_at + 62_000, "hashed"),
            Event(row.modified_at + 90_000, "uploaded", {"destination": IMMICH.name}),
            Event(row.modified_at + 95_000, "uploaded", {"destination": NAS.name}),
        ),
    )


@cache
def sample(number: int, side_px: int) -> tuple[bytes, int, int]:
    """One of the sample pictures as JPEG."""
    found = sorted(Path(str(resources.path("samples"))).rglob("*.JPG"))
    with Image.open(found[number % len(found)]) as opened:
        image = ImageOps.exif_transpose(opened)
        image.thumbnail((side_px, side_px))
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=85)
        return out.getvalue(), image.width, image.height


def pictures(asked: ThumbnailsWish) -> Thumbnails:
    """A picture for each but every eleventh file, which is still being made."""
    rows = []
    for one in asked.ids:
        data, width, height = sample(one, 300)
        is_there = one % 11 != 0
        rows.append(ThumbnailRow(one, data if is_there else None, width, height, is_final=is_there))
    return Thumbnails(tuple(rows))


def picture(asked: ThumbnailWish) -> Thumbnail:
    """A large one."""
    data, width, height = sample(len(asked.path) + ord(asked.path[-6]), asked.bound_px)
    return Thumbnail(data, width, height, cached=True)


def furnish_library(agent: FakeAgent, total: int = 1_200) -> FakeAgent:
    """Let the stand-in have a library of this many files."""
    shelf = Shelf(total)
    agent.answers.update(
        {
            "library.months": shelf.all_months,
            "library.month": shelf.month,
            "library.recent": lambda asked: recent(asked) if agent.snapshot.folders else Files(()),
            "library.show": show,
            "cache.thumbnails": pictures,
            "cache.thumbnail": picture,
            "cache.metadata": lambda asked: MediaInfo(
                asked.path,
                4_032,
                3_024,
                2_400_000,
                None,
                "HEIC",
                True,
                None,
                captured_at="2026-11-20T18:04:11",
                camera="Fairphone 5",
                has_gps=True,
            ),
        }
    )
    return agent
