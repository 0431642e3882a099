"""What a person changed at the server stays as it is: nothing is arranged a second time by itself."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.protocol.settings import FolderRules
from tests.agent.domain.test_xmp import sidecar
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    with closing(Stage(server, rules=FolderRules(album="folder", tag=True, stack=True))) as made:
        yield made


def late_sidecar(stage: Stage, stars: int) -> None:
    """A program writes a sidecar beside the picture, or another into it."""
    stage.file("a.jpg.xmp", sidecar(f'xmp:Rating="{stars}"'))
    for _ in range(3):
        stage.clock.advance(600)
        stage.back_up()


def test_a_sidecar_that_comes_late_puts_nothing_back_into_an_album(stage: Stage) -> None:
    for name in ("a.jpg", "b.jpg"):
        stage.file(name)
    stage.back_up()
    assert stage.album("Pictures") == ["a.jpg", "b.jpg"]
    (album,) = stage.server.albums
    del album.asset_ids[stage.at_server("a.jpg").id]
    for stars in (3, 4):
        late_sidecar(stage, stars)
        assert stage.at_server("a.jpg").rating == stars
        assert stage.album("Pictures") == ["b.jpg"]


def test_a_sidecar_that_comes_late_makes_no_deleted_album_tag_or_stack_anew(stage: Stage) -> None:
    for name in ("a.jpg", "a.dng"):
        stage.file(name)
    stage.back_up()
    world = stage.server.world
    assert stage.server.albums
    assert stage.server.tags
    assert stage.server.stacks
    world.albums.albums.clear()
    world.tags.tags.clear()
    world.stacks.stacks.clear()
    late_sidecar(stage, 3)
    assert stage.at_server("a.jpg").rating == 3
    assert (stage.server.albums, stage.server.tags, stage.server.stacks) == ([], [], [])


def test_what_came_with_its_sidecar_is_arranged(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.file("a.jpg.xmp", sidecar('xmp:Rating="3"'))
    stage.back_up()
    assert stage.album("Pictures") == ["a.jpg"]


def test_what_the_server_had_before_and_has_a_sidecar_here_is_arranged(stage: Stage) -> None:
    stage.configure(FolderRules())
    stage.file("a.jpg")
    stage.back_up()
    stage.configure(FolderRules(album="folder"))
    stage.file("Other/again.jpg", b"bytes of a.jpg")
    stage.file("Other/again.jpg.xmp", sidecar('xmp:Rating="3"'))
    stage.back_up()
    assert stage.album("Other") == ["a.jpg"]
