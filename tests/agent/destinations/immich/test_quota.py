"""An account whose quota is used up: what does not fit is not sent again and again, and what fits goes on."""

import os
from collections.abc import Callable, Iterator

import pytest

from agent.destinations.base import Item
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.quota import LOOK_S, RESERVE_BYTES
from agent.domain.errors import Blocked, Transient
from tests.agent.destinations.sources import Photos
from tests.fakes.clock import FakeClock
from tests.fakes.immich import StandIn

UPLOAD = "POST /api/assets"
Put = Callable[[str, int], None]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def account(server: StandIn, clock: FakeClock) -> Iterator[ImmichDestination]:
    made = ImmichDestination(server.url, server.api_key(), clock=clock)
    yield made
    made.close()


@pytest.fixture
def put(account: ImmichDestination, photos: Photos) -> Put:
    def put(name: str, size_bytes: int) -> None:
        account.put(Item(photos(name, os.urandom(1_000).ljust(size_bytes, b"."))), lambda _: None)

    return put


def test_a_film_that_does_not_fit_waits_alone_and_is_sent_again_when_it_does(
    server: StandIn, account: ImmichDestination, put: Put, clock: FakeClock
) -> None:
    server.set_quota(RESERVE_BYTES + 1_000_000)
    with pytest.raises(Transient, match="waits_for_room") as caught:
        put("film.mp4", RESERVE_BYTES + 2_000_000)
    assert caught.value.retry_after_s == LOOK_S
    put("a.jpg", 500_000)
    account.probe()
    clock.advance(LOOK_S)
    sent = server.counters.requests[UPLOAD]
    with pytest.raises(Transient, match="waits_for_room"):
        put("film.mp4", RESERVE_BYTES + 2_000_000)
    assert server.counters.requests[UPLOAD] == sent, "nobody sends it to hear the same"
    server.set_quota(None)
    clock.advance(LOOK_S)
    put("film.mp4", RESERVE_BYTES + 2_000_000)


def test_many_films_that_wait_cost_one_question(server: StandIn, put: Put, clock: FakeClock) -> None:
    server.set_quota(RESERVE_BYTES)
    for number in range(3):
        with pytest.raises(Transient, match="waits_for_room"):
            put(f"{number}.mp4", RESERVE_BYTES + 1)
    clock.advance(LOOK_S)
    before = sum(server.counters.requests.values())
    for number in range(3):
        with pytest.raises(Transient, match="waits_for_room"):
            put(f"{number}.mp4", RESERVE_BYTES + 1)
    assert sum(server.counters.requests.values()) == before + 1
    assert server.counters.requests[UPLOAD] == 1


def test_an_account_without_room_for_a_photo_is_full_until_there_is_some(
    server: StandIn, account: ImmichDestination, put: Put
) -> None:
    server.set_quota(100_000)
    with pytest.raises(Blocked, match="quota_exceeded"):
        put("a.jpg", 200_000)
    with pytest.raises(Blocked, match="quota_exceeded"):
        account.probe()
    server.set_quota(300_000)
    account.probe()
    put("a.jpg", 200_000)
