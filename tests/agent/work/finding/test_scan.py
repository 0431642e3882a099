"""The job that looks at folders: what waits has a job, and what new rules leave out gets none."""

from agent.files.reach import Reach
from agent.files.settle import Settler
from agent.protocol.settings import FolderRules
from agent.store import folders
from agent.work.finding.intake import Intake
from agent.work.finding.reconcile import Reconcile
from agent.work.finding.scan import Scan
from tests.agent.work.server_stage import Stage


def scan(stage: Stage, **payload: object) -> None:
    """Run one such job."""
    reach = Reach()
    intake = Intake(stage.database, stage.watched, stage.clock, lambda: 0, lambda _: None, stage.intent)
    settler = Settler(stage.clock, intake.take, reach)
    reconcile = Reconcile(stage.database, stage.watched, intake, settler, stage.clock, reach)
    room = Scan(stage.database, stage.watched, intake, reconcile, stage.clock, lambda _: None, lambda *_: None, reach)
    room({"folder_id": stage.folder.id, **payload}, lambda: None)


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
