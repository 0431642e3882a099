"""macOS. Written from Apple's documentation and headers; typed, but not run on a Mac yet.

What it cannot tell yet: the Wi-Fi's name (it needs the permission to know the location), the battery (the portable poll
of `agent.facts` tells it) and sleep. May be used from any thread; network changes come on a dispatch queue's thread.
"""

import contextlib
import ctypes
import logging
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from agent.domain.facts import HostFacts, NetworkKind
from agent.platforms.base import Handle
from agent.record import replace

if sys.platform == "darwin":
    from agent.platforms.posix import Posix

assert sys.platform == "darwin"  # noqa: S101 - tells mypy to look at this module for macOS only

log = logging.getLogger(__name__)

# <sys/un.h>, <sys/ucred.h>: struct xucred begins with its version and the user
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES, _XUCRED_VERSION = 0, 1, 76, 0
# <sys/resource.h>
_IOPOL_TYPE_DISK, _IOPOL_SCOPE_PROCESS, _IOPOL_THROTTLE = 0, 0, 3
_PRIO_DARWIN_PROCESS, _PRIO_DARWIN_BG = 4, 0x1000
# <Network/path.h>, <Network/interface.h>
_STATUS_SATISFIED, _STATUS_UNSATISFIED = 1, 2
_INTERFACES: tuple[tuple[int, NetworkKind], ...] = ((1, "wifi"), (2, "cellular"), (3, "ethernet"), (0, "other"))
_POWER_CHANGED = "NSProcessInfoPowerStateDidChangeNotification"


class MacOS(Posix):
    """`agent.platforms.base.Platform` on macOS."""

    def peer_uid(self, end: socket.socket) -> int:
        found = end.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        version, uid = struct.unpack_from("II", found)
        if version != _XUCRED_VERSION:
            raise OSError("this system describes its users in another way")
        return int(uid)

    def lower_priority(self) -> None:
        """Background for processor, disk and network, as launchd's ProcessType Background does it."""
        library = ctypes.CDLL(None, use_errno=True)
        library.setiopolicy_np(_IOPOL_TYPE_DISK, _IOPOL_SCOPE_PROCESS, _IOPOL_THROTTLE)
        library.setpriority(_PRIO_DARWIN_PROCESS, 0, _PRIO_DARWIN_BG)
        with contextlib.suppress(OSError):
            os.nice(10)

    def watch_facts(
        self,
        on_change: Callable[[HostFacts], None],
        on_sleep: Callable[[bool], None] | None = None,  # noqa: ARG002 - see the top
    ) -> Handle:
        return _Watch(on_change)


class _Watch:
    """A path monitor of the Network framework, and the low power mode of the process's information."""

    def __init__(self, on_change: Callable[[HostFacts], None]) -> None:
        import Foundation
        import libdispatch
        import Network

        self._on_change = on_change
        self._guard = threading.Lock()
        self._facts = HostFacts()
        self._told: HostFacts | None = None
        self._stopped = False
        self._network = Network
        self._process = Foundation.NSProcessInfo.processInfo()
        self._center = Foundation.NSNotificationCenter.defaultCenter()
        self._observer = self._center.addObserverForName_object_queue_usingBlock_(
            _POWER_CHANGED, None, None, lambda _notice: self._merge(battery_saver=self._saver())
        )
        self._monitor = Network.nw_path_monitor_create()
        Network.nw_path_monitor_set_update_handler(self._monitor, self._path_changed)
        Network.nw_path_monitor_set_queue(
            self._monitor, libdispatch.dispatch_queue_create(b"org.safelight.network", None)
        )
        Network.nw_path_monitor_start(self._monitor)  # reports once by itself

    def stop(self) -> None:
        with self._guard:
            self._stopped = True
        self._network.nw_path_monitor_cancel(self._monitor)
        self._center.removeObserver_(self._observer)

    def _saver(self) -> bool:
        return bool(self._process.isLowPowerModeEnabled())

    def _path_changed(self, path: Any) -> None:  # noqa: ANN401 - an nw_path_t
        network = self._network
        status = network.nw_path_get_status(path)
        kind: NetworkKind | None = None
        for number, name in _INTERFACES:
            if network.nw_path_uses_interface_type(path, number):
                kind = name
                break
        # 'constrained' is Low Data Mode: a person asked for it, so it counts as metered
        metered = bool(network.nw_path_is_expensive(path) or network.nw_path_is_constrained(path))
        online = {_STATUS_SATISFIED: True, _STATUS_UNSATISFIED: False}.get(status)
        self._merge(
            network_metered=metered if online else None,
            network_kind=kind,
            online=online,
            battery_saver=self._saver(),
        )

    def _merge(self, **changed: Any) -> None:  # noqa: ANN401 - fields of HostFacts
        with self._guard:
            self._facts = replace(self._facts, **changed)
            if self._facts == self._told or self._stopped:
                return
            self._told = self._facts
            self._on_change(self._facts)
