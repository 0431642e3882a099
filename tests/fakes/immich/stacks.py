"""Stacks and tags.

For: the routes below ``/api/stacks`` and ``/api/tags``.
Must not: hold state.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, no_access
from .checks import id_field, id_list, json_body, path_id, text_field, wrong_type
from .models import Stack, Tag, User
from .render import tag as tag_json
from .world import World


class Stacks:
    """Stack routes."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._stacks = world.stacks
        self._guard = world.guard
        self._shapes = world.shapes

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/stacks", self.list_all, methods=["GET"]),
            Route("/api/stacks", self.create, methods=["POST"]),
            Route("/api/stacks", self.delete_many, methods=["DELETE"]),
            Route("/api/stacks/{id}", self.show, methods=["GET"]),
            Route("/api/stacks/{id}", self.lead, methods=["PUT", "PATCH"]),
            Route("/api/stacks/{id}", self.delete, methods=["DELETE"]),
            Route("/api/stacks/{id}/assets/{assetId}", self.leave, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """All stacks, or the one with a certain asset on top."""
        user = self._guard.allow(request, "stack.read").user
        top = request.query_params.get("primaryAssetId")
        found = [one for one in self._stacks.of(user) if top in (None, one.primary)]
        return answer(request, [self._shapes.stack(one) for one in found])

    async def create(self, request: Request) -> Response:
        """A new stack of at least two own assets, the first one on top."""
        body = await json_body(request)
        user = self._guard.allow(request, "stack.create").user
        ids = id_list(body, "assetIds")
        if len(ids) < 2:
            small = {"origin": "array", "code": "too_small", "minimum": 2, "inclusive": True, "path": ["assetIds"]}
            raise invalid([{**small, "message": "Too small: expected array to have >=2 items"}])
        if any(self._store.own(user, one) is None for one in ids):
            raise no_access("asset.update")
        return answer(request, self._shapes.stack(self._stacks.add(user, list(dict.fromkeys(ids)))), 201)

    async def show(self, request: Request) -> Response:
        """One stack."""
        user = self._guard.allow(request, "stack.read").user
        return answer(request, self._shapes.stack(self._own(user, path_id(request), "stack.read")))

    async def lead(self, request: Request) -> Response:
        """Another asset on top."""
        body = await json_body(request)
        user = self._guard.allow(request, "stack.update").user
        stack = self._own(user, path_id(request), "stack.update")
        if "primaryAssetId" in body:
            asset_id = id_field(body, "primaryAssetId")
            if asset_id not in stack.asset_ids:
                raise Refusal(400, "Primary asset must be in the stack")
            self._stacks.lead(stack, asset_id)
        return answer(request, self._shapes.stack(stack))

    async def delete(self, request: Request) -> Response:
        """Undo a stack."""
        user = self._guard.allow(request, "stack.delete").user
        self._stacks.drop(self._own(user, path_id(request), "stack.delete"))
        return empty()

    async def delete_many(self, request: Request) -> Response:
        """Undo several stacks."""
        body = await json_body(request)
        user = self._guard.allow(request, "stack.delete").user
        for stack in [self._own(user, one, "stack.delete") for one in id_list(body, "ids")]:
            self._stacks.drop(stack)
        return empty()

    async def leave(self, request: Request) -> Response:
        """Take one asset out, but not the one on top."""
        user = self._guard.allow(request, "stack.update").user
        stack = self._own(user, path_id(request), "stack.update")
        asset_id = path_id(request, "assetId")
        if asset_id not in stack.asset_ids:
            raise Refusal(400, "Asset not in stack")
        if asset_id == stack.primary:
            raise Refusal(400, "Cannot remove primary asset")
        self._stacks.leave(stack, asset_id)
        return empty()

    def _own(self, user: User, stack_id: str, permission: str) -> Stack:
        stack = self._stacks.own(user, stack_id)
        if stack is None:
            raise no_access(permission)
        return stack


class Tags:
    """Tag routes."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._tags = world.tags
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module; fixed names before ids."""
        return [
            Route("/api/tags", self.list_all, methods=["GET"]),
            Route("/api/tags", self.create, methods=["POST"]),
            Route("/api/tags", self.upsert, methods=["PUT"]),
            Route("/api/tags/assets", self.put_many, methods=["PUT"]),
            Route("/api/tags/{id}", self.show, methods=["GET"]),
            Route("/api/tags/{id}", self.delete, methods=["DELETE"]),
            Route("/api/tags/{id}/assets", self.put_on, methods=["PUT"]),
            Route("/api/tags/{id}/assets", self.take_off, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """All tags."""
        user = self._guard.allow(request, "tag.read").user
        return answer(request, [tag_json(one) for one in self._tags.of(user)])

    async def create(self, request: Request) -> Response:
        """One new tag, below a parent or at the top."""
        body = await json_body(request)
        user = self._guard.allow(request, "tag.create").user
        name, value = text_field(body, "name"), text_field(body, "name")
        if body.get("parentId") is not None:
            value = f"{self._own(user, id_field(body, 'parentId'), 'tag.read').value}/{name}"
        if any(one.value == value for one in self._tags.of(user)):
            raise Refusal(400, "A tag with that name already exists")
        return answer(request, tag_json(self._tags.upsert(user, value)), 201)

    async def upsert(self, request: Request) -> Response:
        """The tags of some paths, made where they are missing; the last part of each is answered."""
        body = await json_body(request)
        user = self._guard.allow(request, "tag.create").user
        paths = body.get("tags") if isinstance(body, dict) else None
        if not isinstance(paths, list) or not all(isinstance(one, str) for one in paths):
            raise invalid([wrong_type(["tags"], "array")])
        return answer(request, [tag_json(self._tags.upsert(user, one)) for one in paths if one.strip("/ ")])

    async def show(self, request: Request) -> Response:
        """One tag."""
        user = self._guard.allow(request, "tag.read").user
        return answer(request, tag_json(self._own(user, path_id(request), "tag.read")))

    async def delete(self, request: Request) -> Response:
        """Remove a tag and those below it."""
        user = self._guard.allow(request, "tag.delete").user
        self._tags.drop(self._own(user, path_id(request), "tag.delete"))
        return empty()

    async def put_many(self, request: Request) -> Response:
        """Put several tags on several assets; how many pairs are new."""
        body = await json_body(request)
        user = self._guard.allow(request, "tag.asset").user
        tags = [tag for one in id_list(body, "tagIds") if (tag := self._tags.own(user, one)) is not None]
        ids = [one for one in id_list(body, "assetIds") if self._store.own(user, one) is not None]
        count = sum(self._tags.put_on(tag, ids) for tag in tags)
        self._announce(ids)
        return answer(request, {"count": count})

    async def put_on(self, request: Request) -> Response:
        """Put one tag on assets; the answer says for each id what became of it."""
        body = await json_body(request)
        user = self._guard.allow(request, "tag.asset").user
        tag, ids = self._own(user, path_id(request), "tag.asset"), id_list(body, "ids")
        results = [self._change(user, tag, one, on=True) for one in ids]
        self._announce([one["id"] for one in results if one["success"]])
        return answer(request, results)

    async def take_off(self, request: Request) -> Response:
        """Take one tag off assets."""
        body = await json_body(request)
        user = self._guard.allow(request, "tag.asset").user
        tag, ids = self._own(user, path_id(request), "tag.asset"), id_list(body, "ids")
        return answer(request, [self._change(user, tag, one, on=False) for one in ids])

    def _change(self, user: User, tag: Tag, asset_id: str, *, on: bool) -> dict[str, Any]:
        asset = self._store.own(user, asset_id)
        if asset is None:
            error = "no_permission" if on else "not_found"
            return {"id": asset_id, "success": False, "error": error}
        if (tag.id in asset.tag_ids) == on:
            return {"id": asset_id, "success": False, "error": "duplicate" if on else "not_found"}
        if on:
            self._tags.put_on(tag, [asset_id])
        else:
            self._tags.take_off(tag, asset)
        return {"id": asset_id, "success": True}

    def _announce(self, ids: list[str]) -> None:
        """The sidecars that the server writes for tagged assets lead to events."""
        for asset in [asset for one in ids if (asset := self._store.find(one)) is not None]:
            self._store.announce("asset_edited", asset)

    def _own(self, user: User, tag_id: str, permission: str) -> Tag:
        tag = self._tags.own(user, tag_id)
        if tag is None:
            raise no_access(permission)
        return tag
