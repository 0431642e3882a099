"""Who is asking, and may they: credentials and permissions of a request.

For: every route that is not public starts with :func:`Guard.allow`; the websocket with :func:`Guard.greet`.
Must not: answer requests or read bodies.
Thread: the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection, Request

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


def session_token(connection: HTTPConnection, query: Mapping[str, str]) -> str | None:
    """The session credential of a request; the first place that holds one counts."""
    headers = connection.headers
    for name in ("x-immich-user-token", "x-immich-session-token"):
        if headers.get(name):
            return headers[name]
    if query.get("sessionKey"):
        return query["sessionKey"]
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    return connection.cookies.get("immich_access_token")


class Guard:
    """Turns credentials into a :class:`Caller`, or refuses with the server's words."""

    def __init__(self, people: People) -> None:
        self._people = people

    def identify(self, connection: HTTPConnection, query: Mapping[str, str] | None = None) -> Caller:
        """Whose request it is. A session credential wins over an API key, even a stale one."""
        query = connection.query_params if query is None else query
        token = session_token(connection, query)
        if token is not None:
            session = self._people.session(token)
            if session is None:
                raise Refusal(401, "Invalid user token")
            return Caller(session.user, session=session)
        secret = connection.headers.get("x-api-key") or query.get("apiKey")
        if secret is None:
            raise Refusal(401, "Authentication required")
        key = self._people.keys.get(secret)
        if key is None:
            raise Refusal(401, "Invalid API key")
        return Caller(key.user, key=key)

    def allow(self, request: Request, permission: str = ALL, *, admin: bool = False) -> Caller:
        """The caller, if the credential covers ``permission``.

        Without a permission a route takes a session or a key with ``all``; :data:`ANY_KEY` takes any key.
        """
        caller = self.identify(request)
        if admin and not caller.user.is_admin:
            raise Refusal(403, "Forbidden")
        if permission != ANY_KEY and not caller.may(permission):
            raise Refusal(403, f"Missing required permission: {permission}")
        return caller

    def greet(self, connection: HTTPConnection) -> Caller | None:
        """Who opens a websocket: headers and cookies count, the query does not, and a key needs every permission."""
        try:
            caller = self.identify(connection, {})
        except Refusal:
            return None
        return caller if caller.may(ALL) else None
