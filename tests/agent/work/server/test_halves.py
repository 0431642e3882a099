"""The halves of live photos in trouble: none of them stays hidden where nobody sees it, and none is sent twice."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.domain.live_photos import Capture
from agent.protocol.server import PutBack
from agent.protocol.settings import FolderRules
from agent.store import copies, files, lost
from agent.work.asked.putback import PuttingBack
from tests.agent.work.server_stage import HERE, Died, Stage
from tests.fakes.immich import StandIn

PUT = "POST /api/assets"
MOMENT = 1_700_000_000_000
CAPTURES = {
    "x.heic": Capture(MOMENT, zone_known=True, identifier="A"),
    "x.mov": Capture(MOMENT + 900, zone_known=True, duration_s=2.9, identifier="A"),
}


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    with closing(Stage(server, rules=FolderRules(album="folder"))) as made:
        made.captures = CAPTURES
        made.file("x.heic")
        made.file("x.mov")
        yield made


def assert_one_live_photo(stage: Stage) -> None:
    """Both halves are there once, linked, and only the still is seen."""
    assert sorted(one.filename for one in stage.server.assets) == ["x.heic", "x.mov"]
    video = stage.at_server("x.mov")
    assert (video.visibility, stage.at_server("x.heic").live_video) == ("hidden", video.id)
    assert stage.states() == {"x.heic": "safe", "x.mov": "safe"}
    assert stage.album("Pictures") == ["x.heic"]


def go_on(stage: Stage) -> None:
    """Until nothing is due within an hour."""
    for _ in range(12):
        stage.clock.advance(300)
        stage.work()


def mark_deleted(stage: Stage, *names: str) -> None:
    """A person deleted these for good at the server, and a sync has heard of it."""
    stage.server.store.purge([stage.at_server(name).id for name in names])
    with stage.database.write() as tx:
        for name in names:
            (row,) = lost.below(tx, stage.folder.id, name.encode())
            copies.set_state(tx, HERE, [row.content_id], "deleted_at_destination")
            stage.intent.bury(HERE, [(row.sha1, row.size_bytes)], 1)
            files.derive(tx, [row.file_id])


def put_back(stage: Stage, name: str) -> PutBack:
    asked = PuttingBack(
        stage.database, stage.intent, stage.watched, stage.clock, lambda: {HERE: "Server"}, lambda: None
    )
    return asked.restore([f"{stage.root}/{name}"])


@pytest.mark.parametrize("number", [1, 2])
def test_a_lost_answer_to_either_half_leaves_a_whole_live_photo(stage: Stage, number: int) -> None:
    if number == 1:
        stage.server.faults.lose_answer(PUT, after=5)
    else:
        stage.on_checkpoint = lambda name: _lose_next(stage) if name == "sent" else None
    stage.back_up()
    go_on(stage)
    assert_one_live_photo(stage)
    assert len(stage.server.counters.of(PUT)) == 2


def _lose_next(stage: Stage) -> None:
    stage.on_checkpoint = lambda _: None
    stage.server.faults.lose_answer(PUT, after=5)


def test_a_death_after_the_video_was_sent_leaves_a_whole_live_photo(stage: Stage) -> None:
    stage.die_at = "sent"
    with pytest.raises(Died):
        stage.back_up()
    stage.recover()
    go_on(stage)
    assert_one_live_photo(stage)


def test_a_still_is_not_held_up_for_ever_by_a_video_that_always_breaks(stage: Stage) -> None:
    stage.server.faults.refuse_one((stage.root / "x.mov").read_bytes(), status=500)
    stage.back_up()
    go_on(stage)
    assert [one.filename for one in stage.server.assets] == ["x.heic"]
    assert stage.states() == {"x.heic": "safe", "x.mov": "failed"}


@pytest.mark.parametrize("status", [500, 403])
def test_a_video_whose_still_never_comes_is_shown(stage: Stage, status: int) -> None:
    stage.server.faults.refuse_one((stage.root / "x.heic").read_bytes(), status=status)
    stage.back_up()
    go_on(stage)
    assert stage.states() == {"x.heic": "failed", "x.mov": "safe"}
    assert stage.at_server("x.mov").visibility == "timeline"


def test_a_video_whose_still_was_deleted_before_it_was_sent_is_shown(stage: Stage) -> None:
    stage.file("x.heic", b"x" * 5_000_000)  # too large to be kept while the video is sent
    stage.on_checkpoint = lambda name: (stage.root / "x.heic").unlink(missing_ok=True) if name == "sent" else None
    stage.back_up()
    go_on(stage)
    assert [one.filename for one in stage.server.assets] == ["x.mov"]
    assert stage.at_server("x.mov").visibility == "timeline"


def test_what_a_person_moved_to_the_archive_is_not_shown_again(stage: Stage) -> None:
    (stage.root / "x.heic").rename(stage.base / "x.heic")
    stage.back_up()
    stage.server.store.update(stage.at_server("x.mov"), visibility="archive")
    (stage.base / "x.heic").rename(stage.root / "x.heic")
    stage.server.faults.refuse_one((stage.root / "x.heic").read_bytes(), status=500)
    stage.back_up()
    go_on(stage)
    assert stage.at_server("x.mov").visibility == "archive"


def test_a_late_video_of_a_still_that_was_deleted_is_seen(stage: Stage) -> None:
    (stage.root / "x.mov").rename(stage.base / "x.mov")
    stage.back_up()
    mark_deleted(stage, "x.heic")
    (stage.base / "x.mov").rename(stage.root / "x.mov")
    stage.back_up()
    go_on(stage)
    assert stage.states() == {"x.heic": "deleted_at_destination", "x.mov": "safe"}
    assert stage.at_server("x.mov").visibility == "timeline"


@pytest.mark.parametrize("name", ["x.heic", "x.mov"])
def test_putting_back_one_half_brings_the_whole_live_photo(stage: Stage, name: str) -> None:
    stage.back_up()
    go_on(stage)
    mark_deleted(stage, "x.heic", "x.mov")
    done = put_back(stage, name)
    assert done.again == 2
    go_on(stage)
    assert_one_live_photo(stage)
    assert stage.intent.tombstones() == {}


def test_a_still_whose_video_the_server_has_lost_goes_without_it(stage: Stage) -> None:
    (stage.root / "x.heic").rename(stage.base / "x.heic")
    stage.back_up()
    stage.server.store.purge([stage.at_server("x.mov").id])
    (stage.base / "x.heic").rename(stage.root / "x.heic")
    stage.back_up()
    go_on(stage)
    assert stage.states()["x.heic"] == "safe"
    assert [one.filename for one in stage.server.assets] == ["x.heic"]
