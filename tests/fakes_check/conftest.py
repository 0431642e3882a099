"""A fresh stand-in for each test, and a client that may do everything."""

from collections.abc import Iterator

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()
