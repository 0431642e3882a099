"""Network and power in a few words; what the system cannot tell is left out."""

import pytest

from agent import words
from agent.protocol.history import ConditionsNow

NETWORKS = [
    (ConditionsNow(), ""),
    (ConditionsNow(online=False, network_kind="wifi"), "no network"),
    (ConditionsNow(network_kind="wifi", network_name="Home", network_metered=False), "Wi-Fi “Home”, not metered"),
    (ConditionsNow(network_kind="cellular", network_metered=True), "a mobile network, metered"),
    (ConditionsNow(network_name="Hotspot"), "a network “Hotspot”"),
    (ConditionsNow(network_metered=True), "metered"),
]
POWERS = [
    (ConditionsNow(), ""),
    (ConditionsNow(on_battery=False, battery_percent=80), "plugged in"),
    (ConditionsNow(on_battery=True, battery_percent=41), "on battery, 41 %"),
    (ConditionsNow(on_battery=True, battery_saver=True), "on battery, battery saver on"),
]


@pytest.mark.parametrize(("now", "said"), NETWORKS)
def test_the_network_is_named_with_what_it_costs(now: ConditionsNow, said: str) -> None:
    assert words.network_now(now) == said


@pytest.mark.parametrize(("now", "said"), POWERS)
def test_the_power_is_named_with_what_is_left(now: ConditionsNow, said: str) -> None:
    assert words.power_now(now) == said
