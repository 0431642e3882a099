"""Syncing with an account of 100,000 assets: the first whole reading, and then reading that nothing changed.

The server is a few lines that send what they prepared, so that it costs nothing; the sync runs as in the agent, in a
process of its own whose time and memory are read at its end. Half of the assets are files of this computer.
"""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.agent.destinations.immich.wires import Listener, answer, read_request
from tests.bench.table import Options, Row, at_most

_LANE = "a1b2c3d4"
_USER = "8b5a1b1c-0000-4000-8000-000000000001"


def run(options: Options) -> list[Row]:
    """Seconds, memory and processor time."""
    count = 10_000 if options.quick else 100_000
    server = _Server(count)
    with Listener(server.handle) as listener, tempfile.TemporaryDirectory(prefix="sl-") as room:
        url = f"http://127.0.0.1:{listener.port}"
        for step in ("prepare", "measure"):
            command = [sys.executable, "-m", "tests.bench.immich", step, url, room, str(count)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return [
        at_most(f"sync of {count:,} assets", found["whole_s"], "s", 30),
        at_most("the process's memory at most", found["peak_mb"], "MB", 150),
        Row("its processor time", found["whole_cpu_s"], "s"),
        at_most("an empty one: processor time", found["empty_cpu_ms"], "ms", 50),
    ]


class _Server:
    """Answers what a sync asks; the stream is sent once, then it is empty."""

    def __init__(self, count: int) -> None:
        lines = []
        for number in range(count):
            data = {
                "id": f"{number:08x}-0000-4000-8000-000000000000",
                "ownerId": _USER,
                "originalFileName": f"IMG_{number:06}.jpg",
                "checksum": base64.b64encode(digest(number)).decode(),
                "thumbhash": "3OcRJYB4d3h/iIeHeEh3eIhw+j3A",
                "fileCreatedAt": "2024-05-01T10:00:00.000Z",
                "fileModifiedAt": "2024-05-01T10:00:00.000Z",
                "localDateTime": "2024-05-01T12:00:00.000Z",
                "createdAt": "2024-06-01T10:00:00.000Z",
                "type": "IMAGE",
                "deletedAt": None,
                "isFavorite": False,
                "visibility": "timeline",
                "duration": None,
                "livePhotoVideoId": None,
                "stackId": None,
                "libraryId": None,
                "width": 4000,
                "height": 3000,
                "isEdited": False,
            }
            lines.append(json.dumps({"type": "AssetV2", "data": data, "ack": f"AssetV2|{number}"}).encode())
        self._ids = {digest(number).hex(): f"{number:08x}-0000-4000-8000-000000000000" for number in range(count)}
        self._whole = b"\n".join(lines) + b"\n"
        self._is_told = False

    def handle(self, sock: socket.socket, _number: int) -> None:
        while True:
            head, body = read_request(sock)
            if not head:
                return
            path = head.split(b" ")[1]
            if path == b"/api/sync/stream":
                self._stream(sock)
                return
            if path == b"/api/assets/bulk-upload-check":
                sock.sendall(answer(200, self._check(json.loads(body)["assets"])))
            else:
                sock.sendall(_ANSWERS.get(path) or answer(204, b""))

    def _check(self, asked: list[dict[str, str]]) -> bytes:
        found = [
            {"id": one["id"], "action": "reject", "reason": "duplicate", "assetId": self._ids[one["checksum"]]}
            for one in asked
        ]
        return json.dumps({"results": found}).encode()

    def _stream(self, sock: socket.socket) -> None:
        body = b"" if self._is_told else self._whole
        self._is_told = True
        body += b'{"type":"SyncCompleteV1","data":{},"ack":"SyncCompleteV1|1"}\n'
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(body), 65_536):
            piece = body[start : start + 65_536]
            sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        sock.sendall(b"0\r\n\r\n")


_ANSWERS = {
    b"/api/server/version": answer(200, b'{"major":3,"minor":1,"patch":0}'),
    b"/api/users/me": answer(200, json.dumps({"id": _USER, "email": "ada@example.org", "name": "Ada"}).encode()),
    b"/api/auth/validateToken": answer(200, b'{"authStatus":true}'),
}


def digest(number: int) -> bytes:
    """The digest of the asset of a number."""
    return hashlib.sha1(str(number).encode()).digest()


def _prepare(room: Path, count: int) -> None:
    """A ledger in which half of the assets are files of this computer."""
    from agent.store import copies, files, folders
    from agent.store.db import Database

    database = Database(room / "safelight.db")
    with database.write() as tx:
        ids = folders.attach(tx, {b"/pictures": [_LANE]}, {_LANE: "immich"})
        directory = folders.directory(tx, ids[b"/pictures"], b"")
        for number in range(0, count, 2):
            file_id = files.add(tx, directory, ids[b"/pictures"], b"%d.jpg" % number, "still", 3_000_000, 1, 0, 1)
            content_id = files.set_content(tx, file_id, digest(number), 3_000_000, 1, 1)
            copies.put(tx, content_id, _LANE, "safe", f"{number:08x}-0000-4000-8000-000000000000", 1)
    database.close()


def _measure(url: str, room: Path, count: int) -> dict[str, float]:
    from agent.destinations.immich import ImmichDestination
    from agent.platforms.clock import SystemClock
    from agent.store import jobs
    from agent.store.db import Database
    from agent.store.intent import IntentJournal
    from agent.store.jobs import Open
    from agent.work.server.sync import Sync, sync_job
    from agent.work.worker import Scope

    clock = SystemClock()
    database = Database(room / "safelight.db")
    secret = json.dumps({"kind": "session", "token": "token", "headers": {}})
    destination = ImmichDestination(url, secret, clock=clock)
    sync = Sync(_LANE, destination, database, IntentJournal(room / "intent.jsonl"), clock, lambda: None, lambda _: None)

    def once() -> None:
        with database.write() as tx:
            jobs.enqueue(tx, sync_job(_LANE), clock.now_at())
            batch = jobs.claim(tx, _LANE, Open(everyone=True), "b", clock.now_at(), files=1, size_bytes=1)
        sync(Scope(_LANE, database, clock, lambda _: None), batch)

    began_s, began_cpu_s = time.monotonic(), time.process_time()
    once()
    whole_s, whole_cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    once()
    began_cpu_s, times = time.process_time(), 10
    for _ in range(times):
        once()
    empty_cpu_ms = (time.process_time() - began_cpu_s) / times * 1000
    found = database.read().execute("SELECT count(*) FROM remote_assets").fetchone()[0]
    assert found == count, found
    destination.close()
    database.close()
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    peak_mb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    return {
        "whole_s": whole_s,
        "whole_cpu_s": whole_cpu_s,
        "empty_cpu_ms": empty_cpu_ms,
        "peak_mb": peak_mb,
    }


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        _prepare(Path(sys.argv[3]), int(sys.argv[4]))
    else:
        print(json.dumps(_measure(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
