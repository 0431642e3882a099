"""Pictures that move about in a folder whose place decides about albums, tags and stacks."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from agent.domain.live_photos import Capture
from agent.files.read import look
from agent.protocol.settings import FolderRules
from agent.work.finding.intake import BACKLOG, Intake, Taken, Urgency
from tests.agent.work.server_stage import HERE, Died, Stage
from tests.fakes.immich import StandIn

RULES = FolderRules(album="folder", tag=True, stack=True)


@pytest.fixture
def placed(server: StandIn) -> Iterator[Stage]:
    with closing(Stage(server, rules=RULES)) as stage:
        yield stage


def back_up(stage: Stage) -> None:
    """What went and came is taken, and everything done."""
    forget_what_went(stage)
    stage.back_up()


def forget_what_went(stage: Stage) -> None:
    intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None)
    rows = stage.database.read().execute(
        "SELECT d.path, f.name FROM files f JOIN directories d ON d.id = f.directory_id WHERE f.state <> 'gone'"
    )
    for below, name in rows.fetchall():
        if not os.path.exists(os.path.join(os.fsencode(stage.root), below, name)):
            intake.observe(stage.folder, below, {}, [name], Urgency(stage.clock.now_at(), BACKLOG), Taken())


def albums(stage: Stage) -> dict[str, list[str]]:
    names = [one.name for one in stage.server.albums]
    assert len(names) == len(set(names)), "no album twice"
    return {name: stage.album(name) for name in names}


def tags(stage: Stage) -> dict[str, list[str]]:
    values = {tag.id: tag.value for tag in stage.server.tags}
    return {asset.filename: sorted(values[one] for one in asset.tag_ids) for asset in stage.server.assets}


def rename_folder(stage: Stage) -> None:
    (stage.root / "Trip").rename(stage.root / "Journey")


def move_files(stage: Stage) -> None:
    (stage.root / "Journey").mkdir(exist_ok=True)
    for name in ("a.jpg", "b.jpg"):
        (stage.root / "Trip" / name).rename(stage.root / "Journey" / name)


def copy_and_remove(stage: Stage) -> None:
    """As between two drives: nothing tells that they are the same but their bytes."""
    shutil.copytree(stage.root / "Trip", stage.root / "Journey")
    shutil.rmtree(stage.root / "Trip")


MOVES = (rename_folder, move_files, copy_and_remove)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_what_moves_is_arranged_by_its_new_place_and_never_sent_again(
    placed: Stage, move: Callable[[Stage], None]
) -> None:
    for name in ("Trip/a.jpg", "Trip/b.jpg", "Home/c.jpg"):
        placed.file(name)
    back_up(placed)
    move(placed)
    for _ in range(2):
        back_up(placed)
        both = ["a.jpg", "b.jpg"]
        assert albums(placed) == {"Trip": both, "Journey": both, "Home": ["c.jpg"]}, "what was there stays"
        assert tags(placed)["a.jpg"] == ["Pictures/Journey", "Pictures/Trip"]
        assert len(placed.server.assets) == 3
        assert (placed.left(), placed.failures) == (0, [])
        assert placed.states() == dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), "safe")


def test_a_move_wakes_the_lane_and_sends_nothing(placed: Stage) -> None:
    placed.file("Trip/a.jpg")
    back_up(placed)
    rename_folder(placed)
    forget_what_went(placed)
    taken = Taken()
    intake = Intake(placed.database, placed.watched, placed.clock, lambda: 0, lambda _: None)
    seen = {b"a.jpg": look(os.fsencode(placed.root / "Journey" / "a.jpg"))}
    intake.observe(placed.folder, b"Journey", seen, [], Urgency(placed.clock.now_at(), BACKLOG), taken)
    assert (taken.lanes, taken.jobs) == ({HERE}, [])


def test_what_moves_there_and_back_is_where_it_was(placed: Stage) -> None:
    placed.file("Trip/a.jpg")
    back_up(placed)
    for there, here in (("Trip", "Home"), ("Home", "Trip")):
        (placed.root / here).mkdir(exist_ok=True)
        (placed.root / there / "a.jpg").rename(placed.root / here / "a.jpg")
        back_up(placed)
    assert albums(placed) == {"Trip": ["a.jpg"], "Home": ["a.jpg"]}
    assert (len(placed.server.assets), placed.left(), placed.failures) == (1, 0, [])


def test_the_hidden_half_of_a_live_photo_that_moves_is_in_no_album(placed: Stage) -> None:
    placed.captures = {"x.heic": Capture(identifier="one"), "x.mov": Capture(identifier="one")}
    placed.file("Trip/x.heic")
    placed.file("Trip/x.mov")
    back_up(placed)
    placed.sync()
    rename_folder(placed)
    back_up(placed)
    assert albums(placed) == {"Trip": ["x.heic"], "Journey": ["x.heic"]}
    assert (tags(placed)["x.mov"], placed.failures) == ([], [])


def test_what_moves_before_it_was_sent_is_arranged_by_its_new_place_alone(placed: Stage) -> None:
    placed.file("Trip/a.jpg")
    placed.take()
    rename_folder(placed)
    back_up(placed)
    assert albums(placed) == {"Journey": ["a.jpg"]}


def test_a_file_that_is_given_the_name_of_its_other_version_is_stacked_with_it(placed: Stage) -> None:
    placed.file("new.jpg")
    placed.file("IMG_1.CR3")
    back_up(placed)
    assert placed.server.stacks == []
    (placed.root / "new.jpg").rename(placed.root / "img_1.jpg")
    back_up(placed)
    (made,) = placed.server.stacks
    assert sorted(placed.remote(one).filename for one in made.asset_ids) == ["IMG_1.CR3", "new.jpg"]
    (placed.root / "img_1.jpg").rename(placed.root / "other.jpg")
    placed.file("img_1.heic")
    back_up(placed)
    assert placed.failures == []
    names = [{placed.remote(one).filename for one in stack.asset_ids} for stack in placed.server.stacks]
    assert {"IMG_1.CR3", "img_1.heic"} <= set.union(*names), "by where it is now, not by where it was"


@pytest.mark.parametrize("step", ["album_made", "arranged"])
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_a_death_after_a_move_makes_no_second_album(placed: Stage, move: Callable[[Stage], None], step: str) -> None:
    for name in ("Trip/a.jpg", "Trip/b.jpg"):
        placed.file(name)
    back_up(placed)
    move(placed)
    placed.die_at = step
    with pytest.raises(Died):
        back_up(placed)
    placed.recover()
    back_up(placed)
    assert albums(placed) == {"Trip": ["a.jpg", "b.jpg"], "Journey": ["a.jpg", "b.jpg"]}
    assert tags(placed)["b.jpg"] == ["Pictures/Journey", "Pictures/Trip"]
    assert (len(placed.server.assets), placed.left(), placed.failures) == (2, 0, [])


def test_a_folder_without_such_rules_asks_for_nothing_when_pictures_move(server: StandIn) -> None:
    with closing(Stage(server)) as stage:
        stage.file("Trip/a.jpg")
        back_up(stage)
        rename_folder(stage)
        back_up(stage)
        row = stage.database.read().execute(
            "SELECT count(*) FROM background_service_jobs WHERE job_key = 'organize' AND lane = ?", (HERE,)
        )
        assert row.fetchone()[0] == 0
        assert (server.albums, stage.states()) == ([], {"a.jpg": "safe"})
