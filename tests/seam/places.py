"""Where copies arrive, as the stories look at it: the bytes themselves, how often each, and what was sent in vain.

Reads what the agent's destinations wrote without asking the agent. Any thread.
"""

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Protocol

from tests.fakes.immich.standin import StandIn

_OURS = b".safelight-"


def sha1_of(path: Path | bytes) -> str:
    """The digest of a file, read in pieces."""
    digest = hashlib.sha1(usedforsecurity=False)
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


class Place(Protocol):
    """One destination, seen from outside."""

    name: str

    def arrived(self) -> Counter[str]:
        """SHA-1 (hex) of the bytes that really lie there -> how often."""
        ...

    def names(self) -> list[str]:
        """The names under which they lie."""
        ...

    def waste(self) -> int:
        """How many transfers brought what was there already."""
        ...


class FolderPlace:
    """A folder on this disk."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def files(self) -> list[bytes]:
        """Every copy, by its path."""
        found = []
        for folder, _, names in os.walk(os.fsencode(self.root)):
            found += [os.path.join(folder, name) for name in names if not name.startswith(_OURS)]
        return sorted(found)

    def arrived(self) -> Counter[str]:
        return Counter(sha1_of(path) for path in self.files())

    def names(self) -> list[str]:
        return [os.fsdecode(os.path.basename(path)) for path in self.files()]

    def waste(self) -> int:
        """None is seen from outside. Half copies that a death leaves are cleared away after a day."""
        return 0


class ServerPlace:
    """A stand-in Immich server that keeps what it is sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.server = StandIn(keep_files=True)
        self.server.start()
        self.key = self.server.api_key()

    def arrived(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for asset in self.server.assets:
            assert asset.path is not None
            found[sha1_of(asset.path)] += 1
            if asset.sidecar is not None:
                found[hashlib.sha1(asset.sidecar, usedforsecurity=False).hexdigest()] += 1
        return found

    def names(self) -> list[str]:
        return [asset.filename for asset in self.server.assets]

    def waste(self) -> int:
        return self.server.counters.statuses["POST /api/assets", 200]

    def uploads(self) -> int:
        """How many files were sent and taken."""
        return self.server.counters.statuses["POST /api/assets", 201]
