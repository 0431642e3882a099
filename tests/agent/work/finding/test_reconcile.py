"""A folder compared with the ledger: what was moved is known again, and what a drive takes with it is not deleted."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.domain.errors import Blocked
from agent.domain.rules import Matcher
from agent.files.reach import Reach
from agent.files.settle import Settler
from agent.protocol.settings import DestinationSetting, FolderRules, FolderSetting, Settings
from agent.record import replace
from agent.store import folders
from agent.work.finding.intake import BACKLOG, TAKEN_TOGETHER, Intake, Taken, Urgency
from agent.work.finding.reconcile import Reconcile
from agent.work.folders import Watched
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn

HOW = pytest.mark.parametrize("quick", [True, False], ids=["quick", "whole"])


class Desk:
    """A stage whose folder is compared."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None, stage.intent)
        reach = Reach()
        settler = Settler(stage.clock, intake.take, reach)
        self._room = Reconcile(stage.database, stage.watched, intake, settler, stage.clock, reach)

    def look(
        self,
        *,
        quick: bool = False,
        folder: Watched | None = None,
        check: Callable[[], None] = lambda: None,
        on_taken: Callable[[Taken], None] = lambda _: None,
    ) -> None:
        """Compare once more."""
        urgency = Urgency(self.stage.clock.now_at(), BACKLOG)
        self._room.folder(folder or self.stage.folder, urgency, check, on_taken, quick=quick)

    def states(self) -> dict[str, str]:
        """Path below its folder -> state, of all that is known; where it is known twice, the last."""
        rows = self.stage.database.read().execute(
            "SELECT d.path, f.name, f.state FROM files f JOIN directories d ON d.id = f.directory_id ORDER BY f.id"
        )
        return {os.fsdecode(os.path.join(row[0], row[1])): row[2] for row in rows}


class Puller(Matcher):
    """Rules of a folder whose drive is pulled as soon as they are asked about a directory."""

    def __init__(self, rules: Matcher, root: Path) -> None:
        self._rules = rules
        self._root = root

    def enters(self, relative: str) -> bool:
        if self._root.exists():
            self._root.rename(self._root.with_name("pulled"))
        return self._rules.enters(relative)


@pytest.fixture
def desk(server: StandIn) -> Iterator[Desk]:
    stage = Stage(server)
    yield Desk(stage)
    stage.close()


@HOW
def test_a_directory_that_was_renamed_is_known_again_with_all_that_was_chosen(desk: Desk, quick: bool) -> None:
    stage = desk.stage
    for name in ("Trip/a.jpg", "Trip/private.jpg", "Zoo/b.jpg"):
        stage.file(name)
    desk.look()
    stage.work()
    left_out = os.fsencode(stage.root / "Trip" / "private.jpg")
    stage.intent.leave_out([left_out], 1)
    with stage.database.write() as tx:
        tx.execute(
            "UPDATE files SET state = 'excluded', reason = 'user_excluded' WHERE name = CAST(? AS BLOB)",
            (b"private.jpg",),
        )
    (stage.root / "Trip").rename(stage.root / "A journey")
    (stage.root / "Zoo" / "b.jpg").rename(stage.root / "A journey" / "b.jpg")
    desk.look(quick=quick)
    wanted = {"A journey/a.jpg": "safe", "A journey/private.jpg": "excluded", "A journey/b.jpg": "safe"}
    assert desk.states() == wanted, "nothing is known twice"
    assert stage.intent.left_out() == {os.fsencode(stage.root / "A journey" / "private.jpg")}


@HOW
def test_a_comparison_that_is_broken_off_forgets_no_new_file(desk: Desk, quick: bool) -> None:
    class Off(Exception):
        pass

    desk.stage.file("Trip/a.jpg")
    desk.look()
    desk.stage.file("Trip/b.jpg")
    desk.stage.file("Zoo/c.jpg")
    desk.stage.clock.advance(3_600)
    for limit in range(8):
        steps = iter(range(limit))

        def check(steps: Iterator[int] = steps) -> None:
            if next(steps, None) is None:
                raise Off

        try:
            desk.look(quick=quick, check=check)
        except Off:
            continue
    desk.look(quick=True)
    assert desk.states().keys() == {"Trip/a.jpg", "Trip/b.jpg", "Zoo/c.jpg"}


def test_a_root_that_goes_away_during_the_comparison_takes_nothing_with_it(desk: Desk) -> None:
    stage = desk.stage
    for name in ("Trip/a.jpg", "Zoo/b.jpg"):
        stage.file(name)
    desk.look()
    folder = replace(stage.folder, matcher=Puller(stage.folder.matcher, stage.root))
    with pytest.raises(Blocked):
        desk.look(folder=folder)
    assert "gone" not in desk.states().values()


def test_what_became_another_folders_while_nobody_ran_is_not_taken_twice(desk: Desk) -> None:
    stage = desk.stage
    stage.file("Private/a.jpg")
    desk.look()
    stage.file("Private/b.jpg")
    stage.clock.advance(3_600)
    inner = stage.root / "Private"
    here = DestinationSetting(HERE, "immich", "Server", stage.server.url)
    both = tuple(FolderSetting(str(one), rules=FolderRules()) for one in (stage.root, inner))
    with stage.database.write() as tx:
        ids = folders.attach(tx, {os.fsencode(one.path): [HERE] for one in both}, {HERE: "immich"})
    stage.watched.replace(Settings(destinations=(here,), folders=both), ids)
    for folder in sorted(stage.watched.all(), key=lambda one: len(one.root)):
        desk.look(quick=True, folder=folder)
    rows = stage.database.read().execute("SELECT name, folder_id FROM files WHERE state <> 'gone' ORDER BY name")
    assert [tuple(row) for row in rows] == [(b"a.jpg", ids[bytes(inner)]), (b"b.jpg", ids[bytes(inner)])]


STEPS_TO_ONE_STEM = {
    "a still moves beside another's video": (["A/IMG.jpg", "A/IMG.mov"], ["A/IMG.jpg > B/IMG.jpg", "+B/IMG.mov"]),
    "a still takes another name, where a video comes": (["IMG.jpg", "IMG.mov"], ["IMG.jpg > X.jpg", "+X.mov"]),
    "a better still comes for the video": (["IMG.jpg", "IMG.mov"], ["+IMG.heic"]),
    "a video moves out, another takes its place": (["A/IMG.jpg", "A/IMG.mov"], ["A/IMG.mov > B/IMG.mov", "+A/IMG.mov"]),
    "a sidecar's picture moves, and both get new ones": (
        ["A/IMG.jpg", "A/IMG.jpg.xmp"],
        ["A/IMG.jpg > B/IMG.jpg", "+A/IMG.jpg", "+B/IMG.jpg.xmp", "+B/IMG.mov", "+A/IMG.mov"],
    ),
}


@pytest.mark.parametrize(("before", "steps"), STEPS_TO_ONE_STEM.values(), ids=STEPS_TO_ONE_STEM)
def test_whatever_comes_to_share_a_stem_every_picture_and_video_is_safe(
    desk: Desk, before: list[str], steps: list[str]
) -> None:
    stage = desk.stage
    for name in before:
        stage.file(name)
    desk.look()
    stage.work()
    for number, step in enumerate(steps):
        source, _, target = step.partition(" > ")
        if target:
            (stage.root / target).parent.mkdir(exist_ok=True)
            (stage.root / source).rename(stage.root / target)
        else:
            stage.file(step.removeprefix("+"), f"{number} {step}".encode())
    stage.clock.advance(3_600)
    desk.look()
    stage.work()
    assert {state for name, state in desk.states().items() if state != "gone"} == {"safe"}
    lying = [one for one in stage.root.rglob("*.*") if one.suffix != ".xmp"]
    arrived = {one.checksum for one in stage.server.assets}
    assert arrived >= {hashlib.sha1(one.read_bytes(), usedforsecurity=False).digest() for one in lying}


def test_a_directory_of_many_files_is_taken_in_by_and_by_and_its_first_are_on_their_way_meanwhile(desk: Desk) -> None:
    count = TAKEN_TOGETHER + 200
    for number in range(count):
        desk.stage.file(f"{number:04}.jpg")
    taken: list[int] = []

    def look(some: Taken) -> None:
        taken.append(len(some.jobs))
        with desk.stage.database.write():  # whoever else has something to write has a turn
            pass

    desk.look(on_taken=look)
    assert taken[:2] == [TAKEN_TOGETHER, 200]
    shutil.rmtree(desk.stage.root)
    desk.stage.root.mkdir()
    desk.look()
    assert list(desk.states().values()) == ["gone"] * count
