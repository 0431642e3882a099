"""Sign-ins in the browser that are under way. Called on the threads that answer clients; `end` blocks for a person.

A client opens the page itself: it sits where the person is. The token goes back to it once, to be handed in with
`destination.add_immich`; it is a session of minutes, of which a lasting one is made.
"""

import secrets
import threading
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from agent import words
from agent.destinations.immich.http import Server
from agent.domain.clock import Clock
from agent.protocol.methods import DestinationAddImmich
from agent.protocol.server import OAuthBegin, OAuthBegun
from agent.protocol.wire import Mistake
from agent.work.asked.signin import SignIn

if TYPE_CHECKING:
    from agent.destinations.immich.oauth import BrowserSignIn


class Browsing:
    """All of them, by id."""

    def __init__(self, clock: Clock, on_secret: Callable[[str], None]) -> None:
        self._clock = clock
        self._on_secret = on_secret
        self._turn = threading.Lock()
        self._under_way: dict[str, tuple[Server, BrowserSignIn]] = {}

    def begin(self, wish: OAuthBegin) -> OAuthBegun:
        """Find the server, listen, and say which page is to be opened."""
        from agent.destinations.immich.oauth import BrowserSignIn  # with a web server in it, for once in years

        asked = DestinationAddImmich(
            wish.url,
            headers=wish.headers,
            fingerprint=wish.fingerprint,
            ca_file=wish.ca_file,
            client_certificate=wish.client_certificate,
            plain_http=wish.plain_http,
        )
        api_url, trust = SignIn(self._clock, self._on_secret).find(asked)
        server = Server(api_url, wish.headers, clock=self._clock, trust=trust)
        attempt = BrowserSignIn(server, _page)
        try:
            page = attempt.page()
        except BaseException:
            attempt.close()
            server.close()
            raise
        name = secrets.token_hex(8)
        with self._turn:
            self._under_way[name] = (server, attempt)
        return OAuthBegun(name, page)

    def end(self, name: str) -> str:
        """Wait for the person; the token of the sign-in."""
        with self._turn:
            found = self._under_way.get(name)
        if found is None:
            raise Mistake("oauth_unknown")
        server, attempt = found
        try:
            with closing(server):
                token = attempt.wait()
        finally:
            self.cancel(name)
        self._on_secret(token)
        return token

    def cancel(self, name: str) -> None:
        """Give one up; none is fine."""
        with self._turn:
            found = self._under_way.pop(name, None)
        if found is not None:
            found[1].close()


def _page(worked: bool) -> str:  # noqa: FBT001 - which of two pages
    import html

    said = words.sign_in_page(worked=worked)
    return f"<!doctype html><meta charset=utf-8><title>Safelight</title><p>{html.escape(said)}</p>"
