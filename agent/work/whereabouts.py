"""Whether the computer is on another network than a moment ago: at home, in a hotel, with a VPN that came or went.

Compares what it is told and what it sees; what follows is for others. `tell` comes from the system's watcher, `look`
from the thread of the routine: a VPN beside the main connection shows only in the computer's own addresses.
"""

import logging
import threading
from collections.abc import Callable

from agent.domain.facts import HostFacts

log = logging.getLogger(__name__)


class Whereabouts:
    """Calls `on_move` after each change, on the thread that noticed it. `addresses` are the computer's own."""

    def __init__(self, addresses: Callable[[], frozenset[str]], on_move: Callable[[], None]) -> None:
        self._addresses = addresses
        self._on_move = on_move
        self._turn = threading.Lock()
        self._facts = HostFacts()
        self._seen: frozenset[str] | None = None

    def tell(self, facts: HostFacts) -> None:
        """What the system says of the network now."""
        with self._turn:
            old, self._facts = self._facts, facts
        if (old.network_kind, old.network_name, old.online) != (facts.network_kind, facts.network_name, facts.online):
            self._on_move()

    def look(self) -> None:
        """Compare the addresses with those of the last look."""
        now = self._addresses()
        with self._turn:
            old, self._seen = self._seen, now
        if old is not None and old != now:
            log.info("this computer has other addresses than before: it may be on another network")
            self._on_move()
