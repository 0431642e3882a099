"""Signing in through an identity provider.

For: the routes below ``/api/oauth``.
Must not: be the provider (``provider.py`` is).
Thread: the server's.
"""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .accounts import signed_in
from .answers import Refusal, answer
from .checks import json_body, text_field
from .provider import OAuthFailed, challenge_of
from .sessions import device_of
from .world import World

STATE, VERIFIER = "immich_oauth_state", "immich_oauth_code_verifier"
APP_URI = "app.immich:///oauth-callback"


class OAuth:
    """OAuth routes."""

    def __init__(self, world: World) -> None:
        self._provider = world.provider
        self._people = world.people

    def routes(self) -> list[Route]:
        """All routes of this module, and the pages of the provider."""
        return [
            Route("/api/oauth/authorize", self.authorize, methods=["POST"]),
            Route("/api/oauth/callback", self.callback, methods=["POST"]),
            Route("/api/oauth/mobile-redirect", self.to_app, methods=["GET"]),
            *self._provider.routes(),
        ]

    async def authorize(self, request: Request) -> Response:
        """Where to send the browser. State and verifier that the client does not bring are kept in cookies."""
        body = await json_body(request)
        redirect_uri = text_field(body, "redirectUri")
        self._need_enabled()
        state = text_field(body, "state", "") or secrets.token_urlsafe(24)
        challenge, verifier = text_field(body, "codeChallenge", ""), ""
        if not challenge:
            verifier = secrets.token_urlsafe(32)
            challenge = challenge_of(verifier)
        url = self._provider.authorize_url(redirect_uri, state, challenge)
        response = answer(request, {"url": url}, 201)
        response.set_cookie(STATE, state, httponly=True, samesite="lax")
        if verifier:
            response.set_cookie(VERIFIER, verifier, httponly=True, samesite="lax")
        return response

    async def callback(self, request: Request) -> Response:
        """The address that the provider sent the browser to gives a session."""
        body = await json_body(request)
        url = text_field(body, "url")
        state = text_field(body, "state", "") or request.cookies.get(STATE, "")
        verifier = text_field(body, "codeVerifier", "") or request.cookies.get(VERIFIER, "")
        if not state:
            raise Refusal(400, "OAuth state is missing")
        if not verifier:
            raise Refusal(400, "OAuth code verifier is missing")
        self._need_enabled()
        try:
            email = self._provider.redeem(url, state, verifier)
        except OAuthFailed as problem:
            raise Refusal(400, "OAuth authentication failed") from problem
        user = self._people.by_email(email)
        if user is None:
            user = self._people.add_user(email, "")
            user.must_change_password = False
        user.oauth_id = user.oauth_id or secrets.token_hex(8)
        return signed_in(request, self._people.open_session(user, device=device_of(request), by_oauth=True), "oauth")

    async def to_app(self, request: Request) -> Response:
        """Send a browser on to the app."""
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(APP_URI + query, 307)

    def _need_enabled(self) -> None:
        if not self._provider.enabled:
            raise Refusal(400, "OAuth is not enabled")
