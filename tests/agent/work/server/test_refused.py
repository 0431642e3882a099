"""What a server refused, and what becomes of it when the photo is another one."""

from contextlib import closing

from agent.store import job_history
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn


def statuses(stage: Stage) -> list[str]:
    """Of all jobs, oldest first."""
    return [row.status for row in reversed(job_history.page(stage.database.read(), status=None, before=None, limit=9))]


def test_a_photo_that_was_refused_and_made_smaller_leaves_nothing_behind_that_counts_as_failed(server: StandIn) -> None:
    server.faults.body_limit = 20_000
    with closing(Stage(server)) as stage:
        stage.file("x.jpg", b"x" * 50_000)
        stage.back_up()
        assert (stage.states(), statuses(stage)) == ({"x.jpg": "failed"}, ["FAILED"])
        stage.file("x.jpg", b"y" * 10_000)
        stage.back_up()
        assert (stage.states(), statuses(stage)) == ({"x.jpg": "safe"}, ["CANCELLED", "COMPLETED"])
