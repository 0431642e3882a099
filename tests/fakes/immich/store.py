"""The assets of the stand-in, in memory.

For: every change of assets goes through here, so that counters, journal and listeners see it once. A crowd
(``crowd.py``) adds any number of assets that cost nothing until somebody changes one of them.
Must not: know HTTP; hold file contents (bytes live on disk, and only when asked for).
Thread: any; each method takes the shared lock, listeners are called in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .crowd import Crowd
from .journal import Journal
from .ledger import Ledger, Listener
from .models import Asset, User

# A change of one of these also gives the asset's EXIF row a new mark.
EXIF_FIELDS = frozenset({"description", "rating", "latitude", "longitude", "created", "extracted"})


class Store:
    """All assets, with the index by checksum that duplicates are found with."""

    def __init__(self, ledger: Ledger, journal: Journal | None = None) -> None:
        self._ledger = ledger
        self._pulse = ledger.pulse
        self._journal = journal
        self._by_checksum: dict[tuple[str, bytes], str] = {}
        self.assets: dict[str, Asset] = {}
        self.crowds: list[Crowd] = []

    @property
    def listeners(self) -> list[Listener]:
        """Who is told of changes: called with the event, the owner and its subject."""
        return self._ledger.listeners

    # -- reading ---------------------------------------------------------------------------

    def by_checksum(self, owner: User, digest: bytes | None) -> Asset | None:
        """The owner's asset with these bytes, whether or not it is in the trash."""
        if digest is None:
            return None
        with self._pulse.lock:
            found = self._by_checksum.get((owner.id, digest))
            if found is not None:
                return self.assets[found]
            return next((one for crowd in self._crowds(owner) if (one := crowd.by_checksum(digest))), None)

    def find(self, asset_id: str) -> Asset | None:
        """The asset of that id, whoever owns it."""
        asset = self.assets.get(asset_id)
        if asset is None and self.crowds:
            return next((one for crowd in self.crowds if (one := crowd.by_id(asset_id))), None)
        return asset

    def own(self, owner: User, asset_id: str) -> Asset | None:
        """The asset of that id if it belongs to ``owner``."""
        asset = self.find(asset_id)
        return asset if asset is not None and asset.owner is owner else None

    def of(self, owner: User) -> Iterator[Asset]:
        """All assets of a user, oldest upload first, a crowd at its end."""
        with self._pulse.lock:
            kept = [asset for asset in self.assets.values() if asset.owner is owner]
            crowds = self._crowds(owner)
        yield from kept
        for crowd in crowds:
            yield from crowd

    # -- changing --------------------------------------------------------------------------

    def add(self, asset: Asset) -> tuple[Asset, bool]:
        """Insert unless the owner already has these bytes; returns the record and whether it is new."""
        with self._pulse.lock:
            existing = self.by_checksum(asset.owner, asset.checksum)
            if existing is not None:
                return existing, False
            asset.uploaded_at = self._ledger.now_iso()
            self._keep(asset)
            self._weigh(asset.owner, asset.size)
            asset.metadata_marks = {key: self._ledger.mark() for key in asset.metadata}
            self._touch(asset, exif=True)
            if self._journal is not None:
                self._journal.created(asset)
            self._ledger.tell("asset_created", asset.owner, asset)
        return asset, True

    def add_crowd(self, crowd: Crowd) -> None:
        """Let generated assets appear; nobody is told of each of them."""
        with self._pulse.lock:
            self.crowds.append(crowd)
            self._weigh(crowd.owner, crowd.size)
            self._pulse.beat()

    def update(self, asset: Asset, **changes: object) -> None:
        """Set fields of an asset and move its time of change on."""
        with self._pulse.lock:
            asset = self._real(asset)
            for name, value in changes.items():
                setattr(asset, name, value)
            self._touch(asset, exif=not EXIF_FIELDS.isdisjoint(changes))
            self._ledger.tell("asset_updated", asset.owner, asset)

    def announce(self, event: str, asset: Asset) -> None:
        """Tell the listeners something about an asset that is no change of its record."""
        with self._pulse.lock:
            self._ledger.tell(event, asset.owner, self.find(asset.id) or asset)

    def hide(self, asset: Asset) -> None:
        """A video becomes the motion part of a photo."""
        with self._pulse.lock:
            self.update(asset, visibility="hidden")
            self.announce("asset_hidden", asset)

    def extract(self, asset: Asset) -> None:
        """The server looked at the file: it has a size and a thumbnail now, if it can be looked at."""
        with self._pulse.lock:
            if asset.id in self.assets:
                self.update(asset, extracted=True)
                self.announce("asset_ready", asset)

    def annotate(self, asset: Asset, items: dict[str, dict[str, Any]]) -> None:
        """Set key and value pairs of an asset."""
        with self._pulse.lock:
            asset = self._real(asset)
            for key, value in items.items():
                asset.metadata[key] = value
                asset.metadata_marks[key] = self._ledger.mark()
            self._ledger.tell("asset_annotated", asset.owner, asset)

    def forget(self, asset: Asset, key: str) -> None:
        """Remove one key and its value."""
        with self._pulse.lock:
            asset.metadata.pop(key, None)
            asset.metadata_marks.pop(key, None)
            self._ledger.bury("asset_metadata", [asset.owner], assetId=asset.id, key=key)
            self._ledger.tell("asset_annotated", asset.owner, asset)

    def trash(self, owner: User, ids: list[str]) -> None:
        """Move assets to the trash."""
        with self._pulse.lock:
            for asset in self._reals(ids):
                asset.trashed_at = asset.trashed_at or self._ledger.now_iso()
                self._touch(asset)
            self._ledger.tell("assets_trashed", owner, list(ids))

    def restore(self, owner: User, ids: list[str], *, all_of_them: bool = False) -> None:
        """Bring assets back from the trash; without effect on those being purged."""
        with self._pulse.lock:
            for asset in self._reals(ids):
                if not asset.dying and asset.trashed_at is not None:
                    asset.trashed_at = None
                    self._touch(asset)
            self._ledger.tell("trash_restored" if all_of_them else "assets_restored", owner, list(ids))

    def condemn(self, ids: Iterable[str]) -> None:
        """Mark assets for the purge job; until it ran they still answer and still count as present."""
        with self._pulse.lock:
            for asset in self._reals(ids):
                asset.dying = True
                asset.trashed_at = asset.trashed_at or self._ledger.now_iso()
                self._touch(asset)

    def dying(self) -> list[str]:
        """The ids that wait for the purge job."""
        with self._pulse.lock:
            return [asset.id for asset in self.assets.values() if asset.dying]

    def purge(self, ids: Iterable[str]) -> None:
        """Remove assets for good, as the server's delete job does."""
        with self._pulse.lock:
            for asset in self._reals(ids):
                del self.assets[asset.id]
                del self._by_checksum[(asset.owner.id, asset.checksum)]
                self._weigh(asset.owner, -asset.size)
                if asset.path is not None:
                    asset.path.unlink(missing_ok=True)
                self._ledger.bury("asset", [asset.owner], assetId=asset.id)
                self._ledger.tell("asset_deleted", asset.owner, asset.id)

    def clear(self) -> None:
        """Forget everything without a word, as a wiped disk does."""
        with self._pulse.lock:
            for asset in self.assets.values():
                if asset.path is not None:
                    asset.path.unlink(missing_ok=True)
            self.assets.clear()
            self._by_checksum.clear()
            self.crowds.clear()

    def put_back(self, assets: Iterable[Asset]) -> None:
        """Take over records from a backup, as they were."""
        with self._pulse.lock:
            for asset in assets:
                self._keep(asset)

    # -- inside ----------------------------------------------------------------------------

    def _weigh(self, owner: User, size: int) -> None:
        """The owner has so many bytes more, which is a change of the account too."""
        owner.usage += size
        owner.mark, owner.updated_at = self._ledger.mark(), self._ledger.now_iso()

    def _crowds(self, owner: User) -> list[Crowd]:
        return [crowd for crowd in self.crowds if crowd.owner is owner]

    def _reals(self, ids: Iterable[str]) -> list[Asset]:
        found = [self.find(one) for one in ids]
        return [self._real(one) for one in found if one is not None]

    def _real(self, asset: Asset) -> Asset:
        """The record that is kept; one out of a crowd is kept from now on."""
        if asset.id in self.assets:
            return self.assets[asset.id]
        for crowd in self.crowds:
            crowd.release(asset.id)
        return self._keep(asset)

    def _keep(self, asset: Asset) -> Asset:
        self.assets[asset.id] = asset
        self._by_checksum[(asset.owner.id, asset.checksum)] = asset.id
        return asset

    def _touch(self, asset: Asset, *, exif: bool = False) -> None:
        if exif:
            asset.exif_mark = self._ledger.mark()
        asset.mark = self._ledger.mark()
        asset.updated_at = self._ledger.now_iso()
