"""Other people: the list of users, partners, and what an administrator may do.

For: the routes ``/api/users``, ``/api/partners`` and some below ``/api/admin``.
Must not: show anybody's credentials.
Thread: the server's.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import Refusal, answer, empty, invalid
from .checks import id_field, json_body, not_one_of, path_id, text_field, wrong_type
from .models import Partner, User
from .render import user_full, user_short
from .world import World

DIRECTIONS = ("shared-by", "shared-with")
ACTIONS = ("start", "end", "select_database_restore", "restore_database")


class Users:
    """Routes about other people."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._people = world.people
        self._guard = world.guard

    def routes(self) -> list[Route]:
        """All routes of this module; fixed names before ids."""
        return [
            Route("/api/users", self.list_all, methods=["GET"]),
            Route("/api/users/{id}", self.show, methods=["GET"]),
            Route("/api/partners", self.partners, methods=["GET"]),
            Route("/api/partners", self.add_partner, methods=["POST"]),
            Route("/api/partners/{id}", self.change_partner, methods=["PUT"]),
            Route("/api/partners/{id}", self.end_partner, methods=["DELETE"]),
            Route("/api/admin/users", self.all_accounts, methods=["GET"]),
            Route("/api/admin/users", self.create_account, methods=["POST"]),
            *self._maintenance_routes(),
        ]

    async def list_all(self, request: Request) -> Response:
        """Everybody with an account."""
        self._guard.allow(request, "user.read")
        return answer(request, [user_short(user) for user in self._people.users.values()])

    async def show(self, request: Request) -> Response:
        """One of them."""
        self._guard.allow(request, "user.read")
        return answer(request, user_short(self._user(path_id(request))))

    async def partners(self, request: Request) -> Response:
        """Whose assets the user sees, or who sees theirs."""
        user = self._guard.allow(request, "partner.read").user
        direction = request.query_params.get("direction")
        if direction not in DIRECTIONS:
            raise invalid([not_one_of(["direction"], DIRECTIONS)])
        found = [(one, one.shared_with) for one in self._people.partners if one.shared_by is user]
        if direction == "shared-with":
            found = [(one, one.shared_by) for one in self._people.partners if one.shared_with is user]
        return answer(request, [_partner(one, other) for one, other in found])

    async def add_partner(self, request: Request) -> Response:
        """Let somebody see all assets."""
        body = await json_body(request)
        user = self._guard.allow(request, "partner.create").user
        other = self._user(id_field(body, "sharedWithId"))
        if self._people.partner(user, other) is not None:
            raise Refusal(400, "Partner already exists")
        return answer(request, _partner(self._people.share_with(user, other), other), 201)

    async def change_partner(self, request: Request) -> Response:
        """Show a partner's assets in the own timeline, or not."""
        body = await json_body(request)
        user = self._guard.allow(request, "partner.update").user
        partner = self._partner(self._user(path_id(request)), user)
        if not isinstance(body.get("inTimeline"), bool):
            raise invalid([wrong_type(["inTimeline"], "boolean")])
        partner.in_timeline, partner.mark = body["inTimeline"], self._world.ledger.mark()
        return answer(request, _partner(partner, partner.shared_by))

    async def end_partner(self, request: Request) -> Response:
        """Somebody does not see the assets any more."""
        user = self._guard.allow(request, "partner.delete").user
        self._people.end_partner(self._partner(user, self._user(path_id(request))))
        return empty()

    async def all_accounts(self, request: Request) -> Response:
        """All accounts, for an administrator."""
        self._guard.allow(request, "adminUser.read", admin=True)
        return answer(request, [user_full(user) for user in self._people.users.values()])

    async def create_account(self, request: Request) -> Response:
        """A new account, for an administrator."""
        body = await json_body(request)
        self._guard.allow(request, "adminUser.create", admin=True)
        email, password = text_field(body, "email"), text_field(body, "password")
        if self._people.by_email(email) is not None:
            raise Refusal(400, "User exists")
        quota = body.get("quotaSizeInBytes")
        user = self._people.add_user(email, password, name=text_field(body, "name"), quota=quota)
        return answer(request, user_full(user), 201)

    async def maintain(self, request: Request) -> Response:
        """Begin or end maintenance; websockets are told and closed."""
        body = await json_body(request)
        if not self._world.faults.maintenance:  # those who come from within have a cookie of their own
            self._guard.allow(request, "maintenance", admin=True)
        action = body.get("action")
        if action not in ACTIONS:
            raise invalid([not_one_of(["action"], ACTIONS)])
        is_on = action != "end"
        self._world.hall.emit("AppRestartV1", {"isMaintenanceMode": is_on})
        self._world.faults.maintenance = is_on
        self._world.hall.hang_up()
        return Response(status_code=201)

    def _maintenance_routes(self) -> list[Route]:
        if not self._world.version.has_maintenance:
            return []
        return [Route("/api/admin/maintenance", self.maintain, methods=["POST"])]

    def _user(self, user_id: str) -> User:
        user = self._people.users.get(user_id)
        if user is None:
            raise Refusal(400, "User not found")
        return user

    def _partner(self, owner: User, other: User) -> Partner:
        found = self._people.partner(owner, other)
        if found is None:
            raise Refusal(400, "Partner not found")
        return found


def _partner(partner: Partner, other: User) -> dict[str, Any]:
    return {**user_short(other), "inTimeline": partner.in_timeline}
