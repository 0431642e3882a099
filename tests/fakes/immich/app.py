"""All routes in one application, with the error answers around them.

For: the one place that lists the themes; a new theme adds one line to :data:`THEMES`.
Must not: contain behaviour of a route.
Thread: built in the test's thread, runs on the server's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from .accounts import Accounts
from .albums import Albums
from .annotations import Annotations
from .answers import ClientGone, Refusal, broken, gone, refused, unknown_route
from .assets import Assets
from .front import Front
from .herald import Herald
from .live import Live
from .media import Media
from .oauth import OAuth
from .old_routes import OldRoutes
from .search import Search
from .server_info import ServerInfo
from .sessions import Sessions
from .stacks import Stacks, Tags
from .sync import Sync
from .timeline import Timeline
from .trash import Trash
from .uploads import Uploads
from .users import Users
from .world import World


class Theme(Protocol):
    """A group of routes."""

    def __init__(self, world: World) -> None:
        """Take what is needed from the world."""

    def routes(self) -> Sequence[BaseRoute]:
        """The routes of this theme."""


# Uploads first: they are what benchmarks send by the thousand. The old routes come before those with an id.
THEMES: tuple[type[Theme], ...] = (
    Uploads,
    OldRoutes,
    Annotations,
    Assets,
    Trash,
    Media,
    Search,
    Sync,
    Albums,
    Stacks,
    Tags,
    Timeline,
    Accounts,
    Sessions,
    OAuth,
    Users,
    ServerInfo,
    Live,
)


def build(world: World) -> Front:
    """The application of one stand-in."""
    Herald(world)
    routes = [route for theme in THEMES for route in theme(world).routes()]
    handlers: Mapping[Any, Any] = {
        Refusal: refused,
        ClientGone: gone,
        ClientDisconnect: gone,
        404: unknown_route,
        405: unknown_route,
        500: broken,
    }
    return Front(world, Starlette(routes=routes, exception_handlers=handlers))
