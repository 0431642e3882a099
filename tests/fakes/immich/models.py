"""The records the stand-in keeps: users, keys, sessions, assets, albums.

For: typed state shared by the route modules. Fields named ``…_mark`` are version 7 UUIDs that grow with every change;
the sync stream orders by them.
Must not: know HTTP or JSON shapes (``render.py`` does) or take locks (``store.py`` does).
Thread: any; instances are changed only while the store's lock is held.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .calendar import iso


def new_id() -> str:
    """A fresh random identifier in the form the server gives out."""
    return str(uuid.uuid4())


def now_iso() -> str:
    """The present moment as text."""
    return iso(datetime.now(UTC))


@dataclass(slots=True)
class User:
    """An account; ``quota`` is None when there is no limit."""

    email: str
    password: str
    name: str
    is_admin: bool = False
    quota: int | None = None
    usage: int = 0
    oauth_id: str = ""
    must_change_password: bool = True
    mark: str = ""
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)


@dataclass(slots=True)
class Partner:
    """One user lets another see all assets."""

    shared_by: User
    shared_with: User
    in_timeline: bool = False
    create_mark: str = ""
    mark: str = ""


@dataclass(slots=True)
class ApiKey:
    """An API key; the secret itself is only the dictionary key in the store."""

    user: User
    name: str
    permissions: list[str]
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)


@dataclass(slots=True)
class Session:
    """A signed-in session; ``parent`` is set for child sessions, ``expires_at`` when it ends by itself.

    ``checkpoints`` holds the last acknowledgement of each kind of line of the sync stream.
    """

    user: User
    token: str
    id: str = field(default_factory=new_id)
    parent: str | None = None
    device_type: str = ""
    device_os: str = ""
    app_version: str | None = None
    expires_at: str | None = None
    by_oauth: bool = False
    pending_sync_reset: bool = False
    checkpoints: dict[str, str] = field(default_factory=dict)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)


@dataclass(slots=True)
class Asset:
    """One stored photo or video.

    ``dying`` is set between a forced delete and the purge job; ``trashed_at`` is set then too.
    ``readable`` says whether the content looked like its type, so whether there can be a thumbnail; ``extracted``
    whether the server had the time to look. ``device_asset_id`` and ``device_id`` are kept for servers before 3.0.
    """

    owner: User
    checksum: bytes
    size: int
    filename: str
    type: str
    created: str
    modified: str
    visibility: str = "timeline"
    favorite: bool = False
    duration: int | None = None
    description: str = ""
    rating: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    live_video: str | None = None
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    sidecar: bytes | None = None
    readable: bool = False
    path: Path | None = None
    trashed_at: str | None = None
    dying: bool = False
    extracted: bool = False
    stack: str | None = None
    tag_ids: dict[str, None] = field(default_factory=dict)
    device_asset_id: str = ""
    device_id: str = ""
    mark: str = ""
    exif_mark: str = ""
    metadata_marks: dict[str, str] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    uploaded_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)

    @property
    def checksum_hex(self) -> str:
        """The SHA-1 of the content as 40 hexadecimal digits."""
        return self.checksum.hex()

    @property
    def checksum_base64(self) -> str:
        """The SHA-1 of the content as the API shows it."""
        return base64.b64encode(self.checksum).decode("ascii")

    @property
    def is_trashed(self) -> bool:
        """True in the trash and while a forced delete is under way."""
        return self.trashed_at is not None

    def content(self) -> bytes:
        """The stored bytes; only when the stand-in keeps files."""
        if self.path is None:
            raise LookupError("the stand-in was not told to keep files")
        return self.path.read_bytes()


@dataclass(slots=True)
class Member:
    """Somebody who sees an album: its owner, or an ``editor`` or ``viewer`` it is shared with."""

    user: User
    role: str
    create_mark: str = ""
    mark: str = ""


@dataclass(slots=True)
class Album:
    """An album; ``asset_ids`` keeps the order of adding, with the mark of each asset's arrival in the album.

    ``members`` are by user id, the owner first.
    """

    owner: User
    name: str
    description: str = ""
    asset_ids: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    thumbnail: str | None = None
    mark: str = ""
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)


@dataclass(slots=True)
class Stack:
    """Assets that belong together; ``asset_ids`` starts with the one on top."""

    owner: User
    asset_ids: list[str]
    mark: str = ""
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)

    @property
    def primary(self) -> str:
        """The asset on top."""
        return self.asset_ids[0]


@dataclass(slots=True)
class Tag:
    """A tag; ``value`` is the whole path, ``name`` its last part."""

    owner: User
    value: str
    parent: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.value.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that was removed, for those who have not heard of it: ``seen_by`` holds ids of users."""

    mark: str
    kind: str
    data: dict[str, str]
    seen_by: frozenset[str]
