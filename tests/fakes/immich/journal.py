"""A line in a file for every asset that was created.

For: tests that run many client processes and want to count afterwards what arrived, and how often.
Must not: be read back by the server, or hold contents.
Thread: the server's; called while the shared lock is held.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TextIO

from .models import Asset

FILE_NAME = "assets.jsonl"


class Journal:
    """Appends one JSON object per created asset to ``assets.jsonl``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        self._file: TextIO = self.path.open("a", encoding="utf-8", buffering=1)

    def created(self, asset: Asset) -> None:
        """Write the line of a new asset; it is on its way to the disk when this returns."""
        line = {
            "id": asset.id,
            "checksum": asset.checksum_hex,
            "filename": asset.filename,
            "size": asset.size,
            "owner": asset.owner.email,
        }
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file; nothing may be written afterwards."""
        self._file.close()


def read_journal(folder: Path) -> list[dict[str, object]]:
    """The lines of a journal, oldest first; empty when there is none yet."""
    path = folder / FILE_NAME
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
