"""Hears what happens in the watched folders, by watchdog.

Decides nothing: it says which path was touched, or that a folder must be looked through as something was not heard.

Only what can have changed a file's bytes or place is asked of the system, never opens: those alone overflow the queue
of a large library. Links to folders inside a watched folder are not followed; a watched folder may itself be one.
Callbacks come on watchdog's threads, one after the other for each; they must be quick, not raise, and not call back.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from watchdog import events, observers
from watchdog.observers.api import BaseObserver, ObservedWatch

from agent.domain.media_types import role_of
from agent.files.mounts import is_remote
from agent.files.read import EXHAUSTED
from agent.protocol.paths import to_display
from agent.record import MutableRecord

_log = logging.getLogger(__name__)

_EVENTS: Final[list[type[events.FileSystemEvent]]] = [
    events.FileClosedEvent,
    events.FileCreatedEvent,
    events.FileMovedEvent,
    events.FileDeletedEvent,
    events.DirCreatedEvent,
    events.DirMovedEvent,
    events.DirDeletedEvent,
]
_STOP_S: Final = 10.0


class _Folder(MutableRecord):
    """A watched root. Events name it by its real path; who asked gets the path that was asked for."""

    id: int
    root: bytes
    real: bytes

    def given(self, path: bytes) -> bytes:
        """A path at or below the real root as one at or below the root that was asked for."""
        return path if self.real == self.root else self.root + path[len(self.real) :]

    def holds(self, path: bytes) -> bool:
        """Whether a real path is at or below the root."""
        return path == self.real or path.startswith(os.path.join(self.real, b""))


class _Handler(events.FileSystemEventHandler):
    """What watchdog calls for one folder."""

    def __init__(self, watcher: "Watcher", folder: _Folder) -> None:
        self.folder = folder
        self._watcher = watcher

    def dispatch(self, event: events.FileSystemEvent) -> None:
        if event.is_directory:
            self._on_directory(event)
            return
        self._touch(event.src_path)
        if event.dest_path:
            self._touch(event.dest_path)
        elif event.event_type == events.EVENT_TYPE_DELETED and self._may_be_folder(event.src_path):
            self._watcher.on_rescan(self.folder.id, "moved")

    def _may_be_folder(self, path: bytes | str) -> bool:
        """Of what went, some systems do not say what it was; without a photo's name it may have been a folder."""
        return not self._watcher.tells_folders and role_of(os.path.basename(os.fsencode(path))) is None

    def _touch(self, path: bytes | str) -> None:
        if path:
            self._watcher.on_touch(self.folder.id, self.folder.given(os.fsencode(path)))

    def _on_directory(self, event: events.FileSystemEvent) -> None:
        if event.event_type == events.EVENT_TYPE_MOVED:
            self._watcher.on_rescan(self.folder.id, "moved")
        elif event.event_type == events.EVENT_TYPE_DELETED:
            is_root = os.fsencode(event.src_path) == self.folder.real
            self._watcher.on_rescan(self.folder.id, "unwatched" if is_root else "moved")
        # A new folder needs no word: watchdog lists it once it is armed, and sends each file in it as created.


class Watcher:
    """Watches folders.

    `on_touch(folder_id, path)`: something happened to the file at this path; it may be there or gone.
    `on_rescan(folder_id, why)`: look through the folder. `moved`: a folder in it came or went. `overflow`: events were
    lost, watching goes on. `watch_limit`: the system gives no more watches, parts are not heard. `unwatched`: nothing
    is heard (the folder or its drive is not there, or was replaced), or not everything (a network drive); look by a
    schedule, and call `watch` again when it is back. The same word may come many times in a row.
    """

    def __init__(self, on_touch: Callable[[int, bytes], None], on_rescan: Callable[[int, str], None]) -> None:
        self.on_touch = on_touch
        self.on_rescan = on_rescan
        #: Whether the system says of what went whether it was a folder.
        self.tells_folders = True
        self._lock = threading.Lock()
        self._armed: dict[int, tuple[_Handler, ObservedWatch]] = {}
        self._observer: BaseObserver | None = None
        self._events = list(_EVENTS)
        self._is_dead = False
        self._arming: _Folder | None = None
        self._is_limited = False

    def watch(self, folder_id: int, root: bytes, recursive: bool) -> None:  # noqa: FBT001
        """Watch a folder, or watch it anew. Returns when all of it is armed (20,000 folders: less than a second).

        What cannot be watched is told by `on_rescan`, on the calling thread. Raises nothing.
        """
        with self._lock:
            why = self._arm(folder_id, root, is_recursive=recursive)
        if why is None and is_remote(root):
            why = "unwatched"
        if why is not None:
            _log.info("folder %d is not fully watched: %s", folder_id, why)
            self.on_rescan(folder_id, why)

    def unwatch(self, folder_id: int) -> None:
        """Stop watching a folder; an unknown one is fine."""
        with self._lock:
            self._disarm(folder_id)

    def stop(self) -> None:
        """Stop watching everything; `watch` begins anew."""
        with self._lock:
            self._armed.clear()
            self._close()

    # --- what the observer tells beside its events, on its threads, without the lock

    def on_overflow(self) -> None:
        for folder in self._folders():
            self.on_rescan(folder.id, "overflow")

    def on_limit(self, path: bytes) -> None:
        arming = self._arming
        if arming is not None and arming.holds(path):
            self._is_limited = True  # told once, at the end of `watch`
            return
        for folder in self._folders():
            if folder.holds(path):
                self.on_rescan(folder.id, "watch_limit")

    def on_unmounted(self, path: bytes) -> None:
        for folder in self._folders():
            if folder.holds(path):
                self.on_rescan(folder.id, "unwatched")

    def on_dead(self) -> None:
        self._is_dead = True
        _log.error("the thread that watches has ended; folders are looked through by schedule until watched anew")
        for folder in self._folders():
            self.on_rescan(folder.id, "unwatched")

    def _folders(self) -> list[_Folder]:
        return [handler.folder for handler, _ in list(self._armed.values())]

    # --- under the lock

    def _arm(self, folder_id: int, root: bytes, *, is_recursive: bool) -> str | None:
        """Why not all of the folder is watched; None: it is."""
        self._disarm(folder_id)
        try:
            real = os.path.realpath(root)
            folder = _Folder(folder_id, root, real)
            os.scandir(real).close()
            observer = self._open()
            handler = _Handler(self, folder)
            self._arming, self._is_limited = folder, False
            watch = observer.schedule(handler, os.fsdecode(real), recursive=is_recursive, event_filter=self._events)
        except OSError as error:
            _log.info("cannot watch %s: %s", to_display(root), error.strerror)
            return "watch_limit" if error.errno in EXHAUSTED else "unwatched"
        finally:
            self._arming = None
        self._armed[folder_id] = handler, watch
        return "watch_limit" if self._is_limited else None

    def _disarm(self, folder_id: int) -> None:
        armed = self._armed.pop(folder_id, None)
        if armed is None or self._observer is None or self._is_dead:
            return
        handler, watch = armed
        if any(watch == other for _, other in self._armed.values()):
            self._observer.remove_handler_for_watch(handler, watch)
        else:
            self._observer.unschedule(watch)

    def _open(self) -> BaseObserver:
        """The observer; a new one in place of one that died, for all that is watched."""
        if self._observer is not None and not self._is_dead:
            return self._observer
        self._close()
        observer = self._observer = self._made()
        observer.start()
        self._is_dead = False
        for folder_id, (handler, watch) in list(self._armed.items()):
            try:
                again = observer.schedule(handler, watch.path, recursive=watch.is_recursive, event_filter=self._events)
            except OSError:
                del self._armed[folder_id]
            else:
                self._armed[folder_id] = handler, again
        return observer

    def _made(self) -> BaseObserver:
        """The observer of this system, as watchdog chose it, and what it is asked for."""
        chosen = getattr(observers.Observer, "__name__", "")
        if chosen == "InotifyObserver":
            from agent.files.inotify import InotifyObserver

            return InotifyObserver(self)
        # Elsewhere nothing tells that a file was closed after writing.
        self._events = [*_EVENTS, events.FileModifiedEvent]
        if chosen == "FSEventsObserver":
            from agent.files import fsevents

            return fsevents.make_observer(self)
        if chosen == "WindowsApiObserver":
            from agent.files import winapi

            self.tells_folders = False
            return winapi.make_observer(self)
        return observers.Observer()

    def _close(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join(_STOP_S)
