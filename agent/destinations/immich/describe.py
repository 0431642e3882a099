"""What a server shows of a picture beside its bytes, and changing of it what a sidecar says otherwise.

For sidecars that come or change after their picture: the server takes a sidecar itself only along with an upload.
Runs in the destination's lane; asking and telling may both be repeated. Facts: numbers come rounded; an asset that is
not there is refused with 400.
"""

from collections.abc import Mapping

from agent.destinations.immich.http import Server
from agent.destinations.immich.organize import Gone, tag
from agent.destinations.immich.sync import epoch_ms
from agent.domain.errors import Blocked, Transient
from agent.domain.xmp import Annotation
from agent.record import Record

#: Nearer than a metre: the server's numbers are shorter than ours.
_SAME_PLACE = 0.000_01
_SAME_MOMENT_MS = 1_000


class Shown(Record, frozen=True):
    """What the server shows now. `taken_at` is epoch milliseconds, `place` degrees north and east."""

    description: str | None
    rating: int | None
    taken_at: int | None
    place: tuple[float, float] | None
    tags: frozenset[str]
    in_trash: bool


def shown(server: Server, asset_id: str) -> Shown:
    """What there is of one asset; raises `Gone`."""
    try:
        answer = server.ask("GET", f"/assets/{asset_id}")
    except Transient as error:
        if error.code == "copy_vanished":
            raise Gone(str(error)) from error
        raise
    if not isinstance(answer, dict):
        raise Blocked("not_immich", address=server.address, status=200)
    exif = answer.get("exifInfo")
    exif = exif if isinstance(exif, dict) else {}
    north, east, stars = exif.get("latitude"), exif.get("longitude"), exif.get("rating")
    tags = answer.get("tags")
    return Shown(
        description=str(exif.get("description") or "").strip() or None,
        rating=int(stars) if isinstance(stars, int | float) and stars else None,
        taken_at=epoch_ms(exif.get("dateTimeOriginal")),
        place=(north, east) if isinstance(north, int | float) and isinstance(east, int | float) else None,
        tags=frozenset(str(one.get("value")) for one in tags or () if isinstance(one, dict)),
        in_trash=answer.get("isTrashed") is True,
    )


def changes(said: Annotation, there: Shown, *, only_empty: bool) -> dict[str, object]:
    """The fields to set so that the server shows what a sidecar says; with `only_empty` those that it lacks."""
    fields: dict[str, object] = {}
    if said.description is not None and _differs(said.description, there.description, only_empty=only_empty):
        fields["description"] = said.description
    if said.rating is not None and _differs(said.rating, there.rating, only_empty=only_empty):
        fields["rating"] = said.rating
    taken_at = epoch_ms(said.taken)
    if taken_at is not None and (
        there.taken_at is None or (not only_empty and abs(taken_at - there.taken_at) >= _SAME_MOMENT_MS)
    ):
        fields["dateTimeOriginal"] = said.taken
    if said.place is not None and (there.place is None or (not only_empty and _apart(said.place, there.place))):
        fields["latitude"], fields["longitude"] = said.place
    return fields


def describe(server: Server, asset_id: str, fields: Mapping[str, object], tags: tuple[str, ...]) -> None:
    """Set these fields and give these tags, which take no other tag away."""
    if fields:
        server.tell("PUT", f"/assets/{asset_id}", fields)
    for name in tags:
        tag(server, name, [asset_id])


def _differs(said: object, there: object, *, only_empty: bool) -> bool:
    return there is None or (not only_empty and said != there)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return any(abs(here - there) > _SAME_PLACE for here, there in zip(one, other, strict=True))
