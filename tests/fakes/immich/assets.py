"""Reading, changing and checking assets.

For: ``/api/assets`` except uploads (``uploads.py``), the trash (``trash.py``) and files (``media.py``).
Must not: hold state.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, no_access
from .checks import Issue, id_field, id_list, is_uuid, json_body, not_one_of, not_uuid, path_id, wrong_type
from .models import Asset, User
from .store import EXIF_FIELDS
from .upload_form import VISIBILITIES
from .uploads import parse_checksum
from .world import World

COPIED = ("albums", "favorite", "sidecar", "stack")
# The name in the API, the field of the record, and the type a change must have.
CHANGES: tuple[tuple[str, str, str, type | tuple[type, ...]], ...] = (
    ("isFavorite", "favorite", "boolean", bool),
    ("description", "description", "string", str),
    ("visibility", "visibility", "string", str),
    ("latitude", "latitude", "number", (int, float)),
    ("longitude", "longitude", "number", (int, float)),
    ("dateTimeOriginal", "created", "string", str),
)


def changes_of(body: Any) -> dict[str, Any]:
    """The fields a change sets; refuses wrong types. Unknown fields are ignored."""
    if not isinstance(body, dict):
        raise invalid([wrong_type([], "object", body)])
    issues: list[Issue] = []
    changes: dict[str, Any] = {}
    for name, field, wording, kind in CHANGES:
        if name in body:
            if isinstance(body[name], kind) and (kind is bool or not isinstance(body[name], bool)):
                changes[field] = body[name]
            else:
                issues.append(wrong_type([name], wording, body[name]))
    if changes.get("visibility", "timeline") not in VISIBILITIES:
        issues.append(not_one_of(["visibility"], VISIBILITIES))
    if "livePhotoVideoId" in body:
        changes["live_video"] = body["livePhotoVideoId"]
        if body["livePhotoVideoId"] is not None and not is_uuid(body["livePhotoVideoId"]):
            issues.append(not_uuid(["livePhotoVideoId"]))
    if "rating" in body:
        changes["rating"] = body["rating"]
        if body["rating"] not in (None, -1, 1, 2, 3, 4, 5):
            issues.append({"code": "custom", "path": ["rating"], "message": "Invalid rating"})
    if issues:
        raise invalid(issues)
    return changes


def check_items(body: Any) -> list[tuple[str, str]]:
    """Pairs of id and checksum out of a bulk check."""
    items = body.get("assets") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise invalid([wrong_type(["assets"], "array")])
    pairs: list[tuple[str, str]] = []
    issues: list[Issue] = []
    for place, item in enumerate(items):
        values = [item.get(name) if isinstance(item, dict) else None for name in ("id", "checksum")]
        for name, value in zip(("id", "checksum"), values, strict=True):
            if not isinstance(value, str):
                issues.append(wrong_type(["assets", place, name], "string"))
        pairs.append((str(values[0]), str(values[1])))
    if issues:
        raise invalid(issues)
    return pairs


class Assets:
    """Routes about single assets and about many at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._guard = world.guard
        self._shapes = world.shapes

    def routes(self) -> list[Route]:
        """All routes of this module; fixed names before ids."""
        return [
            Route("/api/assets/bulk-upload-check", self.bulk_check, methods=["POST"]),
            Route("/api/assets/statistics", self.statistics, methods=["GET"]),
            Route("/api/assets", self.change_many, methods=["PUT"]),
            *([Route("/api/assets/copy", self.copy, methods=["PUT"])] if self._world.version.has_copy else []),
            Route("/api/assets/{id}", self.show, methods=["GET"]),
            Route("/api/assets/{id}", self.change, methods=["PUT", "PATCH"]),
        ]

    async def bulk_check(self, request: Request) -> Response:
        """Which of these checksums the user already has, in the order of the question."""
        body = await json_body(request)
        user = self._guard.allow(request, self._world.version.bulk_check_permission).user
        pairs = check_items(body)
        if not pairs or len(pairs) >= self._world.settings.bulk_check_limit:
            raise Refusal(500, "Failed to check bulk upload")
        return answer(request, {"results": [self._verdict(user, *pair) for pair in pairs]})

    def _verdict(self, user: User, item: str, checksum: str) -> dict[str, Any]:
        asset = self._store.by_checksum(user, parse_checksum(checksum))
        if asset is None:
            return {"id": item, "action": "accept"}
        found = {"assetId": asset.id, "isTrashed": asset.is_trashed}
        return {"id": item, "action": "reject", "reason": "duplicate", **found}

    async def statistics(self, request: Request) -> Response:
        """How many images and videos the user has, or has in the trash."""
        user = self._guard.allow(request, "asset.statistics").user
        trashed = request.query_params.get("isTrashed") == "true"
        types = [asset.type for asset in self._store.of(user) if asset.is_trashed == trashed]
        images, videos = types.count("IMAGE"), types.count("VIDEO")
        return answer(request, {"images": images, "videos": videos, "total": images + videos})

    async def show(self, request: Request) -> Response:
        """One asset, also from the trash."""
        user = self._guard.allow(request, "asset.read").user
        return answer(request, self._shapes.asset_full(self._own(user, path_id(request), "asset.read")))

    async def change(self, request: Request) -> Response:
        """Set fields of one asset."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.update").user
        asset_id, changes = path_id(request), changes_of(body)
        asset = self._own(user, asset_id, "asset.update")
        self._change(asset, changes)
        return answer(request, self._shapes.asset_changed(self._own(user, asset_id, "asset.update")))

    async def change_many(self, request: Request) -> Response:
        """Set the same fields of several assets."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.update").user
        ids, changes = id_list(body, "ids"), changes_of(body)
        for asset in [self._own(user, one, "asset.update") for one in ids]:
            self._store.update(asset, **changes)
            self._store.announce("asset_edited", asset)
        return empty()

    async def copy(self, request: Request) -> Response:
        """Hand albums, stack, favourite mark and sidecar of one asset to another."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.copy").user
        source, target = (self._own(user, id_field(body, name), "asset.copy") for name in ("sourceId", "targetId"))
        if source.id == target.id:
            raise Refusal(400, "Source and target id must be different")
        wanted = {name for name in COPIED if body.get(name, True) is not False}
        if "albums" in wanted:
            for album in self._world.albums.seen_by(user):
                if source.id in album.asset_ids:
                    self._world.albums.fill(album, [target.id])
        if "favorite" in wanted:
            self._store.update(target, favorite=source.favorite)
        if "sidecar" in wanted and source.sidecar is not None:
            self._store.update(target, sidecar=source.sidecar)
        if "stack" in wanted and (stack := self._world.stacks.stacks.get(source.stack or "")) is not None:
            self._world.stacks.join(stack, target)
        return empty()

    def _change(self, asset: Asset, changes: dict[str, Any]) -> None:
        """Set fields, and hide or show the motion part that an asset gains or loses."""
        video = changes.get("live_video")
        if video is not None:
            motion = self._motion_part(asset.owner, video)
            if motion.visibility == "timeline":
                self._store.hide(motion)
        elif "live_video" in changes and (former := self._store.find(asset.live_video or "")) is not None:
            self._store.update(former, visibility=asset.visibility)
            self._store.announce("asset_shown", former)
        self._store.update(asset, **changes)
        if not EXIF_FIELDS.isdisjoint(changes):
            self._store.announce("asset_edited", asset)  # the sidecar that is written leads to this

    def _motion_part(self, user: User, asset_id: str) -> Asset:
        """The video that becomes part of a live photo."""
        motion = self._store.find(asset_id)
        if motion is None:
            raise Refusal(400, "Live photo video not found")
        if motion.type != "VIDEO":
            raise Refusal(400, "Live photo video must be a video")
        if motion.owner is not user:
            raise Refusal(400, "Live photo video does not belong to the user")
        return motion

    def _own(self, user: User, asset_id: str, permission: str) -> Asset:
        asset = self._store.own(user, asset_id)
        if asset is None:
            raise no_access(permission)
        return asset
