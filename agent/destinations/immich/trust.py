"""Whose certificates are believed: the operating system's, and besides an own authority's or one very certificate.

A server has several addresses: at home its own certificate, from everywhere one that all the world believes. So what a
person named counts besides what the system believes, at each address. The TLS handshake decides before anything of ours
is sent, wherever a connection is made: uploads, questions, live events. Contexts are made once and only when an address
needs one: they weigh megabytes. Any thread.
"""

import base64
import functools
import hashlib
import os
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from agent.domain.errors import Blocked
from agent.record import Record, replace

LOOK_S = 10.0
#: So many contexts are kept: for a few servers with a few kinds of trust each.
KEPT = 16


class Trust(Record, frozen=True):
    """`ca_file` is an own authority in PEM, `pinned` the very certificate that is believed (base64 of its DER form).

    `client_certificate` is a PEM file with the certificate and the key that we show, where a server asks for one.
    """

    ca_file: str | None = None
    pinned: str | None = None
    client_certificate: str | None = None

    def one_by_one(self) -> tuple["Trust", ...]:
        """Each alone of whom is believed, the system last."""
        system = replace(self, ca_file=None, pinned=None)
        named = [replace(system, pinned=self.pinned)] if self.pinned is not None else []
        named += [replace(system, ca_file=self.ca_file)] if self.ca_file is not None else []
        return (*named, system)


SYSTEM = Trust()


class Handshake:
    """How TLS is begun at one address: whoever was right about its certificate last is asked first. Any thread."""

    def __init__(self, trust: Trust) -> None:
        self._order = trust.one_by_one()

    def make(self, secured: Callable[[ssl.SSLContext], socket.socket]) -> socket.socket:
        """What `secured` opens, anew for each context until one believes. Raises what the first said if none does."""
        order, refusals = self._order, list[ssl.SSLCertVerificationError]()
        for trust in order:
            try:
                made = secured(tls_context(trust))
            except ssl.SSLCertVerificationError as error:
                refusals.append(error)
            else:
                self._order = (trust, *(one for one in order if one is not trust))
                return made
        raise refusals[0]


def tls_context(trust: Trust = SYSTEM) -> ssl.SSLContext:
    """Checks certificates as one of `Trust.one_by_one` asks; raises `Blocked` `certificate_file_unreadable`.

    Made anew when a file of it is another one: certificates are renewed every few weeks, by programs.
    """
    return _context(trust, _stamp(trust.ca_file), _stamp(trust.client_certificate))


def _stamp(path: str | None) -> tuple[int, int, int] | None:
    """By which a file that was written anew is told from the one before."""
    if path is None:
        return None
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


@functools.lru_cache(maxsize=KEPT)
def _context(trust: Trust, _ca: object, _client: object) -> ssl.SSLContext:
    import truststore

    try:
        if trust.pinned is not None:
            context: ssl.SSLContext = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False  # the very certificate was looked at: its names say nothing more
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=base64.b64decode(trust.pinned))
        elif trust.ca_file is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(cafile=trust.ca_file)
        else:
            context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(["http/1.1"])
        if trust.client_certificate is not None:
            context.load_cert_chain(trust.client_certificate)
    except (OSError, ValueError) as error:
        path = trust.client_certificate or trust.ca_file
        raise Blocked("certificate_file_unreadable", path=path, detail=type(error).__name__) from error
    return context


def look_at(url: str) -> str:
    """The certificate that a server shows, unchecked, as `Trust.pinned` has it. Nothing of ours is sent."""
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = (str(parts.hostname), parts.port or 443)
    try:
        with (
            socket.create_connection(address, LOOK_S) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            shown = secure.getpeercert(binary_form=True)
    except OSError as error:
        raise Blocked("server_unreachable", address=url, reason="tls") from error
    return base64.b64encode(shown or b"").decode()


def fingerprint(pinned: str) -> str:
    """The SHA-256 of a certificate as browsers show it: `AB:CD:...`."""
    digest = hashlib.sha256(base64.b64decode(pinned)).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def is_same_fingerprint(one: str, other: str) -> bool:
    """Whether two people wrote the same fingerprint, colons, spaces and letters aside."""

    def bare(text: str) -> str:
        return "".join(sign for sign in text.upper() if sign in "0123456789ABCDEF")

    return bool(bare(one)) and bare(one) == bare(other)
