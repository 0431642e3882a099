"""Which change leads to which event, and when the server has looked at a new file.

For: the one listener that turns changes of the state into messages for the hall.
Must not: know the protocol, or change anything but what the server finds out about a file.
Thread: that of the change; the shared lock is held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .models import Album, Asset, User
from .sync_lines import asset_data, exif_data
from .world import World

LOUD = frozenset({"timeline", "archive"})  # who uploads anything else is not told


class Herald:
    """Listens to the state, speaks to the hall."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hall = world.hall
        self._tell: dict[str, Callable[[User, Any], None]] = {
            "asset_created": self._created,
            "asset_ready": self._ready,
            "asset_shown": self._ready,
            "asset_edited": self._of_asset("on_asset_update"),
            "asset_hidden": lambda owner, asset: self._emit(owner, "on_asset_hidden", asset.id),
            "assets_trashed": lambda owner, ids: self._emit(owner, "on_asset_trash", ids),
            "assets_restored": lambda owner, ids: self._emit(owner, "on_asset_restore", ids),
            "asset_deleted": lambda owner, asset_id: self._emit(owner, "on_asset_delete", asset_id),
            "stack_changed": lambda owner, _: self._emit(owner, "on_asset_stack_update"),
            "album_filled": self._album,
            "album_thinned": self._album,
            "session_deleted": self._session,
        }
        world.ledger.listeners.append(self.heard)

    def heard(self, event: str, owner: User, subject: Any) -> None:
        """A change of the state."""
        tell = self._tell.get(event)
        if tell is not None:
            tell(owner, subject)

    def _created(self, owner: User, asset: Asset) -> None:
        wait = self._world.settings.extraction_s
        if asset.extracted:
            self._ready(owner, asset)
        elif wait is not None:
            _later(wait, lambda: self._world.store.extract(asset))

    def _ready(self, owner: User, asset: Asset) -> None:
        """The thumbnail is there; what cannot be looked at never has one."""
        if not asset.readable or asset.visibility not in LOUD or self._hall.open == 0:
            return
        version = self._world.version
        self._emit(owner, "on_upload_success", self._world.shapes.asset_changed(asset))
        if version.upload_ready_event is not None:
            shown = {"asset": asset_data(asset, version), "exif": exif_data(asset)}
            self._emit(owner, version.upload_ready_event, shown)

    def _of_asset(self, event: str) -> Callable[[User, Asset], None]:
        def tell(owner: User, asset: Asset) -> None:
            self._emit(owner, event, self._world.shapes.asset_changed(asset))

        return tell

    def _album(self, _owner: User, album: Album) -> None:
        if self._world.version.tells_of_albums:
            for member in album.members.values():
                self._emit(member.user, "on_album_update", album.id)

    def _session(self, _owner: User, session_id: str) -> None:
        wait = self._hall.session_notice_s
        _later(wait, lambda: self._hall.emit("on_session_delete", session_id, room=session_id))

    def _emit(self, owner: User, event: str, *values: Any) -> None:
        self._hall.emit(event, *values, room=owner.id)


def _later(seconds: float, action: Callable[[], object]) -> None:
    """Do something after a time; at once when it is a test that acts and not the server."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        action()
        return
    loop.call_later(seconds, action)
