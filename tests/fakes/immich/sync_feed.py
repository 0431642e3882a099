"""What a client has not heard of yet: the content of one sync stream.

For: ``sync.py``. Each handler yields lines; deletions come before additions, each ordered by mark.
Must not: write checkpoints (``sync.py`` does, but for backfills) or know HTTP.
Thread: the server's; the state is copied under the shared lock, lines are written afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from operator import attrgetter
from typing import Any

from .crowd import Crowd
from .models import Album, Asset, Member, Session, User
from .sync_lines import (
    CrowdLines,
    album_data,
    asset_data,
    auth_user_data,
    exif_data,
    line,
    partner_data,
    stack_data,
    user_data,
)
from .world import World

Lines = Iterator[bytes]
Marked = tuple[str, Callable[[], bytes]]  # a mark, and how to write its line
COMPLETE = "complete"


class Feed:
    """The handlers of one stream, for one session as its checkpoints are now."""

    def __init__(self, world: World, session: Session) -> None:
        self._world = world
        self._user: User = session.user
        self._session = session
        self._version = world.version
        self._handlers: dict[str, Callable[[], Lines]] = {
            "AuthUsersV1": self._auth_users,
            "UsersV1": self._users,
            "PartnersV1": self._partners,
            "AssetsV1": lambda: self._assets("AssetV1"),
            "AssetsV2": lambda: self._assets("AssetV2"),
            "StacksV1": self._stacks,
            "PartnerAssetsV1": lambda: self._partner_assets("V1"),
            "PartnerAssetsV2": lambda: self._partner_assets("V2"),
            "AlbumsV1": lambda: self._albums("AlbumV1"),
            "AlbumsV2": lambda: self._albums("AlbumV2"),
            "AlbumUsersV1": self._album_users,
            "AlbumToAssetsV1": self._album_assets,
            "AssetExifsV1": self._exifs,
            "AssetMetadataV1": self._metadata,
        }

    def lines(self, request_type: str) -> Lines:
        """The lines a request type leads to; those the stand-in has nothing of lead to none."""
        handler = self._handlers.get(request_type)
        return iter(()) if handler is None else handler()

    # -- handlers --------------------------------------------------------------------------

    def _auth_users(self) -> Lines:
        yield from self._upserts("AuthUserV1", [(self._user.mark, auth_user_data(self._user))])

    def _users(self) -> Lines:
        yield from self._deletes("user", "UserDeleteV1")
        yield from self._upserts("UserV1", [(one.mark, user_data(one)) for one in self._world.people.users.values()])

    def _partners(self) -> Lines:
        yield from self._deletes("partner", "PartnerDeleteV1")
        mine = [one for one in self._world.people.partners if self._user in (one.shared_by, one.shared_with)]
        yield from self._upserts("PartnerV1", [(one.mark, partner_data(one)) for one in mine])

    def _assets(self, kind: str) -> Lines:
        yield from self._deletes("asset", "AssetDeleteV1")
        yield from self._of_owner(self._user, kind, self._after(kind))

    def _exifs(self) -> Lines:
        after = self._after("AssetExifV1")
        found = [(one.exif_mark, one) for one in self._world.store.of(self._user) if _newer(one.exif_mark, after)]
        for mark, asset in sorted(found, key=lambda pair: pair[0]):
            yield line("AssetExifV1", exif_data(asset), f"AssetExifV1|{mark}")

    def _metadata(self) -> Lines:
        yield from self._deletes("asset_metadata", "AssetMetadataDeleteV1")
        rows = []
        with self._world.pulse.lock:
            for asset in self._world.store.assets.values():
                if asset.owner is self._user:
                    for key, value in asset.metadata.items():
                        mark = asset.metadata_marks.get(key, asset.mark)
                        rows.append((mark, {"assetId": asset.id, "key": key, "value": value}))
        yield from self._upserts("AssetMetadataV1", rows)

    def _stacks(self) -> Lines:
        yield from self._deletes("stack", "StackDeleteV1")
        found = self._world.stacks.of(self._user)
        yield from self._upserts("StackV1", [(one.mark, stack_data(one)) for one in found])

    def _albums(self, kind: str) -> Lines:
        yield from self._deletes("album", "AlbumDeleteV1")
        rows = [(one.mark, album_data(one, with_owner=kind == "AlbumV1")) for one in self._seen_albums()]
        yield from self._upserts(kind, rows)

    def _album_users(self) -> Lines:
        yield from self._deletes("album_user", "AlbumUserDeleteV1")

        def rows(album: Album) -> list[tuple[str, dict[str, Any]]]:
            members = [one for one in album.members.values() if self._version.is_modern or one.role != "owner"]
            return [(one.mark, {"albumId": album.id, "userId": one.user.id, "role": one.role}) for one in members]

        yield from self._with_backfill("AlbumUserV1", "AlbumUserBackfillV1", rows)

    def _album_assets(self) -> Lines:
        yield from self._deletes("album_asset", "AlbumToAssetDeleteV1")

        def rows(album: Album) -> list[tuple[str, dict[str, Any]]]:
            return [(mark, {"assetId": one, "albumId": album.id}) for one, mark in album.asset_ids.items()]

        yield from self._with_backfill("AlbumToAssetV1", "AlbumToAssetBackfillV1", rows)

    def _partner_assets(self, generation: str) -> Lines:
        kind, backfill = f"PartnerAsset{generation}", f"PartnerAssetBackfill{generation}"
        partners = [one for one in self._world.people.partners if one.shared_with is self._user]
        owners = {one.shared_by.id for one in partners}
        for gone in self._gone("asset", "PartnerAssetDeleteV1"):
            if owners & gone.seen_by:
                yield line("PartnerAssetDeleteV1", gone.data, f"PartnerAssetDeleteV1|{gone.mark}")
        after = self._after(kind)
        done = self._session.checkpoints.get(backfill, "").split("|")[1:]
        partners.sort(key=attrgetter("create_mark"))
        for one in partners:
            if after is not None and one.create_mark > (done[0] if done else ""):
                for mark, write in self._marked(one.shared_by, backfill, None, f"{one.create_mark}|"):
                    if mark <= after:
                        yield write()
                yield line("SyncAckV1", {}, f"{backfill}|{one.create_mark}|{COMPLETE}")
        if after is None and partners:
            self._session.checkpoints[backfill] = f"{backfill}|{partners[-1].create_mark}|{COMPLETE}"
        for owner in {one.shared_by.id: one.shared_by for one in partners}.values():
            yield from self._of_owner(owner, kind, after)

    # -- pieces ----------------------------------------------------------------------------

    def _after(self, kind: str) -> str | None:
        """The mark up to which this session has everything of a kind."""
        ack = self._session.checkpoints.get(kind)
        return None if ack is None else ack.split("|")[1]

    def _gone(self, kind: str, delete_kind: str) -> list[Any]:
        after = self._after(delete_kind)
        with self._world.pulse.lock:
            return [one for one in self._world.ledger.gone if one.kind == kind and _newer(one.mark, after)]

    def _deletes(self, kind: str, delete_kind: str) -> Lines:
        for one in self._gone(kind, delete_kind):
            if self._user.id in one.seen_by:
                yield line(delete_kind, one.data, f"{delete_kind}|{one.mark}")

    def _upserts(self, kind: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> Lines:
        after = self._after(kind)
        for mark, data in sorted((row for row in rows if _newer(row[0], after)), key=lambda row: row[0]):
            yield line(kind, data, f"{kind}|{mark}")

    def _of_owner(self, owner: User, kind: str, after: str | None) -> Lines:
        for _, write in self._marked(owner, kind, after):
            yield write()

    def _marked(self, owner: User, kind: str, after: str | None, prefix: str = "") -> Iterator[Marked]:
        """The assets of an owner in the order of their marks; crowds are not looked at one by one."""
        with self._world.pulse.lock:
            kept = [one for one in self._world.store.assets.values() if one.owner is owner and _newer(one.mark, after)]
            crowds = [one for one in self._world.store.crowds if one.owner is owner]
        kept.sort(key=attrgetter("mark"))
        single = ((one.mark, self._writer(one, kind, prefix)) for one in kept)
        several = [self._crowd(crowd, kind, after, prefix) for crowd in crowds]
        return iter(merge(single, *several, key=lambda pair: pair[0])) if several else single

    def _writer(self, asset: Asset, kind: str, prefix: str) -> Callable[[], bytes]:
        return lambda: line(kind, asset_data(asset, self._version), f"{kind}|{prefix}{asset.mark}")

    def _crowd(self, crowd: Crowd, kind: str, after: str | None, prefix: str) -> Iterator[Marked]:
        lines = CrowdLines(crowd, self._version, kind, prefix)
        for number in crowd.after(after):
            if number not in crowd.gone:
                yield crowd.mark_of(number), lambda number=number: lines.line(number)  # type: ignore[misc]

    def _seen_albums(self) -> Sequence[Album]:
        return self._world.albums.seen_by(self._user)

    def _with_backfill(
        self, kind: str, backfill: str, rows: Callable[[Album], list[tuple[str, dict[str, Any]]]]
    ) -> Lines:
        """What belongs to albums; one that came later is told whole, up to where the client is, before the news."""
        after, albums = self._after(kind), self._joined_albums()
        done = self._session.checkpoints.get(backfill, "").split("|")
        if after is not None:
            for mine, album in albums:
                if len(done) > 2 and mine.create_mark <= done[1]:
                    continue
                for mark, data in sorted(rows(album), key=lambda row: row[0]):
                    if mark <= after:
                        yield line(backfill, data, f"{backfill}|{mine.create_mark}|{mark}")
                yield line("SyncAckV1", {}, f"{backfill}|{mine.create_mark}|{COMPLETE}")
        elif albums:
            self._session.checkpoints[backfill] = f"{backfill}|{albums[-1][0].create_mark}|{COMPLETE}"
        yield from self._upserts(kind, [row for album in self._seen_albums() for row in rows(album)])

    def _joined_albums(self) -> list[tuple[Member, Album]]:
        """The albums of the user in the order in which they came to see them; before 3.0 without their own."""
        found = [(album.members[self._user.id], album) for album in self._seen_albums()]
        shared = [one for one in found if self._version.is_modern or one[0].role != "owner"]
        return sorted(shared, key=lambda pair: pair[0].create_mark)


def _newer(mark: str, after: str | None) -> bool:
    return after is None or mark > after
