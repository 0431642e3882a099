"""What the server says about itself: ping, version, features, limits, file types.

For: discovery and connection checks.
Must not: need credentials, except where the real server wants them.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer
from .filetypes import IMAGE, SIDECAR, VIDEO
from .models import new_id, now_iso
from .world import World

PROJECT = "https://github.com/immich-app/immich"
TILES = "https://tiles.immich.cloud/v1/style"
VERSION = {"major": 3, "minor": 1, "patch": 0, "prerelease": None}
FEATURES = (
    "smartSearch facialRecognition duplicateDetection map reverseGeocoding importFaces sidecar search trash oauth"
    " oauthAutoLaunch ocr passwordLogin configFile email realtimeTranscoding"
).split()
ON = frozenset({"map", "reverseGeocoding", "sidecar", "search", "trash", "passwordLogin"})
DISK = {
    "diskAvailable": "60.0 GiB",
    "diskSize": "240.0 GiB",
    "diskUse": "180.0 GiB",
    "diskAvailableRaw": 64424509440,
    "diskSizeRaw": 257698037760,
    "diskUseRaw": 193273528320,
    "diskUsagePercentage": 75.0,
}


def version_text() -> str:
    """The version as ``3.1.0``."""
    return ".".join(str(VERSION[part]) for part in ("major", "minor", "patch"))


def about() -> dict[str, Any]:
    """Build information."""
    name = f"v{version_text()}"
    return {
        "version": name,
        "versionUrl": f"{PROJECT}/releases/tag/{name}",
        "licensed": False,
        "repository": "immich-app/immich",
        "repositoryUrl": PROJECT,
        "sourceRef": name,
        "sourceCommit": "8aa95c674",
        "nodejs": "v24.21.0",
        "exiftool": "13.59",
        "ffmpeg": "5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers",
        "libvips": "8.17.3",
        "imagemagick": "",
    }


def config() -> dict[str, Any]:
    """Settings a client needs before anybody signed in."""
    return {
        "loginPageMessage": "",
        "trashDays": 30,
        "userDeleteDelay": 7,
        "oauthButtonText": "Login with OAuth",
        "isInitialized": True,
        "isOnboarded": True,
        "externalDomain": "",
        "publicUsers": True,
        "mapDarkStyleUrl": f"{TILES}/dark.json",
        "mapLightStyleUrl": f"{TILES}/light.json",
        "maintenanceMode": False,
        "minFaces": 3,
    }


class ServerInfo:
    """The routes below ``/api/server``, and the well-known document."""

    def __init__(self, world: World) -> None:
        self._guard = world.guard
        self._history = [{"id": new_id(), "createdAt": now_iso(), "version": version_text()}]

    def routes(self) -> list[Route]:
        """Public documents, then the two that need a permission."""
        documents: dict[str, Any] = {
            "/.well-known/immich": {"api": {"endpoint": "/api"}},
            "/api/server/ping": {"res": "pong"},
            "/api/server/version": VERSION,
            "/api/server/version-history": self._history,
            "/api/server/features": {name: name in ON for name in FEATURES},
            "/api/server/config": config(),
            "/api/server/media-types": {"video": list(VIDEO), "image": list(IMAGE), "sidecar": list(SIDECAR)},
        }
        public = [self._document(path, value) for path, value in documents.items()]
        return [
            *public,
            self._document("/api/server/about", about(), "server.about"),
            self._document("/api/server/storage", DISK, "server.storage"),
        ]

    def _document(self, path: str, value: Any, permission: str | None = None) -> Route:
        """A route that always answers the same."""

        async def show(request: Request) -> Response:
            if permission is not None:
                self._guard.allow(request, permission)
            return answer(request, value)

        return Route(path, show, methods=["GET"])
