"""Albums, stacks and tags of the stand-in, in memory.

For: every change of them, so that the sync stream and the events hear of it once.
Must not: know HTTP.
Thread: any; each method takes the shared lock, listeners are called in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .ledger import Ledger
from .models import Album, Asset, Member, Stack, Tag, User
from .store import Store


class AlbumShelf:
    """All albums, in the order of their creation."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pulse = ledger.pulse
        self.albums: dict[str, Album] = {}
        ledger.listeners.append(self._heard)

    def seen_by(self, user: User) -> list[Album]:
        """The albums a user owns or that are shared with them, oldest first."""
        with self._pulse.lock:
            return [album for album in self.albums.values() if user.id in album.members]

    def seen(self, user: User, album_id: str) -> Album | None:
        """The album of that id if the user sees it."""
        album = self.albums.get(album_id)
        return album if album is not None and user.id in album.members else None

    def edited(self, user: User, album_id: str) -> Album | None:
        """The album of that id if the user may put assets in."""
        album = self.seen(user, album_id)
        return album if album is not None and album.members[user.id].role != "viewer" else None

    def own(self, user: User, album_id: str) -> Album | None:
        """The album of that id if it belongs to the user."""
        album = self.albums.get(album_id)
        return album if album is not None and album.owner is user else None

    def add(self, album: Album, asset_ids: Iterable[str] = ()) -> None:
        """Keep a new album with these assets."""
        with self._pulse.lock:
            self.albums[album.id] = album
            self._join(album, album.owner, "owner")
            album.asset_ids = {one: self._ledger.mark() for one in asset_ids}
            album.thumbnail = next(iter(album.asset_ids), None)
            album.created_at = album.updated_at = self._ledger.now_iso()
            album.mark = self._ledger.mark()
            self._ledger.tell("album_created", album.owner, album)

    def rename(self, album: Album, name: str, description: str) -> None:
        """Set name and description."""
        with self._pulse.lock:
            album.name, album.description = name, description
            self._touch(album)
            self._ledger.tell("album_renamed", album.owner, album)

    def fill(self, album: Album, asset_ids: Iterable[str]) -> None:
        """Put assets into an album."""
        with self._pulse.lock:
            for one in asset_ids:
                album.asset_ids.setdefault(one, self._ledger.mark())
            album.thumbnail = album.thumbnail or next(iter(album.asset_ids), None)
            self._touch(album)
            self._ledger.tell("album_filled", album.owner, album)

    def thin(self, album: Album, asset_ids: Iterable[str]) -> None:
        """Take assets out of an album; they stay on the server."""
        with self._pulse.lock:
            self._take_out(album, asset_ids)
            self._ledger.tell("album_thinned", album.owner, album)

    def drop(self, album: Album) -> None:
        """Remove an album, not its assets."""
        with self._pulse.lock:
            del self.albums[album.id]
            self._ledger.bury("album", [one.user for one in album.members.values()], albumId=album.id)
            self._ledger.tell("album_deleted", album.owner, album.id)

    def share(self, album: Album, user: User, role: str) -> None:
        """Let somebody else see an album, or change what they may do."""
        with self._pulse.lock:
            self._join(album, user, role)
            self._ledger.tell("album_shared", album.owner, album)

    def unshare(self, album: Album, user: User) -> None:
        """Somebody does not see the album any more; for them it is deleted."""
        with self._pulse.lock:
            everybody = [one.user for one in album.members.values()]
            del album.members[user.id]
            self._ledger.bury("album_user", everybody, albumId=album.id, userId=user.id)
            self._ledger.bury("album", [user], albumId=album.id)
            self._ledger.tell("album_shared", album.owner, album)

    def _join(self, album: Album, user: User, role: str) -> None:
        member = album.members.setdefault(user.id, Member(user, role, self._ledger.mark()))
        member.role, member.mark = role, self._ledger.mark()

    def _take_out(self, album: Album, asset_ids: Iterable[str]) -> None:
        for one in asset_ids:
            if album.asset_ids.pop(one, None) is not None:
                members = [member.user for member in album.members.values()]
                self._ledger.bury("album_asset", members, assetId=one, albumId=album.id)
        if album.thumbnail is not None and album.thumbnail not in album.asset_ids:
            album.thumbnail = next(iter(album.asset_ids), None)
            self._touch(album)

    def _touch(self, album: Album) -> None:
        album.updated_at = self._ledger.now_iso()
        album.mark = self._ledger.mark()

    def _heard(self, event: str, _owner: User, subject: Any) -> None:
        if event == "asset_deleted":
            for album in self.albums.values():
                if subject in album.asset_ids:
                    self._take_out(album, [subject])


class StackShelf:
    """All stacks."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger = ledger
        self._pulse = ledger.pulse
        self._store = store
        self.stacks: dict[str, Stack] = {}
        ledger.listeners.append(self._heard)

    def own(self, user: User, stack_id: str) -> Stack | None:
        """The stack of that id if it belongs to the user."""
        stack = self.stacks.get(stack_id)
        return stack if stack is not None and stack.owner is user else None

    def of(self, user: User) -> list[Stack]:
        """All stacks of a user."""
        with self._pulse.lock:
            return [stack for stack in self.stacks.values() if stack.owner is user]

    def assets(self, stack: Stack) -> list[Asset]:
        """What is in a stack, the one on top first."""
        return [asset for one in stack.asset_ids if (asset := self._store.find(one)) is not None]

    def add(self, owner: User, asset_ids: list[str]) -> Stack:
        """Make a stack; a stack with one of these on top is taken in whole and disappears."""
        with self._pulse.lock:
            for old in [one for one in self.of(owner) if one.primary in asset_ids]:
                asset_ids = [*asset_ids, *(one for one in old.asset_ids if one not in asset_ids)]
                self._remove(old)
            now = self._ledger.now_iso()
            stack = Stack(owner, list(asset_ids), self._ledger.mark(), created_at=now, updated_at=now)
            self.stacks[stack.id] = stack
            self._label(asset_ids, stack.id)
            self._ledger.tell("stack_changed", owner, stack)
        return stack

    def join(self, stack: Stack, asset: Asset) -> None:
        """Put one more asset into a stack."""
        with self._pulse.lock:
            if asset.id not in stack.asset_ids:
                stack.asset_ids.append(asset.id)
                self._label([asset.id], stack.id)
                self._touch(stack)

    def lead(self, stack: Stack, asset_id: str) -> None:
        """Put another asset on top."""
        with self._pulse.lock:
            stack.asset_ids.sort(key=lambda one: one != asset_id)
            self._touch(stack)

    def leave(self, stack: Stack, asset_id: str) -> None:
        """Take one asset out."""
        with self._pulse.lock:
            stack.asset_ids.remove(asset_id)
            self._label([asset_id], None)
            self._touch(stack)

    def drop(self, stack: Stack) -> None:
        """Undo a stack; its assets stay."""
        with self._pulse.lock:
            self._remove(stack)
            self._ledger.tell("stack_changed", stack.owner, stack)

    def _touch(self, stack: Stack) -> None:
        stack.mark, stack.updated_at = self._ledger.mark(), self._ledger.now_iso()
        self._ledger.tell("stack_changed", stack.owner, stack)

    def _remove(self, stack: Stack) -> None:
        del self.stacks[stack.id]
        self._label(stack.asset_ids, None)
        self._ledger.bury("stack", [stack.owner], stackId=stack.id)

    def _label(self, asset_ids: Iterable[str], stack_id: str | None) -> None:
        for one in asset_ids:
            if (asset := self._store.find(one)) is not None:
                self._store.update(asset, stack=stack_id)

    def _heard(self, event: str, owner: User, subject: Any) -> None:
        if event == "asset_deleted":
            for stack in [one for one in self.of(owner) if subject in one.asset_ids]:
                stack.asset_ids.remove(subject)
                if len(stack.asset_ids) < 2:
                    self._remove(stack)
                else:
                    self._touch(stack)


class TagShelf:
    """All tags; a tag exists once for each user and path."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger = ledger
        self._pulse = ledger.pulse
        self._store = store
        self.tags: dict[str, Tag] = {}

    def of(self, user: User) -> list[Tag]:
        """All tags of a user, by their path."""
        with self._pulse.lock:
            return sorted((tag for tag in self.tags.values() if tag.owner is user), key=lambda tag: tag.value)

    def own(self, user: User, tag_id: str) -> Tag | None:
        """The tag of that id if it belongs to the user."""
        tag = self.tags.get(tag_id)
        return tag if tag is not None and tag.owner is user else None

    def upsert(self, user: User, value: str) -> Tag:
        """The tag of a path, made with all its parents when it is not there."""
        with self._pulse.lock:
            parent, path, tag = None, "", None
            for part in [one.strip() for one in value.split("/") if one.strip()]:
                path = f"{path}/{part}" if path else part
                tag = next((one for one in self.of(user) if one.value == path), None)
                if tag is None:
                    now = self._ledger.now_iso()
                    tag = Tag(user, path, parent, created_at=now, updated_at=now)
                    self.tags[tag.id] = tag
                parent = tag.id
            if tag is None:
                raise ValueError("a tag needs a name")
            return tag

    def put_on(self, tag: Tag, asset_ids: Iterable[str]) -> int:
        """Tag assets; how many did not have it before."""
        with self._pulse.lock:
            fresh = [asset for one in asset_ids if (asset := self._store.find(one)) and tag.id not in asset.tag_ids]
            for asset in fresh:
                self._store.update(asset, tag_ids={**asset.tag_ids, tag.id: None})
            return len(fresh)

    def take_off(self, tag: Tag, asset: Asset) -> None:
        """Remove a tag from one asset."""
        with self._pulse.lock:
            self._store.update(asset, tag_ids={one: None for one in asset.tag_ids if one != tag.id})

    def drop(self, tag: Tag) -> None:
        """Remove a tag and those below it."""
        with self._pulse.lock:
            below = [one for one in self.of(tag.owner) if one is tag or one.value.startswith(f"{tag.value}/")]
            for one in below:
                del self.tags[one.id]
                for asset in [asset for asset in self._store.assets.values() if one.id in asset.tag_ids]:
                    self.take_off(one, asset)
