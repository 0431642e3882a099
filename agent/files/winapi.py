"""What watchdog's reader of Windows' ReadDirectoryChanges keeps to itself. Import only on Windows.

Not run on Windows yet. When the buffer of a folder runs over, the call comes back with nothing, and watchdog takes that
for nothing; when the call fails (a drive that was pulled), its thread ends without a word.
"""

import os
from ctypes import Array, c_char
from ctypes.wintypes import DWORD, HANDLE

from watchdog.observers.api import BaseObserver
from watchdog.observers.read_directory_changes import WindowsApiEmitter
from watchdog.observers.winapi import DirectoryChangeReader

from agent.files.listener import Listener


def make_observer(listener: Listener) -> BaseObserver:
    """Watchdog's observer, with a word when events are lost or a root is."""

    class Reader(DirectoryChangeReader):
        """The thread that waits in the system's call."""

        def _run_inner(self, handle: HANDLE, event_buffer: Array[c_char], nbytes: DWORD) -> None:
            super()._run_inner(handle, event_buffer, nbytes)
            if nbytes.value == 0 and not self._should_stop:
                listener.on_overflow()

        def _run(self) -> None:
            try:
                super()._run()
            finally:
                if not self._should_stop:
                    listener.on_unmounted(os.fsencode(self._path))

    class Emitter(WindowsApiEmitter):
        """The thread of one root that makes events of what was read."""

        def on_thread_start(self) -> None:
            reader = Reader(self.watch.path, recursive=self.watch.is_recursive)
            with self._lock:
                self._reader = reader
            reader.start()

    return BaseObserver(Emitter)
