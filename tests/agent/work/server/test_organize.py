"""Albums, stacks, live photos and tags: what follows the copies, again after every death, never twice."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent import words
from agent.domain.errors import Transient
from agent.domain.live_photos import Capture
from agent.protocol.settings import FolderRules
from agent.protocol.types import Event
from agent.store import activity
from tests.agent.work.server_stage import HERE, Died, Stage
from tests.fakes.immich import StandIn

BY_FOLDER = FolderRules(album="folder")
MOMENT = 1_700_000_000_000
STILL = Capture(MOMENT, zone_known=True, identifier="A")
HALF = Capture(MOMENT + 900, zone_known=True, duration_s=2.9, identifier="A")


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    made = Stage(server, rules=BY_FOLDER)
    yield made
    made.close()


def test_each_folder_becomes_an_album_of_its_name(stage: Stage) -> None:
    for path in ("a.jpg", "Trip/b.jpg", "Trip/c.mp4", "Trip/Köln/d.heic"):
        stage.file(path)
    stage.back_up()
    assert stage.album("Pictures") == ["a.jpg"]
    assert stage.album("Trip") == ["b.jpg", "c.mp4"]
    assert stage.album("Köln") == ["d.heic"]
    assert stage.left() == 0


def test_the_history_of_a_file_tells_its_album_once(stage: Stage) -> None:
    stage.file("Trip/a.jpg")
    stage.back_up()
    stage.file("Later/Trip/same.jpg", b"bytes of Trip/a.jpg")
    stage.back_up()  # the same copy is put into the same album again
    told = {name: _history(stage, name) for name in ("a.jpg", "same.jpg")}
    assert [event.what for event in told["a.jpg"]] == ["seen", "hashed", "uploaded", "in_album"]
    assert [event.what for event in told["same.jpg"]] == ["seen", "in_album"]
    assert words.event(told["a.jpg"][-1]) == "In the album “Trip” at Home server."


def _history(stage: Stage, name: str) -> list[Event]:
    tx = stage.database.read()
    (file_id,) = tx.execute("SELECT id FROM files WHERE name = ?", (name.encode(),)).fetchone()
    return activity.of_file(tx, file_id, {HERE: "Home server"})


def test_one_album_for_all_is_found_by_its_name_and_not_made_again(stage: Stage) -> None:
    stage.configure(FolderRules(album="Home"))
    stage.destination.server.ask("POST", "/albums", {"albumName": "Home"})
    stage.file("a.jpg")
    stage.back_up()
    stage.file("deep/b.jpg")
    stage.back_up()
    assert stage.album("Home") == ["a.jpg", "b.jpg"]


def test_what_the_server_had_before_is_put_into_the_album_too(stage: Stage) -> None:
    stage.configure(FolderRules())
    stage.file("Trip/a.jpg")
    stage.back_up()
    assert stage.server.albums == []
    stage.configure(BY_FOLDER)
    stage.file("Other/same.jpg", b"bytes of Trip/a.jpg")
    stage.back_up()
    assert stage.album("Other") == ["a.jpg"]


@pytest.mark.parametrize("step", ["album_made", "arranged"])
def test_a_death_between_makes_no_second_album_and_loses_nothing(stage: Stage, step: str) -> None:
    for path in ("Trip/a.jpg", "Trip/b.jpg", "c.jpg"):
        stage.file(path)
    stage.die_at = step
    with pytest.raises(Died):
        stage.back_up()
    stage.recover()
    stage.work()
    assert sorted(album.name for album in stage.server.albums) == ["Pictures", "Trip"]
    assert stage.album("Trip") == ["a.jpg", "b.jpg"]
    assert stage.left() == 0


def test_an_album_that_was_deleted_is_made_again_for_what_comes_new(stage: Stage) -> None:
    stage.file("Trip/a.jpg")
    stage.back_up()
    (album,) = stage.server.albums
    stage.destination.server.tell("DELETE", f"/albums/{album.id}")
    stage.file("Trip/b.jpg")
    stage.back_up()
    assert stage.album("Trip") == ["b.jpg"]


#: Names that lie in one folder, and those of each stack that comes of them, its cover first.
IN_STACKS = {
    "raw and JPEG": (["IMG_1.CR2", "IMG_1.JPG", "IMG_2.JPG"], ["IMG_1.JPG", "IMG_1.CR2"]),
    "raw and JPEG, spelled each their way": (
        ["IMG_1.CR3", "img_1.jpg", "Img_1.png"],
        ["Img_1.png", "img_1.jpg", "IMG_1.CR3"],
    ),
    "a burst whose names begin alike": (
        ["IMG20200101120000_BURST001.jpg", "IMG20200101120000_BURST000_COVER.jpg", "IMG20200101120009_BURST001.jpg"],
        ["IMG20200101120000_BURST000_COVER.jpg", "IMG20200101120000_BURST001.jpg"],
    ),
    "a burst that is told at the end of its names": (
        ["00000IMG_00000_BURST20171111030039.jpg", "00001IMG_00001_BURST20171111030039_COVER.jpg", "a.jpg"],
        ["00001IMG_00001_BURST20171111030039_COVER.jpg", "00000IMG_00000_BURST20171111030039.jpg"],
    ),
}


@pytest.mark.parametrize(("names", "expected"), list(IN_STACKS.values()), ids=list(IN_STACKS))
def test_what_belongs_together_becomes_one_stack_whichever_comes_last(
    server: StandIn, names: list[str], expected: list[str]
) -> None:
    with closing(Stage(server, rules=FolderRules(stack=True))) as stage:
        for name in names:
            stage.file(name)
            stage.back_up()
        (made,) = server.stacks
        by_id = {asset.id: asset.filename for asset in server.assets}
        assert [by_id[one] for one in made.asset_ids] == expected
        stage.back_up()
        assert (len(server.stacks), stage.left(), stage.failures) == (1, 0, [])


@pytest.mark.parametrize("version", ["1.144.1", "2.7.5", "3.1.0"])
def test_a_burst_that_grows_stays_one_stack_with_its_cover_first(version: str) -> None:
    names = [f"20231207_101605_00{number}.jpg" for number in (3, 2, 1)]
    with StandIn(version=version) as server, closing(Stage(server, rules=FolderRules(stack=True))) as stage:
        for name in names:
            stage.file(name)
            stage.back_up()
        (made,) = server.stacks
        by_id = {asset.id: asset.filename for asset in server.assets}
        assert [by_id[one] for one in made.asset_ids] == sorted(names)


@pytest.mark.parametrize("version", ["1.144.1", "2.7.5", "3.1.0"])
def test_each_folder_becomes_a_tag_below_that_of_its_parent(version: str) -> None:
    with StandIn(version=version) as server, closing(Stage(server, rules=FolderRules(tag=True))) as stage:
        for path in ("a.jpg", "Trip/Köln/b.jpg"):
            stage.file(path)
        stage.back_up()
        stage.back_up()
        values = {tag.id: tag.value for tag in server.tags}
        given = {asset.filename: [values[one] for one in asset.tag_ids] for asset in server.assets}
        assert given == {"a.jpg": ["Pictures"], "b.jpg": ["Pictures/Trip/Köln"]}
        assert sorted(values.values()) == ["Pictures", "Pictures/Trip", "Pictures/Trip/Köln"]
        assert (stage.left(), stage.failures) == (0, [])


def test_a_key_that_may_not_make_albums_still_backs_up(server: StandIn) -> None:
    stage = Stage(server, rules=BY_FOLDER, key=server.api_key(["asset.upload", "asset.read", "user.read"]))
    stage.file("a.jpg")
    stage.back_up()
    assert stage.states() == {"a.jpg": "safe"}
    assert [(key, error.code) for key, error in stage.failures] == [("organize", "permission_missing")]
    assert stage.failures[0][1].args_["permission"] == "album.read"
    assert stage.left() == 1, "it is done as soon as the key may"
    stage.close()


# --- Live photos -----------------------------------------------------------------------------------------------------


def test_a_still_and_a_video_of_one_name_that_are_no_halves_are_both_seen(stage: Stage) -> None:
    stage.captures = {"x.jpg": Capture(MOMENT, zone_known=True), "x.mp4": Capture(MOMENT, True, 31.0)}
    stage.file("x.jpg")
    stage.file("x.mp4")
    stage.back_up()
    assert (stage.at_server("x.mp4").visibility, stage.at_server("x.jpg").live_video) == ("timeline", None)
    assert stage.album("Pictures") == ["x.jpg", "x.mp4"]


def test_the_halves_of_a_live_photo_are_linked(stage: Stage) -> None:
    stage.captures = {"x.heic": STILL, "x.mov": HALF}
    stage.file("x.heic")
    stage.file("x.mov")
    stage.back_up()
    video = stage.at_server("x.mov")
    assert (video.visibility, stage.at_server("x.heic").live_video) == ("hidden", video.id)
    assert stage.album("Pictures") == ["x.heic"], "the hidden half is in no album"


@pytest.mark.parametrize("first", ["x.heic", "x.mov"])
def test_a_half_that_comes_later_is_linked_too(stage: Stage, first: str) -> None:
    stage.captures = {"x.heic": STILL, "x.mov": HALF}
    names = {"x.heic", "x.mov"}
    stage.file(first)
    stage.back_up()
    (second,) = names - {first}
    stage.file(second)
    stage.back_up()
    video = stage.at_server("x.mov")
    assert stage.at_server("x.heic").live_video == video.id
    assert video.visibility == "hidden"
    assert set(stage.states().values()) == {"safe"}


def test_a_video_whose_still_is_refused_is_shown(stage: Stage) -> None:
    stage.captures = {"x.heic": STILL, "x.mov": HALF}
    stage.file("x.heic", b"x" * 50_000)
    stage.file("x.mov")
    stage.server.faults.body_limit = 20_000
    stage.back_up()
    assert stage.states() == {"x.heic": "failed", "x.mov": "safe"}
    assert stage.at_server("x.mov").visibility == "timeline"


def test_a_server_that_has_no_albums_to_give_still_gets_the_pictures(stage: Stage) -> None:
    refusal = stage.server.faults.answer("GET /api/albums", 404, times=None)
    stage.file("a.jpg")
    stage.back_up()
    assert [error.code for _, error in stage.failures] == ["organize_refused"]
    assert isinstance(stage.failures[0][1], Transient)
    assert (stage.states(), stage.left()) == ({"a.jpg": "safe"}, 1)
    refusal.remove()
    stage.file("b.jpg")
    stage.back_up()
    assert stage.album("Pictures") == ["a.jpg", "b.jpg"]


# --- Favourites and the archive --------------------------------------------------------------------------------------


@pytest.fixture(params=["1.144.1", "2.7.5", "3.1.0"])
def quiet(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A folder whose pictures go into the archive as favourites, at servers of several ages."""
    with StandIn(version=request.param) as server:
        made = Stage(server, rules=FolderRules(favorite=True, visibility="archive"))
        yield made
        made.close()


def test_what_a_folder_sends_is_a_favourite_and_in_the_archive_where_its_rules_say_so(quiet: Stage) -> None:
    quiet.captures = {"x.heic": STILL, "x.mov": HALF}
    for name in ("a.jpg", "b.mp4", "x.heic", "x.mov"):
        quiet.file(name)
    quiet.back_up()
    for name in ("a.jpg", "b.mp4", "x.heic"):
        assert (quiet.at_server(name).favorite, quiet.at_server(name).visibility) == (True, "archive")
    assert quiet.at_server("x.mov").visibility == "hidden", "the half of a live photo is nowhere by itself"
    assert set(quiet.states().values()) == {"safe"}


def test_what_the_server_had_before_is_shown_as_it_was(quiet: Stage) -> None:
    quiet.configure(FolderRules())
    quiet.file("a.jpg")
    quiet.back_up()
    quiet.configure(FolderRules(favorite=True, visibility="archive"))
    quiet.file("Other/again.jpg", b"bytes of a.jpg")
    quiet.file("new.jpg")
    quiet.back_up()
    assert (quiet.at_server("a.jpg").favorite, quiet.at_server("a.jpg").visibility) == (False, "timeline")
    assert (quiet.at_server("new.jpg").favorite, quiet.at_server("new.jpg").visibility) == (True, "archive")


def test_a_video_whose_still_is_refused_is_shown_in_the_archive_where_it_belongs(quiet: Stage) -> None:
    quiet.captures = {"x.heic": STILL, "x.mov": HALF}
    quiet.file("x.heic", b"x" * 50_000)
    quiet.file("x.mov")
    quiet.server.faults.body_limit = 20_000
    quiet.back_up()
    assert (quiet.at_server("x.mov").visibility, quiet.at_server("x.mov").favorite) == ("archive", True)
