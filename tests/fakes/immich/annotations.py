"""Key and value pairs that clients keep with assets.

For: the routes ``/api/assets/{id}/metadata`` and ``/api/assets/metadata``.
Must not: look into the values.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, no_access
from .checks import Issue, id_field, json_body, not_one_of, path_id, wrong_type
from .models import Asset, User
from .world import World

OLD_KEYS = ("mobile-app",)


class Annotations:
    """Metadata routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module; those for many assets came with 2.5."""
        many = [
            Route("/api/assets/metadata", self.set_many, methods=["PUT"]),
            Route("/api/assets/metadata", self.remove_many, methods=["DELETE"]),
        ]
        return [
            *(many if self._world.version.has_free_metadata else []),
            Route("/api/assets/{id}/metadata", self.show_all, methods=["GET"]),
            Route("/api/assets/{id}/metadata", self.set, methods=["PUT"]),
            Route("/api/assets/{id}/metadata/{key}", self.show, methods=["GET"]),
            Route("/api/assets/{id}/metadata/{key}", self.remove, methods=["DELETE"]),
        ]

    async def show_all(self, request: Request) -> Response:
        """Everything kept with an asset."""
        user = self._guard.allow(request, "asset.read").user
        asset = self._own(user, path_id(request), "asset.read")
        return answer(request, [self._shown(asset, key) for key in asset.metadata])

    async def show(self, request: Request) -> Response:
        """One value."""
        user = self._guard.allow(request, "asset.read").user
        asset = self._own(user, path_id(request), "asset.read")
        key = str(request.path_params["key"])
        if key not in asset.metadata:
            raise Refusal(400, f'Metadata with key "{key}" not found for asset with id "{asset.id}"')
        return answer(request, self._shown(asset, key))

    async def set(self, request: Request) -> Response:
        """Set some values; others stay."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.update").user
        asset = self._own(user, path_id(request), "asset.update")
        items = self._items(body)
        self._store.annotate(asset, items)
        return answer(request, [self._shown(self._own(user, asset.id, "asset.update"), key) for key in items])

    async def remove(self, request: Request) -> Response:
        """Remove one value."""
        user = self._guard.allow(request, "asset.update").user
        self._store.forget(self._own(user, path_id(request), "asset.update"), str(request.path_params["key"]))
        return empty()

    async def set_many(self, request: Request) -> Response:
        """Set values of several assets."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.update").user
        self._items(body)
        assets = [self._own(user, id_field(one, "assetId"), "asset.update") for one in body["items"]]
        shown = []
        for asset, one in zip(assets, body["items"], strict=True):
            self._store.annotate(asset, {one["key"]: one["value"]})
            kept = self._own(user, asset.id, "asset.update")
            shown.append({"assetId": asset.id, **self._shown(kept, one["key"])})
        return answer(request, shown)

    async def remove_many(self, request: Request) -> Response:
        """Remove values of several assets."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.update").user
        for one in body.get("items", []):
            self._store.forget(self._own(user, id_field(one, "assetId"), "asset.update"), str(one.get("key")))
        return empty()

    def _items(self, body: Any) -> dict[str, dict[str, Any]]:
        items = body.get("items") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise invalid([wrong_type(["items"], "array")])
        issues: list[Issue] = []
        found: dict[str, dict[str, Any]] = {}
        for place, item in enumerate(items):
            key, value = item.get("key"), item.get("value")
            if not isinstance(key, str):
                issues.append(wrong_type(["items", place, "key"], "string"))
            elif not self._world.version.has_free_metadata and key not in OLD_KEYS:
                issues.append(not_one_of(["items", place, "key"], OLD_KEYS))
            if not isinstance(value, dict):
                issues.append(wrong_type(["items", place, "value"], "record"))
            else:
                found[str(key)] = value
        if issues:
            raise invalid(issues)
        return found

    def _shown(self, asset: Asset, key: str) -> dict[str, Any]:
        return {"key": key, "value": asset.metadata[key], "updatedAt": asset.updated_at}

    def _own(self, user: User, asset_id: str, permission: str) -> Asset:
        asset = self._store.own(user, asset_id)
        if asset is None:
            raise no_access(permission)
        return asset
