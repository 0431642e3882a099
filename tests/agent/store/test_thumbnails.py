"""Pictures and where their files lie: twins, moves, edits, sizes, looks, and making room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.domain.metadata import Metadata
from agent.record import replace
from agent.store import media_metadata, places, thumbnails
from agent.store.cache_db import CacheDatabase
from agent.store.media_metadata import Kept
from agent.store.places import Version, is_by_path, key_of
from agent.store.thumbnails import Stored

SHA1 = bytes(range(20))
FACTS = Metadata(4, 3, None, "JPEG", camera="Camera", orientation=6, has_gps=True)
DAY = 86_400_000


@pytest.fixture
def thumbs(tmp_path: Path) -> Iterator[CacheDatabase]:
    database = CacheDatabase(tmp_path, "thumbnails")
    yield database
    database.close()


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[CacheDatabase]:
    database = CacheDatabase(tmp_path, "media_metadata")
    yield database
    database.close()


def _picture(bound_px: int = 300, text: bytes = b"one") -> Stored:
    return Stored(bound_px, bound_px, bound_px // 2, b"\xff\xd8\xff" + text)


A, B = Version(b"/a.jpg", 10, 20), Version(b"/b.jpg", 10, 20)


def test_a_picture_comes_back_with_its_published_row(thumbs: CacheDatabase) -> None:
    odd = Version(b"/latin1-\xe4.jpg", 10, 1_700_000_000_500_000_000)
    with thumbs.write() as tx:
        thumbnails.put(tx, odd, SHA1.hex(), [_picture()], 1_795_360_720_123)
        assert thumbnails.get(tx, SHA1.hex(), 300) == _picture()
        row = tx.execute("SELECT file_hash, file_path, created_at, file_mtime FROM thumbnails").fetchone()
    assert tuple(row) == (SHA1.hex(), "file:///latin1-%E4.jpg", "2026-11-22T15:18:40.123Z", 1_700_000_000.5)


def test_the_smallest_size_that_is_large_enough_is_given(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        thumbnails.put(tx, A, "k", [_picture(300), _picture(1024), _picture(128)], 1)
        found = {wanted: getattr(thumbnails.get(tx, "k", wanted), "bound_px", None) for wanted in (100, 129, 301, 2000)}
        assert thumbnails.bounds(tx, ["k", "none"]) == {"k": frozenset({128, 300, 1024})}
    assert found == {100: 128, 129: 300, 301: 1024, 2000: 1024}


def test_twins_share_a_picture_until_the_last_of_them_is_gone(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        thumbnails.put(tx, A, "k", [_picture()], 1)
        thumbnails.place(tx, B, "k")
        assert thumbnails.drop(tx, [A.path]) == 0
        assert thumbnails.get(tx, "k", 300) is not None
        assert thumbnails.drop(tx, [B.path]) == 1
        assert thumbnails.get(tx, "k", 300) is None
        assert thumbnails.count(tx) == 0


def test_an_edited_file_takes_its_old_picture_along(thumbs: CacheDatabase) -> None:
    edited = Version(A.path, 11, 21)
    with thumbs.write() as tx:
        thumbnails.put(tx, A, key_of(A, None), [_picture()], 1)
        thumbnails.put(tx, edited, key_of(edited, None), [_picture(text=b"two")], 2)
        assert thumbnails.count(tx) == 1
        known = places.known(tx, [A.path])[A.path]
        assert known.is_of(edited)
        assert not known.is_of(A)
        thumbnails.fail(tx, Version(A.path, 12, 22), "broken", 3)
        assert thumbnails.count(tx) == 0
        assert places.known(tx, [A.path])[A.path].failure == "broken"


def test_a_picture_filed_by_path_moves_under_its_digest(thumbs: CacheDatabase, facts: CacheDatabase) -> None:
    old = key_of(A, None)
    assert is_by_path(old)
    assert not is_by_path(key_of(A, SHA1))
    with thumbs.write() as tx:
        thumbnails.put(tx, A, old, [_picture(300), _picture(600)], 1)
        thumbnails.rename_key(tx, old, SHA1.hex())
        assert thumbnails.bounds(tx, [old, SHA1.hex()]) == {SHA1.hex(): frozenset({300, 600})}
        assert places.known(tx, [A.path])[A.path].key == SHA1.hex()
        thumbnails.put(tx, B, key_of(B, None), [_picture(text=b"other")], 2)
        thumbnails.rename_key(tx, key_of(B, None), SHA1.hex())  # a twin is there already
        assert thumbnails.count(tx) == 1
        assert places.known(tx, [B.path])[B.path].key == SHA1.hex()
    with facts.write() as tx:
        media_metadata.put(tx, A, old, FACTS, b"hash", 1)
        media_metadata.rename_key(tx, old, SHA1.hex())
        assert media_metadata.present(tx, [old, SHA1.hex()]) == {SHA1.hex()}


def test_facts_come_back_and_keep_their_thumbhash(facts: CacheDatabase) -> None:
    with facts.write() as tx:
        media_metadata.put(tx, A, "k", FACTS, b"hash", 1_795_360_720_123)
        first = media_metadata.get(tx, "k")
        media_metadata.put(tx, A, "k", Metadata(4, 3, None, "JPEG"), None, 1_795_360_720_123)
        found = media_metadata.get(tx, "k")
        assert media_metadata.thumbhashes(tx, ["k", "none"]) == {"k": b"hash"}
        row = tx.execute("SELECT * FROM media_metadata").fetchone()
    assert first == Kept(FACTS, b"hash", 10, "2026-11-22T15:18:40.123Z")
    assert found == replace(first, metadata=Metadata(4, 3, None, "JPEG"))
    assert tuple(row) == ("k", "/a.jpg", 4, 3, 10, None, "JPEG", "2026-11-22T15:18:40.123Z", 2e-08)


def test_a_tiny_picture_goes_when_the_real_one_comes_and_stays_when_none_does(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        for version in (A, B):
            thumbnails.put_first(tx, version, _picture(160))
        assert thumbnails.have_first(tx, [A.path, B.path, b"/c"]) == {A.path, B.path}
        assert thumbnails.get_first(tx, Version(A.path, 11, 20)) is None
        tiny = thumbnails.get_first(tx, A)
        assert tiny is not None
        assert not tiny.is_final
        thumbnails.put(tx, A, "k", [_picture()], 1)
        thumbnails.fail(tx, B, "broken", 1)
        assert thumbnails.have_first(tx, [A.path, B.path]) == {B.path}
        thumbnails.drop(tx, [B.path])
        assert thumbnails.have_first(tx, [B.path]) == set()


def test_the_least_recently_used_go_first_and_count_as_not_made(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        for number in range(4):
            thumbnails.put(tx, Version(b"/%d" % number, 1, 1), f"k{number}", [_picture()], number)
        thumbnails.viewed(tx, [("k0", 5 * DAY), ("k0", 5 * DAY + 1), ("k0", 6 * DAY), ("k9", 1)])
        assert [key for key, _ in thumbnails.least_used(tx, 10)] == ["k1", "k2", "k3", "k0"]
        assert tuple(tx.execute("SELECT views, viewed_at FROM entries WHERE file_hash = 'k0'").fetchone()) == (
            2,
            6 * DAY,
        )
        assert thumbnails.viewed_paths(tx, 5 * DAY, 10) == [b"/0"]
        thumbnails.evict(tx, ["k1"])
        assert places.known(tx, [b"/1"]) == {}


def test_a_failure_is_told_of_once_and_again_when_the_file_changes(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        places.fail(tx, A, "broken", 1)
        assert places.unreported(tx, 10) == [(A.path, "broken")]
        places.mark_reported(tx, [A.path])
        places.fail(tx, A, "broken", 2)
        assert places.unreported(tx, 10) == []
        places.fail(tx, Version(A.path, 11, 20), "broken", 3)
        assert places.unreported(tx, 10) == [(A.path, "broken")]
        places.mark_reported(tx, [A.path])
        places.report_again(tx)
        assert places.unreported(tx, 10) == [(A.path, "broken")]


def test_every_path_is_listed_in_order_a_page_at_a_time(thumbs: CacheDatabase) -> None:
    with thumbs.write() as tx:
        for name in (b"/c", b"/a", b"/b"):
            places.put(tx, Version(name, 1, 1), "k")
        places.fail(tx, Version(b"/d", 1, 1), "broken", 1)
        assert places.paths(tx, b"", 3) == [b"/a", b"/b", b"/c"]
        assert places.paths(tx, b"/c", 3) == [b"/d"]
