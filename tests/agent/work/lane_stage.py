"""A stage for what a lane does when its server is in trouble: the real lane and its blocks, turned by hand."""

from collections.abc import Mapping

from agent.domain.errors import Blocked
from agent.store import jobs
from agent.work.blocks import Block, Blocks
from agent.work.journey.blame import Blame
from agent.work.worker import Lane
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn


class _OpenGate:
    """Lets everything through."""

    generation = 0

    def passing(self, _lane: str) -> jobs.Open:
        return jobs.Open(everyone=True)

    def next_change_at(self) -> int | None:
        return None


class LaneStage(Stage):
    """The same stage, but the jobs are run by a lane."""

    def __init__(self, server: StandIn) -> None:
        super().__init__(server)
        self.problems: list[Blocked] = []
        self.blocks = Blocks(self.clock, lambda _: self._look(), self._told)
        self.blame = Blame(self.blocks.worked)
        self.lane = Lane(
            HERE,
            self.database,
            self.clock,
            _OpenGate(),  # type: ignore[arg-type]
            lambda _, key: self.handler(key),
            "boot",
            on_blocked=self.blocks.shut,
            on_idle=lambda _: None,
            mend=self.blocks.mend,
        )

    def _look(self) -> None:
        self.destination.probe()

    def _told(self, blocks: Mapping[str, Block]) -> None:
        self.problems += [block.problem for block in blocks.values()]

    def go_on(self, times: int, each_s: int) -> None:
        """Let the lane do what it would within so many steps of so many seconds."""
        for _ in range(times):
            self.clock.advance(each_s)
            while self.lane._turn() == 0:
                pass
