"""The JSON shapes of users, keys, assets, albums, stacks and tags, for each generation of servers.

For: every route that shows one of them.
Must not: change anything, or know HTTP.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from .filetypes import extension, mime_of
from .groups import StackShelf, TagShelf
from .models import Album, ApiKey, Asset, Session, Stack, Tag, User
from .store import Store
from .versions import Version

Json = dict[str, Any]
THUMBHASH = "3OcRJYB4d3h/iIeHeEh3eIhw+j3A"
MEDIA_ROOT = "/data"
WIDTH, HEIGHT = 640, 480  # of everything that can be looked at: the stand-in opens no pictures


def user_short(user: User) -> Json:
    """A user inside another object."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "profileImagePath": "",
        "avatarColor": "gray",
        "profileChangedAt": user.created_at,
    }


def user_full(user: User) -> Json:
    """A user as the signed-in user sees it."""
    return {
        **user_short(user),
        "storageLabel": "admin" if user.is_admin else None,
        "shouldChangePassword": user.must_change_password,
        "isAdmin": user.is_admin,
        "createdAt": user.created_at,
        "deletedAt": None,
        "updatedAt": user.updated_at,
        "oauthId": user.oauth_id,
        "quotaSizeInBytes": user.quota,
        "quotaUsageInBytes": user.usage,
        "status": "active",
        "license": None,
    }


def api_key(key: ApiKey) -> Json:
    """An API key without its secret."""
    return {
        "id": key.id,
        "name": key.name,
        "createdAt": key.created_at,
        "updatedAt": key.created_at,
        "permissions": key.permissions,
    }


def session(found: Session, version: Version, *, current: bool) -> Json:
    """A line in the list of devices."""
    shown: Json = {"id": found.id, "createdAt": found.created_at, "updatedAt": found.updated_at}
    if found.expires_at is not None:
        shown["expiresAt"] = found.expires_at
    shown["current"] = current
    if version.shows_app_versions:
        shown["appVersion"] = found.app_version
    devices = {"deviceOS": found.device_os, "deviceType": found.device_type}
    return {**shown, **devices, "isPendingSyncReset": found.pending_sync_reset}


def tag(found: Tag) -> Json:
    """A tag; ``parentId`` only when there is a parent."""
    shown: Json = {"id": found.id}
    if found.parent is not None:
        shown["parentId"] = found.parent
    times = {"createdAt": found.created_at, "updatedAt": found.updated_at}
    return {**shown, "name": found.name, "value": found.value, **times}


def exif(asset: Asset) -> Json:
    """What the server read from the file; the stand-in knows only what it was told."""
    unknown = ("make", "model", "orientation", "timeZone", "lensModel", "fNumber")
    places = ("city", "state", "country", "projectionType")
    width, height = size_of(asset)
    return {
        **dict.fromkeys((*unknown, "focalLength", "iso", "exposureTime", *places)),
        "exifImageWidth": width,
        "exifImageHeight": height,
        "fileSizeInByte": asset.size,
        "dateTimeOriginal": asset.created,
        "modifyDate": asset.modified,
        "latitude": asset.latitude,
        "longitude": asset.longitude,
        "description": asset.description,
        "rating": asset.rating,
    }


def size_of(asset: Asset) -> tuple[int, int] | tuple[None, None]:
    """Width and height, once the server has looked."""
    return (WIDTH, HEIGHT) if asset.readable and asset.extracted else (None, None)


def thumbhash(asset: Asset) -> str | None:
    """A few bytes of preview, once the server has looked."""
    return THUMBHASH if asset.readable and asset.extracted else None


def clock(milliseconds: int | None) -> str | None:
    """A duration as servers before 3.0 write it."""
    if milliseconds is None:
        return None
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}000"


class Shapes:
    """The shapes that depend on the version or on several parts of the state."""

    def __init__(self, version: Version, store: Store, stacks: StackShelf, tags: TagShelf) -> None:
        self._version = version
        self._store = store
        self._stacks = stacks
        self._tags = tags

    def asset_item(self, asset: Asset) -> Json:
        """An asset in a list."""
        owner, name = asset.owner.id, asset.id
        width, height = size_of(asset)
        shown = {
            "id": asset.id,
            "createdAt": asset.uploaded_at,
            "ownerId": owner,
            "libraryId": None,
            "type": asset.type,
            "originalPath": f"{MEDIA_ROOT}/upload/{owner}/{name[:2]}/{name[2:4]}/{name}{extension(asset.filename)}",
            "originalFileName": asset.filename,
            "originalMimeType": mime_of(asset.filename),
            "thumbhash": thumbhash(asset),
            "fileCreatedAt": asset.created,
            "fileModifiedAt": asset.modified,
            "localDateTime": asset.created,
            "updatedAt": asset.updated_at,
            "isFavorite": asset.favorite,
            "isArchived": asset.visibility == "archive",
            "isTrashed": asset.is_trashed,
            "visibility": asset.visibility,
            "duration": asset.duration,
            "livePhotoVideoId": asset.live_video,
            "checksum": asset.checksum_base64,
            "isOffline": False,
            "hasMetadata": True,
            "duplicateId": None,
            "resized": asset.readable and asset.extracted,
        }
        if self._version.has_sizes:
            shown |= {"width": width, "height": height, "isEdited": False}
        if self._version.has_device_ids:
            shown |= {"deviceAssetId": asset.device_asset_id, "deviceId": asset.device_id}
            shown["duration"] = clock(asset.duration) or "0:00:00.00000"
        return shown

    def asset_changed(self, asset: Asset) -> Json:
        """An asset as the answer to a change of it."""
        tags = [tag(self._tags.tags[one]) for one in asset.tag_ids if one in self._tags.tags]
        return {**self.asset_item(asset), "exifInfo": exif(asset), "tags": tags}

    def asset_full(self, asset: Asset) -> Json:
        """A single asset, with its owner."""
        stack = self._stacks.stacks.get(asset.stack or "")
        shown = None
        if stack is not None:
            shown = {"id": stack.id, "primaryAssetId": stack.primary, "assetCount": len(stack.asset_ids)}
        return {**self.asset_changed(asset), "owner": user_short(asset.owner), "people": [], "stack": shown}

    def stack(self, found: Stack) -> Json:
        """A stack with its assets."""
        assets = [self.asset_changed(one) for one in self._stacks.assets(found)]
        return {"id": found.id, "primaryAssetId": found.primary, "assets": assets}

    def album(self, found: Album, *, with_newest: bool = True, with_assets: bool = False) -> Json:
        """An album; its assets are listed by servers before 3.0 alone."""
        known = [asset for one in found.asset_ids if (asset := self._store.find(one)) is not None]
        inside = [asset for asset in known if not asset.is_trashed]
        users = [{"user": user_short(one.user), "role": one.role} for one in found.members.values()]
        shown: Json = {
            "albumName": found.name,
            "description": found.description,
            "albumThumbnailAssetId": found.thumbnail,
            "createdAt": found.created_at,
            "updatedAt": found.updated_at,
            "id": found.id,
            "albumUsers": users,
            "shared": len(users) > 1,
            "hasSharedLink": False,
            "assetCount": len(inside),
            "isActivityEnabled": True,
            "order": "desc",
        }
        if not self._version.is_modern:
            shown |= {"ownerId": found.owner.id, "owner": user_short(found.owner), "albumUsers": users[1:]}
            shown["assets"] = [self.asset_item(one) for one in inside] if with_assets else []
        if inside:
            shown["startDate"] = min(one.created for one in inside)
            shown["endDate"] = max(one.created for one in inside)
            if with_newest:
                shown["lastModifiedAssetTimestamp"] = max(one.updated_at for one in inside)
        return shown
