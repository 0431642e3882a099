"""The way to one server: address, TLS, proxies, and the head of every request.

Opens nothing by itself. Any thread.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from agent import __version__
from agent.destinations.immich.dial import Connection, Direct, Proxied, Stop
from agent.destinations.immich.proxies import proxy_for
from agent.destinations.immich.trust import SYSTEM, Handshake, Trust
from agent.domain.errors import Blocked

if TYPE_CHECKING:
    from agent.destinations.immich.line import Request

USER_AGENT = f"Safelight/{__version__}"
_PORTS = {"http": 80, "https": 443}
#: A name, or an address of either kind, perhaps with the network card that leads to it.
_HOST = re.compile(r"[a-z0-9_][a-z0-9_.-]*|[0-9a-f:.]*:[0-9a-f:.]*(%[A-Za-z0-9_.-]+)?")
#: What a path may hold as it is.
_PATH = "/%:@!$&'()*+,;=~"


class Route:
    """How to reach the API at `api_url` (`https://host[:port]/api`); `headers` go with every request, the key too.

    Making one raises `Blocked` for what can be no address or no key.
    """

    def __init__(self, api_url: str, headers: Mapping[str, str], trust: Trust = SYSTEM) -> None:
        self._handshake = Handshake(trust)
        try:
            self._to, self._path = _read(api_url)
        except ValueError as error:
            raise Blocked("address_invalid", address=api_url) from error
        if self._to.scheme not in _PORTS:
            raise Blocked("address_invalid", address=api_url)
        self.address = api_url
        proxy = proxy_for(api_url)
        try:
            self._proxy = _read(proxy)[0] if proxy else None
        except ValueError as error:
            raise Blocked("server_unreachable", address=api_url, reason="proxy") from error
        self._common = self._common_head(headers)

    def connection(self, *, for_another_protocol: bool = False) -> Connection:
        """A connection that is not opened yet, through the proxy if the system names one.

        `for_another_protocol` than ours such a proxy is asked for a tunnel in any case.
        """
        to, proxy = self._to, self._proxy
        if proxy is not None and proxy.scheme not in _PORTS:  # SOCKS needs a package that we do without
            raise Blocked("server_unreachable", address=self.address, reason="proxy")
        handshake = self._handshake if "https" in {to.scheme, proxy.scheme if proxy else None} else None
        if proxy is None:
            return Direct(to, handshake)
        return Proxied(to, proxy, handshake, has_tunnel=for_another_protocol or to.scheme == "https")

    def head(self, request: "Request") -> bytes:
        """The request line and all headers."""
        target = f"{self._path}{request.path}"
        if self._proxy is not None and self._to.scheme == "http":
            target = f"http://{self._host}{target}"
        lines = [f"{request.method} {target} HTTP/1.1", self._common]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if request.length_bytes or request.method != "GET":
            lines.append(f"Content-Length: {request.length_bytes}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def _host(self) -> str:
        """As the other side wants to read it: an IPv6 address in brackets, the port only where it is another."""
        to = self._to
        name = f"[{to.host}]" if ":" in to.host else to.host
        return name if to.port == _PORTS[to.scheme] else f"{name}:{to.port}"

    @property
    def site(self) -> str:
        """Scheme, host and port, the host in the letters of the net."""
        return f"{self._to.scheme}://{self._host}"

    def _common_head(self, headers: Mapping[str, str]) -> str:
        fixed = {"Host": self._host, "User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        if self._proxy is not None and self._to.scheme == "http":
            fixed |= {"Proxy-Authorization": self._proxy.login} if self._proxy.login else {}
        for name, value in fixed.items():
            if any(not " " <= sign <= "\xff" for sign in name + value):
                # A key with such a sign in it is not one that a server gave out.
                raise Blocked("signed_out", message=f"The value of {name} cannot be sent")
        return "\r\n".join(f"{name}: {value}" for name, value in fixed.items())


def _read(url: str) -> tuple[Stop, str]:
    """The end of a way and the path there; raises ValueError."""
    parts = urlsplit(url.rstrip("/"))
    host = str(parts.hostname or "")
    host = host if host.isascii() else host.encode("idna").decode()
    if not _HOST.fullmatch(host):
        raise ValueError(host)
    login = None
    if parts.username:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = f"Basic {b64encode(words.encode()).decode()}"
    return Stop(parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0), login), quote(parts.path, safe=_PATH)


def site_of(url: str) -> str:
    """Scheme, host and port of an address, for people and for comparisons."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
