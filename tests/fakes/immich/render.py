"""The JSON shapes of users, keys, assets and albums.

For: every route that shows one of them.
Must not: change anything, or know HTTP.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from .filetypes import extension, mime_of
from .models import Album, ApiKey, Asset, User
from .store import Store

Json = dict[str, Any]
THUMBHASH = "3OcRJYB4d3h/iIeHeEh3eIhw+j3A"
MEDIA_ROOT = "/data"


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
        "shouldChangePassword": True,
        "isAdmin": user.is_admin,
        "createdAt": user.created_at,
        "deletedAt": None,
        "updatedAt": user.updated_at,
        "oauthId": "",
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


def exif(asset: Asset) -> Json:
    """What the server read from the file; the stand-in knows only what it was told."""
    unknown = ("make", "model", "exifImageWidth", "exifImageHeight", "orientation", "timeZone", "lensModel", "fNumber")
    places = ("city", "state", "country", "projectionType")
    return {
        **dict.fromkeys((*unknown, "focalLength", "iso", "exposureTime", *places)),
        "fileSizeInByte": asset.size,
        "dateTimeOriginal": asset.created,
        "modifyDate": asset.modified,
        "latitude": asset.latitude,
        "longitude": asset.longitude,
        "description": asset.description,
        "rating": asset.rating,
    }


def asset_item(asset: Asset) -> Json:
    """An asset in a list."""
    owner, name = asset.owner.id, asset.id
    return {
        "id": asset.id,
        "createdAt": asset.uploaded_at,
        "ownerId": owner,
        "libraryId": None,
        "type": asset.type,
        "originalPath": f"{MEDIA_ROOT}/upload/{owner}/{name[:2]}/{name[2:4]}/{name}{extension(asset.filename)}",
        "originalFileName": asset.filename,
        "originalMimeType": mime_of(asset.filename),
        "thumbhash": THUMBHASH if asset.readable else None,
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
        "resized": asset.readable,
        "width": None,
        "height": None,
        "isEdited": False,
    }


def asset_changed(asset: Asset) -> Json:
    """An asset as the answer to a change of it."""
    return {**asset_item(asset), "exifInfo": exif(asset), "tags": []}


def asset_full(asset: Asset) -> Json:
    """A single asset, with its owner."""
    return {**asset_changed(asset), "owner": user_short(asset.owner), "people": [], "stack": None}


def album(found: Album, store: Store, *, with_newest: bool = True) -> Json:
    """An album; its assets are never listed in it."""
    inside = [store.assets[one] for one in found.asset_ids if not store.assets[one].is_trashed]
    shown: Json = {
        "albumName": found.name,
        "description": found.description,
        "albumThumbnailAssetId": found.thumbnail,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "id": found.id,
        "albumUsers": [{"user": user_short(found.owner), "role": "owner"}],
        "shared": False,
        "hasSharedLink": False,
        "assetCount": len(inside),
        "isActivityEnabled": True,
        "order": "desc",
    }
    if inside:
        shown["startDate"] = min(one.created for one in inside)
        shown["endDate"] = max(one.created for one in inside)
        if with_newest:
            shown["lastModifiedAssetTimestamp"] = max(one.updated_at for one in inside)
    return shown
