"""Linux. Power and network come from `linux_signals`; the rest is here or in `posix`.

May be used from any thread.
"""

import logging
import os
import socket
import struct
import sys
from collections.abc import Callable

from agent.domain.facts import HostFacts
from agent.platforms.base import Handle

if sys.platform != "win32":
    from agent.platforms.posix import Posix

assert sys.platform != "win32"  # noqa: S101 - tells mypy to look at this module for the other systems only

log = logging.getLogger(__name__)

_NICE = 10
_PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
#: ioprio_set has no wrapper in the C library; its number differs by processor.
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "armv7l": 314, "i686": 289, "ppc64le": 273, "s390x": 282}
_IOPRIO_WHO_PROCESS = 1
_IOPRIO_IDLE = 3 << 13


class Linux(Posix):
    """`agent.platforms.base.Platform` on Linux."""

    def peer_uid(self, end: socket.socket) -> int:
        # the number itself: the constant is absent elsewhere, and types are checked for all systems
        found = end.getsockopt(socket.SOL_SOCKET, getattr(socket, "SO_PEERCRED", 17), _PEER_CREDENTIALS.size)
        _, uid, _ = _PEER_CREDENTIALS.unpack(found)
        return int(uid)

    def lower_priority(self) -> None:
        """Nice 10 and the idle class of the disk. Children inherit both."""
        import ctypes  # only the agent and its decoders come here, and a command shall start quickly
        import platform

        try:
            os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
        except OSError as error:
            log.debug("no lower priority: %s", error)
        number = _IOPRIO_SET.get(platform.machine())
        if number is not None:
            ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)

    def watch_facts(
        self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None = None
    ) -> Handle:
        from agent.platforms.linux_signals import SignalThread

        return SignalThread(on_change, on_sleep)
