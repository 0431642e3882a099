"""Signing in to a server and out again: from what a person typed to a secret, an account, and the ways to the server.

Called on the threads that answer clients; some seconds at most. Before a secret leaves this computer the address was
found to be Immich, its certificate was checked (or the pinned one was shown), and plain http was found to stay at home.
The password is forgotten; what is kept is a session of our own or a narrow key.
"""

import ipaddress
import logging
import platform
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

from agent.destinations.immich import session
from agent.destinations.immich.auth import Account, account, log_in, running_version
from agent.destinations.immich.http import Server
from agent.destinations.immich.secret import Secret, read_secret
from agent.destinations.immich.trust import Trust, fingerprint, is_same_fingerprint, look_at
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate
from agent.protocol.methods import DestinationAddImmich, ServerAddress, ServerFound
from agent.protocol.settings import DestinationSetting
from agent.protocol.wire import Mistake, from_plain, to_plain
from agent.record import Record, replace

log = logging.getLogger(__name__)


class Entered(Record, frozen=True):
    """What a sign-in came to."""

    secret: Secret
    account: Account
    routes: tuple[str, ...]
    trust: Trust


class Further(Record, frozen=True):
    """A further address, who is believed now, and whether it answers from here and now."""

    api_url: str
    trust: Trust
    answers: bool


class SignIn:
    """The door to servers. `on_secret` hears of every secret, so that no log shows it."""

    def __init__(self, clock: Clock, on_secret: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_secret = on_secret

    def enter(self, wish: DestinationAddImmich) -> Entered:
        """Sign in as wished; raises `Mistake` and the fates of the server."""
        for one in (wish.api_key, wish.password, wish.oauth_token, *wish.headers.values()):
            if one:
                self._on_secret(one)
        if wish.api_key is None and wish.oauth_token is None and (wish.email is None or wish.password is None):
            raise Mistake("credentials_missing")
        api_url, trust = self.find(wish)
        secret, found = self._prove(wish, api_url, trust)
        for one in secret.all():
            self._on_secret(one)
        entered = Entered(secret, found, (), trust)
        with self.kept(entered):
            if found.missing_permissions:
                raise Mistake("permission_missing", permission=", ".join(found.missing_permissions))
            routes, trust = self._routes(wish, trust, secret, found)
            return Entered(secret, found, routes, trust)

    @contextmanager
    def kept(self, entered: Entered) -> Iterator[None]:
        """Within it a sign-in is to be kept; where that fails, what was made for it at the server is revoked."""
        try:
            yield
        except Exception:
            with suppress(Fate):
                session.end(entered.account.api_url, entered.secret, clock=self._clock, trust=entered.trust)
            raise

    def find(self, wish: DestinationAddImmich) -> tuple[str, Trust]:
        """The API's address, and whose certificates are believed there. Sends no secret."""
        trust = Trust(ca_file=wish.ca_file, client_certificate=wish.client_certificate)
        api_url, trust = _discover(wish.url, wish.headers, trust, wish.fingerprint)
        self._require_private(api_url, allowed=wish.plain_http)
        return api_url, trust

    def server_at(self, asked: ServerAddress) -> ServerFound:
        """The server at an address; sends no secret but the headers for a proxy before it."""
        for one in headers_of(asked.headers).values():
            self._on_secret(one)
        api_url, trust = self.find(from_plain(to_plain(asked), DestinationAddImmich))
        with closing(Server(api_url, asked.headers, clock=self._clock, trust=trust)) as server:
            return ServerFound(api_url, str(running_version(server)))

    def _require_private(self, api_url: str, *, allowed: bool) -> None:
        parts = urlsplit(api_url)
        if parts.scheme == "http" and not allowed and not stays_at_home(parts.hostname or ""):
            raise Blocked("plain_http", address=api_url)

    def _prove(self, wish: DestinationAddImmich, api_url: str, trust: Trust) -> tuple[Secret, Account]:
        if wish.api_key is not None:
            key = wish.api_key.strip()
            if not key or not key.isascii() or not key.isprintable():
                raise Blocked("signed_out", message="Invalid API key")
            secret = Secret("key", key, headers=wish.headers)
            with closing(Server(api_url, secret.sent(), clock=self._clock, trust=trust)) as server:
                return secret, account(server)
        computer = platform.node() or "this computer"
        if wish.oauth_token is not None:
            login = wish.oauth_token
        elif wish.sign_in == "session":
            return session.session_for_password(
                api_url,
                wish.email or "",
                wish.password or "",
                computer=computer,
                clock=self._clock,
                headers=wish.headers,
                trust=trust,
            )
        else:
            with closing(Server(api_url, wish.headers, clock=self._clock, trust=trust)) as server:
                running_version(server)
                login = log_in(server, wish.email or "", wish.password or "")
        self._on_secret(login)
        if wish.sign_in == "key":
            name = f"Safelight on {computer}"
            return session.key_from_login(
                api_url, login, key_name=name, clock=self._clock, headers=wish.headers, trust=trust
            )
        return session.session_from_login(
            api_url, login, computer=computer, clock=self._clock, headers=wish.headers, trust=trust
        )

    def _routes(
        self, wish: DestinationAddImmich, trust: Trust, secret: Secret, found: Account
    ) -> tuple[tuple[str, ...], Trust]:
        """The further addresses, each found to be the same account's where it answers now."""
        routes: dict[str, bool] = {}
        for typed in wish.routes:
            further = self.further_address(
                typed, trust, secret, found.user_id, fingerprint=wish.fingerprint, plain_http=wish.plain_http
            )
            trust = further.trust
            routes[further.api_url] = further.answers
        return tuple(one for one in routes if one != found.api_url), trust

    def further_address(
        self,
        typed: str,
        trust: Trust,
        secret: Secret,
        user_id: str | None,
        *,
        fingerprint: str | None = None,
        plain_http: bool = False,
    ) -> Further:
        """The API's address there, of the same account if it answers; `fingerprint` of a certificate to believe."""
        try:
            api_url, trust = _discover(typed, secret.headers, trust, fingerprint)
        except Blocked as problem:
            if problem.code != "server_unreachable":
                raise
            # Only reached from elsewhere: looked at when it is first used.
            api_url = typed.rstrip("/") if typed.rstrip("/").endswith("/api") else f"{typed.rstrip('/')}/api"
            if "://" not in api_url:
                raise Blocked("address_invalid", address=typed) from None
            self._require_private(api_url, allowed=plain_http)
            return Further(api_url, trust, answers=False)
        self._require_private(api_url, allowed=plain_http)
        with closing(Server(api_url, secret.sent(), clock=self._clock, trust=trust)) as server:
            if user_id not in (None, account(server).user_id):
                raise Blocked("account_changed", address=api_url)
        return Further(api_url, trust, answers=True)

    def leave(self, setting: DestinationSetting, text: str) -> None:
        """Revoke what we made for a destination; a server that does not answer must not keep a person from leaving."""
        try:
            session.end(
                setting.location,
                read_secret(text),
                clock=self._clock,
                trust=trust_of(setting),
                others=setting.routes,
            )
        except Fate as error:
            log.info("what we were signed in with at %s could not be revoked: %s", setting.name, error)


def _discover(typed: str, headers: Mapping[str, str], trust: Trust, wanted: str | None) -> tuple[str, Trust]:
    """The API's address, and whose certificates are believed there: `wanted` is the fingerprint of one that is not yet.

    A server shows one certificate of its own: one that was believed before is not exchanged here.
    """
    from agent.destinations.immich.discovery import discover  # heavy: a running agent never needs it

    try:
        return discover(typed, headers, trust), trust
    except Blocked as problem:
        if problem.code != "certificate_untrusted" or trust.pinned is not None:
            raise
        shown = look_at(str(problem.args_["address"]))
        if wanted is None:
            raise Blocked("certificate_untrusted", **problem.args_, fingerprint=fingerprint(shown)) from None
        if not is_same_fingerprint(wanted, fingerprint(shown)):
            raise Blocked("certificate_changed", **problem.args_, fingerprint=fingerprint(shown)) from None
    trust = replace(trust, pinned=shown)
    return discover(typed, headers, trust), trust


def trust_of(setting: DestinationSetting) -> Trust:
    """Whose certificates are believed at a destination."""
    return Trust(setting.ca_file, setting.pinned, setting.client_certificate)


def stays_at_home(host: str, resolve: Callable[[str], list[str]] | None = None) -> bool:
    """Whether a host is this computer or in a private network: what is sent there passes no public line."""
    try:
        addresses = (resolve or _resolve)(host)
    except OSError:
        return "." not in host or host.endswith((".local", ".lan", ".home", ".internal"))
    try:
        found = [ipaddress.ip_address(one.partition("%")[0]) for one in addresses]
    except ValueError:
        return False
    return bool(found) and all(one.is_private or one.is_loopback or one.is_link_local for one in found)


def _resolve(host: str) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]


def headers_of(lines: Mapping[str, str]) -> dict[str, str]:
    """Custom headers, checked: raises `Mistake` for what no header may hold."""
    for name, value in lines.items():
        is_name = bool(name) and all("!" <= sign <= "~" and sign != ":" for sign in name)
        if not is_name or not value or not value.isprintable():
            raise Mistake("header_invalid", name=name)
    return dict(lines)
