"""The computer's facts as one value: what the system signals, and the battery where it signals nothing.

`HostWatch` runs the system's watcher and, only where that tells nothing of power and there is a battery, looks at the
battery once a minute. Owns psutil. Decides nothing: what follows from a fact is for `domain.constraints`.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from socket import AF_INET, AF_INET6
from typing import Final

from agent.domain.facts import HostFacts
from agent.platforms.base import Handle, Platform
from agent.record import replace

log = logging.getLogger(__name__)

POLL_S: Final = 60.0
#: Where Linux lists batteries and chargers; other systems have no such folder.
POWER_SUPPLIES: Final = Path("/sys/class/power_supply")
#: How long `start` waits for the system's first report, so that nothing begins on a network whose cost is unknown.
FIRST_REPORT_S: Final = 3.0


class HostWatch:
    """Calls `on_change` with whole facts whenever one of them differs; on a thread of the watch, never two at once."""

    def __init__(
        self,
        platform: Platform,
        on_change: Callable[[HostFacts], None],
        on_sleep: Callable[[bool], None] | None = None,
    ) -> None:
        self._platform = platform
        self._on_change = on_change
        self._on_sleep = on_sleep
        self._guard = threading.Lock()
        self._facts = HostFacts()
        self._power: tuple[bool | None, int | None] = (None, None)
        self._signalled = HostFacts()
        self._reported = threading.Event()
        self._stopping = threading.Event()
        self._handle: Handle | None = None
        self._poll: threading.Thread | None = None

    @property
    def facts(self) -> HostFacts:
        """The newest facts; any thread."""
        return self._facts

    def start(self) -> None:
        """Begin; returns when the system has reported once, or has not within some seconds."""
        self._handle = self._platform.watch_facts(self._heard, self._on_sleep)
        if not self._reported.wait(FIRST_REPORT_S):
            log.info("the system has told nothing of network and power yet")
        if self._signalled.on_battery is None and _battery() is not None:
            self._look()  # what begins after this already knows
            self._poll = threading.Thread(target=self._look_regularly, name="battery", daemon=True)
            self._poll.start()

    def stop(self) -> None:
        """End; no callback begins after this."""
        self._stopping.set()
        if self._handle is not None:
            self._handle.stop()
        if self._poll is not None and self._poll is not threading.current_thread():
            self._poll.join(FIRST_REPORT_S)

    def _heard(self, signalled: HostFacts) -> None:
        with self._guard:
            self._signalled = signalled
            self._publish()
        self._reported.set()

    def _look_regularly(self) -> None:
        while not self._stopping.wait(POLL_S):
            self._look()

    def _look(self) -> None:
        with self._guard:
            self._power = _battery() or (None, None)
            self._publish()

    def _publish(self) -> None:
        """Merge both sources and tell what is new. With the guard held, so that reports keep their order."""
        facts = self._signalled
        if facts.on_battery is None:
            on_battery, percent = self._power
            facts = replace(
                facts,
                on_battery=on_battery,
                battery_percent=percent if facts.battery_percent is None else facts.battery_percent,
            )
        if facts != self._facts and not self._stopping.is_set():
            self._facts = facts
            self._on_change(facts)


def free_disk_bytes(path: bytes | Path) -> int:
    """What this user may still write on the drive that holds `path`, or will hold it. Raises `OSError`."""
    looked = Path(os.fsdecode(path)) if isinstance(path, bytes) else path
    while True:
        try:
            return shutil.disk_usage(looked).free
        except FileNotFoundError:
            if looked.parent == looked:
                raise
            looked = looked.parent


def own_addresses() -> frozenset[str]:
    """The addresses of this computer on its networks, private ones (VPN) included; none that stays on its cable."""
    from ipaddress import ip_address

    import psutil

    try:
        interfaces = psutil.net_if_addrs().values()
    except OSError as error:
        log.debug("no addresses: %s", error)
        return frozenset()
    found = {one.address for many in interfaces for one in many if one.family in (AF_INET, AF_INET6)}
    return frozenset(one for one in found if not (ip_address(one).is_loopback or ip_address(one).is_link_local))


def memory_of(pid: int) -> int | None:
    """A process's resident bytes; None when it is gone or not ours to look at."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return None


def _lists_none() -> bool:
    """Whether the system keeps a list of batteries and chargers, and there is none on it."""
    try:
        return not any(POWER_SUPPLIES.iterdir())
    except OSError:
        return False


def _battery() -> tuple[bool | None, int | None] | None:
    """Whether the computer runs on its battery, and its charge; None without a battery."""
    if _lists_none():
        return None  # as most desktops have none: nothing need be loaded to find that out
    import psutil

    try:
        found = psutil.sensors_battery()
    except (OSError, AttributeError, RuntimeError) as error:  # not on every system; drivers fail in their own ways
        log.debug("no battery: %s", error)
        return None
    if found is None:
        return None
    plugged: bool | None = found.power_plugged  # its types leave out that it may not be known
    return (None if plugged is None else not plugged), round(found.percent)
