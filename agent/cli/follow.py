"""The agent's snapshot as it changes, for commands that watch. One connection, the command's own thread.

A command never waits for good on an agent that has gone: it hears of it as `NotRunning`. Calls may be made in between.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.cli.client import Client
from agent.cli.failure import failure
from agent.protocol.merge import merge
from agent.protocol.methods import Message
from agent.protocol.types import Snapshot

_FIRST_LIMIT_S = 10.0


class Follower:
    """The latest snapshot, a way to wait for the next, and calls beside it."""

    def __init__(self, home: Path | None) -> None:
        self._client = Client.connect(home)
        self._client.subscribe()
        first = self._client.next_change(_FIRST_LIMIT_S)
        if first is None:
            raise failure("not_answering")
        self.snapshot: Snapshot = merge(None, first)

    def wait(self, timeout_s: float) -> bool:
        """Whether something changed within the time."""
        changed = False
        while (news := self._client.next_change(0.0 if changed else timeout_s)) is not None:
            self.snapshot = merge(self.snapshot, news)
            changed = True
        return changed

    def call(self, method: str, params: Message) -> Any:  # noqa: ANN401 - METHODS[method].result
        """A call on the same connection."""
        return self._client.call(method, params)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
