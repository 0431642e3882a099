"""Deleting assets, the trash, and the purge job that follows a forced delete.

For: ``DELETE /api/assets`` and the routes below ``/api/trash``.
Must not: purge while the test holds the job back.
Thread: the server's.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import answer, empty, no_access
from .checks import id_list, json_body
from .models import User
from .world import World


class Trash:
    """Routes that make assets disappear and come back."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/assets", self.delete, methods=["DELETE"]),
            Route("/api/trash/restore/assets", self.restore_some, methods=["POST"]),
            Route("/api/trash/restore", self.restore_all, methods=["POST"]),
            Route("/api/trash/empty", self.empty_trash, methods=["POST"]),
        ]

    async def delete(self, request: Request) -> Response:
        """Into the trash, or with ``force`` away for good; all ids or none."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.delete").user
        ids = id_list(body, "ids")
        self._need(user, ids)
        if body.get("force") is True:
            self._purge_later(ids)
        else:
            self._store.trash(user, ids)
        return empty()

    async def restore_some(self, request: Request) -> Response:
        """Out of the trash again; the count is that of the ids, not of the changes."""
        body = await json_body(request)
        user = self._guard.allow(request, "asset.delete").user
        ids = id_list(body, "ids")
        self._need(user, ids)
        self._store.restore(user, ids)
        return answer(request, {"count": len(ids)})

    async def restore_all(self, request: Request) -> Response:
        """Everything out of the trash."""
        user = self._guard.allow(request, "asset.delete").user
        ids = self._in_trash(user)
        self._store.restore(user, ids, all_of_them=True)
        return answer(request, {"count": len(ids)})

    async def empty_trash(self, request: Request) -> Response:
        """Everything in the trash away for good."""
        user = self._guard.allow(request, "asset.delete").user
        ids = self._in_trash(user)
        self._purge_later(ids)
        return answer(request, {"count": len(ids)})

    def _in_trash(self, user: User) -> list[str]:
        return [asset.id for asset in self._store.of(user) if asset.is_trashed and not asset.dying]

    def _need(self, user: User, ids: list[str]) -> None:
        if any(self._store.own(user, one) is None for one in ids):
            raise no_access("asset.delete")

    def _purge_later(self, ids: list[str]) -> None:
        self._store.condemn(ids)
        window = self._world.settings.dying_window
        if window == 0:
            self._store.purge(ids)
        elif window is not None:
            asyncio.get_running_loop().call_later(window, self._store.purge, ids)
