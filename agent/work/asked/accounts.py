"""What a person does with accounts at servers: signing in and again, addresses, the space that is left, signing out.

Called on the threads that answer clients; asks the server, some seconds at most. Changes settings and secrets, never
copies. A sign-in that comes to nothing leaves nothing at the server. The door to servers is in `signin`.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import urlsplit

from agent.credentials import Credentials, Store
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.auth import storage
from agent.destinations.immich.secret import Secret, read_secret
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate
from agent.facts import free_disk_bytes
from agent.protocol.destination import AddressesKept, DestinationSpace
from agent.protocol.methods import DestinationAdded, DestinationAddImmich, ServerAddress, ServerFound
from agent.protocol.paths import to_display
from agent.protocol.server import OAuthBegin
from agent.protocol.settings import DestinationSetting, Settings
from agent.protocol.wire import Mistake, from_plain, to_plain
from agent.record import replace
from agent.store.settings import SettingsStore
from agent.work.asked.signin import Entered, SignIn, headers_of, trust_of
from agent.work.destinations import Destinations

log = logging.getLogger(__name__)

_ID_BYTES = 4

Wish = TypeVar("Wish", DestinationAddImmich, OAuthBegin)


class Accounts:
    """The destinations that are there, one at a time, each named by its id or its name."""

    def __init__(
        self,
        settings: SettingsStore,
        credentials: Credentials,
        destinations: Destinations,
        clock: Clock,
        on_secret: Callable[[str], None],
        on_signed_in: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._destinations = destinations
        self._sign_in = SignIn(clock, on_secret)
        self._on_signed_in = on_signed_in

    def find_server(self, asked: ServerAddress) -> ServerFound:
        """The Immich server at an address that a person typed; asked without any sign-in."""
        return self._sign_in.server_at(asked)

    def add_immich(self, wish: DestinationAddImmich) -> DestinationAdded:
        """Sign in to a server and add it, or with `renew` sign in again; the password is forgotten."""
        old = self._server(wish.renew) if wish.renew is not None else None
        headers_of(wish.headers)
        if old is not None:
            wish = as_before(wish, old, self._credentials)
        entered = self._sign_in.enter(wish)
        account = entered.account
        with self._sign_in.kept(entered):
            now = self._settings.get()
            if old is not None and old.user_id not in (None, account.user_id):
                raise Mistake("account_changed", account=account.email)
            for other in now.destinations:
                if other != old and (other.location, other.user_id) == (account.api_url, account.user_id):
                    raise Mistake("destination_exists", name=other.name)
            setting = _setting_of(wish, entered, old, now)
            before = _secret_of(old, self._credentials) if old else None
            self._credentials.set(setting.id, entered.secret.to_text(), wish.store)
        self._destinations.renew(setting.id)
        self._settings.change(lambda now: replace(now, destinations=_put(now.destinations, setting)))
        if old is not None:
            self._forget(old, before, entered.secret, wish.store)
        self._on_signed_in(setting.id)
        return DestinationAdded(setting.id, setting.name, account.email, account.lacks_useful)

    def _forget(self, old: DestinationSetting, before: str | None, new: Secret, store: Store) -> None:
        """The sign-in that another one has replaced; one and the same key is not revoked."""
        with suppress(Fate):
            if before is not None and read_secret(before).token != new.token:
                self._sign_in.leave(old, before)
        with suppress(Fate):
            if old.secret_store not in (None, store):
                self._credentials.delete(old.id, old.secret_store)

    def space(self, named: str) -> DestinationSpace:
        """What is used and what is left at a destination, as far as it tells; raises the fates of the destination."""
        setting = self._find(named)
        folder = self._destinations.folder_of(setting.id)
        if folder is not None:
            try:
                return DestinationSpace(setting.id, free_bytes=free_disk_bytes(folder))
            except OSError:
                raise Blocked("destination_unreadable", path=to_display(folder)) from None
        destination = self._destinations.get(setting.id)
        if not isinstance(destination, ImmichDestination):
            raise Mistake("not_a_server", name=setting.name)
        found = storage(destination.server)
        return DestinationSpace(setting.id, found.used_bytes, found.quota_bytes, found.free_bytes)

    def set_addresses(
        self, named: str, typed: tuple[str, ...], *, fingerprint: str | None = None, plain_http: bool = False
    ) -> AddressesKept:
        """The addresses of a server in the order in which they are tried, the first being the one that people open.

        What is new and answers must be the same account's; what does not answer now is believed until it does.
        """
        setting = self._server(named)
        if not typed:
            raise Mistake("address_missing", name=setting.name)
        secret = read_secret(self._credentials.get(setting.id, setting.secret_store or "keyring"))
        known = {setting.location, *setting.routes}
        trust = trust_of(setting)
        kept: dict[str, bool] = {}
        for address in typed:
            if address in known:
                kept.setdefault(address, True)
                continue
            found = self._sign_in.further_address(
                address, trust, secret, setting.user_id, fingerprint=fingerprint, plain_http=plain_http
            )
            trust = found.trust
            kept.setdefault(found.api_url, found.answers)
        first, *others = kept
        for other in self._settings.get().destinations:
            if other.id != setting.id and (other.location, other.user_id) == (first, setting.user_id):
                raise Mistake("destination_exists", name=other.name)
        self._replace(setting.id, location=first, routes=others, pinned=trust.pinned)
        return AddressesKept(tuple(kept), tuple(url for url, answers in kept.items() if not answers))

    def sign_out(self, named: str) -> None:
        """Revoke and forget the sign-in. What is known of the copies stays, and only the same user may come back."""
        setting = self._server(named)
        leave(self._sign_in, self._credentials, setting)
        self._destinations.renew(setting.id)
        self._replace(setting.id, account=None)
        log.info("signed out of %s", setting.name)

    def as_before(self, wish: OAuthBegin) -> OAuthBegin:
        """What a new sign-in at a destination begins with; another one stays as it is."""
        return wish if wish.renew is None else as_before(wish, self._server(wish.renew), self._credentials)

    def _find(self, named: str) -> DestinationSetting:
        for setting in self._settings.get().destinations:
            if named in (setting.id, setting.name):
                return setting
        raise Mistake("destination_unknown", name=named)

    def _server(self, named: str) -> DestinationSetting:
        setting = self._find(named)
        if setting.kind != "immich":
            raise Mistake("not_a_server", name=setting.name)
        return setting

    def _replace(self, destination_id: str, **changed: object) -> None:
        """Put these fields into the destination as it is now, at its place among the others."""

        def edit(now: Settings) -> Settings:
            new = tuple(
                from_plain({**to_plain(one), **changed}, DestinationSetting) if one.id == destination_id else one
                for one in now.destinations
            )
            return replace(now, destinations=new)

        self._settings.change(edit)


def _setting_of(
    wish: DestinationAddImmich, entered: Entered, old: DestinationSetting | None, now: Settings
) -> DestinationSetting:
    """What is kept of a sign-in; `old` is what it renews."""
    account = entered.account
    return DestinationSetting(
        id=old.id if old else account_id(account.user_id, now),
        kind="immich",
        name=old.name if old else free_name(now, wish.name, urlsplit(account.api_url).hostname or "Immich"),
        # Away from home a person signs in by a further address: the order stays.
        location=old.location if old and not entered.routes and account.api_url in old.routes else account.api_url,
        account=account.email,
        user_id=account.user_id,
        secret_store=wish.store,
        routes=entered.routes or (old.routes if old else ()),
        ca_file=entered.trust.ca_file,
        # What was believed for one of the addresses that stay.
        pinned=entered.trust.pinned or (old.pinned if old and old.routes else None),
        client_certificate=entered.trust.client_certificate,
    )


def _put(there: tuple[DestinationSetting, ...], new: DestinationSetting) -> tuple[DestinationSetting, ...]:
    """With this one, at its place where it was there before."""
    if any(one.id == new.id for one in there):
        return tuple(new if one.id == new.id else one for one in there)
    return (*there, new)


def _secret_of(setting: DestinationSetting, credentials: Credentials) -> str | None:
    """What a destination was signed in with, where it can be read."""
    with suppress(Fate):
        if setting.secret_store is not None:
            return credentials.get(setting.id, setting.secret_store)
    return None


def as_before(wish: Wish, old: DestinationSetting, credentials: Credentials) -> Wish:
    """A new sign-in shows what the old one did where it says nothing else: headers of a proxy, authority, certificate.

    Headers are secrets: they go to no other host than before, and where the keyring is away there are none.
    """
    headers = dict(wish.headers)
    hosts = {urlsplit(url).hostname for url in (old.location, *old.routes)}
    if not headers and urlsplit(wish.url).hostname in hosts:
        with suppress(Fate):
            headers = dict(read_secret(credentials.get(old.id, old.secret_store or "keyring")).headers)
    kept = {
        "headers": headers,
        "ca_file": wish.ca_file or old.ca_file,
        "client_certificate": wish.client_certificate or old.client_certificate,
    }
    return from_plain({**to_plain(wish), **kept}, type(wish))


def leave(sign_in: SignIn, credentials: Credentials, setting: DestinationSetting) -> None:
    """Revoke what we made at a server and forget the secret; neither a server nor a keyring that is away hinders it."""
    if setting.secret_store is None:
        return
    with suppress(Fate):
        sign_in.leave(setting, credentials.get(setting.id, setting.secret_store))
    with suppress(Fate):
        credentials.delete(setting.id, setting.secret_store)


def free_name(now: Settings, wished: str | None, usual: str) -> str:
    """A name that no destination has; raises `Mistake` where the wished one is taken."""
    taken = {setting.name for setting in now.destinations}
    if wished is not None:
        if wished in taken:
            raise Mistake("destination_exists", name=wished)
        return wished
    return next(name for name in [usual, *(f"{usual} {n}" for n in range(2, 1000))] if name not in taken)


def new_id() -> str:
    """An id for a destination that is like no other."""
    return secrets.token_hex(_ID_BYTES)


def account_id(user_id: str, now: Settings) -> str:
    """The id for an account: one that was removed and is added again is the same, and what was deleted there stays so.

    While a server moves to another machine the same account may be there twice; the second is one of its own.
    """
    made = hashlib.sha256(user_id.encode()).hexdigest()[: 2 * _ID_BYTES]
    return new_id() if made in {setting.id for setting in now.destinations} else made
