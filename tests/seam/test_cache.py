"""The media cache as processes: the command's answers, a pass killed or stopped, two at once, the agent beside."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from agent.protocol.cache import CacheRebuild, Thumbnails, ThumbnailsWish
from agent.protocol.methods import Files, JobRef, LibraryList
from agent.protocol.types import JobRow
from tests import pictures
from tests.ledger import know
from tests.seam.command import Command, Ended
from tests.seam.rig import CHECKOUT, Rig

_PATIENCE_S = 60.0


class Typed:
    """The command as a person types it, each time a process."""

    def __init__(self, home: Path) -> None:
        self._command = Command(home)

    def __call__(self, *typed: str | Path) -> Ended:
        return self._command.process(*typed)

    def done(self, *typed: str | Path) -> Ended:
        """The same, and it must succeed."""
        ended = self(*typed)
        assert ended.code == 0, ended
        return ended


@pytest.fixture
def safelight(home: Path) -> Iterator[Typed]:
    command = Typed(home)
    yield command
    command("stop")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Photos that take a while to decode, and one that is broken."""
    folder = tmp_path / "Pictures"
    first = pictures.jpeg(folder / "IMG_000.jpg", size=(2400, 1800), seed=1)
    for number in range(1, 40):
        (folder / f"IMG_{number:03}.jpg").write_bytes(first.read_bytes() + b"%d" % number)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    return folder


def _kept(home: Path) -> int:
    """Pictures in the published table, read as anybody may, while it is written."""
    try:
        with sqlite3.connect(f"file:{home}/cache/thumbnails.db?mode=ro", uri=True, timeout=10) as database:
            found = int(database.execute("SELECT count(*) FROM thumbnails").fetchone()[0])
        database.close()
    except sqlite3.OperationalError:  # not made yet
        return 0
    return found


def _until(holds: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.02)


def _begin(home: Path, *options: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "agent", "--json", "cache", "build", *options]
    environment = {**os.environ, "SAFELIGHT_HOME": str(home)}
    return subprocess.Popen(argv, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, start_new_session=True)


def test_build_answers_as_promised_and_names_what_newly_failed(safelight: Typed, home: Path, root: Path) -> None:
    know(home, root)
    first = safelight("cache", "build", "--json")
    assert first.code == 1
    assert first.document["done"] == 40
    assert first.document["failed"] == [{"path": str(root / "broken.png"), "reason": "broken"}]
    again = safelight("cache", "build", "--json")
    assert (again.code, again.document["skipped"], again.document["failed"]) == (0, 41, [])
    assert "41 files were as they should be" in safelight.done("cache", "build").out
    assert "broken.png" in (home / "logs" / "cache.log").read_text("utf-8")


def test_questions_are_answered_without_an_agent_and_with_one(safelight: Typed, home: Path, root: Path) -> None:
    know(home, root)
    path, out = root / "IMG_000.jpg", root.parent / "small.jpg"
    empty = safelight.done("cache", "stats", "--json").document
    assert empty["thumbnails"] == {"exists": False, "count": 0, "size_bytes": 0}
    for start in (False, True):
        if start:
            safelight.done("start")
        found = safelight.done("cache", "metadata", path, "--json").document
        assert {key: found[key] for key in ("file_path", "width", "height", "file_size", "duration", "format")} == {
            "file_path": str(path),
            "width": 2400,
            "height": 1800,
            "file_size": path.stat().st_size,
            "duration": None,
            "format": "JPEG",
        }
        assert (found["cached"], bool(found["cached_at"])) == (start, True)
        safelight.done("cache", "thumbnail", path, "--out", out)
        with Image.open(out) as image:
            assert (image.format, image.size) == ("JPEG", (300, 225))
        stats = safelight.done("cache", "stats", "--json").document
        assert (stats["thumbnails"]["exists"], stats["thumbnails"]["count"], stats["metadata"]["count"]) == (True, 1, 1)
        assert stats["thumbnails"]["size_bytes"] > 0
        refused = safelight("cache", "metadata", root / "broken.png")
        assert (refused.code, refused.err) == (
            1,
            f"There is no picture of {root / 'broken.png'}: the file is damaged.\n",
        )
        assert safelight("cache", "metadata", root / "none.jpg").code == 2
        assert safelight("cache", "thumbnail", path, "--out", root / "no" / "folder.jpg").code == 2


def test_a_pass_killed_at_any_moment_is_gone_on_with(home: Path, root: Path) -> None:
    know(home, root)
    kept: list[int] = []
    for _ in range(3):
        process = _begin(home)
        wanted, poll = min(40, (kept[-1] if kept else 0) + 5), process.poll
        _until(lambda wanted=wanted, poll=poll: _kept(home) >= wanted or poll() is not None, "progress")  # type: ignore[misc] # bound at once
        os.killpg(process.pid, signal.SIGKILL)  # the decoders too, as a power cut would
        process.communicate()
        kept.append(_kept(home))
    assert kept == sorted(kept)
    last = _begin(home)
    out, _ = last.communicate(timeout=_PATIENCE_S)
    assert b'"skipped":' in out
    assert _kept(home) == 40
    database = sqlite3.connect(home / "cache" / "thumbnails.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*) FROM entries").fetchone() == (40,)
    database.close()


def test_sigterm_ends_a_pass_cleanly(home: Path, root: Path) -> None:
    first = (root / "IMG_000.jpg").read_bytes()
    for number in range(40, 160):  # so many that it is still at them when it is stopped
        (root / f"IMG_{number:03}.jpg").write_bytes(first + b"%d" % number)
    know(home, root)
    process = _begin(home, "--workers", "1")
    _until(lambda: _kept(home) > 0, "the first pictures")
    process.terminate()
    out, _ = process.communicate(timeout=_PATIENCE_S)
    assert b'"stopped":"stop"' in out
    assert process.returncode in {0, 1}  # 1 when the broken one was met before
    assert 0 < _kept(home) < 160


def test_a_second_builder_says_so_and_ends_well(safelight: Typed, home: Path, root: Path) -> None:
    know(home, root)
    first = _begin(home)
    _until((home / "cache" / "cache-build.lock").exists, "the beginning of the first pass")
    first.send_signal(signal.SIGSTOP)
    assert sys.platform != "linux" or os.getpriority(os.PRIO_PROCESS, first.pid) >= 10, "behind all others"
    second = safelight("cache", "build", "--json")
    assert (second.code, second.document["busy"], second.document["done"]) == (0, True, 0)
    assert "under way already" in safelight.done("cache", "build").out
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=_PATIENCE_S)
    assert _kept(home) == 40


def test_databases_deleted_during_a_pass_cost_only_what_was_in_them(home: Path, root: Path) -> None:
    know(home, root)
    process = _begin(home)
    _until(lambda: _kept(home) > 5, "some pictures")
    for path in (home / "cache").glob("*.db*"):
        if not path.name.endswith(".lock"):
            path.unlink()
    process.communicate(timeout=_PATIENCE_S)
    assert process.returncode in {0, 1}
    last = _begin(home)
    last.communicate(timeout=_PATIENCE_S)
    assert _kept(home) == 40


def test_new_files_get_pictures_soon_and_their_backup_does_not_wait_for_it(rig: Rig) -> None:
    rig.ready(["folder"])
    pictures.jpeg(rig.pictures / "a.jpg", size=(800, 600), seed=1)
    rig.wait_state(rig.pictures / "a.jpg", "safe")
    _until(lambda: _kept(rig.home) == 1, "a picture of what came")
    shutil.copy2(rig.pictures / "a.jpg", rig.pictures / "twin.jpg")
    rig.wait_state(rig.pictures / "twin.jpg", "safe")
    # The ledger knows it a moment before the light does.
    rig.wait(lambda now: now.backup.light == "safe", "the light", 5)


def test_a_page_tells_what_is_there_and_makes_the_rest(rig: Rig) -> None:
    for number in range(5):
        pictures.jpeg(rig.pictures / f"{number}.jpg", size=(800, 600), seed=number)
    (rig.pictures / "broken.jpg").write_bytes(b"rubbish")
    rig.start()
    rig.call("backup.pause")  # nothing is made in the background
    rig.watch(rig.pictures)
    rig.wait(lambda shown: shown.library.counts.total == 6, "all files")
    files: Files = rig.call("library.list", LibraryList())
    ids = tuple(row.id for row in files.rows)
    deadline_s = time.monotonic() + _PATIENCE_S
    found: Thumbnails = rig.call("cache.thumbnails", ThumbnailsWish((*ids, 999)))
    assert found.making == 6
    while found.making:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
        found = rig.call("cache.thumbnails", ThumbnailsWish((*ids, 999)))
    assert sorted(row.failure or "" for row in found.rows) == ["", "", "", "", "", "unknown_format", "vanished"]
    assert all(row.data.startswith(b"\xff\xd8") and row.is_final and row.thumbhash for row in found.rows if row.data)


def test_a_rebuild_goes_on_in_the_background(rig: Rig) -> None:
    for number in range(3):
        pictures.jpeg(rig.pictures / f"{number}.jpg", seed=number)
    rig.start()
    rig.watch(rig.pictures)
    rig.wait(lambda shown: shown.library.counts.total == 3, "all files")
    asked: CacheRebuild = rig.call("cache.rebuild")

    def ended() -> bool:
        row: JobRow = rig.call("jobs.show", JobRef(asked.job_id))
        return row.status == "COMPLETED"

    _until(ended, "the end of the rebuild")
    assert _kept(rig.home) == 3
    (rig.home / "cache" / "thumbnails.db").unlink()
    rig.call("cache.rebuild")
    _until(lambda: _kept(rig.home) == 3, "pictures made anew")
