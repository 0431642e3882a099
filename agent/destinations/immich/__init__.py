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
from agent.destinations.immich.quota import Quota
from agent.destinations.immich.secret import read_secret
from agent.destinations.immich.trust import Trust
from agent.domain.clock import Clock
from agent.domain.errors import Blocked


class ImmichDestination:
    """One account; each object holds connections of its own.

    `api_url` as `discovery.discover` found it, `others` further addresses of the same server; `key` is what
    `secret.read_secret` understands; `headers` are those that a proxy in front asks for; `user_id` whose account it is;
    `quota` what was learned of its room before.
    `silence_s` without a byte in either direction ends an exchange; there is no limit for the whole of it.
    """

    traits = Traits(
        kind="immich",
        takes_sidecars=True,
        links_live_photos=True,
        crosses_network=True,
        has_inventory=False,
        makes_digests=True,
    )

    def __init__(
        self,
        api_url: str,
        key: str,
        *,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        silence_s: float = SILENCE_S,
        trust: Trust | None = None,
        others: Sequence[str] = (),
        user_id: str | None = None,
        quota: Quota | None = None,
    ) -> None:
        url = api_url.rstrip("/")
        url = url if url.endswith("/api") else f"{url}/api"
        self._user_id: str | None = None
        self.secret = read_secret(key)
        self._expected = user_id
        self._server = Server(
            url,
            {**(headers or {}), **self.secret.sent()},
            clock=clock,
            silence_s=silence_s,
            trust=trust,
            others=others,
            user_id=user_id,
        )
        self._quota = quota or Quota(clock)

    @property
    def server(self) -> Server:
        """For the steps after the copy: organize, sync, live events. Only `agent.work` may use it."""
        return self._server

    def user_id(self) -> str:
        """Whose account this is; asked once."""
        if self._user_id is None:
            self._user_id = account(self._server).user_id
        return self._user_id

    def probe(self) -> Report:
        """Sign-in, version and permissions, each asked for; raises `Blocked` when one would stop a backup."""
        found = account(self._server)
        if self._expected is not None and found.user_id != self._expected:
            raise Blocked("account_changed", address=self._server.address, account=found.email)
        self._user_id = found.user_id
        if found.missing_permissions:
            raise Blocked("permission_missing", permission=", ".join(found.missing_permissions), message=None)
        self._quota.require_some(self._server)
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

    def prove(self, wanted: Sequence[Wanted], check: Callable[[], None]) -> dict[bytes, Found]:  # noqa: ARG002 - nothing is read here
        """The same: the server tells its own digests."""
        return self.check(wanted)

    def put(self, item: Item, progress: Callable[[int], None]) -> Placed:
        """Sends the file unless the server has it. A sidecar is taken along only where the file is new."""
        self._quota.require(self._server, item.source.size_bytes)
        try:
            return upload.put(self._server, item, progress)
        except Blocked as problem:
            if problem.code != "quota_exceeded":
                raise
            raise self._quota.lacking(self._server, item.source.size_bytes) from problem

    def close(self) -> None:
        """Cuts every connection, those in use too; what is under way ends as `Interrupted`. May be used again."""
        self._server.close()
