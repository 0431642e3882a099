"""What watchdog's reader of Linux' inotify keeps to itself or gets wrong, made heard and mended.

Built on the inner parts of watchdog 7.1, which the lock file holds still; `tests/world/test_inotify.py` tells when an
update moves them. Beyond watchdog:
- an overflow of the kernel's queue, the end of the system's watches, an unmount, a root that is moved away and the
  death of the reading thread are told to a `Listener`; watchdog logs them, swallows them, or does not notice;
- a folder that is moved out of the tree is forgotten: watchdog goes on to report it under its old name, and may mix it
  up with the next folder of that name, up to ending its own thread;
- folders that are moved and made anew faster than we read keep their right names;
- a folder that is registered twice, which is usual when folders are made quickly, is no warning.
Import only on Linux. Threads: one reads, one for each root sorts, one calls the handlers.
"""

import errno
import os

from watchdog.observers.api import BaseObserver
from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)
from watchdog.observers.inotify_move_event_grouper import GroupedInotifyEvent, PathedInotifyEvent

from agent.files.listener import Listener
from agent.files.read import EXHAUSTED


class _Reader(InotifyFD):
    """The thread that reads the kernel's queue."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        try:
            return super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno in EXHAUSTED:
                self._listener.on_limit(path)
            raise

    def handle_event(self, event: InotifyEvent) -> None:
        super().handle_event(event)
        if event.is_queue_overflow:
            self._listener.on_overflow()

    def run(self) -> None:
        try:
            super().run()
        finally:
            if self.should_keep_running():
                self._listener.on_dead()

    def tell_unmounted(self, path: bytes) -> None:
        self._listener.on_unmounted(path)

    def _add_callback(self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId) -> WatchDescriptor:
        watch = self._get_or_create_watch(path, mask)
        if watch.wd < 0:  # watchdog lets the refusal pass as a watch of number -1
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        watch.callbacks[id_] = callback
        return watch.wd


class _Tree(InotifyWatchGroup):
    """The watches of one root."""

    def __post_init__(self) -> None:
        # Folders on their way out: cookie of the move -> their watches, until the move is paired or known to lead out.
        self._leaving: dict[int, set[WatchDescriptor]] = {}
        super().__post_init__()

    def on_event(self, event: InotifyEvent) -> None:
        if event.is_move_self:  # asked for of the root alone; what watchdog would make of it is of no use
            self._tell_unmounted(event)
            return
        if event.is_directory and event.is_moved_from:
            with self._lock:
                path = self._build_event_source_path(event)
                if path is not None:
                    self._leaving[event.cookie] = set(self._below(path))
        elif event.is_directory and event.is_moved_to:
            with self._lock:
                self._leaving.pop(event.cookie, None)
        elif event.mask & InotifyConstants.IN_UNMOUNT:
            self._tell_unmounted(event)
        super().on_event(event)

    def on_queue_overflow(self) -> None:
        with self._lock:
            self._leaving.clear()
        super().on_queue_overflow()

    def forget(self, cookie: int) -> None:
        """Let go of a folder that was moved to where we do not watch."""
        with self._lock:
            gone = self._leaving.pop(cookie, set())
            self._remove_callbacks([wd for wd in gone if wd in self._active_callbacks_by_watch])

    def _tell_unmounted(self, event: InotifyEvent) -> None:
        reader = self._inotify_fd
        if isinstance(reader, _Reader) and self._active_callbacks_by_watch.get(event.wd) == self.path:
            reader.tell_unmounted(self.path)

    def _below(self, path: bytes) -> list[WatchDescriptor]:
        prefix = os.path.join(path, b"")
        watches = self._active_callbacks_by_watch.items()
        return [wd for wd, watched in watches if watched == path or watched.startswith(prefix)]

    def _add_all_callbacks(self, path: bytes) -> None:
        # As in watchdog, but cheaper. Each folder is watched before it is listed, so none slips through between.
        self._add_callback(path)
        waiting = [path] if self.is_recursive else []
        while waiting:
            try:
                with os.scandir(waiting.pop()) as found:
                    inside = [one.path for one in found if one.is_dir(follow_symlinks=False)]
            except OSError:
                continue
            for folder in inside:
                self._add_callback(folder)
            waiting += inside

    def _add_callback(self, path: bytes) -> None:
        try:
            mask = self.event_mask
            if path == self.path:  # no folder above it is watched that would tell that it went
                mask = Mask(mask | InotifyConstants.IN_MOVE_SELF)
            wd = self._inotify_fd.add_callback(path, mask, self._callback, self._id)
        except OSError:
            if path == self.path:
                raise
            return
        # The kernel knows a folder by its inode: one that comes back under another name has its old number.
        before = self._active_callbacks_by_watch.get(wd)
        if before is not None and before != path and self._active_callbacks_by_path.get(before) == wd:
            del self._active_callbacks_by_path[before]
        self._active_callbacks_by_path[path] = wd
        self._active_callbacks_by_watch[wd] = path
        for leaving in self._leaving.values():
            leaving.discard(wd)

    def _move_watches(self, move_src_path: bytes, move_dst_path: bytes) -> bool:  # noqa: ARG002 - its signature
        # Never rename what is known by its name: by now another folder may stand there. False makes watchdog look at
        # what is on the disk under the new name, so that every name is one that was seen.
        return False

    def _remove_watch_internally(self, wd: WatchDescriptor) -> None:
        path = self._active_callbacks_by_watch.pop(wd, None)
        if path is not None and self._active_callbacks_by_path.get(path) == wd:
            del self._active_callbacks_by_path[path]


class _Sorter(InotifyEmitter):
    """The thread of one root that makes events of what was read."""

    def on_thread_start(self) -> None:
        self._inotify = _Tree(
            self._inotify_fd,
            os.fsencode(self.watch.path),
            is_recursive=self.watch.is_recursive,
            event_mask=self.get_event_mask_from_filter(),
            follow_symlink=self.watch.follow_symlink,
        )

    def queue_events(self, timeout: float, *, full_events: bool = False) -> None:  # noqa: ARG002 - its signature
        # As in watchdog, but that to be stopped while waiting is no error.
        tree = self._inotify
        event = tree.read_event() if tree is not None else None
        if event is not None and self._inotify is not None:
            self.build_and_queue_event(event, full_events=full_events)

    def build_and_queue_event(self, event: GroupedInotifyEvent, *, full_events: bool = False) -> None:
        super().build_and_queue_event(event, full_events=full_events)
        if isinstance(event, PathedInotifyEvent) and event.ev.is_moved_from and event.ev.is_directory:
            tree = self._inotify
            if isinstance(tree, _Tree):
                tree.forget(event.ev.cookie)


class InotifyObserver(BaseObserver):
    """Watchdog's observer with the parts above. Raises OSError where the system gives no more inotify instances."""

    def __init__(self, listener: Listener) -> None:
        self._reader = _Reader(listener)
        self._reader.start()
        super().__init__(_Sorter, inotify_fd=self._reader)

    def on_thread_stop(self) -> None:
        super().on_thread_stop()
        self._reader.stop()
        self._reader.join()
