"""Speaks the sync stream in front of a stand-in: lines as a test wrote them, marks as they were acknowledged."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.agent.destinations.immich.wires import Listener, answer, read_request

Change = tuple[str, dict[str, Any]]


class SyncFront:
    """`changes` is all that ever happened, in order; a stream sends what comes after the last mark of each kind."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.changes: list[Change] = []
        self.acks: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.reset = False
        self.always_resets = False
        self.stale = False
        self.cut_after: int | None = None
        self.garbage: bytes | None = None
        self.deprecated: dict[str, str] = {}
        self.order: tuple[str, ...] = (
            "AssetDeleteV1",
            "AlbumDeleteV1",
            "UserV1",
            "AssetV2",
            "AlbumV2",
            "AlbumToAssetV1",
        )

    def handle(self, sock: socket.socket, _number: int) -> None:
        while True:
            head, body = read_request(sock)
            if not head:
                return
            line = head.split(b"\r\n")[0].split(b" ")
            if line[1] == b"/api/sync/stream":
                self._stream(sock, json.loads(body))
                return
            if line[1] == b"/api/sync/ack":
                self._acknowledge(json.loads(body)["acks"])
                sock.sendall(answer(204, b""))
            else:
                sock.sendall(self._pass_on(head, body))

    def _acknowledge(self, acks: list[str]) -> None:
        for ack in acks:
            kind, _, number = ack.partition("|")
            if number == "reset":
                self.reset, self.acks = False, {}
            elif number.isdigit():
                self.acks[kind] = int(number)

    def _stream(self, sock: socket.socket, asked: dict[str, Any]) -> None:
        self.asked.append(asked["types"])
        for kind in asked["types"]:
            if kind in self.deprecated:
                said = f"SyncRequestType.{kind} is deprecated, use SyncRequestType.{self.deprecated[kind]} instead"
                sock.sendall(answer(400, json.dumps({"message": said}).encode()))
                return
        sock.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/jsonlines+json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for number, line in enumerate(self._lines()):
            if self.cut_after is not None and number >= self.cut_after:
                return
            data = self.garbage or line
            sock.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        sock.sendall(b"0\r\n\r\n")

    def _lines(self) -> Iterator[bytes]:
        if self.reset or self.always_resets:
            yield json.dumps({"type": "SyncResetV1", "data": {}, "ack": "SyncResetV1|reset"}).encode() + b"\n"
            return
        for kind in self.order:
            for number, (one, data) in enumerate(self.changes):
                if one == kind and number > self.acks.get(kind, -1) and not self._is_over(one, data):
                    yield json.dumps({"type": kind, "data": data, "ack": f"{kind}|{number}"}).encode() + b"\n"
        last = len(self.changes)
        yield json.dumps({"type": "SyncCompleteV1", "data": {}, "ack": f"SyncCompleteV1|{last}"}).encode() + b"\n"

    def _is_over(self, kind: str, data: dict[str, Any]) -> bool:
        """A row that is deleted is not told of, but by its deletion; `stale` tells of it all the same."""
        gone = {one["assetId"] for what, one in self.changes if what == "AssetDeleteV1"}
        return kind == "AssetV2" and data["id"] in gone and not self.stale

    def _pass_on(self, head: bytes, body: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port)) as onward:
            onward.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
            found = b""
            while piece := onward.recv(1 << 16):
                found += piece
        return found


@contextmanager
def sync_in_front(port: int) -> Iterator[tuple[SyncFront, str]]:
    """The front and its address."""
    front = SyncFront(port)
    with Listener(front.handle) as listener:
        yield front, f"http://127.0.0.1:{listener.port}"
