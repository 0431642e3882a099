"""A server that speaks as much of Immich as an uploader needs, and throws the photos away as fast as the kernel can.

Runs as a process of its own, so that its work is not counted as anybody's: `python -m tests.bench.sink` prints its
port. A thread for each connection; the bytes of a photo are dropped without being copied. It remembers the announced
checksums (so that our client finds its proof) and who came when, for `/bench/log`. Must not judge anything: what a real
server would refuse is the business of `tests.fakes.immich`.
"""

import json
import random
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

BUFFER_BYTES: Final = 1024 * 1024
#: Where the system can drop the bytes of a stream without copying them.
_DROP: Final = socket.MSG_TRUNC if sys.platform == "linux" else 0
_FILENAME: Final = re.compile(rb'filename="([^"]*)"')
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHECKSUM: Final = re.compile(rb"\r\nx-immich-checksum: *([0-9a-f]{40})", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)

_USER = {
    "id": "00000000-0000-4000-8000-000000000001",
    "email": "bench@example.org",
    "name": "Bench",
    "profileImagePath": "",
    "avatarColor": "primary",
    "profileChangedAt": "2026-01-01T00:00:00.000Z",
}
_STILL: Final = [".jpg", ".jpeg", ".png", ".heic", ".webp", ".dng"]
_FIXED: Final[dict[bytes, Any]] = {
    b"/api/server/ping": {"res": "pong"},
    b"/api/server/version": {"major": 3, "minor": 1, "patch": 0},
    b"/api/server/features": {"trash": True, "search": True},
    b"/api/server/config": {"maintenanceMode": False, "isInitialized": True},
    b"/api/server/media-types": {"image": _STILL, "video": [".mp4", ".mov"], "sidecar": [".xmp"]},
    b"/api/server/about": {"version": "v3.1.0", "licensed": False},
    b"/api/users/me": _USER,
    b"/api/api-keys/me": {"id": "k", "name": "bench", "permissions": ["all"]},
    # Nothing ever changes here by itself.
    b"/api/search/metadata": {
        "assets": {"total": 0, "count": 0, "items": [], "facets": [], "nextPage": None},
        "albums": {"total": 0, "count": 0, "items": [], "facets": []},
    },
    b"/api/albums": [],
    b"/.well-known/immich": {"api": {"endpoint": "/api"}},
}


@dataclass(slots=True)
class Memory:
    """What the sink remembers. Under the interpreter's lock; each step is one operation."""

    ids: dict[str, str] = field(default_factory=dict)
    #: (seconds of the monotonic clock, name, bytes of the request)
    arrivals: list[tuple[float, str, int]] = field(default_factory=list)
    again: int = 0
    number: int = 0

    def clear(self, *, everything: bool) -> None:
        if everything:
            self.ids.clear()
        self.arrivals.clear()
        self.again = 0

    def new_id(self) -> str:
        self.number += 1
        return f"{self.number:08x}-{random.getrandbits(16):04x}-4000-8000-000000000000"

    def counts(self) -> dict[str, int]:
        return {"uploads": len(self.arrivals), "distinct": len(self.ids), "again": self.again}


class Connection:
    """One client, on its own thread."""

    def __init__(self, sock: socket.socket, memory: Memory) -> None:
        self._socket = sock
        self._memory = memory
        self._buffer = bytearray(BUFFER_BYTES)
        self._have = b""

    def serve(self) -> None:
        """Answer until the client goes away."""
        try:
            while self._answer_one():
                pass
        except OSError:
            pass
        finally:
            self._socket.close()

    def _answer_one(self) -> bool:
        while (end := self._have.find(b"\r\n\r\n")) < 0:
            more = self._socket.recv(65_536)
            if not more:
                return False
            self._have += more
        head, self._have = self._have[: end + 2], self._have[end + 4 :]
        method, target = head.split(b" ", 2)[:2]
        path = target.partition(b"?")[0]
        if path == b"/api/assets" and method == b"POST":
            status, value = self._take(head)
        else:
            status, value = self._talk(path, self._body(head))
        body = json.dumps(value, separators=(",", ":")).encode()
        top = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._socket.sendall(top + body)
        return True

    def _talk(self, path: bytes, body: bytes) -> tuple[int, Any]:
        memory = self._memory
        if path == b"/api/assets/bulk-upload-check":
            return 200, {"results": [self._verdict(asset) for asset in json.loads(body)["assets"]]}
        if path == b"/bench/log":
            return 200, {"arrivals": list(memory.arrivals), **memory.counts()}
        if path == b"/bench/counts":
            return 200, memory.counts()
        if path in {b"/bench/recount", b"/bench/reset"}:
            memory.clear(everything=path == b"/bench/reset")
            return 200, {}
        if path in _FIXED:
            return 200, _FIXED[path]
        return 404, {"message": "Cannot do that"}

    def _verdict(self, asset: dict[str, str]) -> dict[str, Any]:
        known = self._memory.ids.get(asset["checksum"])
        if known is None:
            return {"id": asset["id"], "action": "accept"}
        return {"id": asset["id"], "action": "reject", "reason": "duplicate", "assetId": known, "isTrashed": False}

    def _take(self, head: bytes) -> tuple[int, Any]:
        """A photo: its first bytes tell its name, the rest is dropped."""
        memory = self._memory
        size_bytes, start = self._drop_body(head)
        name = _FILENAME.search(start)
        memory.arrivals.append((time.monotonic(), name.group(1).decode() if name else "", size_bytes))
        found = _CHECKSUM.search(head)
        if found is None:  # the official client announces none
            return 201, {"id": memory.new_id(), "status": "created"}
        checksum = found.group(1).decode()
        if checksum in memory.ids:
            memory.again += 1
            return 200, {"id": memory.ids[checksum], "status": "duplicate"}
        memory.ids[checksum] = remote_id = memory.new_id()
        return 201, {"id": remote_id, "status": "created"}

    def _body(self, head: bytes) -> bytes:
        length = _length(head)
        while len(self._have) < length:
            more = self._socket.recv(BUFFER_BYTES)
            if not more:
                raise ConnectionError
            self._have += more
        body, self._have = self._have[:length], self._have[length:]
        return body

    def _drop_body(self, head: bytes) -> tuple[int, bytes]:
        """Bytes of the body, and its beginning."""
        if _CHUNKED.search(head):
            return self._drop_chunks()
        length = _length(head)
        while len(self._have) < min(length, 2_048):
            more = self._socket.recv(4_096)
            if not more:
                raise ConnectionError
            self._have += more
        start, self._have = self._have[:length], self._have[length:]
        self._drop(length - len(start))
        return length, start

    def _drop(self, left: int) -> None:
        while left > 0:
            gone = self._socket.recv_into(self._buffer, min(left, BUFFER_BYTES), _DROP)
            if not gone:
                raise ConnectionError
            left -= gone

    def _drop_chunks(self) -> tuple[int, bytes]:
        start, total = b"", 0
        while True:
            while (end := self._have.find(b"\r\n")) < 0:
                self._have += self._socket.recv(65_536)
            length = int(self._have[:end].partition(b";")[0], 16)
            self._have = self._have[end + 2 :]
            total += length
            if len(start) < 2_048:
                start += self._have[:length]
            left = length + 2 - len(self._have)
            if left > 0:
                self._have = b""
                self._drop(left)
            else:
                self._have = self._have[length + 2 :]
            if length == 0:
                return total, start


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found.group(1)) if found else 0


def main() -> None:
    """Serve on a free port of this machine until killed; the port is the first line printed."""
    sys.setswitchinterval(0.001)
    memory = Memory()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            sock, _ = server.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Connection(sock, memory).serve, daemon=True).start()


if __name__ == "__main__":
    main()
