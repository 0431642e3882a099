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
