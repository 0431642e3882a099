"""The two cache databases as files: published tables, deleted, damaged, locked, written by two at once."""

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.domain.errors import Transient
from agent.store import cache_db, places, thumbnails
from agent.store.cache_db import CacheDatabase, Kind, steps
from agent.store.places import Version
from agent.store.thumbnails import Stored

PICTURE = Stored(300, 300, 225, b"\xff\xd8\xff" + bytes(9_000))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[CacheDatabase]:
    opened = CacheDatabase(tmp_path / "cache", "thumbnails")
    yield opened
    opened.close()


def _put(database: CacheDatabase, name: str) -> None:
    version = Version(name.encode(), 1, 2)
    with database.write() as tx:
        thumbnails.put(tx, version, places.key_of(version, None), [PICTURE], 1)


def _count(database: CacheDatabase) -> int:
    with database.read() as tx:
        return thumbnails.count(tx)


@pytest.mark.parametrize(
    ("kind", "table", "columns", "index"),
    [
        (
            "thumbnails",
            "thumbnails",
            [("file_hash", "TEXT", 0, 1), ("file_path", "TEXT", 1, 0), ("thumbnail_data", "BLOB", 1, 0),
             ("created_at", "TEXT", 0, 0), ("file_mtime", "REAL", 0, 0)],
            "idx_file_path",
        ),
        (
            "media_metadata",
            "media_metadata",
            [("file_hash", "TEXT", 0, 1), ("file_path", "TEXT", 1, 0), ("width", "INTEGER", 0, 0),
             ("height", "INTEGER", 0, 0), ("file_size", "INTEGER", 0, 0), ("duration", "REAL", 0, 0),
             ("format", "TEXT", 0, 0), ("created_at", "TEXT", 0, 0), ("file_mtime", "REAL", 0, 0)],
            "idx_meta_file_path",
        ),
    ],
)  # fmt: skip
def test_the_published_tables_are_as_published(
    tmp_path: Path, kind: Kind, table: str, columns: list[tuple[str, str, int, int]], index: str
) -> None:
    database = CacheDatabase(tmp_path, kind)
    with database.read():
        pass
    database.close()
    plain = sqlite3.connect(tmp_path / f"{kind}.db")
    found = [(row[1], row[2], row[3], row[5]) for row in plain.execute(f"PRAGMA table_info({table})")]
    assert found == columns
    assert [row[2] for row in plain.execute(f"PRAGMA index_info({index})")] == ["file_path"]
    plain.close()


def test_nothing_is_made_before_it_is_used(tmp_path: Path) -> None:
    database = CacheDatabase(tmp_path / "cache", "thumbnails")
    assert not database.exists()
    assert database.size_bytes() == 0
    assert not (tmp_path / "cache").exists()


def test_a_database_deleted_in_use_is_begun_anew(database: CacheDatabase) -> None:
    _put(database, "a")
    assert _count(database) == 1
    database.path.unlink()  # its log is left behind
    assert _count(database) == 0
    _put(database, "b")
    assert _count(database) == 1
    for path in database.path.parent.iterdir():
        path.unlink()
    _put(database, "c")
    assert _count(database) == 1


def test_a_database_deleted_in_use_is_begun_anew_by_every_thread(database: CacheDatabase) -> None:
    step, seen = threading.Barrier(2), []

    def read() -> None:
        seen.append(_count(database))
        step.wait(10)
        step.wait(10)
        seen.append(_count(database))

    _put(database, "a")
    thread = threading.Thread(target=read)
    thread.start()
    step.wait(10)
    database.path.unlink()
    _put(database, "b")
    _put(database, "c")
    step.wait(10)
    thread.join(10)
    assert seen == [1, 2]


@pytest.mark.parametrize("rubbish", [b"", b"no database at all, but longer than a page" * 1_000])
def test_a_damaged_database_is_thrown_away(tmp_path: Path, rubbish: bytes, expected_log: Callable[..., None]) -> None:
    expected_log("is damaged and is begun anew", at_least=int(bool(rubbish)))
    (tmp_path / "thumbnails.db").write_bytes(rubbish)
    database = CacheDatabase(tmp_path, "thumbnails")
    _put(database, "a")
    assert _count(database) == 1
    database.close()


def _read_everything(database: CacheDatabase) -> None:
    with database.read() as tx:
        for table in ("thumbnails", "places", "entries"):
            tx.execute(f"SELECT * FROM {table}").fetchall()


def test_a_database_damaged_in_use_is_thrown_away(database: CacheDatabase, expected_log: Callable[..., None]) -> None:
    expected_log("is damaged and is begun anew")
    for number in range(50):
        _put(database, str(number))
    database.close()
    content = bytearray(database.path.read_bytes())
    content[20_000:400_000] = b"x" * 380_000
    database.path.write_bytes(content)
    with pytest.raises(Transient, match="cache_damaged"):
        _read_everything(database)
    _put(database, "a")
    assert _count(database) == 1


def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    later = sqlite3.connect(tmp_path / "thumbnails.db")
    later.execute(f"PRAGMA user_version = {steps('thumbnails')[-1][0] + 1}")
    later.close()
    with pytest.raises(Transient, match="cache_newer"):
        _put(CacheDatabase(tmp_path, "thumbnails"), "a")


def test_it_is_read_while_it_is_written(database: CacheDatabase) -> None:
    _put(database, "a")
    with database.write() as tx:
        tx.execute("DELETE FROM entries")
        others = CacheDatabase(database.path.parent, "thumbnails")
        with others.read() as reading:
            assert thumbnails.count(reading) == 1
        others.close()


def test_a_busy_database_is_trouble_that_passes(database: CacheDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(database, "a")
    monkeypatch.setattr(cache_db, "_BUSY_S", 0.05)
    other = CacheDatabase(database.path.parent, "thumbnails")
    with other.read():
        pass
    with database.write(), pytest.raises(Transient, match="cache_busy"):
        _put(other, "b")
    _put(other, "b")
    other.close()


def _fill(folder: str, name: str, count: int) -> None:
    database = CacheDatabase(Path(folder), "thumbnails")
    for number in range(count):
        _put(database, f"{name}-{number}")
    database.close()


def test_two_processes_that_begin_at_once_make_and_fill_one_database(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_fill, args=(str(tmp_path), name, 60)) for name in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    database = CacheDatabase(tmp_path, "thumbnails")
    assert _count(database) == 180
    database.close()


def test_space_that_was_freed_is_not_counted_and_is_given_back(database: CacheDatabase) -> None:
    for number in range(200):
        _put(database, str(number))
    full = database.used_bytes()
    assert 1_500_000 < full < 8_000_000
    with database.write() as tx:
        thumbnails.evict(tx, [key for key, _ in thumbnails.least_used(tx, 190)])
    assert database.used_bytes() < full / 5
    database.give_back()
    database.close()
    assert database.path.stat().st_size < full / 2
