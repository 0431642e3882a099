"""`destination add immich` and `destination sign-in`: signing in to a server; main thread.

Secrets come by stdin alone, a line each (first the key or password, then a value for each --header), and go straight to
the agent. With --browser a page is opened here, where the person is; the agent waits for it to come back.
"""

import sys
import webbrowser
from typing import Annotated, Any, Literal

import typer

from agent import words
from agent.cli.arguments import absolute
from agent.cli.failure import DONE, failure
from agent.cli.output import complain, print_json, say
from agent.cli.session import Session, session_of
from agent.protocol.methods import DestinationAdded, DestinationAddImmich, DestinationRow, Destinations
from agent.protocol.server import OAuthBegin, OAuthBegun, OAuthEnded, OAuthRef
from agent.words.catalogue import _, fill

_SECRET_LIMIT = 4_096
#: A person takes their time in the browser; the agent gives up a little earlier.
BROWSER_S = 330.0

Url = Annotated[str, typer.Argument(metavar="URL", help=_("The address that opens Immich in the browser."))]
Named = Annotated[str, typer.Option("--name", metavar="N", help=_("What to call it."))]
KeyStdin = Annotated[bool, typer.Option("--api-key-stdin", help=_("Read an API key from stdin."))]
Email = Annotated[str, typer.Option("--email", metavar="E", help=_("Sign in with this address."))]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help=_("Read the password from stdin."))]
InBrowser = Annotated[bool, typer.Option("--browser", help=_("Sign in in the browser (OAuth)."))]
Keep = Annotated[
    Literal["session", "key"],
    typer.Option("--keep", help=_("Keep a session of its own (shows changes at once), or a narrow API key.")),
]
Store = Annotated[
    Literal["keyring", "file"],
    typer.Option("--store", help=_("Keep the sign-in in the keyring, or in a file that only you can read.")),
]
Routes = Annotated[
    list[str] | None,
    typer.Option("--route", metavar="URL", help=_("A further address of the same server, tried next.")),
]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", metavar="NAME", help=_("A header for a proxy; its value is the next line of stdin.")),
]
Fingerprint = Annotated[
    str, typer.Option("--fingerprint", metavar="F", help=_("Trust the one certificate with this SHA-256."))
]
CaFile = Annotated[str, typer.Option("--ca-file", metavar="PEM", help=_("Trust this certificate authority."))]
Client = Annotated[str, typer.Option("--client-certificate", metavar="PEM", help=_("Show this certificate."))]
PlainHttp = Annotated[bool, typer.Option("--plain-http", help=_("Allow http to a public address, unencrypted."))]


def add_immich(  # noqa: PLR0913 - typer makes an option of each
    context: typer.Context,
    url: Url,
    *,
    name: Named = "",
    api_key_stdin: KeyStdin = False,
    email: Email = "",
    password_stdin: PasswordStdin = False,
    browser: InBrowser = False,
    keep: Keep = "session",
    store: Store = "keyring",
    route: Routes = None,
    header: Headers = None,
    fingerprint: Fingerprint = "",
    ca_file: CaFile = "",
    client_certificate: Client = "",
    plain_http: PlainHttp = False,
) -> int:
    """`destination add immich`."""
    session = session_of(context)
    way = _way(api_key_stdin, email, password_stdin, browser)
    wish = {
        "url": url,
        "name": name or None,
        "store": store,
        "sign_in": keep,
        "routes": tuple(route or ()),
        "fingerprint": fingerprint or None,
        "ca_file": absolute(ca_file) if ca_file else None,
        "client_certificate": absolute(client_certificate) if client_certificate else None,
        "plain_http": plain_http,
    }
    return _enter(session, wish, way, email, tuple(header or ()))


def sign_in(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="N")],
    *,
    api_key_stdin: KeyStdin = False,
    email: Email = "",
    password_stdin: PasswordStdin = False,
    browser: InBrowser = False,
    keep: Keep = "session",
    header: Headers = None,
    fingerprint: Fingerprint = "",
    ca_file: CaFile = "",
    client_certificate: Client = "",
) -> int:
    """`destination sign-in`."""
    session = session_of(context)
    way = _way(api_key_stdin, email, password_stdin, browser)
    listed: Destinations = session.call("destination.list")
    found: DestinationRow | None = next((one for one in listed.rows if name in (one.id, one.name)), None)
    if found is None or found.kind != "immich":
        raise failure("destination_unknown", name=name)
    wish = {
        "url": found.location,
        "store": found.secret_store or "keyring",
        "sign_in": keep,
        "fingerprint": fingerprint or None,
        "ca_file": absolute(ca_file) if ca_file else None,
        "client_certificate": absolute(client_certificate) if client_certificate else None,
        "renew": found.id,
    }
    return _enter(session, wish, way, email, tuple(header or ()))


def _way(api_key_stdin: bool, email: str, password_stdin: bool, browser: bool) -> str:
    if [api_key_stdin, password_stdin, browser].count(True) != 1 or bool(email) != password_stdin:
        raise failure("secret_missing")
    return "key" if api_key_stdin else "password" if password_stdin else "browser"


def _enter(session: Session, wish: dict[str, Any], way: str, email: str, names: tuple[str, ...]) -> int:
    asked = {"key": _("API key: "), "password": _("Password: ")}
    secret = read_secret(asked[way]) if way in asked else None
    headers = {name: read_secret(f"{name}: ") for name in names}
    token = _through_browser(session, wish, headers) if way == "browser" else None
    params = DestinationAddImmich(
        **wish,
        headers=headers,
        api_key=secret if way == "key" else None,
        email=email or None,
        password=secret if way == "password" else None,
        oauth_token=token,
    )
    added: DestinationAdded = session.call("destination.add_immich", params)
    if session.json:
        print_json(added)
        return DONE
    said = _("Added {name}: signed in as {account}.") if added.account else _("Added {name}.")
    if params.renew is not None:
        said = _("Signed in to {name} as {account}.")
    say(fill(said, {"name": added.name, "account": added.account}))
    if params.store == "file":
        say(_("The sign-in is kept in a file that only you can read, not in the keyring."))
    warn_of_permissions(added.missing_permissions)
    return DONE


def _through_browser(session: Session, wish: dict[str, Any], headers: dict[str, str]) -> str:
    """The token of a sign-in in the browser."""
    chosen = {name: wish.get(name) for name in ("fingerprint", "ca_file", "client_certificate")}
    asked = OAuthBegin(wish["url"], headers, **chosen, plain_http=bool(wish.get("plain_http")), renew=wish.get("renew"))
    begun: OAuthBegun = session.call("destination.oauth_begin", asked)
    complain(fill(_("Sign in in the browser. If no page opens: {page}"), {"page": begun.page}))
    webbrowser.open(begun.page)
    try:
        with session.connected() as client:
            ended: OAuthEnded = client.call("destination.oauth_end", OAuthRef(begun.id), timeout_s=BROWSER_S)
    except KeyboardInterrupt:
        session.call("destination.oauth_cancel", OAuthRef(begun.id))
        raise
    return ended.token


def read_secret(asked: str) -> str:
    """A secret from stdin, without echo on a terminal; exit code 2 where there is none."""
    if sys.stdin.isatty():
        from getpass import getpass

        secret = getpass(asked)
    else:
        try:
            secret = sys.stdin.buffer.readline(_SECRET_LIMIT).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            secret = ""
    if not secret.strip():
        raise failure("secret_empty")
    return secret


def warn_of_permissions(missing: tuple[str, ...]) -> None:
    """What is left undone for want of permissions; a line for each."""
    if missing:
        complain(_("The API key lacks permissions; add them in Immich at any time. Left out until then:"))
        for line in words.permissions(missing):
            complain(f"  {line}")
