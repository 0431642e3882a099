"""Devices of an account, and what ends them.

For: the routes below ``/api/sessions``, the password change, and the state of a sign-in.
Must not: sign anybody in (``accounts.py`` and ``oauth.py`` do).
Thread: the server's.
"""

from __future__ import annotations

import re

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid, no_access
from .auth import Caller
from .checks import json_body, path_id, text_field, wrong_type
from .models import Session
from .people import Device
from .render import session as session_json
from .render import user_full
from .world import World

SHORTEST_PASSWORD = 8
_APP = re.compile(r"^immich-(?:android|ios|unknown)/(\d+\.\d+\.\d+)")
_BROWSERS = ("Firefox", "Edg", "Chrome", "Safari")
_SYSTEMS = {"Windows": "Windows", "Android": "Android", "iPhone": "iOS", "Mac OS": "macOS", "Linux": "Linux"}


def device_of(connection: HTTPConnection) -> Device:
    """What the headers of a sign-in say about the computer: its User-Agent, else two headers of their own."""
    agent = connection.headers.get("user-agent", "")
    browser = next((name for name in _BROWSERS if f"{name}/" in agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in agent), "")
    app = _APP.match(agent)
    return Device(
        browser or connection.headers.get("devicemodel", ""),
        system or connection.headers.get("devicetype", ""),
        app.group(1) if app else None,
    )


class Sessions:
    """Routes about sessions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = world.people
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module."""
        return [
            Route("/api/sessions", self.list_all, methods=["GET"]),
            Route("/api/sessions", self.create, methods=["POST"]),
            Route("/api/sessions", self.delete_others, methods=["DELETE"]),
            Route("/api/sessions/{id}", self.change, methods=["PUT"]),
            Route("/api/sessions/{id}", self.delete, methods=["DELETE"]),
            Route("/api/auth/status", self.status, methods=["GET"]),
            Route("/api/auth/change-password", self.change_password, methods=["POST"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """The devices of the account, newest first."""
        caller = self._guard.allow(request, "session.read")
        found = sorted(self._people.sessions_of(caller.user), key=lambda one: one.updated_at, reverse=True)
        found.sort(key=lambda one: one is not caller.session)
        return answer(request, [self._shown(one, caller) for one in found])

    async def create(self, request: Request) -> Response:
        """A session made from this one, with a token of its own; it ends with its parent."""
        body = await json_body(request)
        caller = self._guard.allow(request, "session.create")
        if caller.session is None:
            raise Refusal(400, "This endpoint can only be used with a session token")
        duration = body.get("duration")
        if duration is not None and (not isinstance(duration, int) or isinstance(duration, bool)):
            raise invalid([wrong_type(["duration"], "number", duration)])
        device = Device(text_field(body, "deviceType", ""), text_field(body, "deviceOS", ""))
        child = self._people.open_session(caller.user, caller.session.id, device=device, duration_s=duration)
        return answer(request, {**self._shown(child, caller), "token": child.token}, 201)

    async def change(self, request: Request) -> Response:
        """Ask a device to sync from the beginning."""
        body = await json_body(request)
        caller = self._guard.allow(request, "session.update")
        found = self._own(caller, path_id(request), "session.update")
        if body.get("isPendingSyncReset") is True:
            found.pending_sync_reset = True
        return answer(request, self._shown(found, caller))

    async def delete(self, request: Request) -> Response:
        """Sign a device out."""
        caller = self._guard.allow(request, "session.delete")
        self._people.close_session(self._own(caller, path_id(request), "authDevice.delete").token)
        return empty()

    async def delete_others(self, request: Request) -> Response:
        """Sign all other devices out."""
        caller = self._guard.allow(request, "session.delete")
        everybody = self._people.sessions_of(caller.user)
        self._people.close_sessions(one for one in everybody if one is not caller.session)
        return empty()

    async def status(self, request: Request) -> Response:
        """What this sign-in can do."""
        caller = self._guard.allow(request)
        shown: dict[str, object] = {"pinCode": False, "password": bool(caller.user.password), "isElevated": False}
        if caller.session is not None and caller.session.expires_at is not None:
            shown |= {"expiresAt": caller.session.expires_at}
        return answer(request, shown)

    async def change_password(self, request: Request) -> Response:
        """A new password; other devices are signed out when asked for, on older servers never."""
        body = await json_body(request)
        caller = self._guard.allow(request, "auth.changePassword")
        old, new = text_field(body, "password"), text_field(body, "newPassword")
        if len(new) < SHORTEST_PASSWORD:
            small = {"origin": "string", "code": "too_small", "minimum": SHORTEST_PASSWORD, "inclusive": True}
            message = f"Too small: expected string to have >={SHORTEST_PASSWORD} characters"
            raise invalid([{**small, "path": ["newPassword"], "message": message}])
        if old != caller.user.password:
            raise Refusal(400, "Wrong password")
        caller.user.password, caller.user.must_change_password = new, False
        if body.get("invalidateSessions") is True:
            everybody = self._people.sessions_of(caller.user)
            self._people.close_sessions(one for one in everybody if one is not caller.session)
        return answer(request, user_full(caller.user))

    def _shown(self, found: Session, caller: Caller) -> dict[str, object]:
        return session_json(found, self._world.version, current=found is caller.session)

    def _own(self, caller: Caller, session_id: str, permission: str) -> Session:
        found = self._people.session_by_id(caller.user, session_id)
        if found is None:
            raise no_access(permission)
        return found
