"""The job that looks at folders: what waits has a job, and what new rules leave out gets none."""

import errno
import os
import sys
from collections.abc import Callable

import pytest

from agent.domain.errors import Blocked
from agent.files.reach import Reach
from agent.files.settle import Settler
from agent.protocol.paths import to_wire
from agent.protocol.settings import FolderRules
from agent.store import folders
from agent.work.finding.intake import Intake
from agent.work.finding.reconcile import Reconcile
from agent.work.finding.scan import Scan
from agent.work.folders import Watched
from tests.agent.work.server_stage import Stage


def scan(stage: Stage, check: Callable[[], None] = lambda: None, **payload: object) -> list[str | None]:
    """Run one such job; what it says of the folder, None for that all is well. `check` comes while it waits."""
    said: list[str | None] = []
    reach = Reach()
    intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None, stage.intent)
    settler = Settler(stage.clock, intake.take, reach)
    reconcile = Reconcile(stage.database, stage.watched, intake, settler, stage.clock, reach)

    def on_folder(_: Watched, problem: Blocked | None) -> None:
        said.append(None if problem is None else problem.code)

    room = Scan(stage.database, stage.watched, intake, reconcile, stage.clock, lambda _: None, on_folder, reach)
    room({"folder_id": stage.folder.id, **payload}, check)
    return said


def open_jobs(stage: Stage) -> int:
    rows = stage.database.read().execute("SELECT count(*) FROM background_service_jobs WHERE status = 'PENDING'")
    return int(rows.fetchone()[0])


def test_what_waits_and_has_lost_its_job_gets_one_with_the_next_whole_comparison(stage: Stage) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        stage.file(name)
    stage.clock.advance(3_600)
    scan(stage)
    with stage.database.write() as tx:
        tx.execute("DELETE FROM background_service_jobs WHERE id % 3 <> 0")
    assert open_jobs(stage) == 1
    scan(stage, quick=True)
    assert open_jobs(stage) == 1, "the quick one is as cheap as can be"
    scan(stage)
    assert open_jobs(stage) == 3
    scan(stage)
    assert open_jobs(stage) == 3
    stage.work()
    assert set(stage.states().values()) == {"safe"}
    assert len(stage.server.assets) == 3
    scan(stage)
    assert open_jobs(stage) == 0


def test_a_request_for_a_film_that_is_being_recorded_takes_it_as_it_is_after_a_while(stage: Stage) -> None:
    film = stage.file("film.mp4")

    def record() -> None:
        stage.clock.advance(1.0)
        os.utime(film, ns=(stage.clock.now_at() * 1_000_000,) * 2)

    record()
    began_s = stage.clock.monotonic_s()
    scan(stage, record, paths=[to_wire(os.fsencode(film))])
    assert stage.clock.monotonic_s() - began_s < 30
    assert open_jobs(stage) == 1


def test_photos_of_a_drive_that_is_pulled_during_the_upload_go_when_a_quick_look_finds_it_again(stage: Stage) -> None:
    for name in ("Trip/a.jpg", "Trip/b.jpg"):
        stage.file(name)
    stage.clock.advance(3_600)
    scan(stage)
    away = stage.root.with_name("pulled")

    def pull(step: str) -> None:
        if step == "claimed" and stage.root.exists():
            stage.root.rename(away)

    stage.on_checkpoint = pull
    stage.work()
    assert not stage.server.assets
    stage.on_checkpoint = lambda _: None
    away.rename(stage.root)
    stage.clock.advance(3_600)
    scan(stage, quick=True)
    stage.work()
    assert {asset.filename for asset in stage.server.assets} == {"a.jpg", "b.jpg"}


def test_a_plan_by_new_rules_is_made_after_they_were_applied(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.file("b.png")
    stage.clock.advance(3_600)
    scan(stage)
    with stage.database.write() as tx:  # as if the folder had been removed
        tx.execute("DELETE FROM background_service_jobs")
    stage.configure(FolderRules(exclude=("*.png",)))
    with stage.database.write() as tx:
        judged = {row.id: row.rules for row in folders.watched(tx) if row.rules is not None}
    stage.watched._judged = judged
    assert not stage.watched.is_judged(stage.folder)
    scan(stage, plan=True)
    assert stage.watched.is_judged(stage.folder)
    assert open_jobs(stage) == 1
    assert stage.states() == {"a.jpg": "queued", "b.png": "excluded"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("d" * 200 + "/" + "n" * 256 + ".jpg", ["folder_unreadable"], id="too-long"),
        pytest.param("pipe.jpg", [], id="no-ordinary-file"),
        pytest.param("gone.jpg", [], id="gone"),
    ],
)
def test_a_request_for_one_path_of_which_nothing_can_be_said_is_no_word_about_the_whole_folder(
    stage: Stage, name: str, said: list[str]
) -> None:
    (stage.root / ("d" * 200)).mkdir()
    if sys.platform != "win32":
        os.mkfifo(stage.root / "pipe.jpg")
    assert scan(stage, paths=[to_wire(bytes(stage.root / name))]) == said
    assert scan(stage) == [None]


def test_looking_at_a_part_tells_nothing_of_trouble_elsewhere(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    well, ill = stage.file("well/a.jpg").parent, stage.file("ill/b.jpg").parent
    listed = os.scandir

    def refuse(path: bytes) -> object:
        if bytes(path) == bytes(ill):
            raise PermissionError(errno.EACCES, "refused")
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert scan(stage) == ["folder_unreadable"]
    assert scan(stage, paths=[to_wire(bytes(well))]) == []
    monkeypatch.undo()
    assert scan(stage) == [None]


@pytest.mark.parametrize(("picture", "late"), [("A.JPG", "a.xmp"), ("a.jpg", "A.XMP"), ("B.CR2", "b.cr2.xmp")])
def test_a_sidecar_that_comes_later_finds_its_picture_whatever_its_spelling(
    stage: Stage, picture: str, late: str
) -> None:
    stage.file(picture)
    stage.take()
    stage.file(late, b"<x/>")
    stage.take()
    rows = stage.database.read().execute("SELECT DISTINCT asset_id FROM files").fetchall()
    assert len(rows) == 1
