"""What is left of an account's quota: asked only when a photo found no room, so that none is sent again in vain.

The server looks at the quota when it has the whole body. A film that does not fit waits alone while there is room for
usual photos; with less than that the account is full. Any thread.
"""

from agent.destinations.immich.auth import storage_left
from agent.destinations.immich.http import Server
from agent.destinations.immich.route import site_of
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Transient

#: With so much left an account is not full because of one long film: a dozen usual photos still find theirs.
RESERVE_BYTES = 64 * 1024 * 1024
#: How often a film that found no room looks for it again, in seconds.
LOOK_S = 300.0
#: What was heard of the quota is believed for so long, for many films may wait.
_HEARD_S = 30.0


class Quota:
    """Of one account, for as long as the agent runs. `_lacked_bytes` is the smallest size that found no room, or 0."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lacked_bytes = 0
        self._left_bytes: int | None = None
        self._heard_s: float | None = None

    def require(self, server: Server, size_bytes: int) -> None:
        """Before a file is sent; raises Transient where one of that size found no room, still would, and waits alone.

        Of a full account the server has the word: what it has already needs no room, and `require_some` keeps the rest.
        """
        if not 0 < self._lacked_bytes <= size_bytes:
            return
        if self._heard_s is None or self._clock.monotonic_s() - self._heard_s >= _HEARD_S:
            self._ask(server)
        if self._left_bytes is None or self._left_bytes >= size_bytes:
            self._lacked_bytes = 0
        elif self._left_bytes >= RESERVE_BYTES:
            raise self._fate(server, size_bytes)

    def lacking(self, server: Server, size_bytes: int) -> Fate:
        """What becomes of a file for which there was no room."""
        self._lacked_bytes = min(size_bytes, self._lacked_bytes or size_bytes)
        self._ask(server)
        return self._fate(server, size_bytes)

    def require_some(self, server: Server) -> None:
        """Raise Blocked while there is no room for what found none, or at least for usual photos."""
        if self._lacked_bytes:
            self._ask(server)
            if self._left_bytes is not None and self._left_bytes < min(self._lacked_bytes, RESERVE_BYTES):
                raise Blocked("quota_exceeded", address=server.address)

    def _ask(self, server: Server) -> None:
        self._left_bytes, self._heard_s = storage_left(server), self._clock.monotonic_s()

    def _fate(self, server: Server, size_bytes: int) -> Fate:
        if self._left_bytes is None or self._left_bytes < RESERVE_BYTES:
            return Blocked("quota_exceeded", address=server.address)
        path = site_of(server.address)
        return Transient("waits_for_room", retry_after_s=LOOK_S, path=path, size_bytes=size_bytes)
