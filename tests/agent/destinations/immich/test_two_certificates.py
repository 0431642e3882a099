"""A server that shows its own certificate at home and one that all the world believes from everywhere.

Both addresses carry everything; what is named for the one weakens nothing at the other.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.destinations.base import Item
from agent.destinations.immich import ImmichDestination, trust
from agent.destinations.immich.discovery import discover
from agent.destinations.immich.look import look
from agent.destinations.immich.secret import Secret
from agent.destinations.immich.sync import changes
from agent.destinations.immich.trust import Trust, look_at
from agent.destinations.immich.versions import Version
from agent.domain.errors import Blocked
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import hears_of_a_removal
from tests.agent.destinations.sources import Photos
from tests.fakes.immich import StandIn
from tests.fakes.immich.certificates import Authority, self_signed


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Whom the system believes."""
    authority = Authority("World")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.public))
    trust._context.cache_clear()
    yield authority
    trust._context.cache_clear()


class House:
    """One server with an address at home and a public one; what is believed besides the world is `named`."""

    def __init__(self, server: StandIn, world: Authority, how: str) -> None:
        mine = Authority("Mine")
        self.server = server
        self.home = server.address(certificate=mine.server() if how == "authority" else self_signed())
        self.public = server.address(certificate=world.server())
        self.named = Trust(ca_file=str(mine.public)) if how == "authority" else Trust(pinned=look_at(self.home.url))

    def account(self) -> ImmichDestination:
        """Signed in, with both addresses."""
        secret = Secret("session", self.server.session()).to_text()
        first, *others = f"{self.home.url}/api", f"{self.public.url}/api"
        user_id = self.server.admin.id
        return ImmichDestination(first, secret, clock=SystemClock(), trust=self.named, others=others, user_id=user_id)


@pytest.fixture(params=["pinned", "authority"])
def house(request: pytest.FixtureRequest, server: StandIn, world: Authority) -> House:
    return House(server, world, request.param)


def test_both_addresses_carry_photos_changes_and_events(house: House, photos: Photos) -> None:
    with closing(house.account()) as account:
        for number, away in enumerate((house.public, house.home)):
            away.refuse()
            assert account.put(Item(photos(f"{number}.jpg")), lambda _: None).created
            assert [line.kind for line in changes(account.server, Version(3, 1, 0))][-1] == "SyncComplete"
            assert hears_of_a_removal(account, house.server)
            away.accept()


def test_events_are_heard_from_each_before_anything_else_was_asked(house: House) -> None:
    secret = Secret("session", house.server.session()).to_text()
    for address in (house.home, house.public):
        account = ImmichDestination(f"{address.url}/api", secret, clock=SystemClock(), trust=house.named)
        with closing(account):
            assert hears_of_a_removal(account, house.server)


def test_a_certificate_that_nobody_believes_gets_no_secret_at_either_address(house: House) -> None:
    with closing(house.account()) as account:
        account.probe()
        house.server.counters.clear()
        for address in (house.home, house.public):
            address.present(self_signed())
        with pytest.raises(Blocked, match=r"certificate_changed|certificate_untrusted"):
            account.probe()
    assert not house.server.counters.records


def test_both_addresses_are_found_and_looked_at(house: House) -> None:
    for address in (house.home, house.public):
        assert discover(address.url, trust=house.named) == f"{address.url}/api"
        looked = look(f"{address.url}/api", SystemClock(), house.named)
        assert (looked.code, looked.certificate_days is not None) == (None, True)
