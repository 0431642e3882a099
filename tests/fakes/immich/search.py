"""POST /api/search/metadata: finding assets by their properties, in pages.

For: finding by checksum and listing the contents of albums.
Must not: refuse filters it does not know; the real server ignores them and so returns too much.
Thread: the server's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer, invalid
from .checks import id_list, json_body, wrong_type
from .models import Album, Asset, Partner, User
from .render import exif
from .uploads import parse_checksum
from .world import World

PAGE = 250
LARGEST_PAGE = 1000
Filter = Callable[[Asset, Any], bool]
FILTERS: dict[str, Filter] = {
    "checksum": lambda asset, value: asset.checksum == parse_checksum(str(value)),
    "id": lambda asset, value: asset.id == value,
    "originalFileName": lambda asset, value: str(value).lower() in asset.filename.lower(),
    "isFavorite": lambda asset, value: asset.favorite == value,
    "visibility": lambda asset, value: asset.visibility == value,
    "type": lambda asset, value: asset.type == value,
    "isMotion": lambda asset, value: (asset.live_video is not None) == value,
    "rating": lambda asset, value: asset.rating == value,
    "createdAfter": lambda asset, value: asset.uploaded_at >= value,
    "createdBefore": lambda asset, value: asset.uploaded_at <= value,
    "updatedAfter": lambda asset, value: asset.updated_at >= value,
    "updatedBefore": lambda asset, value: asset.updated_at <= value,
    "takenAfter": lambda asset, value: asset.created >= value,
    "takenBefore": lambda asset, value: asset.created <= value,
    "tagIds": lambda asset, value: all(one in asset.tag_ids for one in value or ()),
    "description": lambda asset, value: str(value).lower() in asset.description.lower(),
    "trashedAfter": lambda asset, value: (asset.trashed_at or "") >= value,
    "trashedBefore": lambda asset, value: (asset.trashed_at or "~") <= value,
}

OLD_FILTERS: dict[str, Filter] = {
    "deviceAssetId": lambda asset, value: asset.device_asset_id == value,
    "deviceId": lambda asset, value: asset.device_id == value,
}


def whole_number(body: dict[str, Any], name: str, default: int, largest: int) -> int:
    """A page number or size; refuses anything outside 1 and the largest."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid([wrong_type([name], "number", value)])
    if value < 1:
        small = {"origin": "number", "code": "too_small", "minimum": 1, "inclusive": True, "path": [name]}
        raise invalid([{**small, "message": "Too small: expected number to be >=1"}])
    if value > largest:
        big = {"origin": "number", "code": "too_big", "maximum": largest, "inclusive": True, "path": [name]}
        raise invalid([{**big, "message": f"Too big: expected number to be <={largest}"}])
    return value


class Search:
    """The search route."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._guard = world.guard
        self._shapes = world.shapes
        self._filters = FILTERS | ({} if world.version.is_modern else OLD_FILTERS)
        self._last: tuple[str, list[str]] = ("", [])  # the last question but for its page, and the ids it led to

    def routes(self) -> list[Route]:
        """The one route of this module."""
        return [Route("/api/search/metadata", self.metadata, methods=["POST"])]

    async def metadata(self, request: Request) -> Response:
        """One page of the assets that pass every filter, newest first."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.read").user
        if not isinstance(body, dict):
            raise invalid([wrong_type([], "object", body)])
        page = whole_number(body, "page", 1, 2**53 - 1)
        size = whole_number(body, "size", PAGE, LARGEST_PAGE)
        id_list(body, "albumIds", required=False)
        found = self._found(user, body)
        shown = [one for asset_id in found[(page - 1) * size : page * size] if (one := self._store.find(asset_id))]
        item = self._shapes.asset_item
        items = [item(one) | ({"exifInfo": exif(one)} if body.get("withExif") else {}) for one in shown]
        more = str(page + 1) if len(found) > page * size else None
        assets = {"total": len(items), "count": len(items), "items": items, "facets": [], "nextPage": more}
        return answer(request, {"albums": {"total": 0, "count": 0, "items": [], "facets": []}, "assets": assets})

    def _found(self, user: User, body: dict[str, Any]) -> list[str]:
        """The ids of all pages; remembered, so that a hundred pages of a large library are not a hundred searches."""
        asked = {name: value for name, value in body.items() if name not in {"page", "size"}}
        question = json.dumps([user.id, self._world.ledger.changes, asked], sort_keys=True)
        if self._last[0] != question:
            owners = [user, *(one.shared_by for one in self._shown_to(user))]
            found = [asset for owner in owners for asset in self._store.of(owner) if self._passes(asset, body)]
            found.sort(key=lambda asset: (asset.created, asset.id), reverse=body.get("order", "desc") == "desc")
            self._last = question, [asset.id for asset in found]
        return self._last[1]

    def _shown_to(self, user: User) -> list[Partner]:
        """The partners whose assets the user has in the timeline: a search finds these too."""
        return [one for one in self._world.people.partners if one.shared_with is user and one.in_timeline]

    def _passes(self, asset: Asset, body: dict[str, Any]) -> bool:
        with_trash = body.get("withDeleted") is True or "trashedAfter" in body or "trashedBefore" in body
        if asset.is_trashed and not with_trash:
            return False
        if "visibility" not in body and not self._is_usual(asset):
            return False
        if not all(self._in_album(asset, one) for one in body.get("albumIds", ())):
            return False
        if body.get("isNotInAlbum") is True and any(asset.id in one.asset_ids for one in self._albums(asset)):
            return False
        return all(test(asset, body[name]) for name, test in self._filters.items() if name in body)

    def _is_usual(self, asset: Asset) -> bool:
        """What is found when no visibility is named."""
        return asset.visibility != "locked" if self._world.version.searches_archive else asset.visibility == "timeline"

    def _albums(self, asset: Asset) -> list[Album]:
        return self._world.albums.seen_by(asset.owner)

    def _in_album(self, asset: Asset, album_id: str) -> bool:
        album = self._world.albums.seen(asset.owner, album_id)
        return album is not None and asset.id in album.asset_ids
