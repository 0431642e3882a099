"""Whole passes over a library, with real decoders: what is made, skipped, adopted, reported, cleaned up and evicted."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from agent.app.cache import BuildProcess, Ended, lock_build, making_for, without_agent
from agent.domain.errors import Blocked, Transient
from agent.domain.facts import HostFacts
from agent.platforms.base import Places, Platform
from agent.protocol.paths import to_wire
from agent.store import media_metadata, places, thumbnails
from agent.store.cache_db import CacheDatabase
from agent.store.settings import SettingsStore
from agent.work.cache.building import Report
from tests import pictures
from tests.ledger import know

_LONG_AGO_S = 1_700_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    for number in range(6):
        pictures.jpeg(folder / f"IMG_{number}.jpg", size=(640, 480), seed=number)
        os.utime(folder / f"IMG_{number}.jpg", (_LONG_AGO_S + number, _LONG_AGO_S + number))
    return folder


@pytest.fixture
def where(home: Path, root: Path) -> Places:
    return know(home, root)


def build(
    where: Places, tell: Callable[[Report], None] = lambda _: None, *, forgive: bool = False, few: int = 0
) -> Ended:
    return BuildProcess(where, tell, forgive=forgive, few=few).run()


class Power:
    """A computer whose power is what a test says."""

    def __init__(self, facts: HostFacts) -> None:
        self._facts = facts
        self.tell: Callable[[HostFacts], None] = lambda _facts: None

    def watch_facts(self, on_change: Callable[[HostFacts], None], _on_sleep: object = None) -> "Power":
        self.tell = on_change
        on_change(self._facts)
        return self

    def stop(self) -> None:
        self.tell = lambda _facts: None


def count(where: Places) -> tuple[int, int]:
    """Pictures and facts that are kept."""
    with without_agent(where) as cache:
        stats = cache.stats()
    return stats.thumbnails.count, stats.metadata.count


@pytest.fixture
def thumbs(where: Places) -> Iterator[CacheDatabase]:
    database = CacheDatabase(where.cache_dir, "thumbnails")
    yield database
    database.close()


def test_a_first_pass_makes_all_and_a_second_one_nothing(where: Places) -> None:
    phases: list[str] = []
    first = build(where, lambda report: phases.append(report.phase))
    assert (first.report.done, first.report.first, first.report.skipped, first.report.failed) == (6, 6, 0, [])
    assert list(dict.fromkeys(phases)) == ["looking", "first", "whole", "cleaning"]
    assert count(where) == (6, 6)
    second = build(where)
    assert (second.report.done, second.report.skipped) == (0, 6)


@pytest.mark.parametrize(
    ("facts", "reason", "made"),
    [(HostFacts(on_battery=True, battery_percent=90), "charging", 0), (HostFacts(on_battery=False), None, 6)],
)
def test_a_pass_that_spares_the_battery_does_nothing_on_it_and_says_so(
    where: Places, facts: HostFacts, reason: str | None, made: int
) -> None:
    told: list[Report] = []
    power = cast("Platform", Power(facts))
    ended = BuildProcess(where, told.append, mind_power=True, few=0, platform=power).run()
    assert (ended.reason, ended.report.done, count(where)) == (reason, made, (made, made))
    assert bool(told) == bool(made)


def test_a_pass_ends_when_the_charger_is_pulled_out(where: Places) -> None:
    power = Power(HostFacts(on_battery=False))

    def pull(report: Report) -> None:
        if report.phase == "whole":
            power.tell(HostFacts(on_battery=True))

    ended = BuildProcess(where, pull, mind_power=True, few=0, platform=cast("Platform", power)).run()
    assert ended.reason == "charging"
    assert ended.report.done < 6
    assert build(where).report.done == 6 - ended.report.done


def test_few_files_get_their_real_pictures_at_once(where: Places) -> None:
    report = build(where, few=6).report
    assert (report.done, report.first) == (6, 0)


def test_a_library_that_nobody_has_looked_at_is_nothing_to_do(home: Path) -> None:
    from agent.platforms.base import places as places_of

    where = places_of(home)
    where.create()
    assert build(where).report == Report()


def test_a_ledger_of_another_version_is_left_to_the_agent(where: Places) -> None:
    import sqlite3

    ledger = sqlite3.connect(where.database_file)
    (version,) = ledger.execute("PRAGMA user_version").fetchone()
    for other, error in ((version + 1, Blocked), (version - 1, Transient)):
        ledger.execute(f"PRAGMA user_version = {other}")
        with pytest.raises(error):
            build(where)
    ledger.close()


def test_the_ledger_is_only_read(where: Places) -> None:
    before = where.database_file.read_bytes()
    build(where)
    assert where.database_file.read_bytes() == before


def test_the_newest_come_first_but_what_was_looked_at_before_them(where: Places, root: Path) -> None:
    order: list[Path] = []
    build(where)
    viewed = root / "Viewed"
    viewed.mkdir()
    shutil.move(root / "IMG_2.jpg", viewed / "IMG_2.jpg")
    know(where.data_dir, root)
    build(where)
    with without_agent(where) as cache:
        cache.thumbnail(to_wire(os.fsencode(viewed / "IMG_2.jpg")), 0)
    for number in range(3):
        pictures.jpeg(root / f"new-{number}.jpg", seed=10 + number)
        os.utime(root / f"new-{number}.jpg", (_LONG_AGO_S + 100 + number, _LONG_AGO_S + 100 + number))
    pictures.jpeg(viewed / "old.jpg", seed=20)
    os.utime(viewed / "old.jpg", (1_000_000, 1_000_000))
    know(where.data_dir, root)
    with making_for(where, 1) as (making, _, _):
        from agent.platforms.clock import SystemClock
        from agent.store.picturable import open_ledger
        from agent.work.cache.building import Build

        ledger = open_ledger(where.database_file)
        assert ledger is not None
        decode = making.decode

        def spy(version: places.Version, *rest: object) -> object:
            order.append(Path(os.fsdecode(version.path)))
            return decode(version, *rest)  # type: ignore[arg-type] # as it was called

        making.decode = spy  # type: ignore[method-assign, assignment]
        Build(
            lambda: ledger, making, SystemClock(), workers=1, batch_files=2, check=lambda: None, tell=lambda _: None
        )()
        ledger.close()
    assert [path.name for path in order] == ["old.jpg", "new-2.jpg", "new-1.jpg", "new-0.jpg"]


def test_moves_twins_and_known_digests_cost_no_decoding(
    where: Places, root: Path, thumbs: CacheDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = pictures.mp4(root / "film.mp4")
    know(where.data_dir, root)
    build(where)
    with thumbs.read() as tx:
        assert places.is_by_path(places.known(tx, [os.fsencode(film)])[os.fsencode(film)].key or "")
    shutil.move(root / "IMG_0.jpg", root / "moved.jpg")
    shutil.copy2(root / "IMG_1.jpg", root / "twin.jpg")
    digests = {path: hashlib.sha1(path.read_bytes()).digest() for path in root.iterdir()}
    know(where.data_dir, root, digests)
    monkeypatch.setattr(sys, "executable", "/nowhere")  # whoever starts a decoder fails
    ended = build(where)
    assert (ended.report.done, ended.report.skipped) == (0, 8)
    with thumbs.read() as tx:
        known = places.known(tx, [os.fsencode(path) for path in digests])
        assert {path: known[os.fsencode(path)].key for path in digests} == {
            path: digest.hex() for path, digest in digests.items()
        }
    assert count(where) == (7, 7)


def test_broken_files_are_reported_once_and_tried_again_when_they_change(
    where: Places, root: Path, expected_log: Callable[..., None]
) -> None:
    expected_log("no picture of .*: (broken|empty)", at_least=3)
    whole = (root / "IMG_0.jpg").read_bytes()
    bad = {"cut.jpg": whole[:-3_000], "rubbish.png": b"\x89PNG\r\n\x1a\nrubbish", "empty.heic": b""}
    for name, content in bad.items():
        (root / name).write_bytes(content)
    know(where.data_dir, root)
    first = build(where)
    reasons = {Path(os.fsdecode(path)).name: reason for path, reason in first.report.failed}
    assert reasons == {"cut.jpg": "broken", "rubbish.png": "broken", "empty.heic": "empty"}
    assert first.report.done == 6
    second = build(where)
    assert (second.report.failed, second.report.skipped, second.report.done) == ([], 9, 0)
    again = build(where, forgive=True)
    assert len(again.report.failed) == 3
    (root / "cut.jpg").write_bytes(whole + b"mended")
    know(where.data_dir, root)
    third = build(where)
    assert (third.report.done, third.report.failed) == (1, [])
    # the facts of a cut picture are known, although it cannot be seen
    assert count(where) == (7, 7)


def test_deleted_files_are_cleaned_up(where: Places, root: Path) -> None:
    build(where)
    (root / "IMG_0.jpg").unlink()
    (root / "IMG_1.jpg").write_bytes((root / "IMG_2.jpg").read_bytes())
    know(where.data_dir, root)
    assert build(where).report.cleaned == 1
    assert count(where) == (4, 4)


@pytest.mark.parametrize("away", ["missing", "empty"])
def test_an_unmounted_drive_is_never_cleaned_up(
    where: Places, root: Path, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(where)
    root.rename(root.with_name("elsewhere"))
    if away == "empty":  # the bare mount point, on the file system below
        root.mkdir()
        monkeypatch.setattr("agent.work.cache.cleaning.root_identity", lambda _: "fs=other")
    ledger = CacheDatabase(where.cache_dir, "thumbnails")
    ledger.close()
    _mark_all_gone(where)
    assert build(where).report.cleaned == 0
    assert count(where) == (6, 6)


def test_a_drive_mounted_inside_a_watched_folder_is_not_cleaned_up_either(where: Places, root: Path) -> None:
    inner = root / "Drive"
    inner.mkdir()
    shutil.move(root / "IMG_0.jpg", inner / "IMG_0.jpg")
    know(where.data_dir, root)
    build(where)
    kept = count(where)
    (inner / "IMG_0.jpg").unlink()  # all that is left is an empty directory
    _mark_all_gone(where)
    build(where)
    assert count(where) == kept


def _mark_all_gone(where: Places) -> None:
    from agent.store.db import Database

    database = Database(where.database_file)
    with database.write() as tx:
        tx.execute("UPDATE files SET state = 'gone', gone_at = 1")
    database.close()


def test_a_cache_deleted_in_the_middle_is_made_again(where: Places) -> None:
    build(where)
    for path in where.cache_dir.iterdir():
        path.unlink()
    assert build(where).report.done == 6
    (where.cache_dir / "media_metadata.db").unlink()
    assert build(where).report.done == 6
    assert count(where) == (6, 6)


def test_another_size_is_made_when_the_settings_ask_for_it(where: Places, thumbs: CacheDatabase) -> None:
    build(where)
    SettingsStore(where.settings_file).set_value("cache_sizes_px", value=[300, 120])
    assert build(where).report.done == 6
    with thumbs.read() as tx:
        assert set(thumbnails.bounds(tx, [row[0] for row in tx.execute("SELECT file_hash FROM entries")]).values()) == {
            frozenset({120, 300})
        }


def test_a_second_pass_at_the_same_time_says_so_and_ends(where: Places) -> None:
    lock = lock_build(where)
    assert build(where).is_busy
    lock.release()
    assert build(where).report.done == 6


def test_a_pass_that_is_stopped_keeps_what_it_made_and_the_next_goes_on(where: Places) -> None:
    def tell(report: Report) -> None:
        if report.phase == "whole" and report.done == 2:
            process.stop("stop")

    process = BuildProcess(where, tell, workers=1)
    ended = process.run()
    assert ended.reason == "stop"
    assert 2 <= ended.report.done < 6
    rest = build(where)
    assert rest.report.skipped >= 2
    assert rest.report.skipped + rest.report.done == 6


def test_a_full_cache_is_not_filled_further_and_what_was_not_used_goes(
    where: Places, root: Path, thumbs: CacheDatabase
) -> None:
    with thumbs.write() as tx:
        for number in range(700):
            version = places.Version(b"/elsewhere/%d.jpg" % number, 1, 1)
            big = thumbnails.Stored(300, 300, 300, b"\xff\xd8\xff" + bytes(15_000))
            thumbnails.put(tx, version, f"path:{number}", [big], number)
    SettingsStore(where.settings_file).set_value("cache_limit_bytes", value=10_000_000)
    ended = build(where)
    assert ended.report.is_full
    assert ended.report.evicted > 0
    with thumbs.read() as tx:
        assert tx.execute("SELECT 1 FROM entries WHERE file_hash = 'path:0'").fetchone() is None
        assert tx.execute("SELECT 1 FROM entries WHERE file_hash = 'path:699'").fetchone() is not None
    assert thumbs.used_bytes() <= 10_000_000


def test_facts_are_told_as_they_were_cached(where: Places, root: Path) -> None:
    path = pictures.jpeg(root / "gps.jpg", orientation=6, gps=(48.1, 11.5), offset="+02:00")
    with without_agent(where) as cache:
        fresh = cache.metadata(to_wire(os.fsencode(path)))
        known = cache.metadata(to_wire(os.fsencode(path)))
    assert (fresh.cached, known.cached) == (False, True)
    assert known.cached_at is not None
    assert (known.width, known.height, known.format, known.duration) == (640, 480, "JPEG", None)
    assert (known.file_size, known.orientation, known.has_gps) == (path.stat().st_size, 6, True)
    assert (known.captured_at, known.captured_offset) == ("2024-05-01T10:00:00", "+02:00")


def test_facts_and_pictures_lie_in_their_own_databases(where: Places) -> None:
    build(where)
    facts = CacheDatabase(where.cache_dir, "media_metadata")
    with facts.read() as tx:
        assert media_metadata.count(tx) == 6
        assert tx.execute("SELECT count(*) FROM details WHERE thumbhash IS NOT NULL").fetchone()[0] == 6
    facts.close()
