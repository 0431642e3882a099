"""What the server says about itself: ping, version, features, limits, file types.

For: discovery and connection checks.
Must not: need credentials, except where the real server wants them.
Thread: the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer
from .filetypes import IMAGE, SIDECAR, VIDEO
from .models import new_id, now_iso
from .versions import Version
from .world import World

PROJECT = "https://github.com/immich-app/immich"
TILES = "https://tiles.immich.cloud/v1/style"
FEATURES = (
    "smartSearch facialRecognition duplicateDetection map reverseGeocoding importFaces sidecar search trash oauth"
    " oauthAutoLaunch ocr passwordLogin configFile email realtimeTranscoding"
).split()
ON = frozenset({"map", "reverseGeocoding", "sidecar", "search", "trash"})
DISK = {
    "diskAvailable": "60.0 GiB",
    "diskSize": "240.0 GiB",
    "diskUse": "180.0 GiB",
    "diskAvailableRaw": 64424509440,
    "diskSizeRaw": 257698037760,
    "diskUseRaw": 193273528320,
    "diskUsagePercentage": 75.0,
}


def about(version: Version) -> dict[str, Any]:
    """Build information."""
    name = f"v{version}"
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


def config(version: Version) -> dict[str, Any]:
    """Settings a client needs before anybody signed in."""
    shown: dict[str, Any] = {
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
    }
    shown |= {"maintenanceMode": False} if version.has_maintenance else {}
    return shown | ({"minFaces": 3} if version.is_modern else {})


def media_types(version: Version) -> dict[str, list[str]]:
    """The endings of file names that are taken."""
    known = {"video": VIDEO, "image": IMAGE, "sidecar": SIDECAR}
    return {kind: [one for one in names if one not in version.unknown_extensions] for kind, names in known.items()}


class ServerInfo:
    """The routes below ``/api/server``, and the well-known document."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._guard = world.guard
        self._history = [{"id": new_id(), "createdAt": now_iso(), "version": str(world.version)}]

    def routes(self) -> list[Route]:
        """Public documents, then the two that need a permission."""
        version = self._world.version
        documents: dict[str, Callable[[], Any]] = {
            "/.well-known/immich": lambda: {"api": {"endpoint": "/api"}},
            "/api/server/ping": lambda: {"res": "pong"},
            "/api/server/version": lambda: version.document,
            "/api/server/version-history": lambda: self._history,
            "/api/server/features": self._features,
            "/api/server/config": lambda: config(version),
            "/api/server/media-types": lambda: media_types(version),
        }
        public = [self._document(path, value) for path, value in documents.items()]
        return [
            *public,
            self._document("/api/server/about", lambda: about(version), "server.about"),
            self._document("/api/server/storage", lambda: DISK, "server.storage"),
        ]

    def _features(self) -> dict[str, bool]:
        """What is switched on, as the settings are now."""
        version = self._world.version
        hidden = {"realtimeTranscoding"} if not version.is_modern else set()
        hidden |= set() if version.has_ocr else {"ocr"}
        now = {"oauth": self._world.provider.enabled, "passwordLogin": self._world.settings.password_login}
        return {name: now.get(name, name in ON) for name in FEATURES if name not in hidden}

    def _document(self, path: str, value: Callable[[], Any], permission: str | None = None) -> Route:
        """A route that shows something."""

        async def show(request: Request) -> Response:
            if permission is not None:
                self._guard.allow(request, permission)
            return answer(request, value())

        return Route(path, show, methods=["GET"])
