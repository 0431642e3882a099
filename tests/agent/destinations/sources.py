"""Sources for tests: real files, read as the agent reads them, and some that misbehave on purpose."""

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from agent.files.read import chunks

#: 2023-11-14 22:13:20.123 UTC
MODIFIED_AT = 1_700_000_000_123


class FileSource:
    """A file of the test's; `check` is called before each piece, `day` is what the camera wrote."""

    def __init__(
        self,
        path: bytes,
        *,
        day: date | None = None,
        check: Callable[[], None] = lambda: None,
        chunk_bytes: int = 262_144,
    ) -> None:
        content = Path(os.fsdecode(path)).read_bytes() if os.stat(path).st_size < 1 << 28 else None
        self.path = path
        self.name = os.path.basename(path)
        self.size_bytes = os.stat(path).st_size
        self.modified_at = os.stat(path).st_mtime_ns // 1_000_000
        self.created_at = self.modified_at - 1_000
        self.day = day
        self.check = check
        self.chunk_bytes = chunk_bytes
        self.times_read = 0
        self.sha1 = hashlib.sha1(content).digest() if content is not None else _digest(path)

    def captured_on(self) -> date | None:
        return self.day

    def chunks(self) -> Iterator[bytes]:
        self.times_read += 1
        return chunks(self.path, self.sha1, self.size_bytes, check=self.check, chunk_bytes=self.chunk_bytes)


def _digest(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1").digest()


class Photos:
    """Makes files in a folder of the test's and gives their sources."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fsencode(folder)
        self._count = 0

    def __call__(
        self,
        name: bytes | str = b"IMG_1.JPG",
        content: bytes | None = None,
        *,
        modified_at: int = MODIFIED_AT,
        day: date | None = None,
        chunk_bytes: int = 262_144,
    ) -> FileSource:
        """A new file; without `content` one that no other has."""
        self._count += 1
        folder = os.path.join(self._folder, b"%d" % self._count)
        os.mkdir(folder)
        path = os.path.join(folder, os.fsencode(name))
        with open(path, "wb") as file:
            file.write(b"\xff\xd8 photo %d" % self._count if content is None else content)
        os.utime(path, ns=(modified_at * 1_000_000,) * 2)
        return FileSource(path, day=day, chunk_bytes=chunk_bytes)
