"""How much of the system's watches is taken, counted where the kernel tells it."""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.platforms.watch_limits import WatchLimits, watch_limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has such limits")
IN_CREATE = 0x100


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[int]:
    """Five watches more than before in this process; how many."""
    libc = ctypes.CDLL(None, use_errno=True)
    instance = libc.inotify_init1(0)
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert libc.inotify_add_watch(instance, os.fsencode(folder), IN_CREATE) >= 0
    yield 5
    os.close(instance)


def limits(but: int | None = None) -> WatchLimits:
    found = watch_limits(but)
    assert found is not None
    return found


def test_the_systems_limits_are_read() -> None:
    found = limits()
    assert found.watches == int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    assert found.instances == int(Path("/proc/sys/fs/inotify/max_user_instances").read_text())


def test_what_a_process_watches_is_counted_and_what_the_agent_watches_is_left_out(watched: int) -> None:
    """Other processes of this user come and go meanwhile, so only this one's share is compared."""
    with_us, without_us = limits(), limits(but=os.getpid())
    assert with_us.watches_used >= watched
    assert with_us.instances_used >= 1
    assert without_us.watches_used <= with_us.watches_used - watched + 1_000  # others may have come


def test_files_that_are_opened_and_closed_meanwhile_hide_nothing(watched: int, tmp_path: Path) -> None:
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            with open(tmp_path / "other", "w"):
                pass

    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        assert all(limits().watches_used >= watched for _ in range(50))
    finally:
        over.set()
        busy.join()
