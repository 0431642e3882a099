"""Server versions: how to read them, and which are old enough or new enough for what.

Pure. Facts: `GET /server/version` and the release notes of Immich, gathered in the project's API notes.
"""

from typing import NamedTuple


class Version(NamedTuple):
    """A release; compares as one expects."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: Below this a restricted key may not ask which contents are known, and the name field does not count for the type.
OLDEST = Version(1, 141, 0)


def read_version(answer: object) -> Version | None:
    """The version in an answer of `/server/version`, or None when it is none."""
    if not isinstance(answer, dict):
        return None
    numbers = [answer.get(part) for part in ("major", "minor", "patch")]
    if not all(isinstance(number, int) for number in numbers):
        return None
    return Version(*(int(number) for number in numbers if number is not None))


def is_too_old(version: Version) -> bool:
    """Whether this server cannot be used."""
    return version < OLDEST


#: The newest major version that this code was held against; a newer one is tried, and a word said.
KNOWN_MAJOR = 3

#: Since which version which kinds of changes are asked for; the last row that fits.
_SYNC_KINDS: tuple[tuple[Version, tuple[str, ...]], ...] = (
    (OLDEST, ("AssetsV1", "AlbumsV1", "AlbumToAssetsV1", "UsersV1", "PartnersV1")),
    (Version(3, 0, 0), ("AssetsV2", "AlbumsV2", "AlbumToAssetsV1", "UsersV1", "PartnersV1")),
)


def sync_kinds(version: Version) -> tuple[str, ...]:
    """The kinds of changes to ask this server for."""
    return next(kinds for since, kinds in reversed(_SYNC_KINDS) if version >= since or since == OLDEST)


#: Since which version which visibilities a search is to be made for, one after the other; None: it finds them all.
_SEARCHES: tuple[tuple[Version, tuple[str | None, ...]], ...] = (
    (OLDEST, ("timeline", "archive", "hidden")),
    (Version(3, 0, 0), (None,)),
)


def searches(version: Version) -> tuple[str | None, ...]:
    """The visibilities to search this server for, until all but what is locked was found."""
    return next(kinds for since, kinds in reversed(_SEARCHES) if version >= since or since == OLDEST)


def is_unknown(version: Version) -> bool:
    """Whether this server is newer than what was tried."""
    return version.major > KNOWN_MAJOR
