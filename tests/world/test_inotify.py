"""What we believe of Linux' inotify and of watchdog's inner parts, and build on in `agent.files`."""

import inspect
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog import observers

if getattr(observers.Observer, "__name__", "") != "InotifyObserver":
    pytest.skip("speaks of Linux", allow_module_level=True)

from watchdog.observers.inotify import InotifyEmitter, InotifyWatchGroup
from watchdog.observers.inotify_c import InotifyConstants as In
from watchdog.observers.inotify_c import InotifyFD, inotify_add_watch, inotify_init
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

ALL = In.IN_ALL_EVENTS
OURS = In.IN_CREATE | In.IN_CLOSE_WRITE | In.IN_MOVE | In.IN_DELETE | In.IN_DELETE_SELF


class Kernel:
    """An inotify instance of its own."""

    def __init__(self) -> None:
        self.descriptor = inotify_init()
        if hasattr(os, "set_blocking"):
            os.set_blocking(self.descriptor, False)

    def add(self, path: Path, mask: int = OURS) -> int:
        return inotify_add_watch(self.descriptor, bytes(path), mask)

    def read(self) -> list[tuple[int, int, int, bytes]]:
        """All that waits, as (watch, mask, cookie, name)."""
        found: list[tuple[int, int, int, bytes]] = []
        while True:
            try:
                data = os.read(self.descriptor, 65_536)
            except BlockingIOError:
                return found
            at = 0
            while at < len(data):
                watch, mask, cookie, length = struct.unpack_from("iIII", data, at)
                found.append((watch, mask, cookie, data[at + 16 : at + 16 + length].rstrip(b"\0")))
                at += 16 + length

    def told(self) -> list[tuple[int, bytes]]:
        return [(mask & ~In.IN_ISDIR, name) for _, mask, _, name in self.read()]


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    os.close(made.descriptor)


def test_a_file_that_is_written_is_created_and_closed(kernel: Kernel, tmp_path: Path) -> None:
    kernel.add(tmp_path)
    (tmp_path / "a").write_bytes(b"x")
    assert kernel.told() == [(In.IN_CREATE, b"a"), (In.IN_CLOSE_WRITE, b"a")]


def test_a_hard_link_is_created_and_never_closed(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    kernel.add(tmp_path)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert kernel.told() == [(In.IN_CREATE, b"b")]


def test_both_ends_of_a_move_share_a_cookie(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    kernel.add(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    (_, from_, first, _), (_, to, second, _) = kernel.read()
    assert (from_, to) == (In.IN_MOVED_FROM, In.IN_MOVED_TO)
    assert first == second != 0


def test_of_a_folder_that_is_moved_in_nothing_but_itself_is_told(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/deep/a").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    kernel.add(tmp_path / "in")
    (tmp_path / "out").rename(tmp_path / "in/new")
    assert kernel.told() == [(In.IN_MOVED_TO, b"new")]
    (tmp_path / "in/new/b").write_bytes(b"x")
    assert kernel.told() == []


def test_too_many_events_end_in_one_word_without_a_watch(kernel: Kernel, tmp_path: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    kernel.add(tmp_path, In.IN_MOVE)
    (tmp_path / "0").write_bytes(b"x")
    for number in range(limit // 2 + 10):
        os.rename(tmp_path / str(number % 2), tmp_path / str((number + 1) % 2))
    heard = kernel.read()
    assert [event[:2] for event in heard if event[1] & In.IN_Q_OVERFLOW] == [(-1, In.IN_Q_OVERFLOW)]
    assert heard[-1][1] == In.IN_Q_OVERFLOW
    assert len(heard) == limit + 1


def test_a_folder_keeps_its_number_under_another_name(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first = kernel.add(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert kernel.add(tmp_path / "b") == first


def test_a_link_that_is_not_followed_hears_nothing_of_its_folder(kernel: Kernel, tmp_path: Path) -> None:
    """Why a watched folder that is a link is watched by its real path."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    kernel.add(tmp_path / "link", OURS | In.IN_DONT_FOLLOW)
    (tmp_path / "real/a").write_bytes(b"x")
    assert kernel.told() == []


def test_opening_and_changing_rights_are_told_only_to_those_who_ask(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    kernel.add(tmp_path)
    (tmp_path / "a").read_bytes()
    (tmp_path / "a").chmod(0o600)
    os.utime(tmp_path / "a", (1, 1))
    assert kernel.told() == []
    kernel.add(tmp_path, ALL)
    (tmp_path / "a").read_bytes()
    assert (In.IN_OPEN, b"a") in kernel.told()


# --- watchdog 7.1

#: What `agent.files.inotify` overrides or calls, and the arguments it counts on.
INNER: dict[Callable[..., object], list[str]] = {
    InotifyFD.add_callback: ["self", "path", "mask", "callback", "id_"],
    InotifyFD._add_callback: ["self", "path", "mask", "callback", "id_"],
    InotifyFD._get_or_create_watch: ["self", "path", "mask"],
    InotifyFD.handle_event: ["self", "event"],
    InotifyFD.run: ["self"],
    InotifyWatchGroup.__post_init__: ["self"],
    InotifyWatchGroup.on_event: ["self", "event"],
    InotifyWatchGroup.on_queue_overflow: ["self"],
    InotifyWatchGroup.read_event: ["self"],
    InotifyWatchGroup._add_all_callbacks: ["self", "path"],
    InotifyWatchGroup._add_callback: ["self", "path"],
    InotifyWatchGroup._remove_callbacks: ["self", "wds"],
    InotifyWatchGroup._remove_watch_internally: ["self", "wd"],
    InotifyWatchGroup._move_watches: ["self", "move_src_path", "move_dst_path"],
    InotifyWatchGroup._build_event_source_path: ["self", "event"],
    InotifyEmitter.on_thread_start: ["self"],
    InotifyEmitter.queue_events: ["self", "timeout", "full_events"],
    InotifyEmitter.build_and_queue_event: ["self", "event", "full_events"],
    InotifyEmitter.get_event_mask_from_filter: ["self"],
}


@pytest.mark.parametrize("function", INNER, ids=lambda function: function.__qualname__)
def test_the_inner_parts_of_watchdog_are_where_we_build_on_them(function: Callable[..., object]) -> None:
    assert list(inspect.signature(function).parameters) == INNER[function]


def test_watchdog_asks_the_kernel_for_no_more_than_we_ask_watchdog(tmp_path: Path) -> None:
    from agent.files.inotify import InotifyObserver
    from agent.files.watch import Watcher

    watcher = Watcher(lambda *_: None, lambda *_: None)
    watcher.watch(1, bytes(tmp_path), True)
    observer = watcher._observer
    assert isinstance(observer, InotifyObserver)
    (emitter,) = observer.emitters
    assert isinstance(emitter, InotifyEmitter)
    mask = emitter.get_event_mask_from_filter()
    watcher.stop()
    assert mask == OURS


def test_watchdog_holds_a_move_for_half_a_second_at_most() -> None:
    assert InotifyMoveEventGrouper.delay <= 0.5


UNMOUNT = """
import pathlib, subprocess, sys, threading
from agent.files.mounts import root_identity
from agent.files.watch import Watcher

root = sys.argv[1].encode()
below = root_identity(root)
subprocess.run(["mount", "-t", "tmpfs", "none", root], check=True)
mounted = root_identity(root)
(pathlib.Path(sys.argv[1]) / "sub").mkdir()
told = threading.Event()
said = []

def on_rescan(folder_id, why):
    said.append((folder_id, why))
    told.set()

watcher = Watcher(lambda *_: None, on_rescan)
watcher.watch(5, root, True)
subprocess.run(["umount", root], check=True)
assert told.wait(10), "nothing was told"
assert set(said) == {(5, "unwatched")}, said
assert below == root_identity(root) != mounted
watcher.stop()
print("fine")
"""


def test_a_drive_that_is_unmounted_is_told_and_leaves_another_file_system_behind(tmp_path: Path) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        may = subprocess.run([*alone, "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if may.returncode:
        pytest.skip("mounting is not allowed here")
    found = subprocess.run(
        [*alone, sys.executable, "-W", "error", "-c", UNMOUNT, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert (found.returncode, found.stdout.strip()) == (0, "fine"), found.stderr
