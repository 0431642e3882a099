"""What changed at the server: the sync stream for a session, pages of a search for a key.

Runs in the destination's lane. Keeps nothing: the caller stores what it read, and only then acknowledges. Facts: marks
are per session and kind, the last one of a kind is enough; removals come before what is new; a stream that does not end
with `SyncCompleteV1` broke off; unknown filters of a search are ignored, not refused.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

from agent.destinations.immich.form import iso_utc
from agent.destinations.immich.http import Server
from agent.destinations.immich.line import Request
from agent.destinations.immich.stream import Stream
from agent.destinations.immich.versions import Version, searches, sync_kinds
from agent.domain.errors import Blocked, Transient
from agent.record import Record

ACKS_TOGETHER = 1_000
PAGE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUCCESSOR = re.compile(r"SyncRequestType\.(\w+) is deprecated, use SyncRequestType\.(\w+)")


class Line(Record, frozen=True):
    """One change: the server's kind without its version (`Asset`, `AssetDelete`, ...), its data, its mark."""

    kind: str
    data: Mapping[str, object]
    ack: str


class RemoteAsset(Record, frozen=True):
    """An asset as the server tells of it. `sha1` is None where its checksum is not of the bytes. Times: epoch ms."""

    remote_id: str
    owner_id: str
    sha1: bytes | None
    name: str
    kind: str
    created_at: int | None
    trashed_at: int | None
    is_favorite: bool
    visibility: str
    live_video_id: str | None
    stack_id: str | None
    updated_at: int | None = None


def changes(server: Server, version: Version) -> Iterator[Line]:
    """All changes since the marks that were acknowledged, then `SyncComplete`; or a single `SyncReset`.

    Raises `Transient` `sync_garbled` for what makes no sense, `connection_lost` where it breaks off.
    """
    kinds = list(sync_kinds(version))
    for _ in range(len(kinds) + 1):
        with closing(server.stream()) as stream:
            refused = stream.open(Request.of_json("POST", "/sync/stream", {"types": kinds}))
            if refused is None:
                yield from _lines(stream)
                return
        # A server newer than we know names what has taken a kind's place.
        found = _SUCCESSOR.search(refused.message() or "")
        if refused.status != 400 or found is None or found[1] not in kinds:
            raise server.verdict(refused)
        kinds[kinds.index(found[1])] = found[2]
    raise Transient("sync_garbled")


def _lines(stream: Stream) -> Iterator[Line]:
    for text in stream.lines():
        try:
            value = json.loads(text)
            kind, data, ack = value["type"], value["data"], value["ack"]
        except (ValueError, KeyError, TypeError) as error:
            raise Transient("sync_garbled") from error
        if not isinstance(kind, str) or not isinstance(data, dict) or not isinstance(ack, str):
            raise Transient("sync_garbled")
        line = Line(bare_kind(kind), data, ack)
        yield line
        if line.kind in ("SyncComplete", "SyncReset"):
            return
    raise Transient("connection_lost")


def bare_kind(kind: str) -> str:
    """`AssetV2` -> `Asset`."""
    return kind.rstrip("0123456789").removesuffix("V")


def acknowledge(server: Server, acks: Sequence[str]) -> None:
    """Tell the server how far we got; a next stream goes on from there."""
    for start in range(0, len(acks), ACKS_TOGETHER):
        server.tell("POST", "/sync/ack", {"acks": list(acks[start : start + ACKS_TOGETHER])})


def asset_of(data: Mapping[str, object]) -> RemoteAsset:
    """An asset out of a line of the stream or an item of a search; raises `Transient` `sync_garbled`."""
    remote_id, owner_id, checksum = data.get("id"), data.get("ownerId"), data.get("checksum")
    if not isinstance(remote_id, str) or not isinstance(owner_id, str):
        raise Transient("sync_garbled")
    trashed_at = epoch_ms(data.get("deletedAt"))
    if trashed_at is None and data.get("isTrashed") is True:
        trashed_at = epoch_ms(data.get("updatedAt")) or 0
    return RemoteAsset(
        remote_id=remote_id,
        owner_id=owner_id,
        sha1=None if data.get("libraryId") else _sha1(checksum),
        name=str(data.get("originalFileName") or ""),
        kind=str(data.get("type") or "OTHER"),
        created_at=epoch_ms(data.get("fileCreatedAt")),
        trashed_at=trashed_at,
        is_favorite=data.get("isFavorite") is True,
        visibility=str(data.get("visibility") or "timeline"),
        live_video_id=_text(data.get("livePhotoVideoId")),
        stack_id=_text(data.get("stackId")),
        updated_at=epoch_ms(data.get("updatedAt")),
    )


def _sha1(checksum: object) -> bytes | None:
    try:
        digest = base64.b64decode(checksum) if isinstance(checksum, str) else b""
    except ValueError:
        return None
    return digest if len(digest) == 20 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def epoch_ms(text: object) -> int | None:
    """A time of the server's; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def search(server: Server, version: Version, since_at: int | None) -> Iterator[list[RemoteAsset]]:
    """All assets, those in the trash too, that changed since a time (None: all), a page at a time.

    A partner's are among them, where the account shows these in its timeline.
    """
    for visibility in searches(version):
        yield from _pages(server, since_at, visibility)


def _pages(server: Server, since_at: int | None, visibility: str | None) -> Iterator[list[RemoteAsset]]:
    page: int | None = 1
    while page is not None:
        asked: dict[str, object] = {"withDeleted": True, "size": PAGE, "page": page, "order": "asc"}
        if since_at is not None:
            asked["updatedAfter"] = iso_utc(since_at)
        if visibility is not None:
            asked["visibility"] = visibility
        answer = server.ask("POST", "/search/metadata", asked)
        found = answer.get("assets") if isinstance(answer, dict) else None
        items = found.get("items") if isinstance(found, dict) else None
        if not isinstance(items, list) or not isinstance(found, dict):
            raise Blocked("not_immich", address=server.address, status=200)
        yield [asset_of(item) for item in items if isinstance(item, dict)]
        following = found.get("nextPage")
        page = int(following) if isinstance(following, str | int) and str(following).isdigit() and items else None


def albums(server: Server, etag: str | None) -> tuple[list[tuple[str, str]] | None, str | None]:
    """(id, name) of all albums and the answer's tag; None where nothing changed since the tag."""
    headers = {"If-None-Match": etag} if etag else {}
    answer = server.exchange(Request("GET", "/albums", headers))
    if answer.status == 304:
        return None, etag
    value = answer.json()
    if answer.status != 200 or not isinstance(value, list):
        raise server.verdict(answer)
    named = [(str(one["id"]), str(one.get("albumName", ""))) for one in value if isinstance(one, dict) and "id" in one]
    return named, answer.headers.get("etag")


def partners(server: Server) -> list[tuple[str, str, str]]:
    """(id, name, e-mail) of those who show this account their library."""
    value = server.ask("GET", "/partners?direction=shared-with")
    if not isinstance(value, list):
        raise Blocked("not_immich", address=server.address, status=200)
    return [
        (str(one["id"]), str(one.get("name", "")), str(one.get("email", "")))
        for one in value
        if isinstance(one, dict) and "id" in one
    ]
