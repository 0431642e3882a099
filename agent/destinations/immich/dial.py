"""How a connection comes about: names, TLS, and proxies where there are some.

Sends nothing of ours. Threads: a connection belongs to whoever made it, and `close` too. A way without a proxy needs
no more than Python's own sockets and TLS; `urllib3` knows the ways through proxies and is loaded only where there is
one, for it would be a fifth of the start of every agent.
"""

import socket
import ssl
from typing import TYPE_CHECKING, Protocol

from agent.destinations.immich.trust import Handshake
from agent.record import Record

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

CONNECT_S = 10.0


class Connection(Protocol):
    """Without a socket before `connect` and after `close`."""

    @property
    def sock(self) -> socket.socket | None:
        """What the bytes pass through: plain, TLS, or TLS within TLS, which is no real socket."""
        ...

    def connect(self) -> socket.socket:
        """Open it, within `CONNECT_S` for each address of a name. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Stop(Record, frozen=True):
    """One end of a way. `login` is a proxy's, as the value of a header."""

    scheme: str
    host: str
    port: int
    login: str | None = None


class Direct:
    """Nobody in between. `handshake` is None without TLS."""

    def __init__(self, to: Stop, handshake: Handshake | None) -> None:
        self._to = to
        self._handshake = handshake
        self.sock: socket.socket | None = None

    def connect(self) -> socket.socket:
        """As `Connection` has it."""
        self.sock = self._handshake.make(self._open) if self._handshake else self._open(None)
        return self.sock

    def _open(self, context: ssl.SSLContext | None) -> socket.socket:
        plain = socket.create_connection((self._to.host, self._to.port), CONNECT_S)
        try:
            # What is written is whole: to wait for more of it would only delay the end of a photo.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            name = self._to.host.partition("%")[0].rstrip(".")
            return context.wrap_socket(plain, server_hostname=name) if context else plain
        except BaseException:
            plain.close()
            raise

    def close(self) -> None:
        """As `Connection` has it."""
        sock, self.sock = self.sock, None
        if sock is not None:
            sock.close()


class Proxied:
    """Through a proxy: in a tunnel, or for plain HTTP by telling the proxy the whole address."""

    def __init__(self, to: Stop, proxy: Stop, handshake: Handshake | None, *, has_tunnel: bool) -> None:
        self._to = to
        self._proxy = proxy
        self._handshake = handshake
        self._has_tunnel = has_tunnel
        self._connection: HTTPConnection | None = None

    @property
    def sock(self) -> socket.socket | None:
        """As `Connection` has it."""
        return self._connection.sock if self._connection is not None else None

    def connect(self) -> socket.socket:
        """As `Connection` has it."""
        return self._handshake.make(self._open) if self._handshake else self._open(None)

    def _open(self, context: ssl.SSLContext | None) -> socket.socket:
        from urllib3.exceptions import HTTPError

        self.close()
        connection = self._connection = self._ready(context)
        try:
            connection.connect()
        except HTTPError as error:
            raise OSError from error
        if connection.sock is None:
            raise OSError
        return connection.sock

    def _ready(self, context: ssl.SSLContext | None) -> "HTTPConnection":
        from urllib3.connection import HTTPConnection, HTTPSConnection

        to, proxy = self._to, self._proxy
        connection: HTTPConnection
        if context is None:
            connection = HTTPConnection(proxy.host, proxy.port, timeout=CONNECT_S)
        else:
            connection = HTTPSConnection(
                proxy.host,
                proxy.port,
                timeout=CONNECT_S,
                ssl_context=context,
                assert_hostname=None if context.check_hostname else False,
            )
        if self._has_tunnel:
            login = {"Proxy-Authorization": proxy.login} if proxy.login else {}
            connection.set_tunnel(to.host, to.port, login, proxy.scheme)
        return connection

    def close(self) -> None:
        """As `Connection` has it."""
        if self._connection is not None:
            self._connection.close()
