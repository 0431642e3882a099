"""The sink as a process, what a bench asks it, and the rate that it allows a client that does no work of its own."""

import hashlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.processes import environment


@dataclass(frozen=True, slots=True)
class Arrival:
    """A photo at the sink, by the monotonic clock, which all processes share."""

    at_s: float
    name: str
    size_bytes: int


class Sink:
    """A running sink."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid
        self.url = f"http://127.0.0.1:{port}"

    def _ask(self, path: str) -> dict[str, Any]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request("GET", path)
            value: dict[str, Any] = json.loads(line.getresponse().read())
            return value
        finally:
            line.close()

    def reset(self) -> None:
        """Forget everything."""
        self._ask("/bench/reset")

    def recount(self) -> None:
        """Count arrivals from zero, and keep what is here: an agent asks for its copies from time to time."""
        self._ask("/bench/recount")

    def counts(self) -> dict[str, int]:
        """`uploads`, `distinct` announced checksums, and how many came `again`."""
        return self._ask("/bench/counts")

    def arrivals(self) -> list[Arrival]:
        """What came, in order."""
        return [Arrival(*one) for one in self._ask("/bench/log")["arrivals"]]

    def wait_for(self, uploads: int, limit_s: float) -> None:
        """Until so many photos have come."""
        until(lambda: self.counts()["uploads"] >= uploads, limit_s, f"{uploads} uploads")


@contextmanager
def sink() -> Iterator[Sink]:
    """A fresh sink, ended afterwards."""
    argv = [sys.executable, "-m", "tests.bench.sink"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            yield Sink(int(process.stdout.readline()), process.pid)
        finally:
            process.kill()


def until(holds: Any, limit_s: float, what: str, every_s: float = 0.02) -> None:
    """Wait until something holds; `TimeoutError` says what did not come."""
    deadline_s = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} did not come within {limit_s:.0f} s")
        time.sleep(every_s)


class RawClient:
    """The least that an upload can cost in Python: read, digest, send, hear. What lies above it is our own doing."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = memoryview(bytearray(1024 * 1024))

    def put(self, path: Path) -> None:
        """Read and hash a file, then read and send it."""
        digest = hashlib.sha1(usedforsecurity=False)
        with path.open("rb", buffering=0) as file:
            size_bytes = 0
            while length := file.readinto(self._buffer):
                digest.update(self._buffer[:length])
                size_bytes += length
            self._socket.sendall(
                b"POST /api/assets HTTP/1.1\r\nx-immich-checksum: %s\r\nContent-Length: %d\r\n\r\n"
                % (digest.hexdigest().encode(), size_bytes)
            )
            file.seek(0)
            while length := file.readinto(self._buffer):
                self._socket.sendall(self._buffer[:length])
        if b" 20" not in self._socket.recv(4_096):
            raise ConnectionError("the sink did not take it")

    def close(self) -> None:
        self._socket.close()


def raw_run(port: int, paths: Sequence[Path]) -> tuple[float, float]:
    """Put all of these; wall and processor seconds."""
    client = RawClient(port)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    for path in paths:
        client.put(path)
    wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    client.close()
    return wall_s, cpu_s
