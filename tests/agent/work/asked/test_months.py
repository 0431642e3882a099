"""The library by months: which months there are, their stretches, and what a filter leaves of them."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent.store import files, folders
from agent.store.db import Database
from agent.store.library import Filter
from agent.work.asked.months import month, months

_NS = 1_000_000_000


def at(*day: int) -> int:
    """Local noon of a day in ns."""
    return round(datetime(day[0], day[1], day[2], 12).timestamp()) * _NS  # noqa: DTZ001 - local is meant


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "safelight.db")
    yield database
    database.close()


def fill(database: Database, photos: list[tuple[bytes, bytes, str, int]]) -> int:
    """Files as (directory, name, role, time in ns); gives the folder's id."""
    with database.write() as tx:
        folder_id = folders.attach(tx, {b"/photos": ()}, {})[b"/photos"]
        asset_id = files.add_asset(tx, folder_id, 1)
        for number, (below, name, role, mtime_ns) in enumerate(photos, 1):
            directory = folders.directory(tx, folder_id, below)
            tx.execute(
                "INSERT INTO files (directory_id, folder_id, asset_id, name, role, mtime_ns, inode,"
                " size, state, seen_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'queued', 1)",
                (directory, folder_id, asset_id, name, role, mtime_ns, number),
            )
    return folder_id


PHOTOS = [
    (b"2024/Beach", b"a.jpg", "still", at(2024, 7, 1)),
    (b"2024/Beach", b"a.mov", "video", at(2024, 7, 31)),
    (b"2024/Beach", b"a.jpg.xmp", "sidecar", at(2024, 7, 31)),
    (b"", b"100%_b.jpg", "still", at(2024, 6, 30)),
    (b"", b"c.jpg", "still", at(2021, 1, 1)),
]


def test_months_come_newest_first_and_empty_ones_not_at_all(ledger: Database) -> None:
    fill(ledger, PHOTOS)
    assert months(ledger.read(), Filter()) == [("2024-07", 2), ("2024-06", 1), ("2021-01", 1)]


def test_an_empty_library_has_no_months(ledger: Database) -> None:
    assert months(ledger.read(), Filter()) == []


def test_a_month_is_read_in_stretches_newest_first(ledger: Database) -> None:
    fill(ledger, [(b"", f"{day:02}.jpg".encode(), "still", at(2024, 5, day)) for day in range(1, 31)])
    names = [row.name for row in month(ledger.read(), "2024-05", Filter(), 0, 10)]
    assert names == [f"{day:02}.jpg" for day in range(30, 20, -1)]
    assert [row.name for row in month(ledger.read(), "2024-05", Filter(), 28, 10)] == ["02.jpg", "01.jpg"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Filter(role="video"), [("2024-07", 1)], id="videos"),
        pytest.param(Filter(text="beach"), [("2024-07", 2)], id="directory"),
        pytest.param(Filter(text="100%_"), [("2024-06", 1)], id="signs-are-no-wildcards"),
        pytest.param(Filter(state="safe"), [], id="state"),
        pytest.param(Filter(folder_id=99), [], id="folder"),
    ],
)
def test_a_filter_counts_what_fits(wanted: Filter, found: list[tuple[str, int]], ledger: Database) -> None:
    fill(ledger, PHOTOS)
    assert months(ledger.read(), wanted) == found


def test_what_a_broken_clock_wrote_is_still_shown(ledger: Database) -> None:
    fill(ledger, [(b"", b"a", "still", -5 * _NS), (b"", b"b", "still", at(2150, 1, 1)), (b"", b"c", "still", 2**62)])
    found = months(ledger.read(), Filter())
    assert sum(count for _month, count in found) == 3
    names = [row.name for name, _count in found for row in month(ledger.read(), name, Filter(), 0, 9)]
    assert names == ["b", "c", "a"]


def test_what_is_no_longer_watched_or_gone_is_not_counted(ledger: Database) -> None:
    folder_id = fill(ledger, PHOTOS)
    with ledger.write() as tx:
        tx.execute("UPDATE files SET state = 'gone' WHERE name = ?", (b"c.jpg",))
    assert months(ledger.read(), Filter())[-1] == ("2024-06", 1)
    with ledger.write() as tx:
        tx.execute("UPDATE folders SET watched = 0 WHERE id = ?", (folder_id,))
    assert months(ledger.read(), Filter()) == []


@pytest.mark.slow
def test_a_hundred_thousand_files_are_counted_and_leafed_through_quickly(ledger: Database) -> None:
    begin, step = at(2009, 1, 1), 5_000 * _NS
    fill(ledger, [(b"x%d" % (n % 50), b"IMG_%06d.jpg" % n, "still", begin + n * step) for n in range(100_000)])
    since = time.perf_counter()
    found = months(ledger.read(), Filter())
    counted_s = time.perf_counter() - since
    assert sum(count for _name, count in found) == 100_000
    since = time.perf_counter()
    assert len(month(ledger.read(), found[len(found) // 2][0], Filter(text="img_"), 300, 200)) == 200
    read_s = time.perf_counter() - since
    print(f"counted in {counted_s * 1000:.0f} ms, read in {read_s * 1000:.0f} ms")
    assert counted_s < 1.0
    assert read_s < 0.2
