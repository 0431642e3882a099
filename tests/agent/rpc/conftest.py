"""A real server on a real socket, with a small dispatch of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.platforms import Places, current, places
from agent.rpc.feed import Feed
from agent.rpc.server import Server
from tests.fakes.rpc import HELLO, Board, Desk, Raw


@pytest.fixture
def spot(home: Path) -> Places:
    found = places()
    found.create()
    return found


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.gate.set()


@pytest.fixture
def server(spot: Places, board: Board, desk: Desk) -> Iterator[Server]:
    made = Server(current(), spot.socket_address, desk, Feed(board))
    made.start()
    yield made
    desk.gate.set()
    made.stop()


@pytest.fixture
def connect(spot: Places, server: Server) -> Iterator[Callable[..., Raw]]:
    """Makes clients; a greeted one unless told otherwise."""
    made: list[Raw] = []

    def make(*, greet: bool = True) -> Raw:
        raw = Raw(spot.socket_address)
        made.append(raw)
        if greet:
            assert raw.say(HELLO).hear()["result"]["protocol"] == 1
        return raw

    yield make
    for raw in made:
        raw.close()
