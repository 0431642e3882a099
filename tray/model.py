"""What the tray knows: the agent's last snapshot, and what to say when there is no agent. The GUI thread alone.

It decides nothing of its own: the light and everything in the sections come from the agent, sentences from
`agent.words`. Pages and menu read it, listen to `changed` and send their requests through `call`.
"""

import logging
from collections.abc import Callable
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from agent import words
from agent.protocol import wire
from agent.protocol.merge import merge, sections
from agent.protocol.methods import Message
from agent.protocol.types import Changes, Destination, Light, Snapshot
from agent.words.catalogue import _
from tray.client import NO_AGENT, Client, OnError, OnResult

log = logging.getLogger(__name__)

#: `seeking` until the first answer or the first miss; `present` with a snapshot; `refused` by another version.
Connection = Literal["seeking", "present", "absent", "refused"]

#: A name beside the sections' own, for changes of `Model.connection`.
CONNECTION = "connection"
EVERYTHING = frozenset({CONNECTION, *Snapshot.__struct_fields__}) - {"revision"}


class Model(QObject):
    """The one place where the tray keeps what the agent said.

    Signals:
        changed(frozenset[str]): the sections that are new now, `connection` among them where that changed.
        told(str): a sentence for the person, because a request was refused.
    """

    changed = Signal(object)
    told = Signal(str)

    def __init__(self, client: Client, now_at: Callable[[], int], parent: QObject | None = None) -> None:
        """`now_at` gives epoch ms."""
        super().__init__(parent)
        self.now_at = now_at
        self.snapshot: Snapshot | None = None
        self.connection: Connection = "seeking"
        self._client = client
        client.received.connect(self._receive)
        client.missed.connect(self._miss)
        client.refused.connect(self._refuse)
        client.failed.connect(lambda error: self.told.emit(explained(error)))

    @property
    def light(self) -> Light:
        """The light to show; off without an agent."""
        return self.snapshot.backup.light if self.snapshot else "off"

    @property
    def progress(self) -> int | None:
        """0 to 100 while copies are in flight."""
        if self.snapshot is None or self.snapshot.run is None or self.light != "working":
            return None
        return self.snapshot.run.progress

    @property
    def headline(self) -> str:
        """One sentence on how things are."""
        if self.snapshot:
            return words.headline(self.snapshot, self.now_at())
        match self.connection:
            case "seeking":
                return _("Looking for the background agent …")
            case "refused":
                return _("The background agent is of another version. Restart Safelight.")
            case _:
                return words.not_running()

    @property
    def without_agent(self) -> str:
        """Why a page has nothing to show or to offer, and the next step; empty while there is a snapshot."""
        if self.snapshot is not None:
            return ""
        return words.mistake("not_running", {}) if self.connection == "absent" else self.headline

    @property
    def tooltip(self) -> str:
        """The headline, and the next step where there is one."""
        if self.snapshot:
            return words.tooltip(self.snapshot, self.now_at())
        if self.connection == "absent":
            return f"{self.headline} {_('Open Safelight to start it.')}"
        return self.headline

    def call(
        self,
        method: str,
        params: Message | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
        *,
        owner: QObject | None = None,
    ) -> None:
        """Ask the agent; see `Client.call`. Without `on_error` a refusal is told.

        When `owner` (a dialog, say) is gone by then, the answer goes nowhere.
        """
        if owner is not None:
            on_result = _while_alive(owner, on_result)
            on_error = _while_alive(owner, on_error or (lambda error: self.told.emit(explained(error))))
        self._client.call(method, params, on_result, on_error)

    def _receive(self, changes: Changes) -> None:
        try:
            self.snapshot = merge(self.snapshot if self.connection == "present" else None, changes)
        except ValueError as error:
            log.warning("the agent did not say everything: %s", error)
            self._client.drop()
            return
        new = sections(changes)
        if self.connection != "present":
            self.connection = "present"
            new = EVERYTHING
        self.changed.emit(new)

    def _miss(self) -> None:
        self._be_without("absent")

    def _refuse(self, said: str) -> None:
        log.warning("the agent is of another version: %s", said)
        self._be_without("refused")

    def _be_without(self, connection: Connection) -> None:
        if self.connection != connection:
            self.connection = connection
            self.snapshot = None
            self.changed.emit(EVERYTHING)


def _while_alive(owner: QObject, do: Callable[[Any], None] | None) -> Callable[[Any], None] | None:
    if do is None:
        return None
    return lambda answer: do(answer) if isValid(owner) else None


def web_address(destination: Destination) -> str:
    """What opens an Immich server in the browser: the agent knows it by the address of its API."""
    return destination.location.rstrip("/").removesuffix("/api")


def explained(error: wire.Error) -> str:
    """A refused call as a sentence for a person."""
    if error.code == NO_AGENT:
        return words.not_running()
    if error.code == wire.MISTAKE:
        return words.mistake(error.message, error.data)
    log.warning("a call was refused: %s (%d)", error.message, error.code)
    return _("The background agent could not do that. Its log says more.")
