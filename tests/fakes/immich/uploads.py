"""POST /api/assets: receiving a photo or video.

For: the whole life of one upload, from the checksum header to the stored asset.
Must not: hold the file in memory, or read the body when the checksum header already decides.
Thread: the server's.
"""

from __future__ import annotations

import base64
import binascii
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer
from .checks import json_body
from .exchange import exchange_of
from .filetypes import extension, kind_of, looks_readable
from .models import Asset, User
from .multipart import BadForm, MultipartReader, boundary_of
from .upload_form import FileSink, UploadFields, UploadForm, checked
from .world import World

FIELD_NAMES = (
    "fileCreatedAt",
    "fileModifiedAt",
    "filename",
    "isFavorite",
    "visibility",
    "duration",
    "livePhotoVideoId",
    "metadata",
    "deviceAssetId",
    "deviceId",
)
_DESCRIPTION = re.compile(rb"<dc:description>.*?<rdf:li[^>]*>(.*?)</rdf:li>", re.DOTALL)
_RATING = re.compile(rb"xmp:Rating(?:=[\"']|>)(-?\d)")


def parse_checksum(text: str) -> bytes | None:
    """A SHA-1 from base64 (28 characters) or hexadecimal; None for anything else."""
    try:
        digest = base64.b64decode(text, validate=True) if len(text) == 28 else bytes.fromhex(text)
    except (ValueError, binascii.Error):
        return None
    return digest if len(digest) == 20 else None


class Uploads:
    """The upload route."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def routes(self) -> list[Route]:
        """The one route of this module."""
        return [Route("/api/assets", self.upload, methods=["POST"])]

    async def upload(self, request: Request) -> Response:
        """Answer at once when the checksum header is known; otherwise receive, check and store."""
        user = self._world.guard.allow(request, "asset.upload").user
        announced = parse_checksum(request.headers.get("x-immich-checksum", ""))
        known = self._store.by_checksum(user, announced)
        if known is not None:
            return self._duplicate(request, known)
        form = UploadForm(self._world.settings.files, self._world.version)
        self._world.counters.upload_begins()
        try:
            values = await self._receive(request, form)
            return self._commit(request, user, form, checked(values, self._world.version))
        except BaseException:
            form.discard()
            raise
        finally:
            self._world.counters.upload_ends()

    async def _receive(self, request: Request, form: UploadForm) -> dict[str, str | None]:
        """Read the body to its end, then report the first thing that was wrong with it."""
        content_type = request.headers.get("content-type", "")
        if not content_type.startswith("multipart/"):
            body = await json_body(request)
            sent = body if isinstance(body, dict) else {}
            return {name: str(sent[name]) if name in sent else None for name in FIELD_NAMES}
        try:
            reader = MultipartReader(boundary_of(content_type), form.open_part)
            await exchange_of(request).read_into(reader.feed)
            if form.problem is not None:
                raise form.problem
            reader.finish()
        except BadForm as problem:
            raise Refusal(400, str(problem)) from problem
        return {name: form.value(name) for name in FIELD_NAMES}

    def _commit(self, request: Request, user: User, form: UploadForm, fields: UploadFields) -> Response:
        """The checks that follow a well-formed upload, in the order in which the server makes them."""
        file = form.asset
        if file is None:
            raise Refusal(400, "File is required")
        if file.size == 0 and self._world.version.refuses_empty_files:
            raise Refusal(400, "File is empty")
        with self._world.pulse.lock:
            if user.quota is not None and user.quota < user.usage + file.size:
                raise Refusal(400, "Quota has been exceeded!")
            video = self._live_video(user, fields.live_video)
            asset, created = self._store.add(self._new_asset(user, form, file, fields))
            if not created:
                form.discard()
                return self._duplicate(request, asset)
            if video is not None and video.visibility == "timeline":
                self._store.hide(video)
        return answer(request, {"id": asset.id, "status": "created"}, 201)

    def _live_video(self, user: User, asset_id: str | None) -> Asset | None:
        """The motion part a photo names, if it may be one."""
        if asset_id is None:
            return None
        video = self._store.find(asset_id)
        if video is None:
            raise Refusal(400, "Live photo video not found")
        if video.type != "VIDEO":
            raise Refusal(400, "Live photo video must be a video")
        if video.owner is not user:
            raise Refusal(400, "Live photo video does not belong to the user")
        return video

    def _new_asset(self, user: User, form: UploadForm, file: FileSink, fields: UploadFields) -> Asset:
        filename = fields.filename or file.filename
        asset = Asset(
            owner=user,
            checksum=file.checksum,
            size=file.size,
            filename=filename,
            type=kind_of(filename) or kind_of(file.filename) or "OTHER",
            created=min(fields.created, fields.modified),
            modified=fields.modified,
            visibility=fields.visibility,
            favorite=fields.favorite,
            duration=fields.duration or None,
            live_video=fields.live_video,
            metadata=fields.metadata,
            readable=looks_readable(filename, file.head, file.tail),
            extracted=self._world.settings.extraction_s == 0,
            device_asset_id=fields.device_asset_id,
            device_id=fields.device_id,
        )
        if file.path is not None:
            asset.path = file.path.with_name(asset.id + extension(filename))
            if self._store.by_checksum(user, file.checksum) is None:
                file.path.rename(asset.path)
        if form.sidecar is not None:
            _apply_sidecar(asset, bytes(form.sidecar.data))
        return asset

    def _duplicate(self, request: Request, asset: Asset) -> Response:
        return answer(request, {"status": "duplicate", "id": asset.id})


def _apply_sidecar(asset: Asset, xmp: bytes) -> None:
    """Description and rating come from the sidecar."""
    asset.sidecar = xmp
    description, rating = _DESCRIPTION.search(xmp), _RATING.search(xmp)
    if description is not None:
        asset.description = description.group(1).decode("utf-8", "replace").strip()
    if rating is not None:
        asset.rating = int(rating.group(1)) or None
