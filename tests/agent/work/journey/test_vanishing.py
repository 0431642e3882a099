"""Files that go away under the journey: what was only moved, written anew or on a drive that was pulled is not lost."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from agent.files import read
from agent.files.read import look
from agent.store import folders, groups
from agent.work.finding.intake import BACKLOG, Intake, Taken, Urgency
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    with closing(Stage(server)) as made:
        yield made


def observe(stage: Stage, *, seen: Sequence[str] = (), gone: Sequence[str] = ()) -> None:
    """What the watch tells while the journey runs."""
    intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None, stage.intent)
    urgency = Urgency(stage.clock.now_at(), BACKLOG)
    intake.observe(stage.folder, b"", {}, [os.fsencode(name) for name in gone], urgency, Taken())
    facts = {os.fsencode(name): look(os.fsencode(stage.root / name)) for name in seen}
    intake.observe(stage.folder, b"", facts, [], urgency, Taken())


def rows(stage: Stage) -> dict[str, str]:
    return {os.fsdecode(row[0]): row[1] for row in stage.database.read().execute("SELECT name, state FROM files")}


def test_a_film_that_is_renamed_while_its_batch_runs_goes_under_its_new_name(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.file("b.mp4", b"film" * 1_500_000)
    stage.take()

    def rename(step: str) -> None:
        if step == "sent" and (stage.root / "b.mp4").exists():
            (stage.root / "b.mp4").rename(stage.root / "c.mp4")
            observe(stage, seen=["c.mp4"], gone=["b.mp4"])

    stage.on_checkpoint = rename
    stage.work()
    assert rows(stage) == {"a.jpg": "safe", "c.mp4": "safe"}


def test_a_drive_that_falters_for_some_minutes_fails_no_photo(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        stage.file(name)
    stage.take()
    until_s = stage.clock.monotonic_s() + 300
    really = read._open

    def falter(path: bytes) -> int:
        if stage.clock.monotonic_s() < until_s:
            raise OSError(errno.EIO, "Input/output error")
        return really(path)

    monkeypatch.setattr(read, "_open", falter)
    for _ in range(8):
        stage.clock.advance(10)
        stage.work()
    assert set(stage.states().values()) == {"queued"}, "tried once, and not yet again"
    stage.clock.advance(1_800)
    stage.work()
    assert set(stage.states().values()) == {"safe"}


def test_a_photo_on_a_bad_place_of_the_disk_fails_after_some_hours_and_holds_up_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        stage.file(name)
    stage.take()
    really = read._open

    def fail_one(path: bytes) -> int:
        if path.endswith(b"b.jpg"):
            raise OSError(errno.EIO, "Input/output error")
        return really(path)

    monkeypatch.setattr(read, "_open", fail_one)
    stage.work()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "queued", "c.jpg": "safe"}
    for _ in range(4):
        stage.clock.advance(3_600)
        stage.work()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "failed", "c.jpg": "safe"}


@pytest.mark.parametrize("cause", ["refused", "cancelled"])
def test_a_photo_that_failed_and_is_renamed_is_tried_again_but_not_one_that_was_given_up(
    stage: Stage, cause: str
) -> None:
    photo = stage.file("a.jpg")
    refusal = stage.server.faults.answer("POST /api/assets", 400, {"message": "No such name here"}, times=None)
    stage.take()
    if cause == "cancelled":
        with stage.database.write() as tx:
            (job_id,) = tx.execute("SELECT id FROM background_service_jobs").fetchone()
            assert groups.give_up(tx, job_id, 1)
    stage.work()
    assert rows(stage) == {"a.jpg": "failed"}
    refusal.remove()
    photo.rename(stage.root / "b.jpg")
    observe(stage, seen=["b.jpg"], gone=["a.jpg"])
    stage.work()
    assert rows(stage) == {"b.jpg": "safe" if cause == "refused" else "failed"}


def test_a_photo_that_an_editor_takes_away_and_writes_anew_is_backed_up_as_it_is_then(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.file("b.jpg")
    stage.take()
    (stage.root / "a.jpg").unlink()

    def back(step: str) -> None:
        if step == "checked" and not (stage.root / "a.jpg").exists():
            stage.file("a.jpg", b"edited")
            os.utime(stage.root / "a.jpg", ns=(1, 1))
            observe(stage, seen=["a.jpg"])

    stage.on_checkpoint = back
    stage.work()
    assert rows(stage) == {"a.jpg": "safe", "b.jpg": "safe"}


def test_after_a_drive_was_pulled_even_a_quick_look_reads_its_directories_again(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.take()
    with stage.database.write() as tx:
        for directory_id, _ in folders.directories(tx, stage.folder.id).values():
            folders.directory_read(tx, directory_id, 5)
    (stage.root / "a.jpg").unlink()
    stage.work()
    assert rows(stage) == {"a.jpg": "gone"}
    known = folders.directories(stage.database.read(), stage.folder.id)
    assert {mtime_ns for _, mtime_ns in known.values()} == {-1}
