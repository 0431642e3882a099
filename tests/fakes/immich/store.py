"""The assets and albums of the stand-in, in memory.

For: every change of assets and albums goes through here, so that counters, journal and
listeners see it once.
Must not: know HTTP; hold file contents (bytes live on disk, and only when asked for).
Thread: any; each method takes the shared lock, listeners are called in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .journal import Journal
from .models import Album, Asset, User, now_iso
from .pulse import Pulse

Listener = Callable[[str, User, Any], None]


class Store:
    """All assets and albums, with the index by checksum that duplicates are found with."""

    def __init__(self, pulse: Pulse, journal: Journal | None = None) -> None:
        self._pulse = pulse
        self._journal = journal
        self._by_checksum: dict[tuple[str, bytes], str] = {}
        self._order = 0
        self.assets: dict[str, Asset] = {}
        self.albums: dict[str, Album] = {}
        self.listeners: list[Listener] = []

    # -- reading ---------------------------------------------------------------------------

    def by_checksum(self, owner: User, digest: bytes | None) -> Asset | None:
        """The owner's asset with these bytes, whether or not it is in the trash."""
        if digest is None:
            return None
        with self._pulse.lock:
            found = self._by_checksum.get((owner.id, digest))
            return self.assets[found] if found is not None else None

    def own(self, owner: User, asset_id: str) -> Asset | None:
        """The asset of that id if it belongs to ``owner``."""
        asset = self.assets.get(asset_id)
        return asset if asset is not None and asset.owner is owner else None

    def own_album(self, owner: User, album_id: str) -> Album | None:
        """The album of that id if it belongs to ``owner``."""
        album = self.albums.get(album_id)
        return album if album is not None and album.owner is owner else None

    def of(self, owner: User) -> list[Asset]:
        """All assets of a user, oldest upload first."""
        with self._pulse.lock:
            return [asset for asset in self.assets.values() if asset.owner is owner]

    # -- assets ----------------------------------------------------------------------------

    def add(self, asset: Asset) -> tuple[Asset, bool]:
        """Insert unless the owner already has these bytes; returns the record and whether it is new."""
        with self._pulse.lock:
            existing = self.by_checksum(asset.owner, asset.checksum)
            if existing is not None:
                return existing, False
            self.assets[asset.id] = asset
            self._by_checksum[(asset.owner.id, asset.checksum)] = asset.id
            asset.owner.usage += asset.size
            self._touch(asset)
            if self._journal is not None:
                self._journal.created(asset)
            self._tell("asset_created", asset.owner, asset)
        return asset, True

    def update(self, asset: Asset, **changes: object) -> None:
        """Set fields of an asset and move its time of change on."""
        with self._pulse.lock:
            for name, value in changes.items():
                setattr(asset, name, value)
            self._touch(asset)
            self._tell("asset_updated", asset.owner, asset)

    def trash(self, owner: User, ids: list[str]) -> None:
        """Move assets to the trash."""
        with self._pulse.lock:
            for asset_id in ids:
                asset = self.assets[asset_id]
                asset.trashed_at = asset.trashed_at or now_iso()
                self._touch(asset)
            self._tell("assets_trashed", owner, list(ids))

    def restore(self, owner: User, ids: list[str]) -> None:
        """Bring assets back from the trash; without effect on those being purged."""
        with self._pulse.lock:
            for asset in (self.assets[one] for one in ids):
                if not asset.dying and asset.trashed_at is not None:
                    asset.trashed_at = None
                    self._touch(asset)
            self._tell("assets_restored", owner, list(ids))

    def condemn(self, ids: Iterable[str]) -> None:
        """Mark assets for the purge job; until it ran they still answer and still count as present."""
        with self._pulse.lock:
            for asset in (self.assets[one] for one in ids):
                asset.dying = True
                asset.trashed_at = asset.trashed_at or now_iso()
                self._touch(asset)

    def dying(self) -> list[str]:
        """The ids that wait for the purge job."""
        with self._pulse.lock:
            return [asset.id for asset in self.assets.values() if asset.dying]

    def purge(self, ids: Iterable[str]) -> None:
        """Remove assets for good, as the server's delete job does."""
        with self._pulse.lock:
            for asset_id in ids:
                asset = self.assets.pop(asset_id, None)
                if asset is None:
                    continue
                del self._by_checksum[(asset.owner.id, asset.checksum)]
                asset.owner.usage -= asset.size
                for album in self.albums.values():
                    album.asset_ids.pop(asset_id, None)
                if asset.path is not None:
                    asset.path.unlink(missing_ok=True)
                self._tell("asset_deleted", asset.owner, asset_id)

    # -- albums ----------------------------------------------------------------------------

    def add_album(self, album: Album) -> None:
        """Keep a new album."""
        with self._pulse.lock:
            self.albums[album.id] = album
            self._tell("album_created", album.owner, album)

    def fill_album(self, album: Album, asset_ids: Iterable[str]) -> None:
        """Put assets into an album."""
        with self._pulse.lock:
            album.asset_ids.update(dict.fromkeys(asset_ids))
            self._settle(album)
            self._tell("album_filled", album.owner, album)

    def thin_album(self, album: Album, asset_ids: Iterable[str]) -> None:
        """Take assets out of an album; they stay on the server."""
        with self._pulse.lock:
            for asset_id in asset_ids:
                album.asset_ids.pop(asset_id, None)
            self._settle(album)
            self._tell("album_thinned", album.owner, album)

    def drop_album(self, album: Album) -> None:
        """Remove an album, not its assets."""
        with self._pulse.lock:
            del self.albums[album.id]
            self._tell("album_deleted", album.owner, album.id)

    # -- inside ----------------------------------------------------------------------------

    def _settle(self, album: Album) -> None:
        album.updated_at = now_iso()
        if album.thumbnail not in album.asset_ids:
            album.thumbnail = next(iter(album.asset_ids), None)

    def _touch(self, asset: Asset) -> None:
        self._order += 1
        asset.order = self._order
        asset.updated_at = now_iso()

    def _tell(self, event: str, owner: User, subject: Any) -> None:
        for listener in self.listeners:
            listener(event, owner, subject)
        self._pulse.beat()
