"""The lines of the sync stream: which entities it knows, and how each is written.

For: ``sync_feed.py``, which decides what a client has not heard of yet.
Must not: know sessions, checkpoints or HTTP.
Thread: the server's.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from .calendar import iso
from .crowd import BETWEEN, FIRST_DAY, Crowd
from .models import Album, Asset, Partner, Stack, User
from .render import THUMBHASH, clock, size_of, thumbhash
from .versions import Version

Json = dict[str, Any]

# In the order in which the server lists them in an error; which of them a release knows, the table below says.
REQUEST_TYPES = tuple(
    """
    AlbumsV1 AlbumsV2 AlbumUsersV1 AlbumToAssetsV1 AlbumAssetsV1 AlbumAssetsV2 AlbumAssetExifsV1 AssetsV1 AssetsV2
    AssetExifsV1 AssetEditsV1 AssetMetadataV1 AssetOcrV1 AuthUsersV1 MemoriesV1 MemoryToAssetsV1 PartnersV1
    PartnerAssetsV1 PartnerAssetsV2 PartnerAssetExifsV1 PartnerStacksV1 StacksV1 UsersV1 PeopleV1 AssetFacesV1
    AssetFacesV2 UserMetadataV1
    """.split()
)
# In the order in which they are sent, whatever the order of the question.
SENT_ORDER = tuple(
    """
    AuthUsersV1 UsersV1 PartnersV1 AssetsV1 AssetsV2 StacksV1 PartnerAssetsV1 PartnerAssetsV2 PartnerStacksV1
    AlbumAssetsV1 AlbumAssetsV2 AlbumsV1 AlbumsV2 AlbumUsersV1 AlbumToAssetsV1 AssetExifsV1 AlbumAssetExifsV1
    PartnerAssetExifsV1 MemoriesV1 MemoryToAssetsV1 PeopleV1 AssetFacesV1 AssetFacesV2 UserMetadataV1 AssetMetadataV1
    AssetEditsV1 AssetOcrV1
    """.split()
)
ENTITY_TYPES = frozenset(
    """
    AuthUserV1 UserV1 UserDeleteV1 AssetV1 AssetV2 AssetDeleteV1 AssetExifV1 AssetEditV1 AssetEditDeleteV1
    AssetMetadataV1 AssetMetadataDeleteV1 AssetOcrV1 AssetOcrDeleteV1 PartnerV1 PartnerDeleteV1 PartnerAssetV1
    PartnerAssetV2 PartnerAssetBackfillV1 PartnerAssetBackfillV2 PartnerAssetDeleteV1 PartnerAssetExifV1
    PartnerAssetExifBackfillV1 PartnerStackBackfillV1 PartnerStackDeleteV1 PartnerStackV1 AlbumV1 AlbumV2
    AlbumDeleteV1 AlbumUserV1 AlbumUserBackfillV1 AlbumUserDeleteV1 AlbumAssetCreateV1 AlbumAssetCreateV2
    AlbumAssetUpdateV1 AlbumAssetUpdateV2 AlbumAssetBackfillV1 AlbumAssetBackfillV2 AlbumAssetExifCreateV1
    AlbumAssetExifUpdateV1 AlbumAssetExifBackfillV1 AlbumToAssetV1 AlbumToAssetDeleteV1 AlbumToAssetBackfillV1
    MemoryV1 MemoryDeleteV1 MemoryToAssetV1 MemoryToAssetDeleteV1 StackV1 StackDeleteV1 PersonV1 PersonDeleteV1
    AssetFaceV1 AssetFaceV2 AssetFaceDeleteV1 UserMetadataV1 UserMetadataDeleteV1 SyncAckV1 SyncResetV1
    SyncCompleteV1
    """.split()
)
# What version 3 does not send any more, and what it names instead.
DEPRECATED = {
    "AssetsV1": "AssetsV2",
    "PartnerAssetsV1": "PartnerAssetsV2",
    "AlbumAssetsV1": "AlbumAssetsV2",
    "AssetFacesV1": "AssetFacesV2",
}
_MODERN = frozenset({"AlbumsV2", "AlbumAssetsV2", "AssetsV2", "PartnerAssetsV2", "AssetOcrV1"})
_SINCE_2_5 = frozenset({"AssetEditsV1", "AssetFacesV2"})


def request_types(version: Version) -> tuple[str, ...]:
    """What a client of this release may ask for."""
    unknown = frozenset() if version.is_modern else _MODERN
    unknown |= frozenset() if version.has_free_metadata else _SINCE_2_5
    return tuple(name for name in REQUEST_TYPES if name not in unknown)


def compact(value: Any) -> bytes:
    """JSON as the server writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def line(kind: str, data: Json, ack: str) -> bytes:
    """One line of the stream."""
    return compact({"type": kind, "data": data, "ack": ack}) + b"\n"


def user_data(user: User) -> Json:
    """Somebody with an account."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "avatarColor": None,
        "deletedAt": None,
        "profileChangedAt": user.created_at,
        "hasProfileImage": False,
    }


def auth_user_data(user: User) -> Json:
    """The one whose session it is."""
    shown = user_data(user)
    picture = shown.pop("hasProfileImage")
    return {
        **shown,
        "isAdmin": user.is_admin,
        "pinCode": None,
        "oauthId": user.oauth_id,
        "storageLabel": "admin" if user.is_admin else None,
        "quotaSizeInBytes": user.quota,
        "quotaUsageInBytes": user.usage,
        "hasProfileImage": picture,
    }


def partner_data(partner: Partner) -> Json:
    """Who lets whom see their assets."""
    people = {"sharedById": partner.shared_by.id, "sharedWithId": partner.shared_with.id}
    return {**people, "inTimeline": partner.in_timeline}


def album_data(album: Album, *, with_owner: bool) -> Json:
    """An album; the owner is part of the older form."""
    shown: Json = {
        "id": album.id,
        "name": album.name,
        "description": album.description,
        "createdAt": album.created_at,
        "updatedAt": album.updated_at,
        "thumbnailAssetId": album.thumbnail,
        "isActivityEnabled": True,
        "order": "desc",
    }
    return {**shown, "ownerId": album.owner.id} if with_owner else shown


def stack_data(stack: Stack) -> Json:
    """A stack; its members name it themselves."""
    return {
        "id": stack.id,
        "createdAt": stack.created_at,
        "updatedAt": stack.updated_at,
        "primaryAssetId": stack.primary,
        "ownerId": stack.owner.id,
    }


def asset_data(asset: Asset, version: Version) -> Json:
    """An asset in the form of the release."""
    width, height = size_of(asset)
    shown: Json = {"id": asset.id, "ownerId": asset.owner.id, "originalFileName": asset.filename}
    shown |= {"fileCreatedAt": asset.created, "fileModifiedAt": asset.modified}
    if version.is_modern:
        shown["createdAt"] = asset.uploaded_at
    shown |= {
        "localDateTime": asset.created,
        "type": asset.type,
        "deletedAt": asset.trashed_at,
        "isFavorite": asset.favorite,
        "visibility": asset.visibility,
        "duration": asset.duration if version.is_modern else clock(asset.duration),
        "livePhotoVideoId": asset.live_video,
        "stackId": asset.stack,
        "libraryId": None,
    }
    if version.has_sizes:
        shown |= {"width": width, "height": height, "isEdited": False}
    return {**shown, "checksum": asset.checksum_base64, "thumbhash": thumbhash(asset)}


def exif_data(asset: Asset) -> Json:
    """What the server read from the file."""
    width, height = size_of(asset)
    nothing = ("make", "model", "lensModel", "fNumber", "focalLength", "iso", "exposureTime", "profileDescription")
    return {
        "assetId": asset.id,
        "description": asset.description,
        "exifImageWidth": width,
        "exifImageHeight": height,
        "fileSizeInByte": asset.size,
        "orientation": None,
        "dateTimeOriginal": asset.created,
        "modifyDate": asset.modified,
        "timeZone": None,
        "latitude": asset.latitude,
        "longitude": asset.longitude,
        **dict.fromkeys(("projectionType", "city", "state", "country", *nothing)),
        "rating": asset.rating,
        "fps": None,
    }


class CrowdLines:
    """Writes asset lines of a crowd from one pattern, several times faster than one by one."""

    def __init__(self, crowd: Crowd, version: Version, kind: str, prefix: str) -> None:
        self._crowd = crowd
        sample = asset_data(crowd.asset(0), version)
        changing = {"id": "\0I", "originalFileName": "\0N", "checksum": "\0C", "thumbhash": THUMBHASH}
        changing |= dict.fromkeys(("fileCreatedAt", "fileModifiedAt", "localDateTime"), "\0T")
        text = line(kind, sample | changing, f"{kind}|{prefix}\0M").decode().replace("%", "%%")
        self._pattern = text
        for letter in "INCTM":
            self._pattern = self._pattern.replace(f"\\u0000{letter}", f"%({letter})s")

    def line(self, number: int) -> bytes:
        """The line of one of them."""
        crowd = self._crowd
        filled = self._pattern % {
            "I": crowd.id_of(number),
            "N": f"IMG_{number:06}.jpg",
            "C": b64encode(crowd.checksum_of(number)).decode(),
            "T": iso(FIRST_DAY + number * BETWEEN),
            "M": crowd.mark_of(number),
        }
        return filled.encode()
