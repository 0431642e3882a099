"""Any number of assets that are calculated when somebody asks for them.

For: benches that need 100,000 remote assets at once; ``server.add_crowd(100_000)``.
Must not: store an asset; only the numbers of those that left the crowd are kept.
Thread: any; changed only while the shared lock is held.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from .calendar import Calendar, iso, uuid7
from .models import Asset, User

SIZE = 3_000_000
FIRST_DAY = datetime(2015, 1, 1, 12, tzinfo=UTC)
BETWEEN = timedelta(minutes=37)


def crowd_checksum(name: str, number: int) -> bytes:
    """The SHA-1 that the asset of this number claims to have; its number is inside so that it can be found."""
    digest = hashlib.sha1(f"{name}/{number}".encode(), usedforsecurity=False).digest()
    return number.to_bytes(4, "big") + digest[4:]


class Crowd:
    """``count`` assets of one owner, numbered from 0. ``name`` tells several crowds apart."""

    def __init__(self, owner: User, count: int, calendar: Calendar, name: str = "crowd") -> None:
        self.owner = owner
        self.count = count
        self.name = name
        self.gone: set[int] = set()
        self._tail = hashlib.sha1(f"{owner.id}/{name}".encode(), usedforsecurity=False).hexdigest()[:12]
        _, self._at_ms, self._place = calendar.reserve(count)
        self._born = calendar.now_iso()

    @property
    def size(self) -> int:
        """What all of them together take of the owner's quota."""
        return self.count * SIZE

    def __iter__(self) -> Iterator[Asset]:
        return (self.asset(number) for number in range(self.count) if number not in self.gone)

    def id_of(self, number: int) -> str:
        """The id of one of them."""
        return f"{number:08x}-c0de-4000-8000-{self._tail}"

    def mark_of(self, number: int) -> str:
        """The mark of one of them in the sync stream; marks grow with the number."""
        return uuid7(self._at_ms, self._place + number)

    def checksum_of(self, number: int) -> bytes:
        """The SHA-1 of one of them."""
        return crowd_checksum(self.name, number)

    def by_id(self, asset_id: str) -> Asset | None:
        """The one with this id."""
        number = self._number(asset_id)
        return None if number is None else self._present(number)

    def by_checksum(self, digest: bytes) -> Asset | None:
        """The one with these bytes."""
        number = int.from_bytes(digest[:4], "big")
        return self._present(number) if digest == self.checksum_of(number) else None

    def after(self, mark: str | None) -> range:
        """The numbers whose mark comes after the given one."""
        if mark is None:
            return range(self.count)
        return range(bisect_right(range(self.count), mark, key=self.mark_of), self.count)

    def release(self, asset_id: str) -> None:
        """It is kept elsewhere from now on, or not at all."""
        number = self._number(asset_id)
        if number is not None:
            self.gone.add(number)

    def asset(self, number: int) -> Asset:
        """A record of one of them, made for this call."""
        taken = iso(FIRST_DAY + number * BETWEEN)
        mark = self.mark_of(number)
        return Asset(
            owner=self.owner,
            checksum=self.checksum_of(number),
            size=SIZE,
            filename=f"IMG_{number:06}.jpg",
            type="IMAGE",
            created=taken,
            modified=taken,
            readable=True,
            extracted=True,
            mark=mark,
            exif_mark=mark,
            id=self.id_of(number),
            uploaded_at=self._born,
            updated_at=self._born,
        )

    def _number(self, asset_id: str) -> int | None:
        """The number in an id; None when it is not one of theirs."""
        if not asset_id.endswith(self._tail):
            return None
        number = int(asset_id[:8], 16)
        return number if number < self.count and asset_id == self.id_of(number) else None

    def _present(self, number: int) -> Asset | None:
        return self.asset(number) if number < self.count and number not in self.gone else None
