"""Where the computer is: told by the system, or seen in its own addresses."""

import pytest

from agent.domain.facts import HostFacts
from agent.work.whereabouts import Whereabouts

HOME, VPN = "192.168.1.20", "10.8.0.2"


class Walk:
    """A computer that is carried about; counts how often it was somewhere else."""

    def __init__(self) -> None:
        self.addresses: frozenset[str] = frozenset({HOME})
        self.moves = 0
        self.whereabouts = Whereabouts(lambda: self.addresses, self._moved)

    def _moved(self) -> None:
        self.moves += 1

    def look(self, *addresses: str) -> int:
        self.addresses = frozenset(addresses)
        self.whereabouts.look()
        return self.moves

    def tell(self, facts: HostFacts) -> int:
        self.whereabouts.tell(facts)
        return self.moves


def test_a_vpn_that_comes_or_goes_beside_the_main_connection_is_another_network() -> None:
    walk = Walk()
    assert walk.look(HOME) == 0, "the first look has nothing to compare with"
    assert walk.look(HOME) == 0
    assert walk.look(VPN, HOME) == 1
    assert walk.look(HOME, VPN) == 1
    assert walk.look(HOME) == 2
    assert walk.look() == 3


AT_HOME = HostFacts(network_metered=False, network_kind="wifi", online=True, network_name="Home", battery_percent=80)


@pytest.mark.parametrize(
    ("now", "has_moved"),
    [
        (HostFacts(network_metered=False, network_kind="wifi", online=True, network_name="Hotel"), True),
        (HostFacts(network_metered=False, network_kind="vpn", online=True, network_name="Home"), True),
        (HostFacts(network_metered=False, network_kind="wifi", online=False, network_name="Home"), True),
        (HostFacts(network_metered=True, network_kind="wifi", online=True, network_name="Home"), False),
        (
            HostFacts(network_metered=False, network_kind="wifi", online=True, network_name="Home", on_battery=True),
            False,
        ),
    ],
)
def test_what_the_system_tells_is_another_network_by_name_kind_and_whether_there_is_any(
    now: HostFacts, *, has_moved: bool
) -> None:
    walk = Walk()
    began = walk.tell(AT_HOME)
    assert walk.tell(now) - began == has_moved
