"""Everything one stand-in is made of, handed to the route modules as one object.

For: wiring; a new theme (sync stream, sessions, events) takes a :class:`World` and adds its routes.
Must not: contain behaviour.
Thread: built in the test's thread before the server starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .auth import Guard
from .counters import Counters
from .faults import Faults
from .journal import Journal
from .people import People
from .pulse import Pulse
from .store import Store


@dataclass(slots=True)
class Settings:
    """What a test can choose.

    ``dying_window`` is the time in seconds between a forced delete and the purge: 0 purges at once, None waits
    until the test says so.
    """

    keep_alive: float = 5.0
    dying_window: float | None = 0.0
    files: Path | None = None
    bulk_check_limit: int = 65533


@dataclass(slots=True)
class World:
    """The parts of one stand-in server."""

    settings: Settings
    pulse: Pulse
    people: People
    store: Store
    guard: Guard
    faults: Faults
    counters: Counters = field(default_factory=Counters)


def new_world(settings: Settings, journal: Journal | None = None) -> World:
    """An empty server with its first user, the administrator."""
    pulse = Pulse()
    people = People(pulse)
    people.add_user("admin@example.com", "immich-admin", name="Admin", is_admin=True)
    return World(settings, pulse, people, Store(pulse, journal), Guard(people), Faults(pulse))
