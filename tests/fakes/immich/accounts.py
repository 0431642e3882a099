"""Signing in and out, the signed-in user, and API keys.

For: the routes ``/api/auth/…`` about credentials, ``/api/users/me`` and ``/api/api-keys``.
Must not: decide permissions itself (``auth.py`` does).
Thread: the server's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, no_access
from .auth import ANY_KEY, Caller
from .checks import Issue, email_issues, json_body, not_one_of, path_id, text_field, wrong_type
from .models import ApiKey, Session
from .permissions import PERMISSIONS
from .render import api_key, user_full
from .sessions import device_of
from .world import World

COOKIE_DAYS = 400


def with_cookies(response: Response, values: dict[str, str] | None) -> Response:
    """Set the three sign-in cookies, or take them back when there are no values."""
    for name in ("immich_access_token", "immich_auth_type", "immich_is_authenticated"):
        if values is None:
            line = f"{name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        else:
            end = format_datetime(datetime.now(UTC) + timedelta(days=COOKIE_DAYS), usegmt=True)
            hidden = "" if name == "immich_is_authenticated" else " HttpOnly;"
            age = f"Max-Age={COOKIE_DAYS * 86400}; Path=/; Expires={end}"
            line = f"{name}={values[name]}; {age};{hidden} SameSite=Lax"
        response.headers.append("set-cookie", line)
    return response


def signed_in(request: Request, session: Session, kind: str) -> Response:
    """The answer to a sign-in."""
    user = session.user
    shown = {
        "accessToken": session.token,
        "userId": user.id,
        "userEmail": user.email,
        "name": user.name,
        "isAdmin": user.is_admin,
        "profileImagePath": "",
        "shouldChangePassword": user.must_change_password,
        "isOnboarded": False,
    }
    values = {"immich_access_token": session.token, "immich_auth_type": kind, "immich_is_authenticated": "true"}
    return with_cookies(answer(request, shown, 201), values)


def _permissions(body: Any) -> list[str]:
    """The permissions asked for; refuses an empty list and names the server does not know."""
    if not isinstance(body, dict) or "permissions" not in body:
        raise invalid([wrong_type(["permissions"], "array")])
    wanted = body["permissions"]
    if not isinstance(wanted, list):
        raise invalid([wrong_type(["permissions"], "array", wanted)])
    issues: list[Issue] = []
    if not wanted:
        small = {"origin": "array", "code": "too_small", "minimum": 1, "inclusive": True, "path": ["permissions"]}
        issues.append({**small, "message": "Too small: expected array to have >=1 items"})
    for place, name in enumerate(wanted):
        if name not in PERMISSIONS:
            issues.append(not_one_of(["permissions", place], PERMISSIONS))
    if issues:
        raise invalid(issues)
    return [str(name) for name in wanted]


class Accounts:
    """Routes about who somebody is and how they prove it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = world.people
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module; a key can look at itself from 1.139 on."""
        own_key = [Route("/api/api-keys/me", self.my_key, methods=["GET"])]
        return [
            Route("/api/auth/login", self.login, methods=["POST"]),
            Route("/api/auth/logout", self.logout, methods=["POST"]),
            Route("/api/auth/validateToken", self.validate_token, methods=["POST"]),
            Route("/api/users/me", self.me, methods=["GET"]),
            *(own_key if self._world.version.has_own_key_route else []),
            Route("/api/api-keys", self.keys, methods=["GET"]),
            Route("/api/api-keys", self.create_key, methods=["POST"]),
            Route("/api/api-keys/{id}", self.show_key, methods=["GET"]),
            Route("/api/api-keys/{id}", self.change_key, methods=["PUT", "PATCH"]),
            Route("/api/api-keys/{id}", self.delete_key, methods=["DELETE"]),
        ]

    async def login(self, request: Request) -> Response:
        """E-mail and password give a session."""
        body = await json_body(request)
        email, password = text_field(body, "email"), text_field(body, "password")
        if issues := email_issues(["email"], email):
            raise invalid(issues)
        if not self._world.settings.password_login:
            raise Refusal(401, "Password login has been disabled")
        session = self._people.sign_in(email, password, device_of(request))
        if session is None:
            raise Refusal(401, "Incorrect email or password")
        return signed_in(request, session, "password")

    async def logout(self, request: Request) -> Response:
        """Ends the session; with a key that has every permission there is nothing to end."""
        caller = self._guard.allow(request)
        where = "/auth/login?autoLaunch=0"
        if caller.session is not None:
            self._people.close_session(caller.session.token)
            if caller.session.by_oauth and self._world.provider.issuer:
                where = f"{self._world.provider.issuer}/logout"
        return with_cookies(answer(request, {"successful": True, "redirectUri": where}), None)

    async def validate_token(self, request: Request) -> Response:
        """Says that the credential is good, or 401."""
        self._guard.allow(request, ANY_KEY)
        return answer(request, {"authStatus": True})

    async def me(self, request: Request) -> Response:
        """The signed-in user."""
        return answer(request, user_full(self._guard.allow(request, "user.read").user))

    async def my_key(self, request: Request) -> Response:
        """The key of this request; needs no permission."""
        caller = self._guard.allow(request, ANY_KEY)
        if caller.key is None:
            raise Refusal(403, "Not authenticated with an API Key")
        return answer(request, api_key(caller.key))

    async def keys(self, request: Request) -> Response:
        """All keys of the user."""
        user = self._guard.allow(request, "apiKey.read").user
        return answer(request, [api_key(key) for key in list(self._people.keys.values()) if key.user is user])

    async def create_key(self, request: Request) -> Response:
        """A new key, which cannot do more than the credential that asks for it."""
        body = await json_body(request)
        caller = self._guard.allow(request, "apiKey.create")
        permissions = _permissions(body)
        if not self._may_grant(caller, permissions):
            raise Refusal(400, "Cannot grant permissions you do not have")
        secret, key = self._people.add_key(caller.user, permissions, text_field(body, "name", "API Key"))
        return answer(request, {"secret": secret, "apiKey": api_key(key)}, 201)

    async def show_key(self, request: Request) -> Response:
        """One key."""
        caller = self._guard.allow(request, "apiKey.read")
        return answer(request, api_key(self._own(caller, path_id(request))))

    async def change_key(self, request: Request) -> Response:
        """Another name or other permissions."""
        body = await json_body(request)
        caller = self._guard.allow(request, "apiKey.update")
        key = self._own(caller, path_id(request))
        if "permissions" in body:
            permissions = _permissions(body)
            if not self._may_grant(caller, permissions):
                raise Refusal(400, "Cannot grant permissions you do not have")
            key.permissions = permissions
        key.name = text_field(body, "name", key.name)
        return answer(request, api_key(key))

    async def delete_key(self, request: Request) -> Response:
        """Revokes a key."""
        caller = self._guard.allow(request, "apiKey.delete")
        if not self._people.drop_key(caller.user, path_id(request)):
            raise Refusal(400, "API Key not found")
        return empty()

    def _own(self, caller: Caller, key_id: str) -> ApiKey:
        key = self._people.key_by_id(caller.user, key_id)
        if key is None:
            raise no_access("apiKey.read")
        return key

    def _may_grant(self, caller: Caller, permissions: list[str]) -> bool:
        return all(caller.may(permission) for permission in permissions)
