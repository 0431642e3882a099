"""Photos to put, and a stand-in server to put them to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.destinations.sources import Photos
from tests.fakes.immich import StandIn


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    folder = tmp_path / "photos"
    folder.mkdir()
    return Photos(folder)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running
