"""A small identity provider (OpenID Connect with PKCE), as an administrator connects one to the server.

For: sign-in by OAuth; ``server.provider`` says who is signed in there and which addresses it sends people back to.
Must not: be an Immich route; it lives below ``/provider`` of the stand-in, as another web site would.
Thread: routes on the server's, settings from tests; the shared lock protects the codes.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from .pulse import Pulse

PAGE = "<!doctype html><html><head><title>{title}</title></head><body>{text}</body></html>"


class OAuthFailed(Exception):
    """The code is unknown, used up, or the proof does not fit."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for until it is redeemed."""

    email: str
    redirect_uri: str
    challenge: str | None


class Provider:
    """Sends everybody who comes back with a code for ``signed_in_as``, if the address is one of ``allowed``.

    ``enabled`` is whether the Immich server offers this sign-in. ``refuses`` is an error code such as
    ``access_denied`` that people come back with instead.
    """

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._codes: dict[str, Grant] = {}
        self.enabled = False
        self.issuer = ""
        self.signed_in_as = "admin@example.com"
        self.allowed = ["http://127.0.0.1:*", "http://localhost:*", "app.immich:///oauth-callback"]
        self.advertises_pkce = True
        self.refuses: str | None = None
        self.visits = 0

    def authorize_url(self, redirect_uri: str, state: str, challenge: str | None) -> str:
        """The address to open in a browser."""
        asked = {
            "client_id": "immich",
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "openid email profile",
            "state": state,
        }
        if challenge is not None and self.advertises_pkce:
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{self.issuer}/authorize?{urlencode(asked)}"

    def redeem(self, url: str, state: str, verifier: str) -> str:
        """The e-mail address that the code in a redirected URL stands for; each code counts once."""
        split = urlsplit(url)
        query = parse_qs(split.query)
        with self._pulse.lock:
            grant = self._codes.pop(query.get("code", [""])[0], None)
        if grant is None or query.get("state", [""])[0] != state:
            raise OAuthFailed
        if url.partition("?")[0] != grant.redirect_uri:
            raise OAuthFailed
        if grant.challenge is not None and grant.challenge != challenge_of(verifier):
            raise OAuthFailed
        return grant.email

    def routes(self) -> list[Route]:
        """The pages of the provider."""
        return [
            Route("/provider/authorize", self.authorize, methods=["GET"]),
            Route("/provider/logout", self.logout, methods=["GET"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Where the browser comes to; nobody is asked for a password."""
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        with self._pulse.lock:
            self.visits += 1
            self._pulse.beat()
        if not any(fnmatchcase(redirect_uri, one) for one in self.allowed):
            return HTMLResponse(PAGE.format(title="Error", text="redirect_uri is not registered"), 400)
        answer = {"state": query.get("state", "")}
        if self.refuses is not None:
            answer["error"] = self.refuses
        else:
            code = secrets.token_urlsafe(16)
            grant = Grant(self.signed_in_as, redirect_uri, query.get("code_challenge"))
            with self._pulse.lock:
                self._codes[code] = grant
            answer["code"] = code
        return RedirectResponse(f"{redirect_uri}?{urlencode(answer)}", 302)

    async def logout(self, _request: Request) -> Response:
        """The end of the session at the provider."""
        return HTMLResponse(PAGE.format(title="Signed out", text="You are signed out."))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
