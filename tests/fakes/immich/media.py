"""Thumbnails and original files.

For: ``/api/assets/{id}/thumbnail`` and ``/original``.
Must not: make pictures; every readable asset has the same tiny thumbnail.
Thread: the server's.
"""

from __future__ import annotations

import base64
from datetime import datetime
from email.utils import format_datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from .answers import Refusal, no_access, same_etag
from .checks import path_id
from .filetypes import WEB_IMAGES, extension, mime_of
from .models import Asset
from .world import World

CACHE = "private, max-age=86400, no-transform, stale-while-revalidate=2592000, stale-if-error=2592000"
WEBP = base64.b64decode("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=")
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////"
    "////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA="
)


def file_headers(name: str, size: int, changed: str) -> dict[str, str]:
    """The headers of a file answer; the ETag is weak and made of size and time."""
    moment = datetime.fromisoformat(changed)
    return {
        "cache-control": CACHE,
        "content-disposition": f"inline; filename*=UTF-8''{quote(name)}",
        "accept-ranges": "bytes",
        "last-modified": format_datetime(moment, usegmt=True),
        "etag": f'W/"{size:x}-{int(moment.timestamp() * 1000):x}"',
    }


class Media:
    """Routes that answer with files."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/assets/{id}/thumbnail", self.thumbnail, methods=["GET"]),
            Route("/api/assets/{id}/original", self.original, methods=["GET"]),
        ]

    async def thumbnail(self, request: Request) -> Response:
        """A small picture; large sizes lead elsewhere."""
        asset = self._asset(request, "asset.view")
        size = request.query_params.get("size", "thumbnail")
        if size == "original" or (size == "fullsize" and extension(asset.filename) in WEB_IMAGES):
            return _redirect("original?")
        if size == "fullsize":
            return _redirect("thumbnail?size=preview")
        if not asset.readable or not asset.extracted:
            raise Refusal(404, "Asset media not found")
        kind, content = ("jpeg", JPEG) if size == "preview" else ("webp", WEBP)
        name = f"{PurePosixPath(asset.filename).stem}_{size}.{kind}"
        headers = file_headers(name, len(content), asset.uploaded_at)
        if same_etag(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=f"image/{kind}")

    async def original(self, request: Request) -> Response:
        """The bytes as they were uploaded, whole or in part; only when the stand-in keeps files."""
        asset = self._asset(request, "asset.download")
        if asset.path is None:
            raise Refusal(404, "Asset media not found")
        headers = file_headers(asset.filename, asset.size, asset.modified)
        if same_etag(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return FileResponse(asset.path, headers=headers, media_type=mime_of(asset.filename))

    def _asset(self, request: Request, permission: str) -> Asset:
        user = self._guard.allow(request, permission).user
        asset = self._store.own(user, path_id(request))
        if asset is None:
            raise no_access(permission)
        return asset


def _redirect(location: str) -> Response:
    headers = {"location": location, "vary": "Accept, Accept-Encoding"}
    return PlainTextResponse(f"Found. Redirecting to {location}", 302, headers)
