"""Watches the folders, and keeps on trying where that is not possible.

Marries `agent.files.watch` with the queue: whatever the watcher cannot tell (lost events, a directory moved in, a
drive pulled) becomes a scan. A folder that cannot be watched is tried again when its root is there; one on a network
share, where nothing is heard of what others do, is compared regularly. Called on the watcher's and the routine's
thread, and on the one that puts settings into force; folders that do not answer at once are waited for on another one.
"""

import logging
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator

from agent.domain.errors import Fate, Interrupted
from agent.files.mounts import is_remote
from agent.files.reach import Reach, Silent
from agent.files.watch import Watcher
from agent.work.folders import Folders, Watched

log = logging.getLogger(__name__)

#: Looks of the routine (one in half a minute) between two comparisons of a share.
SHARE_EVERY_LOOKS = 20
#: At the end the thread that waits for folders gets so long: it is told to end, too.
_END_S = 5.0

#: Which directory a root is, None when it is none; of folders as they answer, None in between when none did a while.
_Answers = Iterator[tuple[int, tuple[int, int] | None] | None]


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
        self._waiting: list[threading.Thread] = []

    def watch(self, folders: Iterable[Watched]) -> None:
        """Begin to watch. Returns as soon as none answers any more, all being asked at once.

        One that answers later is watched then, and looked through after that: whatever changed in it meanwhile is
        found. One that does not at all is tried again when it does.
        """
        wanted = {folder.id: folder for folder in folders}
        with self._turn:
            self._roots |= dict.fromkeys(wanted)
        answers = self._ask(wanted.values())
        for answer in answers:
            if answer is None:
                self._wait(answers)
                return
            folder_id, root = answer
            self._begin(wanted[folder_id], root)

    def unwatch(self, folder_id: int) -> None:
        """Watch no longer."""
        with self._turn:
            self._roots.pop(folder_id, None)
            self._shares.discard(folder_id)
        self._watcher.unwatch(folder_id)

    def stop(self) -> None:
        """End. `Reach.stop` comes before."""
        with self._turn:
            self._roots.clear()
            waiting = list(self._waiting)
        for thread in waiting:
            thread.join(_END_S)
        self._watcher.stop()

    def look(self) -> None:
        """Try again what could not be watched, notice roots that went, came or were replaced, and compare shares."""
        with self._turn:
            roots = {one: root for one, root in self._roots.items() if one not in self._shares}
            self._looks += 1
            shares = set(self._shares) if self._looks % SHARE_EVERY_LOOKS == 0 else set()
        asked = [folder for folder_id in roots if (folder := self._folders.get(folder_id)) is not None]
        for answer in self._ask(asked):
            if answer is not None and answer[1] != roots[answer[0]]:
                self._begin_anew(*answer, quick=True)
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

    def _ask(self, folders: Iterable[Watched]) -> _Answers:
        return self._reach.ask_all({folder.id: _question(folder.root) for folder in folders})

    def _root(self, folder: Watched) -> tuple[int, int] | None:
        """Which directory the root is, None when it is none. Raises Silent and Interrupted."""
        return self._reach.ask(folder.id, _question(folder.root))

    def _wait(self, answers: _Answers) -> None:
        """Take the answers that are still to come on a thread of their own."""
        thread = threading.Thread(target=self._take_late, args=(answers,), name="folders-late", daemon=True)
        with self._turn:
            self._waiting = [one for one in self._waiting if one.is_alive()] + [thread]
            thread.start()

    def _take_late(self, answers: _Answers) -> None:
        for answer in answers:
            if answer is None:
                continue
            try:
                # It may have been looked through before it was watched, and a file written anew in between.
                self._begin_anew(*answer, quick=False)
            except Fate as fate:
                log.warning("that folder %d answers could not be taken in: %s", answer[0], fate)

    def _begin_anew(self, folder_id: int, root: tuple[int, int] | None, *, quick: bool) -> None:
        """The root is another one than before, came, or went."""
        folder = self._folders.get(folder_id)
        if folder is None:
            return
        log.info("the root of folder %d is another one, or came or went", folder_id)
        if root is not None:
            self._begin(folder, root)
        else:
            with self._turn:
                if folder_id in self._roots:
                    self._roots[folder_id] = None
        self._scan(folder_id, quick)  # of what is not there it makes a problem

    def _begin(self, folder: Watched, root: tuple[int, int] | None) -> None:
        """Watch a folder whose root is known, unless nobody wants it any more."""
        with self._turn:
            if folder.id not in self._roots:
                return
            self._roots[folder.id] = root
        self._watcher.watch(folder.id, folder.root, folder.rules.recursive)
        with self._turn:
            is_wanted = folder.id in self._roots
        if not is_wanted:
            self._watcher.unwatch(folder.id)


def _question(root: bytes) -> Callable[[object], tuple[int, int] | None]:
    return lambda _: _directory(root)


def _directory(root: bytes) -> tuple[int, int] | None:
    """Which directory a path leads to; None: to none."""
    try:
        found = os.stat(root)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None
