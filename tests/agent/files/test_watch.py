"""What is heard of real files in real folders, by the real watchdog."""

import errno
import os
import random
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog import observers

from agent.files.watch import Watcher

pytestmark = pytest.mark.skipif(
    getattr(observers.Observer, "__name__", "") != "InotifyObserver", reason="speaks of Linux"
)


class Ear:
    """A watcher, and what it said."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.touched: set[tuple[int, bytes]] = set()
        self._missing: set[tuple[int, bytes]] = set()
        self.rescans: list[tuple[int, str]] = []
        self.watcher = Watcher(self._touch, self._rescan)

    def _touch(self, folder_id: int, path: bytes) -> None:
        with self._changed:
            self.touched.add((folder_id, path))
            self._missing.discard((folder_id, path))
            if not self._missing:
                self._changed.notify_all()

    def _rescan(self, folder_id: int, why: str) -> None:
        with self._changed:
            self.rescans.append((folder_id, why))
            self._changed.notify_all()

    def hears(self, *paths: Path | bytes, folder_id: int = 1, timeout_s: float = 20) -> bool:
        wanted = {(folder_id, os.fsencode(path)) for path in paths}
        with self._changed:
            self._missing = wanted - self.touched
            return self._changed.wait_for(lambda: not self._missing, timeout_s)

    def is_told(self, folder_id: int, why: str) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: (folder_id, why) in self.rescans, 20)

    def forget(self) -> None:
        with self._changed:
            self.touched.clear()
            self.rescans.clear()


@pytest.fixture
def ear() -> Iterator[Ear]:
    made = Ear()
    yield made
    made.watcher.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    return path


def listen(ear: Ear, root: Path, *, recursive: bool = True) -> None:
    ear.watcher.watch(1, bytes(root), recursive)


def test_a_written_file_is_heard_and_so_is_a_rewritten_one(ear: Ear, root: Path) -> None:
    listen(ear, root)
    (root / "a.jpg").write_bytes(b"x")
    assert ear.hears(root / "a.jpg")
    with (root / "a.jpg").open("r+b") as file:
        ear.forget()
        file.write(b"y")
    assert ear.hears(root / "a.jpg")


def test_names_that_are_no_utf_8_are_heard_as_they_are(ear: Ear, root: Path) -> None:
    listen(ear, root)
    path = bytes(root) + b"/\xff\xfe.jpg"
    with open(path, "wb"):
        pass
    assert ear.hears(path)


def test_reading_and_renaming_rights_are_not_heard(ear: Ear, root: Path) -> None:
    (root / "a.jpg").write_bytes(b"x")
    listen(ear, root)
    (root / "a.jpg").read_bytes()
    (root / "a.jpg").chmod(0o600)
    os.utime(root / "a.jpg", (1, 1))
    list(root.iterdir())
    (root / "last.jpg").write_bytes(b"x")
    assert ear.hears(root / "last.jpg")
    assert ear.touched == {(1, bytes(root / "last.jpg"))}


def test_a_file_that_goes_and_one_that_is_renamed_are_heard_at_both_ends(ear: Ear, root: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (root / name).write_bytes(b"x")
    listen(ear, root)
    (root / "a.jpg").unlink()
    assert ear.hears(root / "a.jpg")
    (root / "b.jpg").rename(root / "c.jpg")
    assert ear.hears(root / "b.jpg", root / "c.jpg")


def test_files_that_come_from_elsewhere_and_go_elsewhere_are_heard(ear: Ear, root: Path, outside: Path) -> None:
    for path in (outside / "in.jpg", outside / "linked.jpg", root / "out.jpg"):
        path.write_bytes(b"x")
    listen(ear, root)
    (outside / "in.jpg").rename(root / "in.jpg")
    (root / "linked.jpg").hardlink_to(outside / "linked.jpg")
    (root / "symbolic.jpg").symlink_to(outside / "linked.jpg")
    (root / "out.jpg").rename(outside / "out.jpg")
    assert ear.hears(root / "in.jpg", root / "linked.jpg", root / "symbolic.jpg", root / "out.jpg")


def test_a_folder_that_is_moved_in_is_heard_with_all_that_is_in_it_and_watched(
    ear: Ear, root: Path, outside: Path
) -> None:
    (outside / "trip/day").mkdir(parents=True)
    (outside / "trip/day/a.jpg").write_bytes(b"x")
    listen(ear, root)
    (outside / "trip").rename(root / "trip")
    assert ear.hears(root / "trip/day/a.jpg")
    (root / "trip/day/b.jpg").write_bytes(b"x")
    assert ear.hears(root / "trip/day/b.jpg")


def test_a_folder_that_is_renamed_is_heard_at_both_ends_and_watched_under_its_new_name(ear: Ear, root: Path) -> None:
    (root / "old/deep").mkdir(parents=True)
    (root / "old/deep/a.jpg").write_bytes(b"x")
    listen(ear, root)
    (root / "old").rename(root / "new")
    assert ear.hears(root / "old/deep/a.jpg", root / "new/deep/a.jpg")
    assert ear.is_told(1, "moved")
    (root / "new/deep/b.jpg").write_bytes(b"x")
    assert ear.hears(root / "new/deep/b.jpg")


def test_a_folder_that_is_moved_out_is_told_and_no_longer_heard(ear: Ear, root: Path, outside: Path) -> None:
    (root / "trip/day").mkdir(parents=True)
    listen(ear, root)
    (root / "trip").rename(outside / "trip")
    assert ear.is_told(1, "moved")
    (root / "mark.jpg").write_bytes(b"x")
    assert ear.hears(root / "mark.jpg")  # by now the watches of what went are given back
    (outside / "trip/day/a.jpg").write_bytes(b"x")
    (root / "last.jpg").write_bytes(b"x")
    assert ear.hears(root / "last.jpg")
    assert (1, bytes(root / "trip/day/a.jpg")) not in ear.touched


def test_a_folder_that_went_and_comes_back_under_another_name_is_heard_under_that(
    ear: Ear, root: Path, outside: Path
) -> None:
    (root / "a/x").mkdir(parents=True)
    listen(ear, root)
    (root / "a").rename(outside / "a")
    assert ear.is_told(1, "moved")
    (outside / "a").rename(root / "b")
    (root / "a").mkdir()
    (root / "a").rename(root / "c")
    (root / "b/x/1.jpg").write_bytes(b"x")
    (root / "c/2.jpg").write_bytes(b"x")
    assert ear.hears(root / "b/x/1.jpg", root / "c/2.jpg")


def test_folders_of_one_name_that_come_and_go_leave_the_watcher_alive(ear: Ear, root: Path, outside: Path) -> None:
    listen(ear, root)
    for turn in range(3):
        (root / "DCIM/100").mkdir(parents=True)
        (root / f"mark{turn}.jpg").write_bytes(b"x")
        assert ear.hears(root / f"mark{turn}.jpg")
        (root / "DCIM").rename(outside / f"DCIM{turn}")
        (root / "DCIM/100").mkdir(parents=True)
        shutil.rmtree(root / "DCIM")
        shutil.rmtree(outside / f"DCIM{turn}")
    (root / "last.jpg").write_bytes(b"x")
    assert ear.hears(root / "last.jpg")
    assert (1, "unwatched") not in ear.rescans


def test_files_in_folders_that_were_just_made_are_all_heard(ear: Ear, root: Path) -> None:
    """The race between making folders and watching them, many times over."""
    listen(ear, root)
    paths = []
    for turn in range(100):
        folder = root / f"{turn}" / "a" / "b"
        folder.mkdir(parents=True)
        for place in (folder, folder.parent, folder.parent.parent):
            paths.append(place / f"{turn}.jpg")
            paths[-1].write_bytes(b"x")
    assert ear.hears(*paths)


def test_a_tree_that_is_copied_in_is_heard_in_full(ear: Ear, root: Path, outside: Path) -> None:
    for number in range(200):
        path = outside / f"{number % 20}" / f"{number % 3}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    listen(ear, root)
    shutil.copytree(outside, root / "copy")
    assert ear.hears(*((root / "copy" / path.relative_to(outside)) for path in outside.rglob("*.jpg")))


BURST = """
import os, sys
for number in range(10_000):
    path = f"{sys.argv[1]}/{number % 20}/{number}.jpg"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
"""


def test_a_burst_of_ten_thousand_files_is_heard_in_full(
    ear: Ear, root: Path, expected_log: Callable[..., None]
) -> None:
    expected_log("queue overflowed", at_least=0)
    for number in range(20):
        (root / f"{number}").mkdir()
    listen(ear, root)
    paths = [root / f"{number % 20}" / f"{number}.jpg" for number in range(10_000)]
    subprocess.run([sys.executable, "-c", BURST, root], check=True)
    # On a machine that is busy with other things the kernel's queue may run over; then it is told, and nothing is lost.
    assert ear.hears(*paths, timeout_s=10) or (1, "overflow") in ear.rescans


def test_lost_events_are_told_and_watching_goes_on(ear: Ear, root: Path, expected_log: Callable[[str], None]) -> None:
    expected_log("queue overflowed")
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    listen(ear, root)
    first, second = root / "first.jpg", root / "second.jpg"
    first.write_bytes(b"x")
    assert ear.hears(first)
    (root / "sub").mkdir()
    tree = next(iter(ear.watcher._observer._emitters))._inotify  # type: ignore[union-attr]
    with tree._lock:  # the reading thread is slow
        for number in range(limit):
            os.close(os.open(root / f"{number % 500}.jpg", os.O_CREAT | os.O_WRONLY))
            os.rename(root / f"{number % 500}.jpg", root / f"{(number + 1) % 500}.jpg")
    assert ear.is_told(1, "overflow")
    (root / "sub/after.jpg").write_bytes(b"x")
    second.write_bytes(b"x")
    assert ear.hears(second, root / "sub/after.jpg")


def test_the_end_of_the_systems_watches_is_told_and_what_is_watched_is_heard(
    ear: Ear, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from watchdog.observers import inotify_c

    (root / "a").mkdir()
    (root / "b").mkdir()
    real, left = inotify_c.inotify_add_watch, 2

    def limited(descriptor: int, path: bytes, mask: int) -> int:
        """The kernel with a limit of its own: changing the machine's would reach other programs."""
        nonlocal left
        if left:
            left -= 1
            return real(descriptor, path, mask)
        import ctypes

        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", limited)
    listen(ear, root)
    assert ear.rescans == [(1, "watch_limit")]
    (root / "1.jpg").write_bytes(b"x")
    assert ear.hears(root / "1.jpg")
    ear.forget()
    (root / "c").mkdir()
    assert ear.is_told(1, "watch_limit")
    ear.forget()
    ear.watcher.watch(2, bytes(root / "b"), True)
    assert ear.rescans == [(2, "watch_limit")]


def test_a_missing_root_is_told_and_can_be_watched_later(ear: Ear, root: Path) -> None:
    ear.watcher.watch(7, bytes(root / "later"), True)
    assert ear.rescans == [(7, "unwatched")]
    (root / "later").mkdir()
    ear.watcher.watch(7, bytes(root / "later"), True)
    (root / "later/a.jpg").write_bytes(b"x")
    assert ear.hears(root / "later/a.jpg", folder_id=7)


def test_a_root_that_goes_is_told_and_can_be_watched_again(ear: Ear, root: Path) -> None:
    listen(ear, root)
    root.rmdir()
    assert ear.is_told(1, "unwatched")
    root.mkdir()
    listen(ear, root)
    (root / "a.jpg").write_bytes(b"x")
    assert ear.hears(root / "a.jpg")


def test_a_root_that_is_a_link_is_heard_under_the_name_that_was_given(ear: Ear, root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    (root / "sub").mkdir()
    listen(ear, link)
    (root / "sub/a.jpg").write_bytes(b"x")
    assert ear.hears(link / "sub/a.jpg")


def test_without_recursion_only_the_folder_itself_is_heard(ear: Ear, root: Path) -> None:
    (root / "sub").mkdir()
    listen(ear, root, recursive=False)
    (root / "sub/a.jpg").write_bytes(b"x")
    (root / "b.jpg").write_bytes(b"x")
    assert ear.hears(root / "b.jpg")
    assert ear.touched == {(1, bytes(root / "b.jpg"))}


def test_an_unwatched_folder_is_silent_and_its_neighbours_are_not(ear: Ear, root: Path, outside: Path) -> None:
    listen(ear, root)
    ear.watcher.watch(2, bytes(outside), True)
    ear.watcher.watch(3, bytes(root), True)
    ear.watcher.unwatch(1)
    ear.watcher.unwatch(99)
    (root / "a.jpg").write_bytes(b"x")
    (outside / "b.jpg").write_bytes(b"x")
    assert ear.hears(root / "a.jpg", folder_id=3)
    assert ear.hears(outside / "b.jpg", folder_id=2)
    assert not [one for one in ear.touched if one[0] == 1]


def test_folders_within_each_other_are_each_heard(ear: Ear, root: Path) -> None:
    (root / "sub").mkdir()
    listen(ear, root)
    ear.watcher.watch(2, bytes(root / "sub"), True)
    (root / "sub/a.jpg").write_bytes(b"x")
    assert ear.hears(root / "sub/a.jpg", folder_id=1)
    assert ear.hears(root / "sub/a.jpg", folder_id=2)


def test_a_watcher_stops_without_a_thread_left_and_can_begin_anew(root: Path) -> None:
    before = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd"))
    ear = Ear()
    for turn in range(3):
        listen(ear, root)
        (root / f"{turn}.jpg").write_bytes(b"x")
        assert ear.hears(root / f"{turn}.jpg")
        ear.watcher.stop()
    ear.watcher.stop()
    assert set(threading.enumerate()) <= before
    assert len(os.listdir("/proc/self/fd")) == descriptors


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_death_of_the_reading_thread_is_told_and_the_next_watch_mends_it(
    ear: Ear, root: Path, outside: Path, expected_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.files import inotify

    expected_log("the thread that watches has ended")
    listen(ear, root)
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise RuntimeError("a bug")

        patch.setattr(inotify._Tree, "on_event", die)
        (root / "a.jpg").write_bytes(b"x")
        assert ear.is_told(1, "unwatched")
    ear.watcher.watch(2, bytes(outside), True)
    (root / "b.jpg").write_bytes(b"x")
    (outside / "c.jpg").write_bytes(b"x")
    assert ear.hears(root / "b.jpg")
    assert ear.hears(outside / "c.jpg", folder_id=2)


def test_folders_made_quickly_are_no_warning(ear: Ear, root: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        listen(ear, root)
        for turn in range(50):
            (root / f"{turn}/a/b/c").mkdir(parents=True)
        (root / "last.jpg").write_bytes(b"x")
        assert ear.hears(root / "last.jpg")
    assert [str(one.message) for one in caught] == []


def shuffle_folders(root: Path, outside: Path, dice: random.Random, steps: int) -> None:
    """Do to a tree what people and programs do, in any order and without a pause."""
    for step in range(steps):
        inside = [root, *(path for path in root.rglob("*") if path.is_dir())]
        away = [path for path in outside.rglob("*") if path.is_dir()]
        place = dice.choice(inside)
        other = dice.choice(inside)
        target = other / dice.choice("abcd")
        match dice.randrange(6):
            case 0:
                (place / dice.choice("abcd") / dice.choice("abcd")).mkdir(parents=True, exist_ok=True)
            case 1:
                (place / f"{dice.choice('xyz')}.jpg").write_bytes(b"x")
            case 2 if place != root and not target.exists() and place not in target.parents:
                place.rename(target)
            case 3 if place != root:
                place.rename(outside / f"{step}")
            case 4 if away and not target.exists():
                dice.choice(away).rename(target)
            case 5 if place != root:
                shutil.rmtree(place)
            case _:
                pass


@pytest.mark.parametrize("seed", range(5))
def test_after_any_shuffling_of_folders_every_file_was_heard_and_every_folder_is_watched(
    ear: Ear, root: Path, outside: Path, seed: int
) -> None:
    listen(ear, root)
    shuffle_folders(root, outside, random.Random(seed), 120)
    assert ear.hears(*(path for path in root.rglob("*.jpg")))
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        (folder / "probe.jpg").write_bytes(b"x")
    assert ear.hears(*(folder / "probe.jpg" for folder in folders))
    assert {why for _, why in ear.rescans} <= {"moved"}


def test_a_root_that_is_moved_away_is_told_at_once_and_heard_again_when_it_is_back(
    ear: Ear, root: Path, outside: Path
) -> None:
    (root / "trip").mkdir()
    listen(ear, root)
    root.rename(outside / "photos")
    assert ear.is_told(1, "unwatched")
    (outside / "photos").rename(root)
    listen(ear, root)
    (root / "trip/a.jpg").write_bytes(b"x")
    assert ear.hears(root / "trip/a.jpg")


def test_a_root_that_is_moved_is_told_although_a_folder_above_it_is_watched_too(
    ear: Ear, root: Path, outside: Path
) -> None:
    inner = root / "inner"
    inner.mkdir()
    listen(ear, root)
    ear.watcher.watch(2, bytes(inner), True)
    inner.rename(outside / "inner")
    assert ear.is_told(2, "unwatched")
