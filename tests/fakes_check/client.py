"""A plain HTTP client for checking the stand-in: requests for whole answers, a socket where the wire matters.

Must not use anything of the product: what is checked here is what the product is checked against.
"""

import hashlib
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import pytest
import requests

from tests.fakes.immich import StandIn
from tests.fakes_check.real import RUN, RealServer, real_server

TIMEOUT = 10.0
BOUNDARY = "----check7f3a"
WHEN = "2024-05-06T07:08:09.123Z"
DATES = {"fileCreatedAt": WHEN, "fileModifiedAt": WHEN}
UNKNOWN_ID = "6f1d1a0e-6f0b-4c6e-9d55-0f4f3c1f9a01"

# Half a minute after a server sent it away, python-engineio still complains of an empty queue, in whichever test.
QUIET = logging.getLogger("tests.quiet")
QUIET.disabled = True

Part = tuple[str, str | None, bytes]


def jpeg(text: str) -> bytes:
    """Bytes that begin and end as a JPEG does, different for each text; for a real server in each run, too."""
    run = b"" if real_server() is None else RUN.encode()
    return b"\xff\xd8\xff\xe0" + run + text.encode() + b"\xff\xd9"


def sha1(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def multipart(parts: Sequence[Part], *, closing: bool = True) -> bytes:
    """A form body; a part without a file name is a plain field."""
    pieces = []
    for name, filename, content in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        pieces += [head.encode(), content, b"\r\n"]
    return b"".join(pieces) + (f"--{BOUNDARY}--\r\n".encode() if closing else b"")


def upload_parts(content: bytes, name: str = "IMG_1.jpg", fields: Mapping[str, str] | None = None) -> list[Part]:
    """The parts of an ordinary upload: the fields, then the file."""
    given = DATES | dict(fields or {})
    return [*((key, None, value.encode()) for key, value in given.items()), ("assetData", name, content)]


class Client:
    """Speaks to one stand-in with one credential."""

    def __init__(self, server: StandIn, key: str | None = None, *, bearer: str | None = None) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {"x-api-key": key or server.api_key()}

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = self.headers | dict(options.pop("headers", {}))
        options = {"timeout": TIMEOUT, "allow_redirects": False} | options
        if isinstance(self.server, RealServer):
            self.server.allow(method, path)
        answer = self.session.request(method, self.server.url + path, headers=headers, **options)
        if isinstance(self.server, RealServer):
            self.server.note(answer)
        return answer

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("PUT", path, json=body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("DELETE", path, json=body, **options)

    def send_form(self, body: bytes | Iterator[bytes], **headers: str) -> requests.Response:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.call("POST", "/api/assets", data=body, headers=kind | named)

    def upload(
        self, content: bytes, name: str = "IMG_1.jpg", *, checksum: str = "", **fields: str
    ) -> requests.Response:
        headers = {"x_immich_checksum": checksum} if checksum else {}
        return self.send_form(multipart(upload_parts(content, name, fields)), **headers)

    def new_asset(self, content: bytes, name: str = "IMG_1.jpg", **fields: str) -> str:
        """Upload something new; its id."""
        response = self.upload(content, name, **fields)
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    def check(self, *checksums: str) -> list[dict[str, Any]]:
        """The results of a bulk check."""
        asked = [{"id": str(number), "checksum": checksum} for number, checksum in enumerate(checksums)]
        response = self.post("/api/assets/bulk-upload-check", {"assets": asked})
        assert response.status_code == 200, response.text
        return list(response.json()["results"])

    def close(self) -> None:
        self.session.close()


class Wire:
    """A bare connection, for what an HTTP library hides."""

    def __init__(self, server: StandIn) -> None:
        if server.url.startswith("https"):
            pytest.skip("needs a plain connection")
        host, _, port = server.url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port or 80)), timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, method: str, path: str, **headers: object) -> None:
        """Send a request line and headers; underscores in names stand for dashes."""
        lines = [f"{method} {path} HTTP/1.1", "Host: stand-in"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def upload_head(self, key: str, length: int, **headers: object) -> None:
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        self.head("POST", "/api/assets", x_api_key=key, content_type=kind, content_length=length, **headers)

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = self._until(b"\r\n\r\n")
        status, length = int(head.split(b" ", 2)[1]), 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return status, self._read(length)

    def closed(self) -> bool:
        """Whether the other side ends the connection, in either way."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _until(self, mark: bytes) -> bytes:
        data = b""
        while not data.endswith(mark):
            data += self._read(1)
        return data

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                raise ConnectionError("the connection ended inside an answer")
            data += piece
        return data
