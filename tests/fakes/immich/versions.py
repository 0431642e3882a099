"""Which release the stand-in pretends to be, and what follows from that.

For: one table of the differences between releases; routes ask for a trait, never for a number.
Must not: know routes or HTTP.
Thread: any; constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release such as 3.1.0."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def _from(self, major: int, minor: int = 0) -> bool:
        return (self.major, self.minor) >= (major, minor)

    @property
    def document(self) -> dict[str, Any]:
        """The version as the server and its greeting show it."""
        shown: dict[str, Any] = {"major": self.major, "minor": self.minor, "patch": self.patch}
        return shown | ({"prerelease": None} if self._from(3) else {})

    @property
    def is_modern(self) -> bool:
        """Errors without status code, durations in milliseconds, albums without owner and assets, sync of version 2."""
        return self._from(3)

    @property
    def has_device_ids(self) -> bool:
        """Uploads must name the device and their id there, and clients can ask for what is known by these."""
        return not self._from(3)

    @property
    def has_sizes(self) -> bool:
        """Assets show width, height and whether they were edited."""
        return self._from(2, 5)

    @property
    def refuses_empty_files(self) -> bool:
        """Files of 0 bytes are no assets."""
        return self._from(3, 1)

    @property
    def tells_of_albums(self) -> bool:
        """There is an event when assets come into an album or leave it."""
        return self._from(3, 1)

    @property
    def has_maintenance(self) -> bool:
        """There is a maintenance mode, and an event that announces it."""
        return self._from(2, 3)

    @property
    def pings_in_maintenance(self) -> bool:
        """Ping and version answer in maintenance mode too."""
        return self._from(2, 5)

    @property
    def has_copy(self) -> bool:
        """The albums, stack and favourite mark of an asset can be handed to another one."""
        return self._from(2, 2)

    @property
    def has_free_metadata(self) -> bool:
        """Clients choose the keys of what they keep with an asset, and can set them for many assets at once."""
        return self._from(2, 5)

    @property
    def shows_app_versions(self) -> bool:
        """Devices show which version of the app they run."""
        return self._from(2)

    @property
    def has_ocr(self) -> bool:
        """Text in pictures is found."""
        return self._from(2)

    @property
    def searches_archive(self) -> bool:
        """A search without a visibility finds everything but locked assets, not just the timeline."""
        return self._from(3)

    @property
    def upload_ready_event(self) -> str | None:
        """The companion of ``on_upload_success``."""
        if self._from(3):
            return "AssetUploadReadyV2"
        return "AssetUploadReadyV1" if self._from(1, 136) else None

    @property
    def unknown_extensions(self) -> frozenset[str]:
        """Endings of file names that came with a later release."""
        since = {".mxf": (2, 6), ".ts": (2, 7), ".mpo": (3, 0)}
        return frozenset(ending for ending, release in since.items() if not self._from(*release))

    @property
    def judges_filename_field(self) -> bool:
        """The form field ``filename`` counts for the check of the type, not just the name of the file's part."""
        return self._from(1, 141)

    @property
    def has_own_key_route(self) -> bool:
        """A key can look at itself."""
        return self._from(1, 139)

    @property
    def bulk_check_permission(self) -> str:
        """What a key needs for the bulk check; nothing before 1.136."""
        if self._from(1, 141):
            return "asset.upload"
        return "all" if self._from(1, 136) else ""


def version(text: str) -> Version:
    """A release from its number; ValueError for anything else."""
    parts = [int(part) for part in text.removeprefix("v").split(".")]
    if len(parts) != 3:
        raise ValueError(f"no release: {text}")
    return Version(*parts)
