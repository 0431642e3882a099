"""Everything one stand-in is made of, handed to the route modules as one object.

For: wiring; a new theme takes a :class:`World` and adds its routes.
Must not: contain behaviour.
Thread: built in the test's thread before the server starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .auth import Guard
from .calendar import Calendar
from .counters import Counters
from .faults import Faults
from .groups import AlbumShelf, StackShelf, TagShelf
from .hall import Hall
from .journal import Journal
from .ledger import Ledger
from .people import People
from .provider import Provider
from .pulse import Pulse
from .render import Shapes
from .store import Store
from .versions import Version, version


@dataclass(slots=True)
class Settings:
    """What a test can choose.

    ``dying_window`` is the time in seconds between a forced delete and the purge, ``extraction_s`` that between an
    upload and its thumbnail: 0 at once, None waits until the test says so.
    """

    keep_alive: float = 5.0
    dying_window: float | None = 0.0
    extraction_s: float | None = 0.0
    files: Path | None = None
    bulk_check_limit: int = 65533
    password_login: bool = True
    version: Version = field(default_factory=lambda: version("3.1.0"))


@dataclass(slots=True)
class World:
    """The parts of one stand-in server."""

    settings: Settings
    ledger: Ledger
    people: People
    store: Store
    albums: AlbumShelf
    stacks: StackShelf
    tags: TagShelf
    shapes: Shapes
    guard: Guard
    faults: Faults
    hall: Hall
    provider: Provider
    counters: Counters = field(default_factory=Counters)

    @property
    def pulse(self) -> Pulse:
        """The shared lock."""
        return self.ledger.pulse

    @property
    def version(self) -> Version:
        """What the server pretends to be."""
        return self.settings.version


def new_world(settings: Settings, journal: Journal | None = None) -> World:
    """An empty server with its first user, the administrator."""
    ledger = Ledger(Pulse(), Calendar())
    people = People(ledger)
    people.add_user("admin@example.com", "immich-admin", name="Admin", is_admin=True)
    store = Store(ledger, journal)
    stacks, tags = StackShelf(ledger, store), TagShelf(ledger, store)
    return World(
        settings,
        ledger,
        people,
        store,
        AlbumShelf(ledger),
        stacks,
        tags,
        Shapes(settings.version, store, stacks, tags),
        Guard(people),
        Faults(ledger.pulse),
        Hall(ledger.pulse),
        Provider(ledger.pulse),
    )
