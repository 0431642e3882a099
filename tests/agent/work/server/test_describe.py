"""Sidecars that come or change after their picture: what they say is brought to the server, and nothing else."""

from collections.abc import Iterator

import pytest

from agent.destinations.immich.secret import Secret
from agent.domain.errors import Blocked
from agent.store import copies
from tests.agent.domain.test_xmp import listed, sidecar
from tests.agent.work.server_stage import HERE, Died, Stage
from tests.fakes.immich import StandIn

FULL = sidecar(
    'xmp:Rating="4" exif:DateTimeOriginal="2024-05-06T07:08:09+02:00"'
    ' exif:GPSLatitude="52,30.6N" exif:GPSLongitude="13,24.6E"',
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">By the lake</rdf:li></rdf:Alt></dc:description>'
    + listed("digiKam:TagsList", "Places/Lake"),
)


@pytest.fixture(params=["1.144.1", "2.7.5", "3.1.0"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with StandIn(version=request.param) as server:
        made = Stage(server, key=Secret("session", server.session()).to_text())
        yield made
        made.close()


@pytest.fixture
def newest(server: StandIn) -> Iterator[Stage]:
    made = Stage(server)
    yield made
    made.close()


def told(stage: Stage) -> int:
    """How often the server was told something of an asset."""
    return sum(number for route, number in stage.server.counters.requests.items() if route.startswith("PUT "))


def copy_state(stage: Stage, name: str) -> str:
    rows = stage.database.read().execute("SELECT content_id FROM files WHERE name = ?", (name.encode(),))
    (content_id,) = rows.fetchone()
    return copies.at(stage.database.read(), HERE, [content_id])[content_id].state


def test_what_a_late_sidecar_says_is_told_and_a_second_run_says_nothing(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.back_up()
    stage.file("a.xmp", FULL)
    stage.back_up()
    asset = stage.at_server("a.jpg")
    assert (asset.description, asset.rating) == ("By the lake", 4)
    assert (round(asset.latitude, 4), round(asset.longitude, 4)) == (52.51, 13.41)
    assert asset.created == "2024-05-06T07:08:09+02:00"
    assert [stage.server.world.tags.tags[one].value for one in asset.tag_ids] == ["Places/Lake"]
    assert copy_state(stage, "a.xmp") == "not_taken"
    before = told(stage)
    stage.back_up()
    assert (told(stage), stage.failures) == (before, [])


def test_a_sidecar_that_changes_is_told_again_and_only_what_differs(newest: Stage) -> None:
    newest.file("a.jpg")
    newest.file("a.jpg.xmp", sidecar('xmp:Rating="3"'))
    newest.back_up()
    assert newest.at_server("a.jpg").sidecar is not None
    newest.server.store.update(newest.at_server("a.jpg"), rating=3, description="From the web page")
    newest.file("a.jpg.xmp", sidecar('xmp:Rating="5"', "<!-- later -->"))
    newest.back_up()
    asset = newest.at_server("a.jpg")
    assert (asset.rating, asset.description) == (5, "From the web page")
    assert copy_state(newest, "a.jpg.xmp") == "not_taken"


def test_a_sidecar_that_is_as_it_was_at_first_is_told_again(newest: Stage) -> None:
    newest.file("a.jpg")
    for stars in "35":
        newest.file("a.xmp", sidecar(f'xmp:Rating="{stars}"'))
        newest.back_up()
    assert newest.at_server("a.jpg").rating == 5
    newest.file("a.xmp", sidecar('xmp:Rating="3"'))
    newest.back_up()
    assert (newest.at_server("a.jpg").rating, newest.failures) == (3, [])


def test_what_the_server_had_before_us_is_filled_but_not_changed(newest: Stage) -> None:
    other = Stage(newest.server)
    other.file("phone.jpg", b"the same bytes")
    other.back_up()
    newest.server.store.update(newest.at_server("phone.jpg"), description="Written by hand")
    created = newest.at_server("phone.jpg").created
    newest.file("a.jpg", b"the same bytes")
    newest.file("a.xmp", FULL)
    newest.back_up()
    asset = newest.at_server("phone.jpg")
    assert (asset.description, asset.created, asset.rating) == ("Written by hand", created, 4)
    assert asset.latitude is not None
    other.close()


@pytest.mark.parametrize(
    "content", [b"not XML at all", sidecar(), sidecar('xmp:Rating="0"')], ids=["no XML", "empty", "not judged"]
)
def test_a_sidecar_that_says_nothing_asks_nothing(newest: Stage, content: bytes) -> None:
    newest.file("a.jpg")
    newest.back_up()
    newest.file("a.xmp", content)
    newest.back_up()
    assert (told(newest), newest.failures) == (0, [])
    assert newest.states() == {"a.jpg": "safe", "a.xmp": "safe"}


def test_sidecars_in_the_same_words_are_told_of_each_picture(newest: Stage) -> None:
    newest.file("a.jpg")
    newest.file("a.xmp", FULL)
    newest.back_up()
    for name in ("b.jpg", "c.jpg"):
        newest.file(name)
    newest.back_up()
    for name in ("b.xmp", "c.xmp"):
        newest.file(name, FULL)
    newest.back_up()
    assert newest.at_server("a.jpg").sidecar == FULL
    assert [newest.at_server(name).rating for name in ("b.jpg", "c.jpg")] == [4, 4]


def test_a_sidecar_that_was_alone_speaks_when_its_picture_turns_out_to_be_there(newest: Stage) -> None:
    other = Stage(newest.server)
    other.file("phone.jpg", b"the same bytes")
    other.back_up()
    newest.file("a.xmp", FULL)
    newest.back_up()
    newest.file("a.jpg", b"the same bytes")
    newest.back_up()
    assert newest.at_server("phone.jpg").rating == 4
    other.close()


def test_a_picture_in_the_trash_is_left_alone(newest: Stage) -> None:
    newest.file("a.jpg")
    newest.back_up()
    newest.server.store.trash(newest.server.admin, [newest.at_server("a.jpg").id])
    newest.file("a.xmp", FULL)
    newest.back_up()
    assert (newest.at_server("a.jpg").rating, newest.server.tags) == (None, [])


def test_a_death_after_the_telling_repeats_a_question_and_no_more(newest: Stage) -> None:
    newest.file("a.jpg")
    newest.back_up()
    newest.file("a.xmp", FULL)
    newest.die_at = "described"
    with pytest.raises(Died):
        newest.back_up()
    before = told(newest)
    assert before > 0
    newest.recover()
    newest.work()
    assert (told(newest), newest.failures) == (before, [])


def test_a_key_that_may_change_nothing_still_backs_up(server: StandIn) -> None:
    stage = Stage(server, key=server.api_key(["asset.upload", "asset.read", "user.read"]))
    for name in ("a.jpg", "b.jpg"):
        stage.file(name)
    stage.back_up()
    stage.file("a.xmp", FULL)
    stage.file("b.xmp", FULL)
    stage.file("c.jpg")
    stage.back_up()
    assert [(key, error.code) for key, error in stage.failures] == [("describe", "permission_missing")]
    assert not isinstance(stage.failures[0][1], Blocked)
    assert set(stage.states().values()) == {"safe"}
    stage.close()


def test_one_picture_that_is_refused_keeps_no_other_from_being_told_of(newest: Stage) -> None:
    for name in ("a.jpg", "b.jpg"):
        newest.file(name)
    newest.back_up()
    newest.server.faults.answer("PUT /api/assets/{id}", 400, times=1)
    for name in ("a.xmp", "b.xmp"):
        newest.file(name, FULL)
    newest.back_up()
    assert sorted(newest.at_server(name).rating or 0 for name in ("a.jpg", "b.jpg")) == [0, 4]
    newest.clock.advance(3_600)
    newest.work()
    assert [newest.at_server(name).rating for name in ("a.jpg", "b.jpg")] == [4, 4]
    assert newest.failures == []


def test_the_tidings_wait_for_a_server_that_is_away(newest: Stage) -> None:
    newest.file("a.jpg")
    newest.back_up()
    newest.file("a.xmp", FULL)
    newest.server.faults.server_error("GET /api/assets/{id}")
    newest.back_up()
    assert newest.at_server("a.jpg").rating is None
    newest.server.faults.clear()
    newest.clock.advance(3_600)
    newest.work()
    assert newest.at_server("a.jpg").rating == 4
