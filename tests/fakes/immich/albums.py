"""Albums and what is in them.

For: the routes below ``/api/albums``.
Must not: list the assets of an album; the real server stopped doing that with version 3.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, no_access
from .checks import id_list, json_body, path_id, text_field
from .models import Album, User
from .render import album as album_json
from .world import World


class Albums:
    """Album routes."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module; fixed names before ids."""
        return [
            Route("/api/albums", self.list_all, methods=["GET"]),
            Route("/api/albums", self.create, methods=["POST"]),
            Route("/api/albums/statistics", self.statistics, methods=["GET"]),
            Route("/api/albums/assets", self.fill_many, methods=["PUT"]),
            Route("/api/albums/{id}", self.show, methods=["GET"]),
            Route("/api/albums/{id}", self.rename, methods=["PATCH"]),
            Route("/api/albums/{id}", self.delete, methods=["DELETE"]),
            Route("/api/albums/{id}/assets", self.fill, methods=["PUT"]),
            Route("/api/albums/{id}/assets", self.thin, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """All albums, newest first; three filters, everything else in the query is ignored."""
        user = self._guard.allow(request, "album.read").user
        found = self._of(user)
        query = request.query_params
        if "assetId" in query:
            found = [one for one in found if query["assetId"] in one.asset_ids]
        if "name" in query:
            found = [one for one in found if one.name == query["name"]]
        if query.get("isShared") == "true" or query.get("isOwned") == "false":
            found = []
        return answer(request, [album_json(one, self._store) for one in found])

    async def create(self, request: Request) -> Response:
        """A new album; names need not be unique, and unknown assets are left out without a word."""
        body = await json_body(request)
        user = self._guard.allow(request, "album.create").user
        name, description = text_field(body, "albumName"), text_field(body, "description", "")
        ids = id_list(body, "assetIds", required=False)
        album = Album(user, name, description)
        album.asset_ids = dict.fromkeys(one for one in ids if self._store.own(user, one) is not None)
        album.thumbnail = next(iter(album.asset_ids), None)
        self._store.add_album(album)
        return answer(request, album_json(album, self._store, with_newest=False), 201)

    async def statistics(self, request: Request) -> Response:
        """How many albums there are."""
        owned = len(self._of(self._guard.allow(request, "album.statistics").user))
        return answer(request, {"owned": owned, "shared": 0, "notShared": owned})

    async def show(self, request: Request) -> Response:
        """One album."""
        user = self._guard.allow(request, "album.read").user
        return answer(request, album_json(self._own(user, path_id(request), "album.read"), self._store))

    async def rename(self, request: Request) -> Response:
        """New name or description."""
        body = await json_body(request)
        user = self._guard.allow(request, "album.update").user
        album = self._own(user, path_id(request), "album.update")
        name = text_field(body, "albumName", album.name)
        album.name, album.description = name, text_field(body, "description", album.description)
        self._store.fill_album(album, [])
        return answer(request, album_json(album, self._store))

    async def delete(self, request: Request) -> Response:
        """Remove the album; its assets stay."""
        user = self._guard.allow(request, "album.delete").user
        self._store.drop_album(self._own(user, path_id(request), "album.delete"))
        return empty()

    async def fill(self, request: Request) -> Response:
        """Put assets in; the answer says for each id what became of it."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumAsset.create").user
        album_id, ids = path_id(request), id_list(body, "ids")
        album = self._store.own_album(user, album_id)
        if album is None:
            raise Refusal(400, "Album not found")
        taken: dict[str, None] = {}
        results = [self._place(user, album, one, taken) for one in ids]
        if taken:
            self._store.fill_album(album, taken)
        return answer(request, results)

    def _place(self, user: User, album: Album, asset_id: str, taken: dict[str, None]) -> dict[str, Any]:
        """The result for one id; ``taken`` collects those that go in."""
        if asset_id in album.asset_ids or asset_id in taken:
            return {"id": asset_id, "success": False, "error": "duplicate"}
        asset = self._store.own(user, asset_id)
        if asset is None or asset.visibility == "locked":
            return {"id": asset_id, "success": False, "error": "no_permission"}
        taken[asset_id] = None
        return {"id": asset_id, "success": True}

    async def fill_many(self, request: Request) -> Response:
        """Put the same assets into several albums; the answer only says whether it worked."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumAsset.create").user
        albums = [self._store.own_album(user, one) for one in id_list(body, "albumIds")]
        assets = [one for one in id_list(body, "assetIds") if self._store.own(user, one) is not None]
        mine = [one for one in albums if one is not None]
        if not mine or not assets:
            return answer(request, {"success": False, "error": "no_permission"})
        new = [(album, [one for one in assets if one not in album.asset_ids]) for album in mine]
        if not any(ids for _, ids in new):
            return answer(request, {"success": False, "error": "duplicate"})
        for album, ids in new:
            self._store.fill_album(album, ids)
        return answer(request, {"success": True})

    async def thin(self, request: Request) -> Response:
        """Take assets out."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumAsset.delete").user
        album_id, ids = path_id(request), id_list(body, "ids")
        album = self._own(user, album_id, "albumAsset.delete")
        gone: dict[str, None] = {}
        results: list[dict[str, Any]] = []
        for one in ids:
            if one in album.asset_ids and one not in gone:
                gone[one] = None
                results.append({"id": one, "success": True})
            else:
                results.append({"id": one, "success": False, "error": "not_found"})
        self._store.thin_album(album, gone)
        return answer(request, results)

    def _of(self, user: User) -> list[Album]:
        return [one for one in reversed(list(self._store.albums.values())) if one.owner is user]

    def _own(self, user: User, album_id: str, permission: str) -> Album:
        album = self._store.own_album(user, album_id)
        if album is None:
            raise no_access(permission)
        return album
