"""How a server looks from outside, without any key: is it there, whose clock is wrong, what does a proxy refuse.

For the check-up. Sends no key and no byte of a body: an upload that is only announced is refused by a proxy that would
not take it, and turned away by Immich for the missing key otherwise. Blocks, some seconds for each question.
"""

import contextlib
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import requests
from urllib3.util import parse_url

from agent.destinations.immich.browsing import browsing_session
from agent.destinations.immich.line import Request
from agent.destinations.immich.proxies import proxy_for
from agent.destinations.immich.route import Route, site_of
from agent.destinations.immich.trust import SYSTEM, Trust, tls_context
from agent.destinations.immich.verdicts import unreachable
from agent.domain.checkup import Server
from agent.domain.clock import Clock
from agent.domain.errors import Blocked

_LIMITS_S = (8.0, 8.0)
_ANSWER_S = 5.0
#: Sizes that are announced, from the largest: what nginx takes unless told otherwise is the smallest.
_SIZES_BYTES = (
    50_000_000_000,
    5_000_000_000,
    1_000_000_000,
    210_000_000,
    101_000_000,
    51_000_000,
    11_000_000,
    1_100_000,
)
_DAY_S = 86_400


def look(api_url: str, clock: Clock, trust: Trust = SYSTEM) -> Server:
    """What can be seen of the server at this address."""
    site = site_of(api_url)
    proxy = _proxy(api_url)
    try:
        off_s = _clock_off_s(api_url, clock, trust)
    except requests.RequestException as error:
        problem = unreachable(error, site)
        return Server(site, problem.code, problem.args_, proxy=proxy)
    except Blocked as problem:
        return Server(site, problem.code, problem.args_, proxy=proxy)
    return Server(
        site,
        clock_off_s=off_s,
        certificate_days=_certificate_days(api_url, clock, trust) if proxy is None else None,
        body_limit_bytes=_body_limit_bytes(api_url, trust),
        proxy=proxy,
        is_open_to_others=_is_open_to_others(api_url),
    )


def _clock_off_s(api_url: str, clock: Clock, trust: Trust) -> float | None:
    """The server's clock minus ours, measured at the middle of the question; None where it tells no time."""
    with browsing_session(trust) as session:
        before_at = clock.now_at()
        answer = session.get(f"{api_url}/server/ping", timeout=_LIMITS_S, allow_redirects=False)
        after_at = clock.now_at()
    if answer.status_code >= 500:
        raise Blocked("server_unavailable", address=site_of(api_url), status=answer.status_code)
    if '"pong"' not in answer.text[:1_000]:
        raise Blocked("not_immich", address=site_of(api_url), status=answer.status_code)
    try:
        told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None
    return told + 0.5 - (before_at + after_at) / 2_000  # the header has whole seconds


def _certificate_days(api_url: str, clock: Clock, trust: Trust) -> int | None:
    """For how many days the certificate holds, None without TLS."""
    url = parse_url(api_url)
    if url.scheme != "https" or not url.host:
        return None
    host = url.host.strip("[]")
    for one in trust.one_by_one():
        with contextlib.suppress(OSError, KeyError, ValueError):
            with (
                socket.create_connection((host, url.port or 443), timeout=_ANSWER_S) as raw,
                tls_context(one).wrap_socket(raw, server_hostname=host) as line,
            ):
                ends_s = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
            return int((ends_s - clock.now_at() / 1_000) // _DAY_S)
    return None


def _body_limit_bytes(api_url: str, trust: Trust) -> int | None:
    """The smallest size that something on the way refuses, None where even the largest is let through."""
    refused = None
    for size_bytes in _SIZES_BYTES:
        if not _is_refused(api_url, size_bytes, trust):
            break
        refused = size_bytes
    return refused


def _is_refused(api_url: str, size_bytes: int, trust: Trust) -> bool:
    """Whether an upload of this size is refused before it begins. No answer in time is no refusal."""
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Expect": "100-continue", "Connection": "close"}
    route = Route(api_url, {}, trust)
    connection = route.connection()
    try:
        sock = connection.connect()
        sock.settimeout(_ANSWER_S)
        sock.sendall(route.head(Request("POST", "/assets", headers, length_bytes=size_bytes)))
        return b" 413 " in _first_line(sock)
    except OSError:
        return False
    finally:
        connection.close()


def _first_line(sock: socket.socket) -> bytes:
    """The status line of the answer, without its end."""
    heard = b""
    until_s = time.monotonic() + _ANSWER_S
    while b"\r\n" not in heard and len(heard) < 1_000 and time.monotonic() < until_s:
        data = sock.recv(1_000)
        if not data:
            break
        heard += data
    return heard.partition(b"\r\n")[0]


def _proxy(api_url: str) -> str | None:
    """The proxy that the environment names for this address, without its login."""
    found = proxy_for(api_url)
    return site_of(found) if found else None


def _is_open_to_others(api_url: str) -> bool:
    """Whether it is spoken to without encryption over the internet: an address of the home or of a VPN is not."""
    url = parse_url(api_url)
    if url.scheme != "http" or not url.host:
        return False
    try:
        found = socket.getaddrinfo(url.host.strip("[]"), url.port or 80, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(ip_address(str(address[0]).partition("%")[0]).is_global for *_rest, address in found)
