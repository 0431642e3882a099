"""A server that answers with errors for a while, as behind a proxy while it is updated: no photo fails by it."""

from collections.abc import Callable
from contextlib import closing

import pytest

from tests.agent.work.lane_stage import LaneStage
from tests.fakes.immich import StandIn


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_waits_while_a_server_is_broken_goes_when_it_works_again(
    server: StandIn, status: int, expected_log: Callable[..., None]
) -> None:
    expected_log("is blocked")
    with closing(LaneStage(server)) as stage:
        for number in range(3):
            stage.file(f"{number}.jpg")
        stage.take()
        fault = server.faults.server_error(status=status)
        stage.go_on(60, 5)
        assert set(stage.states().values()) == {"queued"}
        fault.remove()
        stage.go_on(6, 60)
        assert set(stage.states().values()) == {"safe"}
