"""Watches the folders, and keeps on trying where that is not possible.

Marries `agent.files.watch` with the queue: whatever the watcher cannot tell (lost events, a directory moved in, a
drive pulled) becomes a scan. A folder that cannot be watched is tried again when its root is there; one on a network
share, where nothing is heard of what others do, is compared regularly. Called on the watcher's and the routine's
thread; quick.
"""

import logging
import os
import threading
from collections.abc import Callable

from agent.files.mounts import is_remote
from agent.files.watch import Watcher
from agent.work.folders import Folders, Watched

log = logging.getLogger(__name__)

#: Looks of the routine (one in half a minute) between two comparisons of a share.
SHARE_EVERY_LOOKS = 20


class Watching:
    """The watcher of all folders."""

    def __init__(
        self, touch: Callable[[int, bytes], None], folders: Folders, scan: Callable[[int, bool], None]
    ) -> None:
        self._watcher = Watcher(touch, self._rescan)
        self._folders = folders
        self._scan = scan
        self._turn = threading.Lock()
        self._deaf: set[int] = set()
        self._shares: set[int] = set()
        self._looks = 0

    def watch(self, folder: Watched) -> None:
        """Begin to watch."""
        self._watcher.watch(folder.id, folder.root, folder.rules.recursive)

    def unwatch(self, folder_id: int) -> None:
        """Watch no longer."""
        with self._turn:
            self._deaf.discard(folder_id)
            self._shares.discard(folder_id)
        self._watcher.unwatch(folder_id)

    def stop(self) -> None:
        """End."""
        self._watcher.stop()

    def look(self) -> None:
        """Try again what could not be watched, and compare shares now and then."""
        with self._turn:
            deaf, self._deaf = self._deaf, set()
            self._looks += 1
            shares = set(self._shares) if self._looks % SHARE_EVERY_LOOKS == 0 else set()
        for folder_id in deaf:
            folder = self._folders.get(folder_id)
            if folder is None:
                continue
            if os.path.isdir(folder.root):
                self.watch(folder)
                self._scan(folder_id, True)  # noqa: FBT003 - quick
            else:
                with self._turn:
                    self._deaf.add(folder_id)
        for folder_id in shares:
            self._scan(folder_id, True)  # noqa: FBT003 - quick

    def _rescan(self, folder_id: int, reason: str) -> None:
        folder = self._folders.get(folder_id)
        if folder is None:
            return
        log.info("folder %d cannot rely on its watcher: %s", folder_id, reason)
        if reason in ("unwatched", "watch_limit"):
            with self._turn:
                (self._shares if is_remote(folder.root) or reason == "watch_limit" else self._deaf).add(folder_id)
        if reason != "unwatched":
            self._scan(folder_id, reason == "moved")
