"""An account on an Immich server as a destination.

`put` may be called from several threads, each of which has a connection of its own meanwhile; `close` from any.
Must not know of jobs or the ledger.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.destinations.base import Found, Item, Placed, Report, Traits, Wanted
from agent.destinations.immich import upload
from agent.destinations.immich.auth import account
from agent.destinations.immich.http import Server
from agent.destinations.immich.line import SILENCE_S
from agent.domain.clock import Clock
from agent.domain.errors import Blocked


class ImmichDestination:
    """`api_url` as `discovery.discover` found it; `headers` are those that a proxy in front of the server asks for.

    `silence_s` without a byte in either direction ends an exchange; there is no limit for the whole of it.
    """

    traits = Traits(
        kind="immich", takes_sidecars=True, links_live_photos=True, crosses_network=True, has_inventory=False
    )

    def __init__(
        self,
        api_url: str,
        key: str,
        *,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        url = api_url.rstrip("/")
        url = url if url.endswith("/api") else f"{url}/api"
        self._server = Server(url, {**(headers or {}), "x-api-key": key}, clock=clock, silence_s=silence_s)

    def probe(self) -> Report:
        """Sign-in, version and permissions, each asked for; raises `Blocked` when one would stop a backup."""
        found = account(self._server)
        if found.missing_permissions:
            raise Blocked("permission_missing", permission=", ".join(found.missing_permissions), message=None)
        return Report(
            account=found.email,
            user_id=found.user_id,
            server_version=found.server_version,
            missing_permissions=found.lacks_useful,
        )

    def inventory(self) -> Iterator[tuple[bytes, int, str]]:
        """Nothing: the server is asked by digest."""
        return iter(())

    def check(self, wanted: Sequence[Wanted]) -> dict[bytes, Found]:
        """One question for up to 5,000 contents."""
        return upload.check(self._server, wanted)

    def put(self, item: Item, progress: Callable[[int], None]) -> Placed:
        """Sends the file unless the server has it. A sidecar is taken along only where the file is new."""
        return upload.put(self._server, item, progress)

    def close(self) -> None:
        """Cuts every connection, those in use too; what is under way ends as `Interrupted`. May be used again."""
        self._server.close()
