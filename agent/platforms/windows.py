"""Windows. Written from Microsoft's documentation and CPython's source; typed, but not run on Windows yet.

Clients come through a named pipe whose access list names this user and the system alone. The pipe and its asyncio
server are in `windows_pipe`, network and power in `windows_signals`. May be used from any thread.
"""

import ctypes
import msvcrt
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.domain.facts import HostFacts
from agent.platforms.base import APP, AlreadyRunning, Channel, Handle, Listener, Lock

assert sys.platform == "win32"  # noqa: S101 - tells mypy to look at this module for Windows only

if TYPE_CHECKING:
    from agent.platforms.base import OnConnection

_BELOW_NORMAL_PRIORITY_CLASS = 0x4000
_PROCESS_MODE_BACKGROUND_BEGIN = 0x100000


def pipe_name(home_id: str) -> str:
    """The pipe of this user's agent for a home."""
    from agent.platforms.windows_pipe import user_sid

    return rf"\\.\pipe\{APP}-{user_sid()}-{home_id}"


class FileLock:
    """A locked byte of a file; the kernel frees it with the process."""

    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOINHERIT, 0o600)
        try:
            msvcrt.locking(self._number, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            os.close(self._number)
            raise AlreadyRunning(f"{path} is held by another process") from error

    def release(self) -> None:
        """Free the lock; a second call does nothing."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1


class Windows:
    """`agent.platforms.base.Platform` on Windows."""

    async def serve(self, address: str, on_connection: "OnConnection", limit_bytes: int) -> Listener:
        from agent.platforms.windows_pipe import serve

        return await serve(address, on_connection, limit_bytes)

    def connect(self, address: str, timeout_s: float) -> Channel:
        from agent.platforms.windows_pipe import PipeChannel

        return PipeChannel(address, timeout_s)

    def peer_is_me(self, end: object) -> bool:
        """`end` is the handle of the server's end of a pipe."""
        from agent.platforms.windows_pipe import client_is_me

        return isinstance(end, int) and client_is_me(end)

    def spawn_detached(self, argv: Sequence[str]) -> int:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP,
            close_fds=True,
        )
        number = process.pid
        process.returncode = 0  # it is not ours to wait for; without this its object would warn when it goes
        return number

    def lock(self, path: Path) -> Lock:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    def lower_priority(self) -> None:
        """Background mode: low processor, disk and memory priority; without it, below normal."""
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        me = ctypes.c_void_p(kernel.GetCurrentProcess())
        if not kernel.SetPriorityClass(me, _PROCESS_MODE_BACKGROUND_BEGIN):
            kernel.SetPriorityClass(me, _BELOW_NORMAL_PRIORITY_CLASS)

    def watch_facts(
        self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None = None
    ) -> Handle:
        from agent.platforms.windows_signals import Watch

        return Watch(on_change, on_sleep)
