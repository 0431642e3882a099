"""The pool with real child processes, and with files that try to harm it."""

import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from agent.domain.errors import FileVanished, Interrupted, Rejected, Transient
from agent.domain.metadata import Metadata
from agent.media.made import Made
from agent.media.pool import Decoders
from agent.platforms.clock import SystemClock
from tests import pictures
from tests.jxl_files import from_jpeg

_REAL = (sys.executable, "-m", "agent", "decode")
_ODD = (sys.executable, str(Path(__file__).with_name("odd_decoder.py")))

Make = Callable[..., Decoders]


def _memory_of(pid: int) -> int | None:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes pools and sees that no child outlives the test."""
    made: list[Decoders] = []

    def build(argv: tuple[str, ...] = _REAL, **options: object) -> Decoders:
        pool = Decoders(argv, clock=SystemClock(), memory_of=_memory_of, **options)  # type: ignore[arg-type] # as given
        made.append(pool)
        return pool

    yield build
    for pool in made:
        pids = pool.pids()
        pool.close()
        assert pool.pids() == []
        assert not any(psutil.pid_exists(pid) for pid in pids)


def _make_pipe(path: Path) -> None:
    """A named pipe: whoever opens it waits until it is opened at the other end too."""
    subprocess.run(["mkfifo", path], check=True)


def _reason(pool: Decoders, path: Path, timeout_s: float = 20.0) -> object:
    """The reason for which a file is refused."""
    with pytest.raises(Rejected) as caught:
        pool.metadata(os.fsencode(path), timeout_s)
    assert caught.value.code == "undecodable"
    return caught.value.args_["detail"]


def test_one_child_answers_for_all_kinds_of_files(make: Make, tmp_path: Path) -> None:
    pool = make()
    assert pool.pids() == []  # nothing is started before it is needed
    for path, expected in (
        (pictures.jpeg(tmp_path / "a.jpg"), "JPEG"),
        (pictures.heic(tmp_path / "b.heic"), "HEIC"),
        (pictures.mp4(tmp_path / "c.mp4"), "MP4"),
        (pictures.dng(tmp_path / "d.dng"), "DNG"),
    ):
        found = pool.metadata(os.fsencode(path))
        assert (found.format, found.captured_at_text) == (expected, "2024-05-01T10:00:00")
    assert len(pool.pids()) == 1


def test_threads_share_two_workers(make: Make, tmp_path: Path) -> None:
    pool = make(workers=2)
    paths = [pictures.jpeg(tmp_path / f"{n}.jpg", size=(64 + n, 48)) for n in range(12)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda path: pool.metadata(os.fsencode(path)).width, paths * 4))
    assert found == [64 + n for n in range(12)] * 4
    assert 1 <= len(pool.pids()) <= 2


def test_names_of_any_bytes_are_opened(make: Make, tmp_path: Path) -> None:
    pool = make()
    for number, name in enumerate(pictures.odd_names()):
        path = os.fsencode(tmp_path) + b"/" + name
        pictures.jpeg(path, size=(32 + number, 24))
        assert pool.metadata(path).width == 32 + number


def test_a_broken_file_gets_a_clear_answer_and_the_child_lives_on(make: Make, tmp_path: Path) -> None:
    pool = make()
    whole = pictures.jpeg(tmp_path / "whole.jpg")
    pool.metadata(os.fsencode(whole))
    pids = pool.pids()
    empty, cut, text = tmp_path / "empty.jpg", tmp_path / "cut.jpg", tmp_path / "text.jpg"
    empty.touch()
    cut.write_bytes(whole.read_bytes()[:100])
    text.write_text("I am no picture")
    assert [_reason(pool, path) for path in (empty, cut, text)] == ["empty", "broken", "unknown_format"]
    assert pool.pids() == pids


def test_a_folder_a_pipe_and_a_device_are_no_pictures(make: Make, tmp_path: Path) -> None:
    pool = make()
    pipe = tmp_path / "pipe.jpg"
    _make_pipe(pipe)
    assert {_reason(pool, path) for path in (tmp_path, pipe, Path(os.devnull))} == {"unknown_format"}


def test_a_file_that_is_gone_or_closed_to_us_is_no_broken_file(make: Make, tmp_path: Path) -> None:
    pool = make()
    with pytest.raises(FileVanished):
        pool.metadata(os.fsencode(tmp_path / "gone.jpg"))
    with pytest.raises(Transient, match=r"read_error\(reason='ENAMETOOLONG'\)"):
        pool.metadata(os.fsencode(tmp_path / ("x" * 300)))
    path = pictures.jpeg(tmp_path / "closed.jpg")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(Rejected, match="unreadable"):
        pool.metadata(os.fsencode(path))


def test_random_bytes_under_every_extension_never_end_the_child(make: Make, tmp_path: Path) -> None:
    pool = make()
    rnd = Random(1)
    heads = (
        b"",
        b"\xff\xd8\xff\xe1",
        b"\x89PNG\r\n\x1a\n",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\0\0\0\x18ftypheic",
    )
    more = (
        b"\0\0\0\x18ftypqt  ",
        b"\0\0\0\x18ftypcrx ",
        b"RIFF\0\1\0\0AVI LIST",
        b"\x1aE\xdf\xa3",
        b"FUJIFILMCCD-RAW ",
    )
    extensions = (
        "jpg jpeg png webp tif gif heic avif dng cr2 cr3 nef arw raf orf rw2 mp4 mov avi mkv mts 3gp mpg wmv jxl psd"
    )
    first: set[int] = set()
    for number, extension in enumerate(extensions.split()):
        for head in (heads + more)[number % 3 :: 3]:
            path = tmp_path / f"{number}.{extension}"
            path.write_bytes(head + rnd.randbytes(rnd.choice((20, 700, 40_000))))
            with suppress(Rejected):
                pool.metadata(os.fsencode(path))
            first = first or set(pool.pids())
    assert set(pool.pids()) == first


def test_damaged_files_are_answered_for_without_losing_the_child(make: Make, tmp_path: Path) -> None:
    pool = make()
    rnd = Random(2)
    originals = [
        pictures.jpeg(tmp_path / "a.jpg", gps=(1, 2), content_identifier=pictures.CONTENT_IDENTIFIER),
        pictures.heic(tmp_path / "a.heic", content_identifier=pictures.CONTENT_IDENTIFIER),
        pictures.dng(tmp_path / "a.dng"),
        pictures.mov(tmp_path / "a.mov", content_identifier=pictures.CONTENT_IDENTIFIER),
        pictures.mp4(tmp_path / "a.mp4"),
        pictures.webp(tmp_path / "a.webp"),
        pictures.png(tmp_path / "a.png", taken=pictures.TAKEN),
        from_jpeg(tmp_path / "a.jxl", pictures.jpeg(tmp_path / "inside.jpg")),
    ]
    pool.metadata(os.fsencode(originals[0]))
    pids = pool.pids()
    for original in originals:
        whole = original.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole[: rnd.choice((len(whole), rnd.randrange(len(whole)), rnd.randrange(2000)))])
            for _ in range(rnd.randrange(12)):
                if damaged:
                    damaged[rnd.randrange(min(len(damaged), rnd.choice((600, len(damaged)))))] = rnd.randrange(256)
            path = tmp_path / f"damaged{original.suffix}"
            path.write_bytes(damaged)
            with suppress(Rejected):
                pool.metadata(os.fsencode(path))
    assert pool.pids() == pids


def test_a_bomb_is_measured_not_opened(make: Make, tmp_path: Path) -> None:
    pool = make()
    side = 20_000
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(side, side, _deflated_zeros((side + 1) * side)))
    found = pool.metadata(os.fsencode(path))
    assert (found.width, found.height) == (side, side)
    assert (_memory_of(pool.pids()[0]) or 0) < 100 << 20


def test_a_bomb_in_a_text_chunk_is_a_broken_file(make: Make, tmp_path: Path) -> None:
    pool = make()
    text = tmp_path / "text.png"
    chunk = _chunk(b"zTXt", b"Comment\0\0" + _deflated_zeros(100 << 20))
    text.write_bytes(_png(4, 4, zlib.compress(bytes(5 * 4)), before=chunk))
    assert _reason(pool, text) == "broken"
    assert (_memory_of(pool.pids()[0]) or 0) < 100 << 20


def _deflated_zeros(count: int) -> bytes:
    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(bytes(count & 0xFFFFF)), packer.flush()])


def _png(width: int, height: int, data: bytes, before: bytes = b"") -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head = _chunk(b"IHDR", size + b"\x08\0\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + head + before + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


@pytest.mark.parametrize("name", ["hang-1.jpg", "spin-1.jpg"])
def test_a_child_that_hangs_is_replaced(make: Make, tmp_path: Path, name: str) -> None:
    pool = make(_ODD)
    assert _reason(pool, pictures.jpeg(tmp_path / name), timeout_s=0.3) == "timeout"
    assert pool.pids() == []
    assert pool.metadata(os.fsencode(pictures.jpeg(tmp_path / "good.jpg"))).width == 640


def test_a_child_killed_in_mid_request_is_replaced_and_the_file_answered_for(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD)
    pipe = tmp_path / "wait-here"
    _make_pipe(pipe)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(pool.metadata, os.fsencode(pipe))
        with pipe.open("wb"):  # opens when the first child has begun to read
            (killed,) = pool.pids()
            psutil.Process(killed).kill()
            psutil.wait_procs(_processes(killed), timeout=10)
        with pipe.open("wb") as file:  # opens when the second child has begun to read
            file.write(b"four")
        assert answer.result(20).width == 4
    assert killed not in pool.pids()


def _processes(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid)]
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize(("name", "reason"), [("die-1.jpg", "crash"), ("bug-1.jpg", "crash"), ("lie-1.jpg", "crash")])
def test_a_file_that_ends_every_child_is_refused(
    make: Make, tmp_path: Path, expected_log: Callable[..., None], name: str, reason: str
) -> None:
    expected_log("a decoder gave an answer that cannot be", at_least=int(name.startswith("lie")))
    pool = make(_ODD)
    assert _reason(pool, pictures.jpeg(tmp_path / name)) == reason
    assert pool.metadata(os.fsencode(pictures.jpeg(tmp_path / "good.jpg"))).width == 640


def test_a_child_that_grows_is_ended(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD, memory_limit_bytes=100 << 20)
    assert _reason(pool, pictures.jpeg(tmp_path / "grow-1.jpg")) == "memory"
    assert pool.pids() == []


def test_what_a_library_prints_is_no_answer(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD)
    assert pool.metadata(os.fsencode(pictures.jpeg(tmp_path / "chatter-1.jpg"))).width == 640


def test_an_idle_child_ends_by_itself_and_a_new_one_comes_when_needed(make: Make, tmp_path: Path) -> None:
    pool = make((*_ODD, "0.1"))
    path = os.fsencode(pictures.jpeg(tmp_path / "a.jpg"))
    pool.metadata(path)
    first = pool.pids()
    _gone, alive = psutil.wait_procs([process for pid in first for process in _processes(pid)], timeout=10)
    assert not alive
    assert pool.metadata(path).width == 640
    assert pool.pids() != first


def test_a_child_that_goes_to_rest_just_as_it_is_asked_costs_the_file_nothing(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD)
    pipe = tmp_path / "wait-here"
    _make_pipe(pipe)
    with pytest.raises(Transient, match="decoder_unavailable"):  # not the file's fault, even when it never stops
        pool.metadata(os.fsencode(pictures.jpeg(tmp_path / "leave-1.jpg")))


def test_a_decoder_that_cannot_start_is_no_fault_of_the_file(make: Make, tmp_path: Path) -> None:
    path = os.fsencode(pictures.jpeg(tmp_path / "a.jpg"))
    for argv in (("/nowhere/at/all",), (sys.executable, "-c", "pass"), (sys.executable, "-c", "print('hello')")):
        with pytest.raises(Transient, match="decoder_unavailable"):
            make(argv).metadata(path)


def test_closing_ends_what_is_under_way_and_what_waits(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD)
    begun = tmp_path / "wait-here"
    _make_pipe(begun)
    waiting = os.fsencode(pictures.jpeg(tmp_path / "a.jpg"))
    with ThreadPoolExecutor(2) as threads:
        answers: list[Future[Metadata]] = [threads.submit(pool.metadata, os.fsencode(begun))]
        with begun.open("wb"):
            answers.append(threads.submit(pool.metadata, waiting))
            pool.close()
            for answer in answers:
                with pytest.raises(Interrupted):
                    answer.result(20)
    with pytest.raises(Interrupted):
        pool.metadata(waiting)


def test_no_thread_of_the_pool_outlives_it(make: Make, tmp_path: Path) -> None:
    pool = make()
    pool.metadata(os.fsencode(pictures.jpeg(tmp_path / "a.jpg")))
    pool.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decoder")]


def test_the_agent_loads_no_picture_library() -> None:
    code = "import sys, agent.media.pool; print(*({'PIL', 'av', 'pillow_heif'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b""


def test_tiny_pictures_of_several_files_come_with_one_question(make: Make, tmp_path: Path) -> None:
    pool = make()
    paths = [pictures.jpeg(tmp_path / f"{n}.jpg", size=(320 + n, 240)) for n in range(3)]
    paths[1].write_bytes(b"rubbish")
    found = pool.firsts([os.fsencode(path) for path in (*paths, tmp_path / "gone.jpg")])
    assert [type(one).__name__ for one in found] == ["Made", "Rejected", "Made", "FileVanished"]
    assert [one.pictures[0].width for one in found if isinstance(one, Made)] == [160, 160]


def test_one_that_ends_the_child_costs_its_neighbours_nothing(make: Make, tmp_path: Path) -> None:
    pool = make(_ODD)
    names = ("a.jpg", "die-1.jpg", "b.jpg")
    found = pool.firsts([os.fsencode(pictures.jpeg(tmp_path / name)) for name in names])
    assert [type(one).__name__ for one in found] == ["Made", "Rejected", "Made"]


def test_pictures_come_through_the_pool(make: Make, tmp_path: Path, expected_log: Callable[..., None]) -> None:
    expected_log("a decoder gave an answer that cannot be")
    pool = make()
    path = pictures.jpeg(tmp_path / "a.jpg", size=(800, 600))
    made = pool.pictures(os.fsencode(path), [300, 64])
    assert [(one.width, one.height) for one in made.pictures] == [(300, 225), (64, 48)]
    assert pool.pictures(os.fsencode(path), [300], digest=False).sha1 is None
    with pytest.raises(Rejected, match="crash"):
        make(_ODD).pictures(os.fsencode(pictures.jpeg(tmp_path / "lie-1.jpg")), [300])
