"""Folders that hang while they begin to be watched: really hanging ones, and the real watcher."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.files.reach import Reach
from agent.protocol.paths import to_wire
from agent.protocol.settings import FolderSetting, Settings
from agent.work.finding.watching import Watching
from agent.work.folders import Folders, Watched
from tests.silence import needs_silence, silent


class Watch:
    """Some folders, numbered from 1, and what is heard of them."""

    def __init__(self, base: Path, count: int, patience_s: float = 2) -> None:
        self.roots = [base / f"folder{number}" for number in range(1, count + 1)]
        for root in self.roots:
            root.mkdir()
        self._changed = threading.Condition()
        self.touched: set[bytes] = set()
        self.scans: set[tuple[int, bool]] = set()
        self._silent: list[int] = []
        known = Folders()
        settings = Settings(folders=tuple(FolderSetting(to_wire(os.fsencode(root))) for root in self.roots))
        known.replace(settings, {os.fsencode(root): number for number, root in enumerate(self.roots, 1)})
        self.folders: list[Watched] = sorted(known.all(), key=lambda folder: folder.id)
        self.reach = Reach(self._told, patience_s)
        self.watching = Watching(self._touch, known, self._scan, self.reach)

    def _touch(self, _: int, path: bytes) -> None:
        with self._changed:
            self.touched.add(path)
            self._changed.notify_all()

    def _scan(self, folder_id: int, quick: bool) -> None:
        with self._changed:
            self.scans.add((folder_id, quick))
            self._changed.notify_all()

    def _told(self, folder_id: int) -> None:
        with self._changed:
            self._silent.append(folder_id)
            self._changed.notify_all()

    def hears(self, path: Path) -> bool:
        path.write_bytes(b"x")
        with self._changed:
            return self._changed.wait_for(lambda: os.fsencode(path) in self.touched, 30)

    def is_looked_through(self, folder_id: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: (folder_id, False) in self.scans, 30)

    def are_told(self, folder_ids: list[int]) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: sorted(self._silent) == folder_ids, 30)


@pytest.fixture
def made(tmp_path: Path, expected_log: Callable[..., None]) -> Iterator[Watch]:
    expected_log("does not answer", at_least=0)
    watch = Watch(tmp_path, 4)
    yield watch
    watch.reach.stop()
    watch.watching.stop()


@needs_silence
def test_folders_that_hang_hold_up_no_other_and_are_watched_and_looked_through_when_they_answer(made: Watch) -> None:
    with ExitStack() as hanging:
        for root in made.roots[:3]:
            hanging.enter_context(silent(root))
        made.watching.watch(made.folders)
        assert made.hears(made.roots[3] / "a.jpg")
        assert made.are_told([1, 2, 3])
    assert made.are_told([1, 1, 2, 2, 3, 3]), "they answer again"
    made.watching.look()
    for root in made.roots[:3]:
        assert made.hears(root / "b.jpg")


@needs_silence
def test_a_folder_that_answers_late_is_watched_then_and_looked_through(tmp_path: Path) -> None:
    made = Watch(tmp_path, 2, patience_s=60)
    try:
        with silent(made.roots[0]):
            made.watching.watch(made.folders)
            assert made.hears(made.roots[1] / "a.jpg")
        assert made.is_looked_through(1)
        assert (1, True) not in made.scans, "wholly: it may have been looked through too early"
    finally:
        made.reach.stop()
        made.watching.stop()


@needs_silence
def test_what_is_watched_no_more_before_it_answers_is_left_alone(made: Watch) -> None:
    with silent(made.roots[0]):
        made.watching.watch(made.folders)
        made.watching.unwatch(1)
        assert made.are_told([1])
    assert made.are_told([1, 1])
    made.watching.look()
    assert made.hears(made.roots[1] / "a.jpg")
    (made.roots[0] / "b.jpg").write_bytes(b"x")
    assert made.hears(made.roots[2] / "c.jpg")
    assert os.fsencode(made.roots[0] / "b.jpg") not in made.touched
