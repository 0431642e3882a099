"""The agent's snapshot as it changes, for commands that watch. One connection, the command's own thread.

A command never waits for good on an agent that has gone: it hears of it as `Failure`. Calls may be made in between.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.cli.client import Client, NotRunning
from agent.cli.failure import failure, from_mistake
from agent.protocol.merge import merge
from agent.protocol.methods import Message
from agent.protocol.types import Snapshot
from agent.protocol.wire import Mistake

_FIRST_LIMIT_S = 10.0


class Follower:
    """The latest snapshot, a way to wait for the next, and calls beside it."""

    def __init__(self, home: Path | None) -> None:
        try:
            self._client = Client.connect(home)
            self._client.subscribe()
            first = self._client.next_change(_FIRST_LIMIT_S)
        except NotRunning:
            raise failure("not_running") from None
        except Mistake as error:
            raise from_mistake(error) from None
        if first is None:
            raise failure("not_answering")
        self.snapshot: Snapshot = merge(None, first)

    def wait(self, timeout_s: float) -> bool:
        """Whether something changed within the time; `Failure` when the agent has gone."""
        changed = False
        try:
            while (news := self._client.next_change(0.0 if changed else timeout_s)) is not None:
                self.snapshot = merge(self.snapshot, news)
                changed = True
        except NotRunning:
            raise failure("not_running") from None
        return changed

    def call(self, method: str, params: Message) -> Any:  # noqa: ANN401 - METHODS[method].result
        """A call on the same connection."""
        try:
            return self._client.call(method, params)
        except NotRunning:
            raise failure("not_running") from None
        except Mistake as error:
            raise from_mistake(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
