"""Shows a file in the system's file manager, selected there. Any thread but the GUI's: it may wait for some seconds.

Linux asks the desktop's file manager over D-Bus and else opens the folder; Windows and macOS have a command for it. The
one for Windows is written from its documentation and has not been run there yet.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from agent.platforms import current

_NAME, _PATH = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"
_ANSWER_LIMIT_S = 5.0


def reveal(path: str) -> bool:
    """Show a file where it lies; False where this computer has nothing to show it with."""
    if sys.platform == "win32":
        process = subprocess.Popen(windows_command(path), close_fds=True)
        process.returncode = 0  # it is not ours to wait for; without this its object would warn when it goes
        return True
    elif sys.platform == "darwin":  # noqa: RET505 - mypy leaves out a branch for another system, not what follows one
        return _start(["open", "-R", path])
    else:
        return _ask_file_manager(path) or _open_folder(path)


def windows_command(path: str) -> str:
    """The Explorer's own way of quoting: the comma and the quotes are its, not those of the C runtime."""
    return f'explorer.exe /select,"{os.path.normpath(path)}"'


def _open_folder(path: str) -> bool:
    opener = which("xdg-open")
    return opener is not None and _start([opener, os.path.dirname(path)])


def _start(command: Sequence[str]) -> bool:
    try:
        current().spawn_detached(command)
    except OSError:
        return False
    return True


def _ask_file_manager(path: str) -> bool:
    if sys.platform in {"win32", "darwin"} or not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return False
    from jeepney import DBusAddress, DBusErrorResponse, new_method_call
    from jeepney.io.blocking import open_dbus_connection
    from jeepney.wrappers import unwrap_msg

    there = DBusAddress(_PATH, bus_name=_NAME, interface=_NAME)
    call = new_method_call(there, "ShowItems", "ass", ([Path(path).as_uri()], ""))
    try:
        with open_dbus_connection("SESSION") as bus:
            unwrap_msg(bus.send_and_get_reply(call, timeout=_ANSWER_LIMIT_S))
    except (OSError, KeyError, ValueError, TimeoutError, DBusErrorResponse):
        return False  # no session bus, or no file manager on it
    return True
