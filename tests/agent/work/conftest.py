"""A server for the tests that need one, and a stage in front of it."""

from collections.abc import Iterator

import pytest

from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    made = Stage(server)
    yield made
    made.close()
