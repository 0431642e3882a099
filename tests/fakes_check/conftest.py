"""A fresh stand-in for each test, and a client that may do everything; or a real server, see `real.py`."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client
from tests.fakes_check.real import RealServer, is_asked, real_server

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real server is asked what it may be asked, on another machine most likely."""
    for item in items:
        if real_server() is not None and item.path.parent == HERE:
            item.add_marker(pytest.mark.network_guard_off)
            if not is_asked(item.path.stem, getattr(item, "originalname", item.name)):
                item.add_marker(pytest.mark.skip(reason="asked of the stand-in alone"))


@pytest.fixture
def server() -> Iterator[StandIn]:
    real = real_server()
    if real is None:
        with StandIn() as running:
            yield running
    else:
        with RealServer(*real) as asked:
            yield cast(StandIn, asked)


@pytest.fixture
def client(server: StandIn) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()
