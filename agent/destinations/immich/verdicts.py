"""What an answer or a broken connection means: the one table from status, message and error to a fate.

Pure: looks at values, asks nothing. What needs a second question (maintenance) is asked by `http`.
Facts: observed on Immich 3.1.0; older servers write the message as a list and repeat the status in the body.
"""

import errno
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from agent.domain.errors import Blocked, Fate, Rejected, Transient
from agent.record import Record

_MAX_MESSAGE = 200
_PERMISSION = re.compile(r"Missing required permission: (\S+)")
_NO_NETWORK = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}

#: Asked too often, or a proxy whose server is away.
_BUSY = {408, 429, 502, 503, 504}

#: What a 400 says, by the beginning of its message: matched in this order.
_BAD_REQUESTS: tuple[tuple[str, type[Fate], str], ...] = (
    ("Quota has been exceeded", Blocked, "quota_exceeded"),
    ("Unsupported file type", Rejected, "unsupported_by_server"),
    ("File is empty", Rejected, "empty"),
    ("Live photo video", Rejected, "live_video_missing"),
    ("Multipart: Unexpected end of form", Transient, "connection_lost"),
    ("Unexpected end of form", Transient, "connection_lost"),
    ("Not found or no ", Transient, "copy_vanished"),
)


class Answer(Record, frozen=True):
    """What came back: header names in lower case, the body whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body's value; None when it is no JSON (an HTML page, say)."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def message(self) -> str | None:
        """The server's own words in one line; None when this is not how Immich speaks."""
        found = self.json()
        message = found.get("message") if isinstance(found, dict) else None
        if isinstance(message, list):
            message = "; ".join(str(part) for part in message)
        if not isinstance(message, str):
            return None
        details = "; ".join(_details(found.get("errors"))) if isinstance(found, dict) else ""
        return " ".join(f"{message} {details}".split())[:_MAX_MESSAGE]

    def retry_after_s(self) -> float | None:
        """How long the other side asks to be left alone."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdigit():
            return float(text)
        from email.utils import parsedate_to_datetime  # large, and seldom needed

        try:
            # A date is counted from the answer's own, so that no clock is needed.
            wait = parsedate_to_datetime(text) - parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return max(0.0, wait.total_seconds())


def _details(errors: object) -> Iterator[str]:
    """What a failed validation says about each field."""
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, dict):
            steps = error.get("path")
            where = ".".join(map(str, steps)) if isinstance(steps, list) else ""
            yield f"({where}: {error.get('message', '')})"


def refusal(answer: Answer, address: str, *, size_bytes: int = 0) -> Fate:
    """The fate behind an answer that is not the one hoped for. `address` is shown to people; raise what is returned."""
    status, message = answer.status, answer.message()
    if status in _BUSY or status >= 500:
        code = "server_unavailable" if status in _BUSY else "server_error"
        return Transient(code, retry_after_s=answer.retry_after_s(), status=status, message=message)
    if 300 <= status < 400:
        return Blocked("redirected", address=address, location=_origin(answer.headers.get("location", "")))
    if status == 413:
        return Rejected("too_large_for_server", size_bytes=size_bytes)
    if status == 400 and (wanted := no_certificate(answer.body, address)):
        return wanted
    if message is None or status == 404:
        # A proxy, a portal or another server speaks; also where 200 carries a page instead of JSON.
        return Blocked("not_immich", address=address, status=status)
    return _in_its_own_words(status, message)


def _in_its_own_words(status: int, message: str) -> Fate:
    """The fate of an answer that Immich itself wrote."""
    if status == 401:
        return Blocked("signed_out", message=message)
    if status == 403:
        missing = _PERMISSION.search(message)
        return Blocked("permission_missing", permission=missing.group(1) if missing else "", message=message)
    return _bad_request(status, message)


def _bad_request(status: int, message: str) -> Fate:
    for start, fate, code in _BAD_REQUESTS:
        if message.startswith(start):
            return fate(code, message=message)
    return Rejected("refused_by_server", status=status, message=message)


def _origin(location: str) -> str:
    """Scheme and host of an address: its query may hold secrets."""
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else ""


#: What the other side says of the certificate that we showed, or did not show; TLS 1.3 says it after the handshake.
_OUR_CERTIFICATE = re.compile(r"ALERT_(CERTIFICATE_|UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)")
#: nginx shakes hands with everybody and says it in a page.
_NO_CERTIFICATE_PAGE = re.compile(rb"No required SSL certificate was sent|The SSL certificate error")


def no_certificate(page: bytes, address: str) -> Blocked | None:
    """The fate behind the page of a proxy that wants a client certificate; None of any other page."""
    return Blocked("client_certificate_needed", address=address) if _NO_CERTIFICATE_PAGE.search(page) else None


def wants_certificate(error: BaseException, address: str) -> Blocked | None:
    """The fate of a connection that was ended because a client certificate is missing or wrong; None of any other."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLError) and _OUR_CERTIFICATE.search(str(getattr(cause, "reason", ""))):
            return Blocked("client_certificate_needed", address=address)
    return None


def unreachable(error: BaseException, address: str) -> Blocked:
    """The fate of a connection that could not be made."""
    wanted = wants_certificate(error, address)
    if wanted is not None:
        return wanted
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Blocked("certificate_untrusted", address=address, reason=_objection(cause))
    return Blocked("server_unreachable", address=address, reason=_why(error))


def _objection(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a certificate; macOS and Windows say it in another place than OpenSSL."""
    return str(getattr(error, "verify_message", "") or error)


#: Which errors mean what, where they are inside the one that arrived; the first that fits.
_REASONS: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("tls", (ssl.SSLError,)),
    ("unknown_host", (socket.gaierror,)),
    ("timeout", (TimeoutError,)),
    ("refused", (ConnectionRefusedError,)),
)


def _why(error: BaseException) -> str:
    """One word of: tls, unknown_host, timeout, refused, no_network, proxy, other."""
    inside = list(causes(error))
    for reason, kinds in _REASONS:
        if any(isinstance(cause, kinds) for cause in inside):
            return reason
    if any(isinstance(cause, OSError) and cause.errno in _NO_NETWORK for cause in inside):
        return "no_network"
    # By its name, for the package that has the error is large and seldom loaded.
    is_of_proxy = any("Tunnel connection failed" in str(one) or type(one).__name__ == "ProxyError" for one in inside)
    return "proxy" if is_of_proxy else "other"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The errors inside an error, innermost first: the packages wrap each other's."""
    chain: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, BaseException) and all(found is not known for known in chain):
            chain.append(found)
            waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]
    return reversed(chain)
