"""A server of several addresses, whole: what is said of it when none of them tells who is there."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.destinations.base import Item
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.organize import link_live, make_album
from agent.domain.errors import Blocked, Fate
from agent.platforms.clock import SystemClock
from tests.agent.destinations.sources import Photos
from tests.fakes.immich import StandIn


@pytest.fixture
def account(server: StandIn) -> Iterator[ImmichDestination]:
    others = [f"{server.address().url}/api"]
    key, user_id = server.api_key(), server.admin.id
    with closing(ImmichDestination(server.url, key, clock=SystemClock(), others=others, user_id=user_id)) as made:
        yield made


def test_a_server_in_maintenance_is_no_server_that_is_out_of_reach(server: StandIn, account: ImmichDestination) -> None:
    server.faults.maintenance = True
    for _ in range(2):
        with pytest.raises(Blocked, match="maintenance"):
            account.probe()
    server.faults.maintenance = False
    account.probe()


@pytest.mark.parametrize(("status", "code"), [(500, "server_error"), (429, "server_unavailable")])
def test_an_error_that_all_addresses_tell_is_told(
    server: StandIn, account: ImmichDestination, status: int, code: str
) -> None:
    server.faults.answer(None, status, times=None)
    with pytest.raises(Fate, match=code):
        account.probe()


def test_an_album_is_made_once_though_the_answer_of_one_address_is_a_proxys(
    server: StandIn, account: ImmichDestination
) -> None:
    account.probe()
    server.faults.answer("POST /api/albums", 504, times=1)
    with pytest.raises(Fate, match="server_unavailable"):
        make_album(account.server, "Summer")
    assert not server.albums


def test_a_photo_whose_answer_a_proxy_gave_up_on_is_not_sent_by_the_next_address(
    server: StandIn, account: ImmichDestination, photos: Photos
) -> None:
    photo = photos("a.jpg")
    account.probe()
    with closing(ImmichDestination(server.url, server.api_key(), clock=SystemClock())) as other:
        other.put(Item(photo), lambda _: None)  # what the server finished after the proxy had given up
    fault = server.faults.answer("POST /api/assets", 504, times=1)
    assert account.put(Item(photo), lambda _: None).created
    assert fault.hits == 1
    assert len(server.counters.of("POST /api/assets")) == 2


def test_a_portals_page_is_no_sign_that_something_was_done(server: StandIn) -> None:
    server.faults.html(None, times=None)
    with (
        closing(ImmichDestination(server.url, server.api_key(), clock=SystemClock())) as account,
        pytest.raises(Blocked, match="not_immich"),
    ):
        link_live(account.server, "one", "two")
