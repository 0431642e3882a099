"""The journal of what only the user knows: `intent.jsonl`, appended and synced, beside the settings.

A lost database is rebuilt from the disk and the destinations; a pause, a deletion that must not be undone, and a file
that is to stay out of the backup, are nowhere but here. Each line is one decision; reading it from the start gives what
is in force. Any thread. What cannot be written is not in force, and raises Blocked.
"""

import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from agent.domain.errors import Blocked
from agent.platforms.disk import FULL
from agent.protocol.paths import from_wire, to_wire
from agent.protocol.wire import as_json, from_json
from agent.record import Record


class Pause(Record, frozen=True):
    """Backup rests until a time, or with None until resumed."""

    until_at: int | None


class IntentJournal:
    """The journal, open for appending. A half line left by a power cut is passed over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._pause: Pause | None = None
        self._tombstones: dict[tuple[str, bytes], int] = {}
        self._left_out: frozenset[bytes] = frozenset()
        if path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    self._apply(from_json(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue

    def pause(self) -> Pause | None:
        """The pause that was asked for last, even if its time is over."""
        return self._pause

    def set_pause(self, pause: Pause | None, now_at: int) -> None:
        """Pause or resume."""
        self._append({"at": now_at, "paused": pause is not None, "until_at": pause.until_at if pause else None})

    def tombstones(self) -> dict[tuple[str, bytes], int]:
        """(destination id, SHA-1) -> size of all that was deleted there and not put back since."""
        return dict(self._tombstones)

    def bury(self, destination_id: str, contents: Sequence[tuple[bytes, int]], now_at: int) -> None:
        """These contents, as (SHA-1, size), were deleted at a destination on purpose; durable when this returns."""
        self._append({"at": now_at, "deleted": _written(contents), "destination": destination_id})

    def unbury(self, destination_id: str, contents: Sequence[tuple[bytes, int]], now_at: int) -> None:
        """These are wanted there again, or are there again."""
        known = [one for one in contents if (destination_id, one[0]) in self._tombstones]
        if known:
            self._append({"at": now_at, "restored": _written(known), "destination": destination_id})

    def left_out(self) -> frozenset[bytes]:
        """The paths of the files that are not to be backed up, one by one."""
        return self._left_out

    def leave_out(self, paths: Sequence[bytes], now_at: int) -> None:
        """These files are not to be backed up; durable when this returns."""
        if fresh := sorted(set(paths) - self._left_out):
            self._append({"at": now_at, "left_out": [to_wire(path) for path in fresh]})

    def take_in(self, paths: Sequence[bytes], now_at: int) -> None:
        """These are to be backed up again, or are not there any more."""
        if known := sorted(self._left_out.intersection(paths)):
            self._append({"at": now_at, "taken_in": [to_wire(path) for path in known]})

    def _append(self, decision: dict[str, object]) -> None:
        with self._turn:
            try:
                self._write_line(as_json(decision))
            except OSError as error:
                raise Blocked("disk_full" if error.errno in FULL else "database_read_only") from error
            self._apply(decision)

    def _write_line(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # A new line first, so that a half line from before cannot swallow this one.
            data = b"\n" + line + b"\n"
            if os.write(descriptor, data) != len(data):  # the disk took the first part of it
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _apply(self, decision: dict[str, object]) -> None:
        if "paused" in decision:
            until = decision.get("until_at")
            self._pause = Pause(until if isinstance(until, int) else None) if decision["paused"] else None
        self._left_out = (self._left_out | _paths(decision.get("left_out"))) - _paths(decision.get("taken_in"))
        destination = decision.get("destination")
        if isinstance(destination, str):
            for sha1, size in _read(decision.get("deleted")):
                self._tombstones[destination, sha1] = size
            for sha1, _ in _read(decision.get("restored")):
                self._tombstones.pop((destination, sha1), None)


def _paths(value: object) -> frozenset[bytes]:
    texts = value if isinstance(value, list) else []
    return frozenset(from_wire(one) for one in texts if isinstance(one, str))


def _written(contents: Sequence[tuple[bytes, int]]) -> list[list[object]]:
    return [[sha1.hex(), size] for sha1, size in contents]


def _read(value: object) -> list[tuple[bytes, int]]:
    pairs = value if isinstance(value, list) else []
    return [(bytes.fromhex(sha1), int(size)) for sha1, size in pairs]
