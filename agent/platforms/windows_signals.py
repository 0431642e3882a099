"""What Windows tells of network and power. Written from Microsoft's documentation; not run on Windows yet.

The network reports by itself (Windows.Networking.Connectivity), and so does sleep; power has no event without a window,
so the watcher's thread reads it once a minute. The Wi-Fi's name needs a consent that we do not ask for: unknown.
"""

import ctypes
import logging
import sys
import threading
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

from agent.domain.facts import HostFacts, NetworkKind

assert sys.platform == "win32"  # noqa: S101 - tells mypy to look at this module for Windows only

log = logging.getLogger(__name__)

_POLL_S = 60.0
_UNKNOWN = 255
_DEVICE_NOTIFY_CALLBACK = 2
_SUSPEND, _RESUME_AUTOMATIC = 4, 18
# NetworkCostType and NetworkConnectivityLevel of Windows.Networking.Connectivity
_UNRESTRICTED, _FIXED, _VARIABLE = 1, 2, 3
_LEVEL_NONE = 0
_IANA: dict[int, NetworkKind] = {6: "ethernet", 71: "wifi", 243: "cellular", 244: "cellular", 131: "vpn"}


class _PowerStatus(ctypes.Structure):
    _fields_ = (
        ("ac_line", ctypes.c_ubyte),
        ("battery_flag", ctypes.c_ubyte),
        ("percent", ctypes.c_ubyte),
        ("saver", ctypes.c_ubyte),
        ("life_s", wintypes.DWORD),
        ("full_life_s", wintypes.DWORD),
    )


_SleepCallback = ctypes.WINFUNCTYPE(wintypes.ULONG, ctypes.c_void_p, wintypes.ULONG, ctypes.c_void_p)


class _SleepParameters(ctypes.Structure):
    _fields_ = (("callback", _SleepCallback), ("context", ctypes.c_void_p))


class Watch:
    """The watcher that `watch_facts` hands out."""

    def __init__(self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None) -> None:
        self._on_change = on_change
        self._on_sleep = on_sleep
        self._told: HostFacts | None = None
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        sleep = _SleepParameters(_SleepCallback(self._sleep_changed), None)  # must live as long as the registration
        registration = ctypes.c_void_p()
        powrprof = ctypes.WinDLL("powrprof")
        powrprof.PowerRegisterSuspendResumeNotification(
            _DEVICE_NOTIFY_CALLBACK, ctypes.byref(sleep), ctypes.byref(registration)
        )
        information, token = _subscribe(self._wake.set)
        try:
            while not self._stopping:
                self._wake.clear()
                facts = _read(information)
                if facts != self._told:
                    self._told = facts
                    self._on_change(facts)
                self._wake.wait(_POLL_S)
        finally:
            if registration.value:
                powrprof.PowerUnregisterSuspendResumeNotification(registration)
            if information is not None:
                information.remove_network_status_changed(token)

    def _sleep_changed(self, _context: int | None, kind: int, _setting: int | None) -> int:
        if self._on_sleep is not None and not self._stopping and kind in {_SUSPEND, _RESUME_AUTOMATIC}:
            self._on_sleep(kind == _SUSPEND)
        if kind == _RESUME_AUTOMATIC:
            self._wake.set()
        return 0


def _subscribe(wake: Callable[[], None]) -> tuple[Any, Any]:
    """The network's information and the token of our subscription; (None, None) where the package is absent."""
    try:
        from winrt.windows.networking.connectivity import NetworkInformation
    except ImportError as error:
        log.info("network facts are unknown: %s", error)
        return None, None
    return NetworkInformation, NetworkInformation.add_network_status_changed(lambda _sender: wake())


def _read(information: Any) -> HostFacts:  # noqa: ANN401 - winrt's class
    metered, kind, online = _network(information)
    power = _PowerStatus()
    if not ctypes.WinDLL("kernel32").GetSystemPowerStatus(ctypes.byref(power)):
        return HostFacts(metered, kind, online)
    return HostFacts(
        metered,
        kind,
        online,
        None,
        None if power.ac_line == _UNKNOWN else power.ac_line == 0,
        None if power.percent == _UNKNOWN else int(power.percent),
        power.saver == 1,
    )


def _network(information: Any) -> tuple[bool | None, NetworkKind | None, bool | None]:  # noqa: ANN401 - winrt's class
    if information is None:
        return None, None, None
    profile = information.get_internet_connection_profile()
    if profile is None:
        return None, None, None  # perhaps a network at home without the internet
    cost = profile.get_connection_cost()
    metered = {_UNRESTRICTED: False, _FIXED: True, _VARIABLE: True}.get(int(cost.network_cost_type))
    if cost.roaming or cost.over_data_limit:
        metered = True
    adapter = profile.network_adapter
    kind = _IANA.get(int(adapter.iana_interface_type), "other") if adapter is not None else None
    online = int(profile.get_network_connectivity_level()) != _LEVEL_NONE
    return metered, kind, online
