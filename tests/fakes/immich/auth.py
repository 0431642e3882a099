"""Who is asking, and may they: credentials and permissions of a request.

For: every route that is not public starts with :func:`Guard.allow`.
Must not: answer requests or read bodies.
Thread: the server's.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from .answers import Refusal
from .models import ApiKey, Session, User
from .people import People
from .permissions import ALL

ANY_KEY = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a request, and by which of the two kinds of credential."""

    user: User
    key: ApiKey | None = None
    session: Session | None = None

    def may(self, permission: str) -> bool:
        """Whether the credential covers a permission; sessions cover everything."""
        return self.key is None or ALL in self.key.permissions or permission in self.key.permissions


def session_token(request: Request) -> str | None:
    """The session credential of a request; the first place that holds one counts."""
    headers = request.headers
    for name in ("x-immich-user-token", "x-immich-session-token"):
        if headers.get(name):
            return headers[name]
    if request.query_params.get("sessionKey"):
        return request.query_params["sessionKey"]
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get("immich_access_token")


def key_secret(request: Request) -> str | None:
    """The API key of a request, from the header or the query."""
    return request.headers.get("x-api-key") or request.query_params.get("apiKey")


class Guard:
    """Turns credentials into a :class:`Caller`, or refuses with the server's words."""

    def __init__(self, people: People) -> None:
        self._people = people

    def identify(self, request: Request) -> Caller:
        """Whose request it is. A session credential wins over an API key, even a stale one."""
        token = session_token(request)
        if token is not None:
            session = self._people.sessions.get(token)
            if session is None:
                raise Refusal(401, "Invalid user token")
            return Caller(session.user, session=session)
        secret = key_secret(request)
        if secret is None:
            raise Refusal(401, "Authentication required")
        key = self._people.keys.get(secret)
        if key is None:
            raise Refusal(401, "Invalid API key")
        return Caller(key.user, key=key)

    def allow(self, request: Request, permission: str = ALL) -> Caller:
        """The caller, if the credential covers ``permission``.

        Without a permission a route takes a session or a key with ``all``; :data:`ANY_KEY` takes any key.
        """
        caller = self.identify(request)
        if permission != ANY_KEY and not caller.may(permission):
            raise Refusal(403, f"Missing required permission: {permission}")
        return caller
