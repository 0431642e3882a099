"""What EXIF and XMP say of a picture: when, with what, which way up, where from.

Takes the tags that Pillow has read, makes text and numbers of them; bad values become None, never an error. Runs in
the decoder process. Tag numbers: EXIF 3.0 (CIPA DC-008), for Apple's maker note the tables of ExifTool.
"""

import re
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.record import Record, replace

Tags = Mapping[int, Any]

_MAKE, _MODEL, _ORIENTATION, _MODIFIED = 0x010F, 0x0110, 0x0112, 0x0132
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004
_OFFSET, _OFFSET_ORIGINAL, _OFFSET_DIGITIZED = 0x9010, 0x9011, 0x9012
_SUBSEC, _SUBSEC_ORIGINAL, _SUBSEC_DIGITIZED = 0x9290, 0x9291, 0x9292
_MAKER_NOTE = 0x927C
_GPS_LATITUDE, _GPS_LONGITUDE = 2, 4

_DATE = re.compile(r"(\d{4})[:\-/.](\d{1,2})[:\-/.](\d{1,2})(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:[.,](\d+))?)?")
_ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_XMP_DATES = ("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "xap:CreateDate")
_APPLE = b"Apple iOS\x00\x00\x01"
_APPLE_CONTENT_IDENTIFIER = 17


class Facts(Record, frozen=True):
    """What was found; the fields have the meaning of those of `agent.domain.metadata.Metadata`."""

    captured_at_text: str | None = None
    offset_text: str | None = None
    camera: str | None = None
    orientation: int | None = None
    has_gps: bool = False
    content_identifier: str | None = None
    #: When the file was last changed, as it says itself: a poor date, for want of a better one.
    modified_at_text: str | None = None
    modified_offset_text: str | None = None


def facts(main: Tags, exif: Tags, gps: Tags) -> Facts:
    """The facts in the tags of a picture: its first directory, its Exif directory, its GPS directory."""
    captured_at_text, offset_text = _moment(
        (exif.get(_ORIGINAL), exif.get(_SUBSEC_ORIGINAL), exif.get(_OFFSET_ORIGINAL)),
        (exif.get(_DIGITIZED), exif.get(_SUBSEC_DIGITIZED), exif.get(_OFFSET_DIGITIZED)),
    )
    modified_at_text, modified_offset_text = _moment((main.get(_MODIFIED), exif.get(_SUBSEC), exif.get(_OFFSET)))
    orientation = main.get(_ORIENTATION)
    if isinstance(orientation, tuple) and len(orientation) == 1:
        orientation = orientation[0]
    return Facts(
        captured_at_text=captured_at_text,
        offset_text=offset_text,
        camera=camera(text_of(main.get(_MAKE)), text_of(main.get(_MODEL))),
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None,
        has_gps=_GPS_LATITUDE in gps and _GPS_LONGITUDE in gps,
        content_identifier=apple_content_identifier(exif.get(_MAKER_NOTE)),
        modified_at_text=modified_at_text,
        modified_offset_text=modified_offset_text,
    )


def _moment(*candidates: tuple[object, object, object]) -> tuple[str | None, str | None]:
    """The first of the candidates (date, fraction of a second, offset) that is a date, and its offset."""
    for value, subsec, offset in candidates:
        fraction = text_of(subsec)
        found = date(f"{text_of(value)}.{fraction}" if fraction and fraction.isdigit() else text_of(value))
        if found is not None:
            return found, zone(text_of(offset))
    return None, None


def settle_date(known: Facts, packet: object) -> Facts:
    """`known` with the best date there is: EXIF's, else one from the XMP packet, else when the file was last changed.

    The packet is searched, not parsed as XML: it may be anything.
    """
    if known.captured_at_text is not None:
        return known
    if isinstance(packet, bytes):
        packet = packet.decode("utf-8", "replace")
    for name in _XMP_DATES if isinstance(packet, str) else ():
        match = re.search(rf"{name}\s*(?:=\s*[\"']|>\s*)([0-9T:.+\-Z]+)", str(packet))
        found = date(match[1]) if match else None
        if match and found is not None:
            return replace(known, captured_at_text=found, offset_text=zone(match[1]))
    return replace(known, captured_at_text=known.modified_at_text, offset_text=known.modified_offset_text)


def date(text: str | None) -> str | None:
    """A camera's or ISO date as naive ISO text, with a fraction of a second when there is one; None when it is none."""
    match = _DATE.match(text.strip()) if text else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - a camera's clock has no zone
    except ValueError:  # 0000:00:00 and the like
        return None
    if not 1826 <= year <= 2200:  # the first photograph, and a typing error
        return None
    fraction = (match[7] or "").rstrip("0")[:3]
    return moment.isoformat() + (f".{fraction:0<3}" if fraction else "")


def zone(text: str | None) -> str | None:
    """The offset from UTC at the end of a text as ``+HH:MM``; None when there is none."""
    if not text:
        return None
    text = text.strip()
    if text.endswith("Z"):
        return "+00:00"
    match = _ZONE.search(text)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    return f"{match[1]}{match[2]}:{match[3]}"


def camera(make: str | None, model: str | None) -> str | None:
    """One name of maker and model; many models carry their maker's name already."""
    if not make or not model:
        return model or make
    return model if model.casefold().startswith(make.split()[0].casefold()) else f"{make} {model}"


def text_of(value: object) -> str | None:
    """A tag's text: up to the first NUL, blanks at the ends removed, unprintable characters too, at most 200."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    kept = "".join(c for c in value.partition("\0")[0] if c.isprintable())
    return kept.strip()[:200] or None


def apple_content_identifier(note: object) -> str | None:
    """The identifier that a still of a live photo shares with its video, from Apple's maker note."""
    if not isinstance(note, bytes) or not note.startswith(_APPLE):
        return None
    order = {b"MM": ">", b"II": "<"}.get(note[12:14])
    if order is None:
        return None
    try:
        (count,) = struct.unpack_from(f"{order}H", note, 14)
        for index in range(min(count, 200)):
            tag, kind, length, offset = struct.unpack_from(f"{order}HHII", note, 16 + 12 * index)
            if tag == _APPLE_CONTENT_IDENTIFIER and kind == 2 and 4 < length <= 200:
                return text_of(note[offset : offset + length])
    except struct.error:
        return None
    return None
