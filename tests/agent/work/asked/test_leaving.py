"""Files left out by choice: they stay out through scans, edits, renames and a lost ledger, and come back when asked."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.files.read import look
from agent.protocol.paths import to_wire
from agent.protocol.settings import FolderRules
from agent.protocol.wire import Mistake
from agent.store import activity, job_history
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.work.asked.leaving import Leaving
from agent.work.finding.intake import BACKLOG, Intake, Taken, Urgency
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


class Desk:
    """A stage whose intake abides by the journal, and the door for a person's wishes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.stopped: list[int] = []
        self.open()

    def open(self) -> None:
        """As the next start of the agent does it."""
        stage = self.stage
        stage.intent = IntentJournal(stage.base / "intent.jsonl")
        self.intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None, stage.intent)
        self.leaving = Leaving(
            stage.database, stage.intent, stage.watched, self.intake, stage.clock, self.stopped.append, lambda: None
        )

    def look(self, *gone: str, rejudge: bool = False) -> None:
        """Compare all that lies there with the ledger; these names are gone."""
        stage = self.stage
        urgency = Urgency(stage.clock.now_at(), BACKLOG)
        if gone:
            names = [os.fsencode(name) for name in gone]
            self.intake.observe(stage.folder, b"", {}, names, urgency, Taken())
        here = {os.fsencode(one.name): look(os.fsencode(one)) for one in stage.root.iterdir() if one.is_file()}
        self.intake.observe(stage.folder, b"", here, [], urgency, Taken(), rejudge=rejudge)

    def wire(self, *names: str) -> tuple[str, ...]:
        return tuple(to_wire(os.fsencode(self.stage.root / name)) for name in names)

    def sent(self) -> list[str]:
        return sorted(asset.filename for asset in self.stage.server.assets)


@pytest.fixture
def desk(server: StandIn) -> Iterator[Desk]:
    stage = Stage(server)
    yield Desk(stage)
    stage.close()


def test_a_file_left_out_before_its_turn_is_never_sent(desk: Desk) -> None:
    for name in ("a.jpg", "b.jpg"):
        desk.stage.file(name)
    desk.look()
    assert desk.leaving.exclude(desk.wire("a.jpg")).files == 1
    assert desk.leaving.exclude(desk.wire("a.jpg")).files == 0
    assert desk.stage.states() == {"a.jpg": "excluded", "b.jpg": "queued"}
    jobs = job_history.page(desk.stage.database.read(), status="CANCELLED", before=None, limit=9)
    assert [job.id for job in jobs] == desk.stopped
    assert len(desk.stopped) == 1
    desk.stage.work()
    assert desk.sent() == ["b.jpg"]


@pytest.mark.parametrize("rejudge", [False, True], ids=["usual", "other-rules"])
def test_it_stays_out_through_scans_edits_and_a_restart(rejudge: bool, desk: Desk) -> None:
    place = desk.stage.file("a.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg"))
    desk.look(rejudge=rejudge)
    place.write_bytes(b"edited, and longer than before")
    desk.open()
    desk.look(rejudge=rejudge)
    desk.stage.work()
    assert desk.stage.states() == {"a.jpg": "excluded"}
    assert desk.sent() == []


def test_it_stays_out_under_another_name(desk: Desk) -> None:
    place = desk.stage.file("a.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg"))
    place.rename(desk.stage.root / "holiday.jpg")
    desk.look("a.jpg")
    assert desk.stage.states() == {"holiday.jpg": "excluded"}
    assert desk.stage.intent.left_out() == {os.fsencode(desk.stage.root / "holiday.jpg")}


def test_another_photo_in_the_place_of_one_that_is_gone_is_kept_safe(desk: Desk) -> None:
    place = desk.stage.file("a.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg"))
    place.unlink()
    desk.look("a.jpg")
    desk.stage.file("a.jpg", b"the next photo that the camera calls so")
    desk.look()
    desk.stage.work()
    assert desk.stage.states() == {"a.jpg": "safe"}
    assert desk.stage.intent.left_out() == frozenset()


def test_a_lost_ledger_does_not_forget_the_choice(desk: Desk) -> None:
    desk.stage.file("a.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg"))
    desk.stage.database.close()
    for left in desk.stage.base.glob("safelight.db*"):
        left.unlink()
    desk.stage.database = Database(desk.stage.base / "safelight.db")
    desk.stage.configure(FolderRules())
    desk.open()
    desk.look()
    assert desk.stage.states() == {"a.jpg": "excluded"}


def test_an_older_copy_of_the_ledger_is_told_again(desk: Desk) -> None:
    desk.stage.file("a.jpg")
    desk.look()
    desk.stage.intent.leave_out([os.fsencode(desk.stage.root / "a.jpg")], 1)
    desk.leaving.restore()
    assert desk.stage.states() == {"a.jpg": "excluded"}


def test_sidecars_go_with_their_picture_also_those_that_come_later(desk: Desk) -> None:
    for name in ("a.nef", "a.xmp", "b.jpg", "b.xmp"):
        desk.stage.file(name)
    desk.look()
    desk.leaving.exclude(desk.wire("a.nef"))
    desk.stage.file("a.nef.xmp")
    desk.look()
    states = desk.stage.states()
    assert {name for name, state in states.items() if state == "excluded"} == {"a.nef", "a.xmp", "a.nef.xmp"}
    desk.leaving.include(desk.wire("a.nef"))
    assert "excluded" not in desk.stage.states().values()


def test_what_is_taken_in_again_is_sent_or_found_to_be_safe(desk: Desk) -> None:
    desk.stage.file("a.jpg")
    desk.look()
    desk.stage.work()
    desk.stage.file("b.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg", "b.jpg"))
    assert desk.sent() == ["a.jpg"], "what is there stays there"
    assert desk.leaving.include(desk.wire("a.jpg", "b.jpg")).files == 2
    assert desk.stage.states() == {"a.jpg": "safe", "b.jpg": "queued"}
    desk.stage.work()
    assert desk.sent() == ["a.jpg", "b.jpg"]
    events = [row[0] for row in desk.stage.database.read().execute("SELECT what FROM activity ORDER BY id")]
    assert events == ["uploaded", "excluded", "excluded", "included", "included", "uploaded"]


def test_a_rule_goes_on_holding_for_what_is_taken_in_again(desk: Desk) -> None:
    desk.stage.file("a.jpg")
    desk.look()
    desk.leaving.exclude(desk.wire("a.jpg"))
    desk.stage.configure(FolderRules(exclude=("*.jpg",)))
    desk.leaving.include(desk.wire("a.jpg"))
    assert desk.stage.states() == {"a.jpg": "excluded"}
    assert desk.stage.intent.left_out() == frozenset()


@pytest.mark.parametrize(
    ("path", "code"),
    [("Pictures/nowhere.jpg", "file_unknown"), ("elsewhere.jpg", "path_not_watched"), ("Pictures/Trip", "is_a_folder")],
)
def test_what_is_no_file_of_a_watched_folder_is_refused(path: str, code: str, desk: Desk) -> None:
    desk.stage.file("Trip/a.jpg")
    with pytest.raises(Mistake, match=code):
        desk.leaving.exclude([to_wire(os.fsencode(desk.stage.base / path))])
    assert desk.stage.intent.left_out() == frozenset()


def test_a_file_that_was_not_seen_yet_may_be_left_out(desk: Desk) -> None:
    desk.stage.file("a.jpg")
    desk.leaving.exclude(desk.wire("a.jpg"))
    desk.look()
    assert desk.stage.states() == {"a.jpg": "excluded"}


def test_odd_names_are_journaled_as_they_are(tmp_path: Path) -> None:
    journal = IntentJournal(tmp_path / "intent.jsonl")
    journal.leave_out([b"/p/caf\xe9.jpg", b"/p/b.jpg"], 1)
    journal.take_in([b"/p/b.jpg"], 2)
    assert IntentJournal(tmp_path / "intent.jsonl").left_out() == {b"/p/caf\xe9.jpg"}


def test_the_last_copied_come_first_and_what_is_gone_does_not_count(desk: Desk) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        desk.stage.file(name)
        desk.look()
        desk.stage.work()
    desk.leaving.exclude(desk.wire("b.jpg"))
    tx = desk.stage.database.read()
    names = [tx.execute("SELECT name FROM files WHERE id = ?", (one,)).fetchone()[0] for one in activity.recent(tx, 5)]
    assert names == [b"c.jpg", b"a.jpg"]
    assert len(activity.recent(tx, 1)) == 1


def test_runs_are_paged_from_the_newest_on(desk: Desk) -> None:
    with desk.stage.database.write() as tx:
        for number in range(1, 6):
            activity.add_run(tx, number, number * 10, completed=number, failed=0, size_bytes=7, now_at=number * 10 + 5)
    tx = desk.stage.database.read()
    assert [row.id for row in activity.runs(tx, before=None, limit=2)] == [5, 4]
    (last,) = activity.runs(tx, before=2, limit=9)
    assert (last.id, last.started_at, last.ended_at, last.completed, last.failed, last.bytes) == (1, 10, 15, 1, 0, 7)
