"""The gate: which jobs may run now, and for the rest which holds are in force.

Asked by the lanes before every claim and between files. What it decides by (settings, pause, facts, problems,
requests) is told to it as it changes; each change moves `generation`, so that a running lane notices with one
comparison. Any thread.
"""

import threading
from collections.abc import Callable
from datetime import datetime

from agent.domain.cache import rests
from agent.domain.clock import Clock
from agent.domain.constraints import Conditions, person_holds, world_holds
from agent.domain.facts import HostFacts
from agent.protocol.paths import to_wire
from agent.protocol.settings import FolderRules, Settings
from agent.protocol.types import Hold
from agent.record import Record
from agent.store.intent import Pause
from agent.store.jobs import CACHE_LANE, LOCAL_LANE, Open
from agent.work.folders import Folders


class _Inputs(Record, frozen=True):
    settings: Settings
    facts: HostFacts
    pause: Pause | None
    groups: dict[int, str]
    blocked: dict[str, str]
    crossing: frozenset[str]
    low_disks: dict[str, int]
    silent: frozenset[int]
    trouble: str | None
    asleep: bool


class Gate:
    """Open or shut, for each lane and folder."""

    def __init__(self, clock: Clock, folders: Folders, settings: Settings, on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._folders = folders
        self._on_change = on_change
        self._turn = threading.Lock()
        self._inputs = _Inputs(settings, HostFacts(), None, {}, {}, frozenset(), {}, frozenset(), None, asleep=False)
        self.generation = 0

    def tell(
        self,
        *,
        settings: Settings | None = None,
        facts: HostFacts | None = None,
        pause: Pause | str | None = None,
        groups: dict[int, str] | None = None,
        blocked: dict[str, str] | None = None,
        crossing: frozenset[str] | None = None,
        low_disks: dict[str, int] | None = None,
        silent: Callable[[], frozenset[int]] | None = None,
        trouble: str | None = None,
        asleep: bool | None = None,
    ) -> None:
        """Something that the gate decides by has changed.

        `pause` is 'none' to resume; `blocked`: destination -> problem; `crossing`: the destinations that are reached
        over a network; `groups`: open requests and what they pass; `low_disks`: destination -> bytes free, where that
        is too little; `silent`: asks which folders' disks do not answer, so that of two who tell the later one knows
        more; `trouble`: why the settings file cannot be read, 'none' when it can; `asleep`: the computer is about to
        sleep.
        """
        with self._turn:
            old = self._inputs
            self._inputs = _Inputs(
                settings or old.settings,
                facts or old.facts,
                old.pause if pause is None else (pause if isinstance(pause, Pause) else None),
                old.groups if groups is None else groups,
                old.blocked if blocked is None else blocked,
                old.crossing if crossing is None else crossing,
                old.low_disks if low_disks is None else low_disks,
                old.silent if silent is None else silent(),
                old.trouble if trouble is None else (None if trouble == "none" else trouble),
                old.asleep if asleep is None else asleep,
            )
            changed = self._inputs != old
            self.generation += changed
        if changed:
            self._on_change()

    def enabled(self) -> bool:
        """Whether background backup is on."""
        return self._inputs.settings.values.background_backup

    @property
    def facts(self) -> HostFacts:
        """Network and power, as they were last told."""
        return self._inputs.facts

    def paused(self) -> Pause | None:
        """The pause in force now."""
        pause = self._inputs.pause
        if pause is None or (pause.until_at is not None and pause.until_at <= self._clock.now_at()):
            return None
        return pause

    def asked(self) -> bool:
        """Whether a person's request is open."""
        return bool(self._inputs.groups)

    def next_change_at(self) -> int | None:
        """When the verdict may change by the mere passing of time."""
        times = []
        pause = self.paused()
        if pause is not None and pause.until_at is not None:
            times.append(pause.until_at)
        if self._inputs.settings.values.schedule or self._inputs.low_disks:
            times.append(self._clock.now_at() + 30_000)
        return min(times, default=None)

    def passing(self, lane: str) -> Open:
        """What may be claimed in a lane now."""
        if lane == LOCAL_LANE:
            return Open(everyone=True)
        inputs = self._inputs
        if lane == CACHE_LANE:
            resting = rests(inputs.settings.values, inputs.facts, paused=self.paused() is not None)
            return Open(everyone=resting is None and not inputs.asleep)
        if lane in inputs.blocked or inputs.asleep:
            return Open()
        conditions = self._conditions()
        # What waits by other rules than those in force is not sent before they were applied: it may be left out now.
        world_open = frozenset(
            folder.id
            for folder in self._folders.all()
            if self._folders.is_judged(folder) and not self._world(lane, conditions, folder.rules)
        )
        wanted = not person_holds(conditions) and inputs.trouble is None
        return Open(
            everyone=wanted and not self._world(lane, conditions) and len(world_open) == len(self._folders.all()),
            folders=world_open if wanted else frozenset(),
            asked_groups=frozenset(group for group, passes in inputs.groups.items() if passes == "off"),
            asked_folders=frozenset() if conditions.paused else world_open,
            passing_groups=frozenset(group for group, passes in inputs.groups.items() if passes == "all"),
            silent_folders=inputs.silent,
        )

    def holds(self) -> tuple[Hold, ...]:
        """Every hold in force: what a person switched off, what the world holds back, blocked destinations."""
        conditions = self._conditions()
        holds = person_holds(conditions)
        if self._inputs.trouble is not None:
            holds.append(Hold("settings_unreadable", args={"detail": self._inputs.trouble}))
        lanes = [destination.id for destination in self._inputs.settings.destinations]
        per_lane = {lane: self._world(lane, conditions) for lane in lanes}
        for lane, some in per_lane.items():
            for hold in some:
                everywhere = all(hold in others for others in per_lane.values())
                holds.append(hold if everywhere else Hold(hold.constraint, lane, None, hold.args))
            for folder in self._folders.all():
                own = self._world(lane, conditions, folder.rules)
                holds += [
                    Hold(hold.constraint, lane, to_wire(folder.root), hold.args) for hold in own if hold not in some
                ]
        for lane, problem in sorted(self._inputs.blocked.items()):
            holds.append(Hold("blocked", lane, None, {"problem": problem}))
        return tuple(_distinct(holds))

    def _conditions(self) -> Conditions:
        inputs, pause = self._inputs, self.paused()
        return Conditions(
            facts=inputs.facts,
            now=datetime.fromtimestamp(self._clock.now_at() / 1000).astimezone(),
            enabled=inputs.settings.values.background_backup,
            paused=pause is not None,
            paused_until=pause.until_at if pause else None,
        )

    def _world(self, lane: str, conditions: Conditions, rules: FolderRules | None = None) -> list[Hold]:
        inputs = self._inputs
        holds = world_holds(inputs.settings.values, conditions, crosses_network=lane in inputs.crossing, rules=rules)
        if lane in inputs.low_disks:
            needed = inputs.settings.values.min_free_disk_bytes
            holds.append(Hold("free_disk", args={"free_bytes": inputs.low_disks[lane], "needed_bytes": needed}))
        return holds


def _distinct(holds: list[Hold]) -> list[Hold]:
    kept: list[Hold] = []
    for hold in holds:
        if hold not in kept:
            kept.append(hold)
    return kept
