"""A server that answers with errors for a while, as behind a proxy while it is updated: no photo fails by it."""

from collections.abc import Callable
from contextlib import closing

import pytest

from agent.store import jobs
from agent.work.blocks import Blocks
from agent.work.worker import Lane
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn


class OpenGate:
    """Lets everything through."""

    generation = 0

    def passing(self, _lane: str) -> jobs.Open:
        return jobs.Open(everyone=True)

    def next_change_at(self) -> int | None:
        return None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_waits_while_a_server_is_broken_goes_when_it_works_again(
    server: StandIn, status: int, expected_log: Callable[..., None]
) -> None:
    expected_log("is blocked")
    with closing(Stage(server)) as stage:
        for number in range(3):
            stage.file(f"{number}.jpg")

        def look(_: str) -> None:
            stage.destination.probe()

        blocks = Blocks(stage.clock, look, lambda _: None)
        lane = Lane(
            HERE,
            stage.database,
            stage.clock,
            OpenGate(),  # type: ignore[arg-type]
            lambda _, key: stage.handler(key),
            "boot",
            on_blocked=blocks.shut,
            on_idle=lambda _: None,
            mend=blocks.mend,
        )

        def go_on(times: int, each_s: int) -> None:
            for _ in range(times):
                stage.clock.advance(each_s)
                while lane._turn() == 0:
                    pass

        stage.take()
        fault = server.faults.server_error(status=status)
        go_on(60, 5)
        assert set(stage.states().values()) == {"queued"}
        fault.remove()
        go_on(6, 60)
        assert set(stage.states().values()) == {"safe"}
