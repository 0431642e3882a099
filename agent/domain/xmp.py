"""What a sidecar says of its picture, of that which a server can be told: words, stars, place, time, tags. Pure.

Only what really stands in the XMP packet's own properties is taken; what a program keeps there for itself (history,
develop steps, nested structures) is passed over. A sidecar is somebody else's text: one that is no plain XML, or that
brings declarations of its own, says nothing.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from agent.record import Record

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Programs keep masks and histories in sidecars; one that is larger holds no more of what is looked for.
LARGEST_BYTES: Final = 8 * 1024 * 1024
LONGEST_TEXT: Final = 10_000
MOST_TAGS: Final = 200

_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC: Final = "{http://purl.org/dc/elements/1.1/}"
_XMP: Final = "{http://ns.adobe.com/xap/1.0/}"
_EXIF: Final = "{http://ns.adobe.com/exif/1.0/}"
_PHOTOSHOP: Final = "{http://ns.adobe.com/photoshop/1.0/}"
_DIGIKAM: Final = "{http://www.digikam.org/ns/1.0/}"
_LIGHTROOM: Final = "{http://ns.adobe.com/lightroom/1.0/}"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"

#: Degrees and minutes, or degrees, minutes and seconds, with the side of the world.
_ANGLE: Final = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])$")
#: With a zone: a time without one is another moment at a server that stands elsewhere.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$")


class Annotation(Record, frozen=True):
    """What was found; None and the empty tuple where nothing was. `taken` is ISO with its zone, angles are degrees."""

    description: str | None = None
    rating: int | None = None
    taken: str | None = None
    place: tuple[float, float] | None = None
    tags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether a server has nothing to learn from it."""
        return self == Annotation()


def read_xmp(content: bytes) -> Annotation:
    """The annotation in a sidecar's bytes; an empty one where they cannot be understood."""
    import xml.etree.ElementTree as ET  # for the few who have sidecars

    if len(content) > LARGEST_BYTES:
        return Annotation()
    try:
        text = content.decode("utf-8-sig").strip("\0 \r\n\t")
        if "<!" in re.sub(r"<!--.*?-->|<!\[CDATA\[", "", text, flags=re.DOTALL):
            return Annotation()
        root = ET.fromstring(text)  # noqa: S314 - texts with declarations, the means of every known attack, are refused
    except (ValueError, ET.ParseError):
        return Annotation()
    found = _properties(root)
    return Annotation(
        description=_description(found.get(f"{_DC}description")),
        rating=_rating(_plain(found.get(f"{_XMP}Rating"))),
        taken=_moment(_plain(found.get(f"{_EXIF}DateTimeOriginal")))
        or _moment(_plain(found.get(f"{_PHOTOSHOP}DateCreated"))),
        place=_place(_plain(found.get(f"{_EXIF}GPSLatitude")), _plain(found.get(f"{_EXIF}GPSLongitude"))),
        tags=_tags(found),
    )


def _properties(root: "Element") -> "dict[str, Element | str]":
    """The packet's own properties by name: elements, or texts where they are written as attributes."""
    found: dict[str, Element | str] = {}
    packet = root if root.tag == f"{_RDF}RDF" else root.find(f"{_RDF}RDF")
    for description in packet.findall(f"{_RDF}Description") if packet is not None else ():
        for name, value in description.attrib.items():
            found.setdefault(name, value)
        for element in description:
            found.setdefault(element.tag, element)
    return found


def _plain(value: "Element | str | None") -> str | None:
    """A property that is one text."""
    text = value if value is None or isinstance(value, str) else value.text
    return text.strip() or None if text else None


def _items(value: "Element | str | None") -> Iterator[tuple[str | None, str]]:
    """A property that is a list, as (language, text)."""
    if value is not None and not isinstance(value, str):
        for item in value.iterfind(f"*/{_RDF}li"):
            text = _plain(item)
            if text:
                yield item.get(_LANGUAGE), text


def _description(value: "Element | str | None") -> str | None:
    texts = list(_items(value))
    usual = [text for language, text in texts if language == "x-default"]
    found = next(iter([*usual, *(text for _, text in texts)]), None) or _plain(value)
    return found[:LONGEST_TEXT] if found else None


def _rating(text: str | None) -> int | None:
    """Stars, or -1 for what was rejected; 0 means that nobody has judged."""
    try:
        stars = float(text or "")
    except ValueError:
        return None
    return int(stars) if stars in (-1, 1, 2, 3, 4, 5) else None


def _moment(text: str | None) -> str | None:
    if text is None or not _MOMENT.match(text):
        return None
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _place(latitude: str | None, longitude: str | None) -> tuple[float, float] | None:
    north, east = _angle(latitude, "NS", 90), _angle(longitude, "EW", 180)
    return None if north is None or east is None else (north, east)


def _angle(text: str | None, sides: str, widest: int) -> float | None:
    found = _ANGLE.match(text or "")
    if found is None or found[4] not in sides:
        return None
    degrees = int(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
    if degrees > widest:
        return None
    return round(-degrees if found[4] in "SW" else degrees, 7)


def _tags(found: "Mapping[str, Element | str]") -> tuple[str, ...]:
    """Tags as paths with slashes, from where they are told most exactly."""
    for name, divider in (
        (f"{_DIGIKAM}TagsList", "/"),
        (f"{_LIGHTROOM}hierarchicalSubject", "|"),
        (f"{_DC}subject", None),
    ):
        listed = [text for _, text in _items(found.get(name))]
        paths = [[text] if divider is None else text.split(divider) for text in listed]
        tags = ["/".join(step for step in map(str.strip, path) if step) for path in paths]
        if any(tags):
            return tuple(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]
    return ()
