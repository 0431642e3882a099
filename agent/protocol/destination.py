"""What is said about destinations: adding, signing in, checking, listing. Secrets travel to the agent alone."""

from typing import Annotated, Literal

from msgspec import Meta

from agent.protocol.message import Message, Method, Nothing


class DestinationAddImmich(Message, frozen=True):
    """A server and either an API key, e-mail and password, or the token of a browser's sign-in.

    `sign_in` says what is kept of the latter two: a session of our own, or a narrow key. `routes` are further addresses
    of the same server, `headers` what a proxy in front asks for. `fingerprint` (SHA-256) is of the one certificate to
    believe, `ca_file` an own authority, `client_certificate` what we show; `plain_http` is a clear yes to http in
    public. `renew` is the destination that signs in again: headers, authority and client certificate that are not given
    are those of before. Secrets travel this way only, never back.
    """

    url: str
    name: str | None = None
    api_key: str | None = None
    email: str | None = None
    password: str | None = None
    store: Literal["keyring", "file"] = "keyring"
    sign_in: Literal["session", "key"] = "session"
    oauth_token: str | None = None
    routes: tuple[str, ...] = ()
    headers: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    fingerprint: str | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    plain_http: bool = False
    renew: str | None = None


class ServerAddress(Message, frozen=True):
    """The address of a server, as a person types it; the rest is what `DestinationAddImmich` calls so."""

    url: str
    headers: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    fingerprint: str | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    plain_http: bool = False


class ServerFound(Message, frozen=True):
    """The Immich server at an address: that of its API, and its version."""

    address: str
    version: str


class DestinationAddFolder(Message, frozen=True):
    """A folder on a local, external or network drive."""

    path: str
    name: str | None = None


class DestinationRef(Message, frozen=True):
    """A destination by its id or its name."""

    destination: str


class DestinationAdded(Message, frozen=True):
    """The new destination, and which permissions a pasted key lacks."""

    id: str
    name: str
    account: str | None = None
    missing_permissions: tuple[str, ...] = ()


class DestinationReport(Message, frozen=True):
    """What a check found: a problem's code with its arguments, or that all is well."""

    id: str
    ok: bool
    code: str | None = None
    args: dict[str, str | int | float | bool | None] = {}  # noqa: RUF012 - msgspec copies it
    server_version: str | None = None
    account: str | None = None
    missing_permissions: tuple[str, ...] = ()


class DestinationSpace(Message, frozen=True):
    """What is used and left at a destination; None where it does not say, for a quota also where there is none.

    `free_bytes` is of the disk: a folder's own, or the server's.
    """

    id: str
    used_bytes: int | None = None
    quota_bytes: int | None = None
    free_bytes: int | None = None


class DestinationAddresses(Message, frozen=True):
    """The addresses of a server (by id or name), the first of which is tried first; the rest as for adding."""

    destination: str
    addresses: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=2_048)], ...], Meta(max_length=20)]
    fingerprint: str | None = None
    plain_http: bool = False


class AddressesKept(Message, frozen=True):
    """The addresses as they are kept, and those that do not answer from here and now."""

    addresses: tuple[str, ...]
    silent: tuple[str, ...] = ()


class DestinationRow(Message, frozen=True):
    """A destination as listed. `routes` are the further addresses of a server."""

    id: str
    kind: str
    name: str
    location: str
    account: str | None
    secret_store: str | None
    files_safe: int
    routes: tuple[str, ...] = ()


class Destinations(Message, frozen=True):
    """All of them."""

    rows: tuple[DestinationRow, ...]


ACCOUNT_ROWS = (
    Method("destination.space", DestinationRef, DestinationSpace, "What is used and left.", DestinationRef("NAS")),
    Method(
        "destination.set_addresses",
        DestinationAddresses,
        AddressesKept,
        "Says by which addresses a server is reached.",
        DestinationAddresses("a1b2", ("https://photos.example.org/api", "http://nas.local:2283")),
    ),
    Method(
        "destination.sign_out",
        DestinationRef,
        Nothing,
        "Ends the sign-in; what is known of the copies stays.",
        DestinationRef("a1b2"),
    ),
)
