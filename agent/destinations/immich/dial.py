"""How a connection comes about: names, TLS, and proxies where there are some.

Sends nothing of ours. Threads: a connection belongs to whoever made it, and `close` too. A way without a proxy needs
no more than Python's own sockets and TLS; `urllib3` knows the ways through proxies and is loaded only where there is
one, for it would be a fifth of the start of every agent.
"""

import socket
import ssl
from typing import Protocol

from agent.record import Record

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
    """Nobody in between. `context` is None without TLS."""

    def __init__(self, to: Stop, context: ssl.SSLContext | None) -> None:
        self._to = to
        self._context = context
        self.sock: socket.socket | None = None

    def connect(self) -> socket.socket:
        """As `Connection` has it."""
        plain = socket.create_connection((self._to.host, self._to.port), CONNECT_S)
        try:
            # What is written is whole: to wait for more of it would only delay the end of a photo.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            name = self._to.host.partition("%")[0].rstrip(".")
            self.sock = self._context.wrap_socket(plain, server_hostname=name) if self._context else plain
            return self.sock
        except BaseException:
            plain.close()
            raise

    def close(self) -> None:
        """As `Connection` has it."""
        sock, self.sock = self.sock, None
        if sock is not None:
            sock.close()


class Proxied:
    """Through a proxy: TLS in a tunnel, plain HTTP by telling the proxy the whole address."""

    def __init__(self, to: Stop, proxy: Stop, context: ssl.SSLContext | None) -> None:
        from urllib3.connection import HTTPConnection, HTTPSConnection

        self._connection: HTTPConnection
        if context is None:
            self._connection = HTTPConnection(proxy.host, proxy.port, timeout=CONNECT_S)
        else:
            self._connection = HTTPSConnection(
                proxy.host,
                proxy.port,
                timeout=CONNECT_S,
                ssl_context=context,
                assert_hostname=None if context.check_hostname else False,
            )
        if to.scheme == "https":
            login = {"Proxy-Authorization": proxy.login} if proxy.login else {}
            self._connection.set_tunnel(to.host, to.port, login, proxy.scheme)

    @property
    def sock(self) -> socket.socket | None:
        """As `Connection` has it."""
        return self._connection.sock

    def connect(self) -> socket.socket:
        """As `Connection` has it."""
        from urllib3.exceptions import HTTPError

        try:
            self._connection.connect()
        except HTTPError as error:
            raise OSError from error
        if self._connection.sock is None:
            raise OSError
        return self._connection.sock

    def close(self) -> None:
        """As `Connection` has it."""
        self._connection.close()
