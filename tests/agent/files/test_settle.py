"""Files that come to rest. Time is moved by hand; the files are real."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.domain.errors import Blocked
from agent.files.reach import Reach
from agent.files.settle import Settler, Touch
from agent.platforms.clock import SystemClock
from tests.fakes.clock import FakeClock
from tests.silence import needs_silence, silent

#: A touch as these stories tell it: folder, path, what became of the file.
Rested = tuple[int, bytes, str]


class Desk:
    """A settler without its thread, and what it handed out."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.batches: list[list[Touch]] = []
        self.settler = Settler(self.clock, self.batches.append, Reach())

    def after(self, seconds: float) -> list[list[Rested]]:
        """Let time pass in small steps, as the thread would wake; what was handed out meanwhile."""
        before = len(self.batches)
        self.settler.step()
        for _ in range(round(seconds * 4)):
            self.clock.advance(0.25)
            self.settler.step()
        return [seen(batch) for batch in self.batches[before:]]


def seen(batch: list[Touch]) -> list[Rested]:
    """A batch without the facts, in a known order."""
    return sorted((one.folder_id, one.path, "gone" if one.gone else "there") for one in batch)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def written(path: Path, body: bytes = b"x") -> bytes:
    path.write_bytes(body)
    return bytes(path)


def test_a_file_that_rests_comes_once_and_then_nothing_is_due(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg")
    desk.settler.touch(1, path)
    assert desk.after(1.75) == []
    assert desk.after(0.75) == [[(1, path, "there")]]
    assert desk.after(10) == []
    assert desk.settler.step() is None


def test_a_step_says_when_to_come_again(desk: Desk, tmp_path: Path) -> None:
    assert desk.settler.step() is None
    desk.settler.touch(1, written(tmp_path / "a.jpg"))
    wait_s = desk.settler.step()
    assert wait_s is not None
    assert 2.0 <= wait_s <= 2.25
    desk.clock.advance(wait_s)
    assert desk.settler.step() is None
    assert len(desk.batches) == 1


def test_touches_in_a_row_make_a_file_wait(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jpg")
    for _ in range(10):
        desk.settler.touch(1, path)
        assert desk.after(1) == []
    assert desk.after(2.25) == [[(1, path, "there")]]


@pytest.mark.parametrize("what", ["size", "mtime"])
def test_a_file_that_changes_without_a_touch_waits_too(desk: Desk, tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.jpg"
    desk.settler.touch(1, written(path))
    for turn in range(5):
        assert desk.after(1.5) == []
        if what == "size":
            with path.open("ab") as file:
                file.write(b"more")
        else:
            os.utime(path, (turn, turn))
    assert desk.after(4.5) == [[(1, bytes(path), "there")]]


@pytest.mark.parametrize("mtime_s", [0, -1, 1, 4_000_000_000, 32_503_680_000])
def test_an_mtime_far_from_now_delays_nothing(desk: Desk, tmp_path: Path, mtime_s: int) -> None:
    path = tmp_path / "a.jpg"
    written(path)
    os.utime(path, (mtime_s, mtime_s))
    desk.settler.touch(1, bytes(path))
    assert desk.after(2.25) == [[(1, bytes(path), "there")]]


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_file_that_never_rests_is_taken_in_the_end(desk: Desk, tmp_path: Path, is_heard: bool) -> None:
    path = tmp_path / "a.mp4"
    desk.settler.touch(1, written(path))
    for _ in range(599):
        with path.open("ab") as file:
            file.write(b"more")
        if is_heard:
            desk.settler.touch(1, bytes(path))
        assert desk.after(1) == []
    with path.open("ab") as file:
        file.write(b"more")
    assert desk.after(4) == [[(1, bytes(path), "there")]]


def test_a_still_its_video_and_its_sidecars_come_together(desk: Desk, tmp_path: Path) -> None:
    names = ("IMG_1.HEIC", "IMG_1.mov", "img_1.xmp", "IMG_1.HEIC.xmp")
    paths = [written(tmp_path / name) for name in names]
    other = written(tmp_path / "IMG_2.HEIC")
    desk.settler.touch(1, paths[0])
    desk.settler.touch(1, other)
    assert desk.after(1.5) == []
    for path in paths[1:]:
        desk.settler.touch(1, path)
    assert desk.after(1) == [[(1, other, "there")]]
    (batch,) = desk.after(1.5)
    assert batch == sorted((1, path, "there") for path in paths)


def test_the_same_stem_elsewhere_is_another_group(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    first, second = written(tmp_path / "a.jpg"), written(tmp_path / "x" / "a.jpg")
    desk.settler.touch(1, first)
    desk.settler.touch(2, first)
    assert desk.after(1) == []
    desk.settler.touch(1, second)
    (batch,) = desk.after(1.5)
    assert batch == [(1, first, "there"), (2, first, "there")]
    assert desk.after(1) == [[(1, second, "there")]]


def test_what_is_gone_comes_as_gone(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    desk.settler.touch(1, bytes(path))
    assert desk.after(2.25) == [[(1, bytes(path), "gone")]]
    desk.settler.touch(1, written(path))
    assert desk.after(1) == []
    path.unlink()
    desk.settler.touch(1, bytes(path))
    assert desk.after(2.25) == [[(1, bytes(path), "gone")]]


def test_a_file_that_is_replaced_within_the_rest_is_not_gone(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    desk.settler.touch(1, bytes(path))
    assert desk.after(1) == []
    written(path)
    assert desk.after(4.5) == [[(1, bytes(path), "there")]]


def test_a_folder_in_the_place_of_a_photo_means_that_the_photo_is_gone(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    desk.settler.touch(1, bytes(tmp_path / "a.jpg"))
    assert desk.after(2.25) == [[(1, bytes(tmp_path / "a.jpg"), "gone")]]


def test_what_rests_together_comes_in_one_batch(desk: Desk, tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{number}.jpg") for number in range(300)]
    for path in paths:
        desk.settler.touch(1, path)
    (batch,) = desk.after(2.25)
    assert {path for _, path, _ in batch} == set(paths)


def test_files_that_nobody_can_take_now_come_again(
    desk: Desk, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    taken: list[list[Touch]] = []
    troubles = 2

    def take(batch: list[Touch]) -> None:
        nonlocal troubles
        if troubles:
            troubles -= 1
            raise Blocked("disk_full")
        taken.append(batch)

    expected_log("come again: disk_full")
    desk.settler = Settler(desk.clock, take, Reach())
    path = written(tmp_path / "a.jpg")
    desk.settler.touch(1, path)
    desk.settler.touch(1, bytes(tmp_path / "gone.jpg"))
    desk.after(60)
    assert taken == []
    desk.after(10)
    assert [seen(batch) for batch in taken] == [[(1, path, "there"), (1, bytes(tmp_path / "gone.jpg"), "gone")]]


def test_the_thread_hands_out_what_other_threads_touch_and_stops(tmp_path: Path) -> None:
    seen: set[bytes] = set()
    is_all = threading.Event()
    paths = [written(tmp_path / f"{number}.jpg") for number in range(200)]

    def take(batch: list[Touch]) -> None:
        seen.update(touch.path for touch in batch)
        if len(seen) == len(paths):
            is_all.set()

    settler = Settler(SystemClock(), take, Reach(), rest_s=0.05)
    settler.start()
    try:

        def touch(some: list[bytes]) -> None:
            for path in some:
                settler.touch(1, path)

        hands = [threading.Thread(target=touch, args=(paths[part::4],)) for part in range(4)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        assert is_all.wait(10)
    finally:
        settler.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "settle"]


def test_a_stop_does_not_wait_for_what_does_not_rest(tmp_path: Path) -> None:
    batches: list[list[Touch]] = []
    settler = Settler(SystemClock(), batches.append, Reach(), rest_s=3_600)
    settler.start()
    settler.touch(1, written(tmp_path / "a.jpg"))
    settler.stop(timeout_s=5)
    assert not [thread for thread in threading.enumerate() if thread.name == "settle"]
    assert batches == []


@needs_silence
def test_a_folder_that_hangs_holds_up_no_other_and_its_files_come_when_it_answers(
    desk: Desk, tmp_path: Path, expected_log: Callable[..., None]
) -> None:
    expected_log("does not answer")
    here, away = tmp_path / "here", tmp_path / "away"
    here.mkdir()
    away.mkdir()
    back = threading.Event()
    told: list[int] = []

    def tell(folder_id: int) -> None:
        told.append(folder_id)
        if len(told) == 2:
            back.set()

    desk.settler = Settler(desk.clock, desk.batches.append, Reach(tell, patience_s=0.2))
    far = written(away / "a.jpg")
    with silent(away):
        desk.settler.touch(1, far)
        desk.settler.touch(2, written(here / "b.jpg"))
        assert desk.after(2.25) == [[(2, bytes(here / "b.jpg"), "there")]]
        desk.settler.touch(2, written(here / "c.jpg"))
        assert desk.after(700) == [[(2, bytes(here / "c.jpg"), "there")]], "it is never given out unseen"
        assert not desk.settler.is_idle()
        assert told == [1]
    assert back.wait(10)
    assert desk.after(34) == [[(1, far, "there")]]
    assert desk.settler.is_idle()
