"""Albums, what is in them, and whom they are shared with.

For: the routes below ``/api/albums``.
Must not: list the assets of an album when it stands for a server of version 3; that stopped with it.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, no_access
from .checks import id_field, id_list, json_body, path_id, text_field
from .models import Album, User
from .world import World

ROLES = ("editor", "viewer")


class Albums:
    """Album routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._albums = world.albums
        self._guard = world.guard
        self._shapes = world.shapes

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
            Route("/api/albums/{id}/users", self.share, methods=["PUT"]),
            Route("/api/albums/{id}/user/{userId}", self.unshare, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """All albums, newest first; some filters, everything else in the query is ignored."""
        user = self._guard.allow(request, "album.read").user
        found, query = self._of(user), request.query_params
        if "assetId" in query:
            found = [one for one in found if query["assetId"] in one.asset_ids]
        if self._world.version.is_modern:
            found = [one for one in found if query.get("name", one.name) == one.name]
            found = [one for one in found if query.get("id", one.id) == one.id]
            if "isOwned" in query:
                found = [one for one in found if (one.owner is user) == (query["isOwned"] == "true")]
            shared = query.get("isShared")
        else:
            shared = query.get("shared")
        if shared is not None:
            found = [one for one in found if (len(one.members) > 1) == (shared == "true")]
        return answer(request, [self._shapes.album(one) for one in found])

    async def create(self, request: Request) -> Response:
        """A new album; names need not be unique, and unknown assets are left out without a word."""
        body = await json_body(request)
        user = self._guard.allow(request, "album.create").user
        name, description = text_field(body, "albumName"), text_field(body, "description", "")
        ids = id_list(body, "assetIds", required=False)
        album = Album(user, name, description)
        self._albums.add(album, dict.fromkeys(one for one in ids if self._store.own(user, one) is not None))
        return answer(request, self._shapes.album(album, with_newest=False), 201)

    async def statistics(self, request: Request) -> Response:
        """How many albums there are."""
        user = self._guard.allow(request, "album.statistics").user
        found = self._of(user)
        owned = [one for one in found if one.owner is user]
        lonely = [one for one in owned if len(one.members) == 1]
        shown = {"owned": len(owned), "shared": len(found) - len(lonely), "notShared": len(lonely)}
        return answer(request, shown)

    async def show(self, request: Request) -> Response:
        """One album."""
        user = self._guard.allow(request, "album.read").user
        album = self._albums.seen(user, path_id(request))
        if album is None:
            raise no_access("album.read")
        with_assets = request.query_params.get("withoutAssets") != "true"
        return answer(request, self._shapes.album(album, with_assets=with_assets))

    async def rename(self, request: Request) -> Response:
        """New name or description."""
        body = await json_body(request)
        user = self._guard.allow(request, "album.update").user
        album = self._own(user, path_id(request), "album.update")
        name = text_field(body, "albumName", album.name)
        self._albums.rename(album, name, text_field(body, "description", album.description))
        return answer(request, self._shapes.album(album))

    async def delete(self, request: Request) -> Response:
        """Remove the album; its assets stay."""
        user = self._guard.allow(request, "album.delete").user
        self._albums.drop(self._own(user, path_id(request), "album.delete"))
        return empty()

    async def fill(self, request: Request) -> Response:
        """Put assets in; the answer says for each id what became of it."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumAsset.create").user
        album_id, ids = path_id(request), id_list(body, "ids")
        album = self._albums.edited(user, album_id)
        if album is None:
            raise Refusal(400, "Album not found")
        taken: dict[str, None] = {}
        results = [self._place(user, album, one, taken) for one in ids]
        if taken:
            self._albums.fill(album, taken)
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
        albums = [self._albums.edited(user, one) for one in id_list(body, "albumIds")]
        assets = [one for one in id_list(body, "assetIds") if self._store.own(user, one) is not None]
        mine = [one for one in albums if one is not None]
        if not mine or not assets:
            return answer(request, {"success": False, "error": "no_permission"})
        new = [(album, [one for one in assets if one not in album.asset_ids]) for album in mine]
        if not any(ids for _, ids in new):
            return answer(request, {"success": False, "error": "duplicate"})
        for album, ids in new:
            self._albums.fill(album, ids)
        return answer(request, {"success": True})

    async def thin(self, request: Request) -> Response:
        """Take assets out."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumAsset.delete").user
        album_id, ids = path_id(request), id_list(body, "ids")
        album = self._albums.edited(user, album_id)
        if album is None:
            raise no_access("albumAsset.delete")
        gone: dict[str, None] = {}
        results: list[dict[str, Any]] = []
        for one in ids:
            if one in album.asset_ids and one not in gone:
                gone[one] = None
                results.append({"id": one, "success": True})
            else:
                results.append({"id": one, "success": False, "error": "not_found"})
        self._albums.thin(album, gone)
        return answer(request, results)

    async def share(self, request: Request) -> Response:
        """Let others see the album."""
        body = await json_body(request)
        user = self._guard.allow(request, "albumUser.create").user
        album = self._own(user, path_id(request), "album.share")
        for one in body.get("albumUsers", []):
            other = self._world.people.users.get(id_field(one, "userId"))
            if other is None:
                raise Refusal(400, "User not found")
            if other.id in album.members:
                raise Refusal(400, "User already added")
            role = one.get("role", "editor")
            self._albums.share(album, other, role if role in ROLES else "editor")
        return answer(request, self._shapes.album(album))

    async def unshare(self, request: Request) -> Response:
        """Somebody leaves the album, or is made to."""
        user = self._guard.allow(request, "albumUser.delete").user
        album_id, other_id = path_id(request), request.path_params["userId"]
        album = self._albums.seen(user, album_id)
        other = user.id if other_id == "me" else str(other_id)
        if album is None or (album.owner is not user and other != user.id):
            raise no_access("album.share")
        if other not in album.members or other == album.owner.id:
            raise Refusal(400, "Album not shared with user")
        self._albums.unshare(album, album.members[other].user)
        return empty()

    def _of(self, user: User) -> list[Album]:
        return self._albums.seen_by(user)[::-1]

    def _own(self, user: User, album_id: str, permission: str) -> Album:
        album = self._albums.own(user, album_id)
        if album is None:
            raise no_access(permission)
        return album
