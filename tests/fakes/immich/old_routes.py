"""What only servers before 3.0 had: finding assets by the ids that a device gave them.

For: ``/api/assets/exist`` and ``/api/assets/device/{deviceId}``.
Must not: be there when the stand-in is a newer server.
Thread: the server's.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer
from .checks import json_body, text_field
from .world import World


class OldRoutes:
    """Routes that are gone."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """All routes of this module, none for a newer server."""
        if not self._world.version.has_device_ids:
            return []
        return [
            Route("/api/assets/exist", self.exist, methods=["POST"]),
            Route("/api/assets/device/{deviceId}", self.of_device, methods=["GET"]),
        ]

    async def exist(self, request: Request) -> Response:
        """Which of these ids of a device are known."""
        body = await json_body(request)
        permission = "asset.upload" if self._world.version.has_copy else "all"
        user = self._world.guard.allow(request, permission).user
        device, asked = text_field(body, "deviceId"), set(body.get("deviceAssetIds", []))
        known = [one for one in self._world.store.of(user) if one.device_id == device]
        return answer(request, {"existingIds": [one.device_asset_id for one in known if one.device_asset_id in asked]})

    async def of_device(self, request: Request) -> Response:
        """All ids of a device."""
        user = self._world.guard.allow(request).user
        device = request.path_params["deviceId"]
        found = [one.device_asset_id for one in self._world.store.of(user) if one.device_id == device]
        return answer(request, found)
