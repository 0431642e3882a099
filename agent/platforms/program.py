"""Which program this is: the words that start the command, the agent and the tray of this very installation.

Whatever starts Safelight again (the system's service, a detached start) asks here, so that all mean the same files.
Any thread.
"""

import importlib.util
import os
import sys
from pathlib import Path

#: What the runtime of an AppImage sets: the image itself. Our own files lie in a mount that goes with the process.
_IMAGE = "APPIMAGE"


def is_frozen() -> bool:
    """Whether this is the packaged program and not Python with our modules."""
    return bool(getattr(sys, "frozen", False))


def command() -> list[str]:
    """The words that begin every call of the command."""
    if not is_frozen():
        return [sys.executable, "-P", "-m", "agent"]  # -P: a folder named agent where it is started is not us
    image = os.environ.get(_IMAGE)
    return [image] if image else [sys.executable]


def child() -> list[str]:
    """The same for what ends with this process: of an image what is unpacked already."""
    return [sys.executable] if is_frozen() else command()


def windowless() -> list[str]:
    """The same for what the system starts by itself: on Windows a twin that opens no console."""
    if sys.platform != "win32":
        return command()
    if is_frozen():
        twin = Path(sys.executable).with_name("safelight-agent.exe")
        return [str(twin)] if twin.exists() else command()
    quiet = Path(sys.executable).with_name("pythonw.exe")
    return [str(quiet) if quiet.exists() else sys.executable, "-P", "-m", "agent"]


def tray() -> list[str] | None:
    """The words that start the tray; None where this installation has none."""
    if is_frozen():
        image = os.environ.get(_IMAGE)
        if image:
            return [image, "tray"]
        beside = Path(sys.executable).with_name("safelight-tray" + Path(sys.executable).suffix)
        return [str(beside)] if beside.exists() else None
    if importlib.util.find_spec("tray") is None or importlib.util.find_spec("PySide6") is None:
        return None
    return [windowless()[0], "-P", "-m", "tray"]


def exists(name: str) -> bool:
    """Whether a program that somebody registered is on disk."""
    return Path(name).exists()


def start_anew() -> None:
    """Become the program that lies on disk now, with the same arguments; returns where the system does that itself."""
    if sys.platform != "win32" and not is_supervised():
        argv = [*command(), *sys.argv[1:]]
        os.execv(argv[0], argv)  # noqa: S606 - ourselves


def is_supervised() -> bool:
    """Whether the system started this process and starts it again when it asks for that by its exit code."""
    return bool(os.environ.get("NOTIFY_SOCKET")) or os.environ.get("XPC_SERVICE_NAME", "").startswith("org.safelight.")
