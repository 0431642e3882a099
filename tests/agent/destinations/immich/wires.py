"""Servers that a test writes byte by byte, and relays in front of the stand-in: TLS, and a proxy; and live events."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.live import Live
from tests.fakes.immich import StandIn

Handler = Callable[[socket.socket, int], None]


class Listener:
    """Accepts on loopback and gives each connection and its number to a thread with `handler`."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._context = context
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.accepted = 0
        self.port: int = self._listening.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join(10)
        for sock in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in self._open:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(sock)
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.accepted))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            try:
                self._handler(sock, number)
            finally:
                sock.close()


def read_head(sock: socket.socket) -> bytes:
    """Everything up to the empty line, and what came with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65_536)
        if not piece:
            return data
        data += piece
    return data


def read_request(sock: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of a request that tells its length; empty at the end of the connection."""
    head, _, body = read_head(sock).partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = sock.recv(1 << 20)
        if not piece:
            break
        body += piece
    return head, body


def answer(status: int, body: bytes, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def relay_to(port: int, seen: list[bytes] | None = None, *, is_proxy: bool = False) -> Handler:
    """A handler that passes everything on, as a proxy does when `is_proxy`; the first bytes go to `seen`."""

    def handle(sock: socket.socket, _number: int) -> None:
        first = read_head(sock)
        if not first:
            return
        if seen is not None:
            seen.append(first)
        with socket.create_connection(("127.0.0.1", port)) as onward:
            if is_proxy and first.startswith(b"CONNECT"):
                sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            elif is_proxy:  # the whole address is in the request line
                line, _, rest = first.partition(b"\r\n")
                method, url, version = line.split(b" ")
                path = b"/" + url.split(b"/", 3)[3]
                onward.sendall(b" ".join((method, path, version)) + b"\r\n" + rest)
            else:
                onward.sendall(first)
            back = threading.Thread(target=_pump, args=(onward, sock))
            back.start()
            _pump(sock, onward)
            back.join(10)

    return handle


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def certificate(folder: Path, *names: str) -> Path:
    """A file with a fresh key and a self-signed certificate for these names."""
    path = folder / f"{names[0]}.pem"
    shown = ",".join(("IP:" if name[0].isdigit() else "DNS:") + name for name in names)
    key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30".split()
    command = ["openssl", "req", "-x509", *key, "-subj", "/CN=test", "-addext", f"subjectAltName={shown}"]
    subprocess.run([*command, "-keyout", path, "-out", folder / "only.pem"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "only.pem").read_bytes())
    return path


@contextlib.contextmanager
def tls_in_front(port: int, pem: Path) -> Iterator[int]:
    """The port of a relay that speaks TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with Listener(relay_to(port), context) as listener:
        yield listener.port


def hears_of_a_removal(account: ImmichDestination, server: StandIn) -> bool:
    """Whether live events come through."""
    came = threading.Event()
    live = Live(account.server, lambda event: came.set() if event == "on_asset_trash" else None)
    live.connect()
    (asset,) = server.know([b"x" * 20])
    server.store.trash(server.admin, [asset.id])
    try:
        return came.wait(10)
    finally:
        live.close()
