"""What a video says of itself, read from its header by PyAV; no frame is decoded.

FFmpeg guesses a container from its content, and some kinds that it knows are lists of other files or addresses. So
the container is named here, by the first bytes, and FFmpeg gets an open file instead of a name: it opens nothing by
itself. Runs in the decoder process.
"""

import re
import struct
from typing import Any, BinaryIO

from agent.domain.metadata import Metadata
from agent.media import boxes, exif
from agent.media.errors import Undecodable

#: Containers whose header says all; the others need some packets to be looked at. `skip_frame`: FFmpeg would decode a
#: picture to be sure of what the header says.
HEADER_SUFFICES = {"mov", "matroska", "avi", "asf", "flv"}
QUICK = {"probesize": "32", "analyzeduration": "1", "skip_frame": "all"}
PATIENT = {"probesize": "5000000", "analyzeduration": "2000000"}
_DISPLAY_TURNS = {(0, 1, -1, 0): 6, (-1, 0, 0, -1): 3, (0, -1, 1, 0): 8}
_APPLE = "com.apple.quicktime."


def container(head: bytes) -> str | None:
    """FFmpeg's name for the container that begins so, None for anything that is no video of ours."""
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}:
        return "mov"
    for magic, name in (
        (b"\x1aE\xdf\xa3", "matroska"),
        (b"0&\xb2u\x8ef\xcf\x11", "asf"),
        (b"FLV\x01", "flv"),
        (b"\x00\x00\x01\xba", "mpeg"),
        (b"\x00\x00\x01\xb3", "mpegvideo"),
        (b"\x06\x0e+4\x02\x05\x01\x01", "mxf"),
    ):
        if head.startswith(magic):
            return name
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if (head[0:1] == b"G" and head[188:189] == b"G") or (head[4:5] == b"G" and head[196:197] == b"G"):
        return "mpegts"  # packets of 188 bytes, on camcorders each after a time stamp of 4
    return None


def read(file: BinaryIO, size_bytes: int, name: str, shown_format: str) -> Metadata:
    """The facts of a video in the container `name`. `Undecodable` when there is none."""
    import av

    av.logging.set_level(None)
    file.seek(0)
    with av.open(
        file, format=name, options=QUICK if name in HEADER_SUFFICES else PATIENT, metadata_errors="replace"
    ) as opened:
        if not opened.streams.video:
            raise Undecodable("unknown_format")
        stream = opened.streams.video[0]
        tags = _lower_keys(stream.metadata) | _lower_keys(opened.metadata)
        width, height = stream.codec_context.width, stream.codec_context.height
        duration_s = _duration_s(opened, stream)
    if not width or not height:
        raise Undecodable("broken")
    captured_at_text, offset_text = _capture(tags)
    return Metadata(
        width=width,
        height=height,
        duration_s=duration_s,
        format=shown_format,
        captured_at_text=captured_at_text,
        offset_text=offset_text,
        camera=exif.camera(_tag(tags, "make"), _tag(tags, "model")),
        orientation=_orientation(file, size_bytes) if name == "mov" else None,
        has_gps=any(key in tags for key in (f"{_APPLE}location.iso6709", "location", "location-eng")),
        content_identifier=exif.text_of(tags.get(f"{_APPLE}content.identifier")),
    )


def _lower_keys(tags: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in tags.items()}


def _tag(tags: dict[str, str], name: str) -> str | None:
    return exif.text_of(tags.get(f"{_APPLE}{name}") or tags.get(f"com.android.{name}") or tags.get(name))


def _duration_s(opened: Any, stream: Any) -> float | None:  # noqa: ANN401 - PyAV has no types
    if opened.duration is not None and opened.duration > 0:
        return round(int(opened.duration) / 1_000_000, 3)
    if stream.duration is not None and stream.time_base and stream.duration > 0:
        return round(float(stream.duration * stream.time_base), 3)
    return None


def _capture(tags: dict[str, str]) -> tuple[str | None, str | None]:
    """Apple's date with its zone when there is one; the plain one is in UTC by the standard."""
    local = tags.get(f"{_APPLE}creationdate")
    if local and (found := exif.date(local)):
        return found, exif.zone(local)
    for key in ("creation_time", "date", "icrd"):
        text = tags.get(key)
        if text and re.match(r"\d{4}-\d\d-\d\dT", text) and (found := exif.date(text)):
            return found, exif.zone(text) or "+00:00"
    return None, None


def _orientation(file: BinaryIO, size_bytes: int) -> int | None:
    """How a player turns the first track that has a picture, in EXIF's numbers: 6, 3 and 8 are 90, 180, 270 degrees."""
    for box in boxes.find(file, 0, size_bytes, b"moov", b"trak", b"tkhd"):
        header = boxes.content(file, box, 200)
        at = 52 if header[:1] == b"\x01" else 40  # longer times in version 1
        if len(header) < at + 44:
            continue
        a, b, _, c, d, _, _, _, _, width, height = struct.unpack_from(">9i2I", header, at)
        if width and height:
            sign = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
            return _DISPLAY_TURNS.get(sign)
    return None
