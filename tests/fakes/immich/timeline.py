"""The timeline in months.

For: ``/api/timeline/buckets`` and ``/api/timeline/bucket``.
Must not: sort by anything but the date a picture was taken.
Thread: the server's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer
from .models import Asset, User
from .render import HEIGHT, WIDTH, clock, thumbhash
from .world import World


class Timeline:
    """Timeline routes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/timeline/buckets", self.buckets, methods=["GET"]),
            Route("/api/timeline/bucket", self.bucket, methods=["GET"]),
        ]

    async def buckets(self, request: Request) -> Response:
        """The months, newest first, and how many assets each has."""
        user = self._guard.allow(request, "asset.read").user
        months = Counter(_month(asset) for asset in self._found(user, request))
        return answer(request, [{"timeBucket": month, "count": months[month]} for month in sorted(months)[::-1]])

    async def bucket(self, request: Request) -> Response:
        """The assets of one month, column by column."""
        user = self._guard.allow(request, "asset.read").user
        month = request.query_params.get("timeBucket", "")[:7]
        found = [asset for asset in self._found(user, request) if asset.created.startswith(month)]
        found.sort(key=lambda asset: asset.created, reverse=True)
        rows = [self._row(asset) for asset in found]
        return answer(request, {name: [row[name] for row in rows] for name in self._row(None)})

    def _row(self, asset: Asset | None) -> dict[str, Any]:
        """The columns of an asset; without one, their names."""
        shown: dict[str, Any] = {
            "id": asset and asset.id,
            "ownerId": asset and asset.owner.id,
            "fileCreatedAt": asset and asset.created,
            "isFavorite": asset and asset.favorite,
            "isImage": asset and asset.type == "IMAGE",
            "isTrashed": asset and asset.is_trashed,
            "livePhotoVideoId": asset and asset.live_video,
            "localOffsetHours": 0,
            "ratio": WIDTH / HEIGHT,
            "thumbhash": asset and thumbhash(asset),
            "visibility": asset and asset.visibility,
            "duration": asset and asset.duration,
            **dict.fromkeys(("city", "country", "projectionType")),
        }
        if self._world.version.is_modern:
            shown["createdAt"] = asset and asset.uploaded_at
        elif asset is not None:
            shown["duration"] = clock(asset.duration)
        return shown

    def _found(self, user: User, request: Request) -> Iterator[Asset]:
        query = request.query_params
        trashed = query.get("isTrashed") == "true"
        visibility = query.get("visibility")
        for asset in self._world.store.of(user):
            fits = asset.visibility == visibility if visibility else asset.visibility in {"timeline", "archive"}
            if fits and asset.is_trashed == trashed:
                yield asset


def _month(asset: Asset) -> str:
    return f"{asset.created[:7]}-01"
