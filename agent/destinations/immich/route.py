"""The way to one server: address, TLS, proxies, and the head of every request.

Opens nothing by itself. Any thread.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Url, make_headers, parse_url

from agent import __version__
from agent.destinations.immich.proxies import proxy_for
from agent.destinations.immich.trust import SYSTEM, Trust, tls_context
from agent.domain.errors import Blocked

if TYPE_CHECKING:
    from agent.destinations.immich.line import Request

CONNECT_S = 10.0
USER_AGENT = f"Safelight/{__version__}"


class Route:
    """How to reach the API at `api_url` (`https://host[:port]/api`); `headers` go with every request, the key too.

    Making one raises `Blocked` for what can be no address or no key.
    """

    def __init__(self, api_url: str, headers: Mapping[str, str], trust: Trust = SYSTEM) -> None:
        self._trust = trust
        try:
            self._url = parse_url(api_url.rstrip("/"))
        except ValueError as error:
            raise Blocked("address_invalid", address=api_url) from error
        if self._url.scheme not in {"http", "https"} or not self._url.host:
            raise Blocked("address_invalid", address=api_url)
        self.address = api_url
        proxy = proxy_for(api_url)
        self._proxy = parse_url(proxy) if proxy else None
        self._common = self._common_head(headers)

    def connection(self) -> HTTPConnection:
        """A connection that is not opened yet, through the proxy if the system names one."""
        url, proxy = self._url, self._proxy
        if proxy is not None and proxy.scheme not in {"http", "https"}:  # SOCKS needs a package that we do without
            raise Blocked("server_unreachable", address=self.address, reason="proxy")
        secure = url.scheme == "https"
        first = proxy or url
        kind = HTTPSConnection if secure or first.scheme == "https" else HTTPConnection
        options: dict[str, Any] = {}
        if kind is HTTPSConnection:
            options["ssl_context"] = tls_context(self._trust)
            if self._trust.pinned is not None:
                options["assert_hostname"] = False
        connection = kind(_bare(first), first.port or _port(first), timeout=CONNECT_S, **options)
        if proxy is not None and secure:
            connection.set_tunnel(_bare(url), url.port or 443, _proxy_login(proxy), proxy.scheme or "http")
        return connection

    def head(self, request: "Request") -> bytes:
        """The request line and all headers."""
        target = f"{self._url.path or ''}{request.path}"
        if self._proxy is not None and self._url.scheme == "http":
            target = f"http://{self._host}{target}"
        lines = [f"{request.method} {target} HTTP/1.1", self._common]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        if request.length_bytes or request.method != "GET":
            lines.append(f"Content-Length: {request.length_bytes}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def _host(self) -> str:
        return f"{self._url.host}:{self._url.port}" if self._url.port else str(self._url.host)

    def _common_head(self, headers: Mapping[str, str]) -> str:
        fixed = {"Host": self._host, "User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        if self._proxy is not None and self._url.scheme == "http":
            fixed |= _proxy_login(self._proxy)
        for name, value in fixed.items():
            if any(not " " <= sign <= "\xff" for sign in name + value):
                # A key with such a sign in it is not one that a server gave out.
                raise Blocked("signed_out", message=f"The value of {name} cannot be sent")
        return "\r\n".join(f"{name}: {value}" for name, value in fixed.items())


def _bare(url: Url) -> str:
    """The host as a socket wants it: an IPv6 address without its brackets."""
    return str(url.host).strip("[]")


def _port(url: Url) -> int:
    return 443 if url.scheme == "https" else 80


def _proxy_login(proxy: Url) -> dict[str, str]:
    if not proxy.auth:
        return {}
    return dict(make_headers(proxy_basic_auth=unquote(proxy.auth)))


def site_of(url: str) -> str:
    """Scheme, host and port of an address, for people and for comparisons."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
