"""Watches the folders, and keeps on trying where that is not possible.

Marries `agent.files.watch` with the queue: whatever the watcher cannot tell (lost events, a directory moved in, a
drive pulled) becomes a scan. A folder that cannot be watched is tried again when its root is there; one on a network
share, where nothing is heard of what others do, is compared regularly. Called on the watcher's and the routine's
thread; quick.
"""

import logging
import os
import stat
import threading
from collections.abc import Callable

from agent.domain.errors import Interrupted
from agent.files.mounts import is_remote
from agent.files.reach import Reach, Silent
from agent.files.watch import Watcher
from agent.work.folders import Folders, Watched

log = logging.getLogger(__name__)

#: Looks of the routine (one in half a minute) between two comparisons of a share.
SHARE_EVERY_LOOKS = 20


class Watching:
    """The watcher of all folders."""

    def __init__(
        self,
        touch: Callable[[int, bytes], None],
        folders: Folders,
        scan: Callable[[int, bool], None],
        reach: Reach,
    ) -> None:
        self._watcher = Watcher(touch, self._rescan)
        self._folders = folders
        self._scan = scan
        self._reach = reach
        self._turn = threading.Lock()
        # Which directory each root was when it began to be watched; None: it is not, and tried again.
        self._roots: dict[int, tuple[int, int] | None] = {}
        self._shares: set[int] = set()
        self._looks = 0

    def watch(self, folder: Watched) -> None:
        """Begin to watch. One that does not answer is tried again when it does."""
        try:
            root = self._root(folder)
        except (Silent, Interrupted):
            with self._turn:
                self._roots[folder.id] = None
            self._scan(folder.id, True)  # noqa: FBT003 - quick; it says what is wrong
            return
        with self._turn:
            self._roots[folder.id] = root
        self._watcher.watch(folder.id, folder.root, folder.rules.recursive)

    def unwatch(self, folder_id: int) -> None:
        """Watch no longer."""
        with self._turn:
            self._roots.pop(folder_id, None)
            self._shares.discard(folder_id)
        self._watcher.unwatch(folder_id)

    def stop(self) -> None:
        """End."""
        self._watcher.stop()

    def look(self) -> None:
        """Try again what could not be watched, notice roots that went, came or were replaced, and compare shares."""
        with self._turn:
            roots = {one: root for one, root in self._roots.items() if one not in self._shares}
            self._looks += 1
            shares = set(self._shares) if self._looks % SHARE_EVERY_LOOKS == 0 else set()
        for folder_id, before in roots.items():
            folder = self._folders.get(folder_id)
            try:
                now = None if folder is None else self._root(folder)
            except (Silent, Interrupted):
                continue
            if folder is None or now == before:
                continue
            log.info("the root of folder %d is another one, or came or went", folder_id)
            if now is not None:
                self.watch(folder)
            else:
                with self._turn:
                    self._roots[folder_id] = None
            self._scan(folder_id, True)  # noqa: FBT003 - quick; of what is not there it makes a problem
        for folder_id in shares:
            self._scan(folder_id, True)  # noqa: FBT003 - quick

    def _rescan(self, folder_id: int, reason: str) -> None:
        folder = self._folders.get(folder_id)
        if folder is None:
            return
        log.info("folder %d cannot rely on its watcher: %s", folder_id, reason)
        if reason in ("unwatched", "watch_limit"):
            with self._turn:
                if is_remote(folder.root) or reason == "watch_limit":
                    self._shares.add(folder_id)
                else:
                    self._roots[folder_id] = None
        if reason != "unwatched" or not self._is_there(folder):
            self._scan(folder_id, reason == "moved")

    def _is_there(self, folder: Watched) -> bool:
        try:
            return self._root(folder) is not None
        except (Silent, Interrupted):
            return False

    def _root(self, folder: Watched) -> tuple[int, int] | None:
        """Which directory the root is, None when it is none. Raises Silent and Interrupted."""
        return self._reach.ask(folder.id, lambda _: _directory(folder.root))


def _directory(root: bytes) -> tuple[int, int] | None:
    """Which directory a path leads to; None: to none."""
    try:
        found = os.stat(root)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
