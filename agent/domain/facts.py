"""What is known of the computer at a moment: the input of every decision about constraints.

A value, nothing more. None always means that the system cannot tell; a decision must say what it makes of that.
`agent.platforms` and `agent.facts` fill it.
"""

from typing import Literal

from agent.record import Record

NetworkKind = Literal["wifi", "ethernet", "cellular", "vpn", "other"]


class HostFacts(Record, frozen=True):
    """Network and power, as the operating system tells them."""

    network_metered: bool | None = None
    network_kind: NetworkKind | None = None
    #: False only where no network can be used; a network without the internet counts, for a server may be at home.
    online: bool | None = None
    #: The name of the Wi-Fi, or of the system's connection where there is no Wi-Fi.
    network_name: str | None = None
    on_battery: bool | None = None
    battery_percent: int | None = None
    battery_saver: bool | None = None
