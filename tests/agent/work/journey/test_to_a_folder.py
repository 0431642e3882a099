"""To a folder on a drive: equal bytes are kept once, but each picture has its own sidecar beside it."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

import pytest

from agent.destinations.folder import FolderDestination
from agent.work.worker import Handler
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


class FolderStage(Stage):
    """The same stage with a drive for a destination."""

    def __init__(self, server: StandIn) -> None:
        super().__init__(server)
        self.drive = self.base / "drive"
        self.drive.mkdir()
        self.folder_destination = FolderDestination(os.fsencode(self.drive), clock=self.clock, tz=UTC)

    def handler(self, key: str) -> Handler:
        assert key == "upload", key
        return self.upload_to(self.folder_destination, None)

    def kept(self) -> list[str]:
        """The names on the drive."""
        return sorted(path.name for path in self.drive.rglob("*") if path.is_file() and path.name[0] != ".")

    def at(self, name: str, content: bytes) -> Path:
        """A file of one and the same day."""
        made = self.file(name, content)
        os.utime(made, (1_700_000_000, 1_700_000_000))
        return made


@pytest.fixture
def stage(server: StandIn) -> Iterator[FolderStage]:
    with closing(FolderStage(server)) as made:
        yield made


@pytest.mark.parametrize("together", [True, False])
def test_equal_pictures_are_kept_once(stage: FolderStage, together: bool) -> None:
    stage.at("a.jpg", b"the same")
    if not together:
        stage.back_up()
    os.utime(stage.at("Trip/b.jpg", b"the same"), (1_600_000_000, 1_600_000_000))
    stage.at("c.jpg", b"another")
    stage.back_up()
    assert len(stage.kept()) == 2
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe", "c.jpg": "safe"}


@pytest.mark.parametrize("together", [True, False])
def test_equal_sidecars_lie_beside_each_of_their_pictures(stage: FolderStage, together: bool) -> None:
    stage.at("a.jpg", b"one")
    stage.at("a.jpg.xmp", b"<x/>")
    if not together:
        stage.back_up()
    stage.at("b.jpg", b"two")
    stage.at("b.jpg.xmp", b"<x/>")
    stage.back_up()
    assert stage.kept() == ["a.jpg", "a.jpg.xmp", "b.jpg", "b.jpg.xmp"]
    assert set(stage.states().values()) == {"safe"}
