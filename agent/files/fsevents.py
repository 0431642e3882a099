"""What watchdog's reader of macOS' FSEvents keeps to itself: that events were lost. Import only on macOS.

Not run on a Mac yet. The flags are those of `FSEvents.h`: must scan the folders below, dropped by the user's side,
dropped by the kernel.
"""

from typing import Final

from watchdog.observers.api import BaseObserver
from watchdog.observers.fsevents import FSEventsEmitter, FSEventsObserver

from agent.files.listener import Listener

_LOST: Final = 0x1 | 0x2 | 0x4


def make_observer(listener: Listener) -> BaseObserver:
    """Watchdog's observer, with a word when events are lost."""

    class Emitter(FSEventsEmitter):
        """The thread of one root."""

        def events_callback(self, paths: list[bytes], inodes: list[int], flags: list[int], ids: list[int]) -> None:
            super().events_callback(paths, inodes, flags, ids)
            if any(one & _LOST for one in flags):
                listener.on_overflow()

    observer = FSEventsObserver()
    observer._emitter_class = Emitter  # noqa: SLF001 - it offers no other way
    return observer
