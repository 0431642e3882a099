"""What the decoder makes of a file, and how that travels from the child to the agent. Loads no picture package.

A child is not trusted: whatever arrives is checked for shape and size before it counts.
"""

import base64
import binascii

from agent.domain.metadata import Metadata
from agent.media.errors import REASONS
from agent.media.plain import from_plain, to_plain
from agent.record import Record

#: How the pictures came about: from the pixels, from a smaller picture inside the file, from the desktop's own cache.
SOURCES = ("decoded", "embedded", "shared")
_LARGEST_PICTURE_BYTES = 2 << 20
_LARGEST_PX = 1 << 16


class Picture(Record, frozen=True):
    """A small JPEG in sRGB, the right way up. `bound_px` is the square that it was made to fit into."""

    bound_px: int
    width: int
    height: int
    data: bytes


class Made(Record, frozen=True):
    """What one file gave. `trouble` says why there are no pictures although the metadata could be read.

    `sha1` is the file's digest where all of it was read anyway. `size_bytes` and `mtime_ns` are those of the very file
    that was opened.
    """

    metadata: Metadata
    pictures: tuple[Picture, ...]
    size_bytes: int
    mtime_ns: int
    thumbhash: bytes | None = None
    sha1: bytes | None = None
    source: str = "decoded"
    trouble: str | None = None


def made_to_plain(made: Made) -> dict[str, object]:
    """For the way from the decoder to the agent."""
    return {
        "metadata": to_plain(made.metadata),
        "pictures": [[one.bound_px, one.width, one.height, _text(one.data)] for one in made.pictures],
        "size_bytes": made.size_bytes,
        "mtime_ns": made.mtime_ns,
        "thumbhash": _text(made.thumbhash),
        "sha1": _text(made.sha1),
        "source": made.source,
        "trouble": made.trouble,
    }


def made_from_plain(values: object) -> Made:
    """The opposite; `ValueError` for anything unexpected."""
    if not isinstance(values, dict):
        raise ValueError("no struct")  # noqa: TRY004 - one kind of error for all that arrives
    try:
        pictures = tuple(map(_picture, values["pictures"]))
        trouble, source = values["trouble"], values["source"]
        made = Made(
            metadata=from_plain(values["metadata"]),
            pictures=pictures,
            size_bytes=_whole(values["size_bytes"]),
            mtime_ns=_whole(values["mtime_ns"]),
            thumbhash=_bytes(values["thumbhash"], 40),
            sha1=_bytes(values["sha1"], 20),
            source=source,
            trouble=trouble,
        )
    except (KeyError, TypeError) as error:
        raise ValueError("fields are missing") from error
    if source not in SOURCES or (trouble is not None and trouble not in REASONS) or len(pictures) > 8:
        raise ValueError("bad source, trouble or number of pictures")
    if made.sha1 is not None and len(made.sha1) != 20:
        raise ValueError("bad sha1")
    return made


def _picture(values: object) -> Picture:
    if not isinstance(values, list) or len(values) != 4:
        raise ValueError("no picture")
    bound_px, width, height = (_whole(value) for value in values[:3])
    data = _bytes(values[3], _LARGEST_PICTURE_BYTES)
    if not 0 < width < _LARGEST_PX or not 0 < height < _LARGEST_PX or not data or not data.startswith(b"\xff\xd8\xff"):
        raise ValueError("a picture that cannot be")
    return Picture(bound_px, width, height, data)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("no number")  # noqa: TRY004 - as above
    return value


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _bytes(text: object, most: int) -> bytes | None:
    if text is None:
        return None
    if not isinstance(text, str) or len(text) > most * 4 // 3 + 4:
        raise ValueError("bad bytes")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("bad bytes") from error
