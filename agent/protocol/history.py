"""What a person asks beside the snapshot: past runs, trying again all that failed, leaving files out, how things stand.

A part of the table of calls in `methods`.
"""

from typing import Annotated, Literal

from msgspec import Meta

from agent.protocol.message import Message, Method, Nothing
from agent.protocol.server import Paths

_Limit = Annotated[int, Meta(ge=1, le=500)]
_Before = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class RunsList(Message, frozen=True):
    """A page of the stretches of work that are over, newest first, by id before `before`."""

    before: _Before | None = None
    limit: _Limit = 100


class RunRow(Message, frozen=True):
    """A stretch of work that is over: when, how many files were copied or failed, and how many bytes."""

    id: int
    started_at: int
    ended_at: int
    completed: int
    failed: int
    bytes: int


class RunRows(Message, frozen=True):
    """A page of runs; `next` is what to ask for before, None at the end."""

    rows: tuple[RunRow, ...]
    next: int | None = None


class Retried(Message, frozen=True):
    """How many failed jobs wait again."""

    jobs: int


class Chosen(Message, frozen=True):
    """How many files are left out, or taken again, from now on; those for which that was so already do not count."""

    files: int


class ConditionsNow(Message, frozen=True):
    """Network and power of this computer at the moment, as the system tells them; None where it does not."""

    online: bool | None = None
    network_kind: Literal["wifi", "ethernet", "cellular", "vpn", "other"] | None = None
    network_name: str | None = None
    network_metered: bool | None = None
    on_battery: bool | None = None
    battery_percent: int | None = None
    battery_saver: bool | None = None


_PATHS = Paths(("/home/ada/Pictures/a.jpg",))
HISTORY_ROWS = (
    Method("conditions.show", Nothing, ConditionsNow, "Network and power as they are now.", Nothing()),
    Method("runs.list", RunsList, RunRows, "A page of the runs that are over.", RunsList()),
    Method("jobs.retry_failed", Nothing, Retried, "Puts every failed job back.", Nothing()),
    Method("library.exclude", Paths, Chosen, "Leaves these files out of the backup; copies stay.", _PATHS),
    Method("library.include", Paths, Chosen, "Takes files again that were left out.", _PATHS),
)
