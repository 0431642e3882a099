"""The form of an upload: receiving its parts while hashing, and checking its fields.

For: ``uploads.py``; knows the field names and rules of an upload.
Must not: keep the file in memory, touch the store, or answer.
Thread: the server's.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

from .answers import Refusal, invalid
from .calendar import iso
from .checks import Issue, date_issue, is_uuid, not_one_of, not_uuid, wrong_type
from .filetypes import SIDECAR, extension, kind_of
from .multipart import PartHead, Sink
from .versions import Version

VISIBILITIES = ("archive", "timeline", "hidden", "locked")
MAX_FIELD = 1024 * 1024
_NUMBER = re.compile(r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$")

_HOURS = re.compile(r"^(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)$")


class Waste:
    """Takes a part nobody wants."""

    def write(self, piece: memoryview) -> None:
        """Forget the piece."""

    def close(self) -> None:
        """Nothing to close."""


class Text:
    """Collects a small part: a plain field up to a limit, or a sidecar, which is a file and has none."""

    def __init__(self, limit: float = MAX_FIELD) -> None:
        self.data = bytearray()
        self._limit = limit

    def write(self, piece: memoryview) -> None:
        """Keep the piece, up to the limit."""
        if len(self.data) + len(piece) > self._limit:
            raise Refusal(400, "Field value too long")
        self.data += piece

    def close(self) -> None:
        """Nothing to close."""


class FileSink:
    """Hashes and counts a file while it arrives; writes it to disk only when told where."""

    def __init__(self, filename: str, folder: Path | None) -> None:
        self.filename = filename
        self.size = 0
        self.head = b""
        self.tail = b""
        self.path: Path | None = None
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._file: BinaryIO | None = None
        if folder is not None:
            self.path = folder / f"incoming-{uuid.uuid4()}"
            self._file = self.path.open("wb")

    def write(self, piece: memoryview) -> None:
        """The next piece of the file."""
        self._hash.update(piece)
        self.size += len(piece)
        if len(self.head) < 16:
            self.head += bytes(piece[:16])
        self.tail = (self.tail + bytes(piece[-2:]))[-2:]
        if self._file is not None:
            self._file.write(piece)

    def close(self) -> None:
        """The file is complete."""
        if self._file is not None:
            self._file.close()

    def discard(self) -> None:
        """Remove what was written; the file does not become an asset."""
        self.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    @property
    def checksum(self) -> bytes:
        """The SHA-1 of everything received."""
        return self._hash.digest()


@dataclass(slots=True)
class UploadForm:
    """The parts of one upload as they come in. The first error is kept and the rest only drained."""

    folder: Path | None
    version: Version
    fields: dict[str, Text] = field(default_factory=dict)
    asset: FileSink | None = None
    sidecar: Text | None = None
    problem: Refusal | None = None

    def open_part(self, head: PartHead) -> Sink:
        """Where the content of the next part goes."""
        if self.problem is not None:
            return Waste()
        if head.filename is None:
            return self.fields.setdefault(head.name, Text())
        if head.name not in ("assetData", "sidecarData") or self._taken(head.name):
            return self._reject(f"Unexpected field - {head.name}")
        return self._open_file(head.name, head.filename)

    def value(self, name: str) -> str | None:
        """The text of a field, None when it was not sent."""
        found = self.fields.get(name)
        return None if found is None else found.data.decode("utf-8", "replace")

    def discard(self) -> None:
        """Throw the received file away."""
        if self.asset is not None:
            self.asset.discard()

    def _taken(self, name: str) -> bool:
        return (self.asset if name == "assetData" else self.sidecar) is not None

    def _open_file(self, name: str, filename: str) -> Sink:
        # A filename field counts for the check of every file that comes after it, sidecars included.
        judged = (self.value("filename") if self.version.judges_filename_field else None) or filename
        if name == "sidecarData":
            if extension(judged) not in SIDECAR:
                return self._reject(f"Unsupported file type {judged}")
            self.sidecar = Text(inf)
            return self.sidecar
        if kind_of(judged) is None or extension(judged) in self.version.unknown_extensions:
            return self._reject(f"Unsupported file type {judged}")
        self.asset = FileSink(filename, self.folder)
        return self.asset

    def _reject(self, message: str) -> Sink:
        self.problem = Refusal(400, message)
        return Waste()


@dataclass(frozen=True, slots=True)
class UploadFields:
    """The checked fields of an upload."""

    created: str
    modified: str
    filename: str | None
    favorite: bool
    visibility: str
    duration: int | None
    live_video: str | None
    metadata: dict[str, dict[str, Any]]
    device_asset_id: str = ""
    device_id: str = ""


def checked(values: dict[str, str | None], version: Version) -> UploadFields:
    """Check every field and refuse with the complete list of what is wrong."""
    issues: list[Issue] = []
    if version.has_device_ids:
        issues += [wrong_type([name], "string") for name in ("deviceAssetId", "deviceId") if not values.get(name)]
    for name in ("fileCreatedAt", "fileModifiedAt"):
        issue = date_issue([name], values.get(name)) if version.is_modern else _old_date_issue(name, values)
        issues += [issue] if issue else []
    favorite = values.get("isFavorite")
    if favorite not in (None, "true", "false"):
        issues.append(not_one_of(["isFavorite"], ("true", "false")))
    visibility = values.get("visibility")
    if visibility is not None and visibility not in VISIBILITIES:
        issues.append(not_one_of(["visibility"], VISIBILITIES))
    live_video = values.get("livePhotoVideoId")
    if live_video is not None and not is_uuid(live_video):
        issues.append(not_uuid(["livePhotoVideoId"]))
    duration = _duration(values.get("duration"), issues) if version.is_modern else _clock(values.get("duration"))
    metadata = _metadata(values.get("metadata"), issues)
    if issues:
        raise invalid(issues)
    created, modified = (iso(_moment(values[name] or "")) for name in ("fileCreatedAt", "fileModifiedAt"))
    return UploadFields(
        created=created,
        modified=modified,
        filename=values.get("filename") or None,
        favorite=favorite == "true",
        visibility=visibility or "timeline",
        duration=duration,
        live_video=live_video,
        metadata=metadata,
        device_asset_id=values.get("deviceAssetId") or "",
        device_id=values.get("deviceId") or "",
    )


def _moment(value: str) -> datetime:
    """A date in any form that a server takes; without a zone it is UTC."""
    if value.isdecimal():
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    found = datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _old_date_issue(name: str, values: dict[str, str | None]) -> Issue | None:
    """Before 3.0 everything is a date that can be read as one."""
    try:
        _moment(values.get(name) or "")
    except (ValueError, OverflowError, OSError):
        return wrong_type([name], "string", wording="datetime")
    return None


def _clock(value: str | None) -> int | None:
    """Before 3.0 a duration is hours, minutes and seconds; anything else is taken and means nothing."""
    found = _HOURS.match(value or "")
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def _duration(value: str | None, issues: list[Issue]) -> int | None:
    """Whole milliseconds; the server converts the text to a number first, as JavaScript does."""
    if value is None:
        return None
    if value.strip() and not _NUMBER.match(value):
        wrong = {"expected": "number", "code": "invalid_type", "received": "NaN", "path": ["duration"]}
        issues.append({**wrong, "message": "Invalid input: expected number, received NaN"})
        return None
    number = float(value.strip() or "0")
    if number != int(number):
        issues.append({**wrong_type(["duration"], "int", number), "format": "safeint"})
        return None
    if number < 0:
        limits = {"origin": "number", "code": "too_small", "minimum": 0, "inclusive": True}
        issues.append({**limits, "path": ["duration"], "message": "Too small: expected number to be >=0"})
        return None
    return int(number)


def _metadata(value: str | None, issues: list[Issue]) -> dict[str, dict[str, Any]]:
    """Pairs of a key and an object, sent as JSON text."""
    if value is None:
        return {}
    try:
        items = json.loads(value)
        return {str(item["key"]): dict(item["value"]) for item in items}
    except (ValueError, TypeError, KeyError):
        issues.append({"code": "custom", "path": ["metadata"], "message": "Invalid input: expected metadata items"})
        return {}
