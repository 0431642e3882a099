"""The records the stand-in keeps: users, keys, sessions, assets, albums.

For: typed state shared by the route modules.
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


def new_id() -> str:
    """A fresh random identifier in the form the server gives out."""
    return str(uuid.uuid4())


def iso(moment: datetime) -> str:
    """A moment as UTC text with milliseconds and a final ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)


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
    """A signed-in session; ``parent`` is set for child sessions."""

    user: User
    token: str
    id: str = field(default_factory=new_id)
    parent: str | None = None


@dataclass(slots=True)
class Asset:
    """One stored photo or video.

    ``dying`` is set between a forced delete and the purge job; ``trashed_at`` is set then too.
    ``readable`` says whether the content looked like its type, so whether there is a thumbnail.
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
    order: int = 0
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
class Album:
    """An album of one owner; ``asset_ids`` keeps the order of adding."""

    owner: User
    name: str
    description: str = ""
    asset_ids: dict[str, None] = field(default_factory=dict)
    thumbnail: str | None = None
    id: str = field(default_factory=new_id)
    created_at: str = field(default_factory=now_iso)
    updated_at: str = field(default_factory=now_iso)
