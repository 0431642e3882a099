"""Which constraints hold work back now. Pure: the world comes in as `Conditions`, the verdict goes out as holds.

A fact that the system cannot tell (None) never holds anything. Network constraints concern only what crosses a network.
"""

from datetime import datetime

from agent.domain.facts import HostFacts
from agent.domain.schedule import is_open, next_opening
from agent.protocol.settings import FolderRules, Override, Values
from agent.protocol.types import Hold
from agent.record import Record


class Conditions(Record, frozen=True):
    """The world as the gate sees it. `now` is local time; `paused_until` counts only while `paused`."""

    facts: HostFacts
    now: datetime
    enabled: bool
    paused: bool
    paused_until: int | None


def person_holds(conditions: Conditions) -> list[Hold]:
    """What a person has switched off, everywhere."""
    holds = []
    if not conditions.enabled:
        holds.append(Hold("backup_off"))
    if conditions.paused:
        holds.append(Hold("paused", args={"until_at": conditions.paused_until}))
    return holds


def world_holds(
    values: Values, conditions: Conditions, *, crosses_network: bool, rules: FolderRules | None = None
) -> list[Hold]:
    """What power, network and the clock hold back, for a kind of destination and, with `rules`, for one folder."""
    facts = conditions.facts
    holds = []
    if _asked(values.require_charging, rules.require_charging if rules else "auto") and facts.on_battery:
        holds.append(Hold("charging", args={"percent": facts.battery_percent}))
    percent = facts.battery_percent
    if facts.on_battery and percent is not None and percent < values.battery_floor_percent:
        holds.append(Hold("battery_floor", args={"percent": percent, "floor": values.battery_floor_percent}))
    if values.pause_on_battery_saver and facts.battery_saver:
        holds.append(Hold("battery_saver"))
    if values.schedule and not is_open(values.schedule, conditions.now):
        opens = next_opening(values.schedule, conditions.now)
        holds.append(Hold("schedule", args={"opens_at": round(opens.timestamp() * 1000) if opens else None}))
    if crosses_network:
        holds += _network_holds(values, facts, rules)
    return holds


def _network_holds(values: Values, facts: HostFacts, rules: FolderRules | None) -> list[Hold]:
    holds = []
    if facts.online is False:
        holds.append(Hold("offline"))
        return holds
    unmetered = _asked(values.require_unmetered_network, rules.require_unmetered if rules else "auto")
    if unmetered and facts.network_metered:
        holds.append(Hold("unmetered_network", args={"network": facts.network_name}))
    if values.network_kinds and facts.network_kind is not None and facts.network_kind not in values.network_kinds:
        holds.append(Hold("network_kind", args={"kind": facts.network_kind}))
    if values.allowed_networks and facts.network_name is not None and facts.network_name not in values.allowed_networks:
        holds.append(Hold("allowed_networks", args={"network": facts.network_name}))
    return holds


def _asked(everywhere: bool, here: Override) -> bool:  # noqa: FBT001 - a setting and its override
    return everywhere if here == "auto" else here == "yes"
