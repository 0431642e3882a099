"""A server for the tests that need one."""

from collections.abc import Iterator

import pytest

from tests.fakes.immich import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running
