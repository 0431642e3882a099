"""Whether this desktop shows tray icons. Asked by the check-up; the tray itself hears it from Qt. Any thread.

On Linux a host is a StatusNotifierWatcher on the session's D-Bus, or the owner of the X selection _NET_SYSTEM_TRAY_S0;
macOS and Windows always have one.
"""

import ctypes
import ctypes.util
import os
import sys

_WATCHER = "org.kde.StatusNotifierWatcher"
_ANSWER_LIMIT_S = 3.0


def tray_is_hosted() -> bool | None:
    """Whether a tray icon would be seen; None where there is no desktop that could be asked."""
    if sys.platform != "linux":
        return True
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        return None
    return _has_watcher() or _has_selection_owner()


def _has_watcher() -> bool:
    if sys.platform != "linux":
        return False
    from jeepney import DBusErrorResponse, message_bus
    from jeepney.io.blocking import Proxy, open_dbus_connection

    try:
        with open_dbus_connection("SESSION") as bus:
            (found,) = Proxy(message_bus, bus, timeout=_ANSWER_LIMIT_S).NameHasOwner(_WATCHER)
    except (OSError, KeyError, ValueError, TimeoutError, DBusErrorResponse):
        return False  # no session bus, or a strange one
    return bool(found)


def _has_selection_owner() -> bool:
    name = ctypes.util.find_library("X11") if os.environ.get("DISPLAY") else None
    if name is None:
        return False
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = x11.XGetSelectionOwner.restype = ctypes.c_ulong
    display = x11.XOpenDisplay(None)
    if not display:
        return False
    try:
        atom = x11.XInternAtom(ctypes.c_void_p(display), b"_NET_SYSTEM_TRAY_S0", 0)
        return bool(x11.XGetSelectionOwner(ctypes.c_void_p(display), ctypes.c_ulong(atom)))
    finally:
        x11.XCloseDisplay(ctypes.c_void_p(display))
