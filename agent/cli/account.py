"""`destination addresses|sign-out`, and the space that is left at a destination; main thread."""

from typing import Annotated

import typer

from agent import words
from agent.cli.failure import Failure, failure
from agent.cli.output import complain, print_json, say
from agent.cli.session import Session, session_of
from agent.cli.signin import Fingerprint, PlainHttp
from agent.protocol.destination import (
    AddressesKept,
    DestinationAddresses,
    DestinationRef,
    DestinationRow,
    Destinations,
    DestinationSpace,
)
from agent.protocol.wire import to_plain
from agent.words.catalogue import _, fill


def register(root: typer.Typer) -> None:
    """Add the commands of this module to `destination`."""
    root.command("addresses", help=_("Show the addresses of a server, or say in which order to try them."))(_addresses)
    root.command("sign-out", help=_("Sign out of a server; what is known of its copies stays."))(_sign_out)


def _addresses(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="N")],
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[URL]...", help=_("All of them, in the order to try them."))
    ] = None,
    *,
    fingerprint: Fingerprint = "",
    plain_http: PlainHttp = False,
) -> None:
    session = session_of(context)
    if not urls:
        row = _row(session, name)
        shown = (row.location, *row.routes)
        session.answer({"addresses": list(shown)}, "\n".join(shown))
        return
    wish = DestinationAddresses(name, tuple(urls), fingerprint=fingerprint or None, plain_http=plain_http)
    kept: AddressesKept = session.call("destination.set_addresses", wish)
    if session.json:
        print_json(to_plain(kept))
        return
    say("\n".join(kept.addresses))
    for url in kept.silent:
        complain(words.silent_address(url))


def _sign_out(context: typer.Context, name: str = typer.Argument(..., metavar="N")) -> None:
    session = session_of(context)
    session.call("destination.sign_out", DestinationRef(name))
    said = _("Signed out of {name}. Sign in again with 'safelight destination sign-in'.")
    session.answer({"signed_out": name}, fill(said, {"name": name}))


def _row(session: Session, name: str) -> DestinationRow:
    found: Destinations = session.call("destination.list")
    for row in found.rows:
        if name in (row.id, row.name):
            return row
    raise failure("destination_unknown", name=name)


def space_at(session: Session, name: str) -> DestinationSpace | None:
    """What is left there; None where it does not say just now."""
    try:
        found: DestinationSpace = session.call("destination.space", DestinationRef(name))
    except Failure:
        return None
    return found
