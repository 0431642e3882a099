"""The addresses at which one stand-in can be reached, each with what lies in front of it.

For: several routes to one server, TLS, and the habits of reverse proxies: sub-paths, size and time limits, demanded
headers. ``server.address(...)`` opens one; :attr:`StandIn.main` is the one that is always there.
Must not: know the routes behind it.
Thread: settings from tests, read by the server's thread.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, cast

from .certificates import Authority, Certificate

LINGER_OFF = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)  # a close is a reset


class Doing(Enum):
    """What an address does with those who come."""

    SERVING = "serving"
    REFUSING = "refusing"  # nobody listens
    SLAMMING = "slamming"  # a connection is made and reset at once, before TLS
    SILENT = "silent"  # a connection is made, and then nothing ever happens, not even TLS


class Opener(Protocol):
    """The server that opens and closes addresses."""

    def reopen(self, address: Address) -> None:
        """Do with this address what it says, from now on; open connections to it are reset."""

    def drop_connections(self, address: Address | None = None) -> None:
        """Reset the open connections of one address, or of all."""


@dataclass(eq=False)
class Address:
    """One port on loopback.

    ``prefix`` is a sub-path such as ``/photos``; everything else is the proxy's own page. ``body_limit`` in bytes
    gives 413, ``time_limit_s`` cuts requests that take longer. Requests without ``needed_headers`` are sent to a
    sign-in page. ``redirect_to`` answers everything with a redirect.
    """

    host: str = "127.0.0.1"
    port: int = 0
    prefix: str = ""
    certificate: Certificate | None = None
    clients_of: Authority | None = None
    body_limit: int | None = None
    time_limit_s: float | None = None
    needed_headers: dict[str, str] = field(default_factory=dict)
    redirect_to: str | None = None
    doing: Doing = Doing.SERVING
    requests: int = 0
    opener: Opener | None = None

    @property
    def url(self) -> str:
        """What to give to a client, without ``/api``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{host}:{self.port}{self.prefix}"

    def context(self) -> ssl.SSLContext | None:
        """The TLS settings."""
        return None if self.certificate is None else self.certificate.context(clients_of=self.clients_of)

    def refuse(self) -> None:
        """Reset the connections here and refuse new ones."""
        self._now(Doing.REFUSING)

    def slam(self) -> None:
        """Reset every connection as soon as it is made."""
        self._now(Doing.SLAMMING)

    def fall_silent(self) -> None:
        """Take connections and never answer."""
        self._now(Doing.SILENT)

    def accept(self) -> None:
        """Serve again."""
        self._now(Doing.SERVING)

    def present(self, certificate: Certificate) -> None:
        """Show another certificate from now on; open connections are reset."""
        self.certificate = certificate
        self._now(self.doing)

    def drop_connections(self) -> None:
        """Reset the open connections here; new ones are welcome."""
        if self.opener is not None:
            self.opener.drop_connections(self)

    def bind(self) -> socket.socket:
        """A listening socket; a port of 0 takes a free one and keeps it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(512)
        self.port = listener.getsockname()[1]
        return listener

    def _now(self, doing: Doing) -> None:
        self.doing = doing
        if self.opener is not None:
            self.opener.reopen(self)


class Slam(asyncio.Protocol):
    """Resets its connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(cast(asyncio.Transport, transport))


class Silence(asyncio.Protocol):
    """Keeps its connection and says nothing."""


def reset(transport: asyncio.Transport) -> None:
    """Close a connection so that the other side sees a reset."""
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_OFF)
    transport.abort()
