"""A question takes its time, and what is heard meanwhile is newer than its answer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest

from agent.destinations.base import Found, Wanted
from agent.destinations.immich import ImmichDestination
from agent.store import job_history, jobs
from agent.store.jobs import NewJob
from agent.work.server.mirror import Mirror
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn


class SlowAnswers(ImmichDestination):
    """`meanwhile` happens while an answer is on its way, once."""

    meanwhile: Callable[[], None] | None = None

    def check(self, wanted: Sequence[Wanted]) -> dict[bytes, Found]:
        answer = super().check(wanted)
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return answer


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    with closing(Stage(server)) as made:
        yield made


def prove(stage: Stage, meanwhile: Callable[[], None]) -> None:
    """Run the proof of all, with something happening while the server is asked."""
    slow = SlowAnswers(stage.url, stage.server.api_key(), clock=stage.clock)
    slow.meanwhile = meanwhile
    with stage.database.write() as tx:
        jobs.enqueue(tx, NewJob("verify", {"whole": True}), stage.clock.now_at())
    stage.prove(slow)
    slow.close()


def hear_of_deletion(stage: Stage) -> None:
    """What a sync does beside: the server says that all of it was deleted for good."""
    ids = [one.id for one in stage.server.assets]
    stage.server.store.purge(ids)
    Mirror(HERE, stage.destination.check, stage.database, stage.intent, stage.clock).removed(ids, lambda _: None)


def test_a_proof_that_was_asked_for_before_a_deletion_does_not_undo_it(stage: Stage) -> None:
    stage.file("a.jpg")
    stage.back_up()
    prove(stage, lambda: hear_of_deletion(stage))
    assert stage.states() == {"a.jpg": "deleted_at_destination"}
    assert len(stage.intent.tombstones()) == 1
    [job] = job_history.page(stage.database.read(), status="COMPLETED", before=None, limit=1)
    assert job.result is not None
    assert (job.result["whole"], job.result["lost"]) == (0, 1), "nor does the statement call it whole"


def test_what_was_heard_to_be_deleted_is_not_called_missing(stage: Stage, expected_log: Callable[..., None]) -> None:
    expected_log("copies are missing")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        stage.file(name)
    stage.back_up()
    stage.server.store.purge([stage.at_server("a.jpg").id])
    known = stage.at_server("b.jpg").id

    def hear_of_another() -> None:
        stage.server.store.purge([known])
        Mirror(HERE, stage.destination.check, stage.database, stage.intent, stage.clock).removed(
            [known], lambda _: None
        )

    prove(stage, hear_of_another)
    assert stage.states() == {
        "a.jpg": "missing_at_destination",
        "b.jpg": "deleted_at_destination",
        "c.jpg": "safe",
    }
