"""The same stories for every kind of destination: what `work` relies on."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest

from agent.destinations.base import Destination, Item, Wanted
from agent.destinations.folder import FolderDestination
from agent.destinations.immich import ImmichDestination
from agent.domain.errors import Blocked, FileChanged, FileVanished, Interrupted
from agent.platforms.clock import SystemClock
from tests.agent.destinations.sources import FileSource, Photos
from tests.fakes.immich import StandIn


class Place(Protocol):
    """A destination, and a look behind it."""

    destination: Destination

    def digests(self) -> list[bytes]: ...

    def leave(self) -> None: ...

    def come_back(self) -> None: ...


class FolderPlace:
    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.root = root
        self.destination: Destination = FolderDestination(os.fsencode(root), clock=SystemClock())

    def digests(self) -> list[bytes]:
        paths = [path for path in self.root.rglob("*") if path.is_file() and path.name != ".safelight-sums"]
        return sorted(FileSource(os.fsencode(path)).sha1 for path in paths)

    def leave(self) -> None:
        self.root.rename(self.root.with_name("away"))

    def come_back(self) -> None:
        self.root.with_name("away").rename(self.root)


class ImmichPlace:
    def __init__(self, server: StandIn) -> None:
        self.server = server
        key = server.api_key(["asset.upload", "asset.read", "user.read"])
        self.destination: Destination = ImmichDestination(f"{server.url}/api", key, clock=SystemClock())

    def digests(self) -> list[bytes]:
        return sorted(asset.checksum for asset in self.server.assets)

    def leave(self) -> None:
        self.server.refuse()

    def come_back(self) -> None:
        self.server.accept()


@pytest.fixture(params=["folder", "immich"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "folder":
        yield FolderPlace(tmp_path / "destination")
        return
    with StandIn() as server:
        found = ImmichPlace(server)
        yield found
        found.destination.close()


def ignore(_bytes: int) -> None:
    pass


def wanted(source: FileSource, remote_id: str | None = None) -> Wanted:
    return Wanted(source.sha1, source.size_bytes, remote_id)


def test_what_was_put_is_there_with_these_very_bytes(place: Place, photos: Photos) -> None:
    source = photos(content=os.urandom(700_000))
    placed = place.destination.put(Item(source), ignore)
    assert placed.created
    assert not placed.in_trash
    assert place.digests() == [source.sha1]


def test_putting_twice_makes_one_copy_under_one_id(place: Place, photos: Photos) -> None:
    source = photos()
    first = place.destination.put(Item(source), ignore)
    second = place.destination.put(Item(source), ignore)
    assert not second.created
    assert second.remote_id == first.remote_id
    assert place.digests() == [source.sha1]


def test_a_check_finds_what_was_put_and_nothing_else(place: Place, photos: Photos) -> None:
    here, missing = photos(), photos("other.jpg")
    placed = place.destination.put(Item(here), ignore)
    found = place.destination.check([wanted(here, placed.remote_id), wanted(missing)])
    assert set(found) == {here.sha1}
    assert found[here.sha1].remote_id == placed.remote_id
    assert not found[here.sha1].in_trash


def test_a_check_of_nothing_is_no_question_at_all(place: Place) -> None:
    assert place.destination.check([]) == {}


def test_a_put_that_is_interrupted_leaves_nothing(place: Place, photos: Photos) -> None:
    source = photos(content=os.urandom(2_000_000))
    pieces = 0

    def stop_in_the_middle() -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 5:
            raise Interrupted("hold")

    source.check = stop_in_the_middle
    with pytest.raises(Interrupted, match="hold"):
        place.destination.put(Item(source), ignore)
    assert place.digests() == []
    source.check = lambda: None
    assert place.destination.put(Item(source), ignore).created


@pytest.mark.parametrize("size_bytes", [100, 200_000, 3_000_000])
def test_a_file_that_changed_is_not_completed(place: Place, photos: Photos, size_bytes: int) -> None:
    source = photos(content=os.urandom(size_bytes))
    with open(source.path, "r+b") as file:
        file.seek(size_bytes - 1)
        file.write(b"?" if file.read(1) != b"?" else b"!")
        file.seek(size_bytes - 2)
        file.write(b"\0\0" if source.sha1 else b"")
    with pytest.raises(FileChanged):
        place.destination.put(Item(source), ignore)
    assert place.digests() == []
    assert place.destination.check([wanted(source)]) == {}


def test_a_file_that_vanished_is_not_begun(place: Place, photos: Photos) -> None:
    source = photos()
    os.unlink(source.path)
    with pytest.raises(FileVanished):
        place.destination.put(Item(source), ignore)
    assert place.digests() == []


@pytest.mark.parametrize("size_bytes", [1, 100_000, 262_144, 1_000_000, 5_000_001])
def test_progress_only_grows_and_ends_at_the_size(place: Place, photos: Photos, size_bytes: int) -> None:
    source = photos(content=os.urandom(size_bytes))
    heard: list[int] = []
    place.destination.put(Item(source), heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == size_bytes
    again: list[int] = []
    place.destination.put(Item(source), again.append)
    assert again == sorted(again)
    assert again[-1] == size_bytes


NAMES = (
    b"IMG 0001 (copy).jpg",
    "Ünïcode näme.JPG".encode(),
    "a\N{COMBINING DIAERESIS}.jpg".encode(),
    "写真 日本.heic".encode(),
    "\N{SMILING FACE WITH SUNGLASSES}\N{PARTY POPPER}.png".encode(),
    b"x" * 196 + b".jpg",
    b"x" * 251 + b".jpg",
    "ö".encode() * 120 + b".jpg",
    b"latin-\xe4\xf6\xfc.jpg",
    b"\xff\xfe.jpg",
    b'quote".jpg',
    b"back\\slash.jpg",
    b"semi;colon'=&%22.jpg",
    b"new\nline.jpg",
    b"return\r.jpg",
    b"two.dots..jpg",
    b"trailing .jpg",
    b"-rf.jpg",
    b"%2e%2e.jpg",
    b"UPPER.JPEG",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_put_and_found(place: Place, photos: Photos, name: bytes) -> None:
    source = photos(name)
    placed = place.destination.put(Item(source), ignore)
    assert place.digests() == [source.sha1]
    assert place.destination.check([wanted(source, placed.remote_id)])[source.sha1].remote_id == placed.remote_id


def test_several_threads_put_at_once(place: Place, photos: Photos) -> None:
    sources = [photos(f"IMG_{number % 5}.jpg", os.urandom(50_000 + number)) for number in range(24)]
    with ThreadPoolExecutor(6) as threads:
        placed = list(threads.map(lambda source: place.destination.put(Item(source), ignore), sources))
    assert len({one.remote_id for one in placed}) == len(sources)
    assert all(one.created for one in placed)
    assert place.digests() == sorted(source.sha1 for source in sources)


def test_the_same_bytes_at_once_from_several_threads_make_one_copy(place: Place, photos: Photos) -> None:
    content = os.urandom(300_000)
    sources = [photos("IMG_1.jpg", content) for _ in range(6)]
    gate = threading.Barrier(6)

    def put(source: FileSource) -> bool:
        gate.wait(10)
        return place.destination.put(Item(source), ignore).created

    with ThreadPoolExecutor(6) as threads:
        created = list(threads.map(put, sources))
    assert created.count(True) == 1
    assert place.digests() == [sources[0].sha1]


def test_a_destination_that_is_away_blocks_everything_and_works_again(place: Place, photos: Photos) -> None:
    source = photos()
    place.leave()
    questions: list[Callable[[], object]] = [
        place.destination.probe,
        lambda: place.destination.check([wanted(source, "x")]),
        lambda: place.destination.put(Item(source), ignore),
    ]
    for question in questions:
        with pytest.raises(Blocked) as caught:
            question()
        assert caught.value.code in {"server_unreachable", "destination_missing"}
    place.come_back()
    place.destination.probe()
    assert place.destination.put(Item(source), ignore).created


def test_closing_from_another_thread_ends_a_put_and_leaves_nothing(place: Place, photos: Photos) -> None:
    source = photos(content=os.urandom(4_000_000))
    reached, closed = threading.Event(), threading.Event()

    def wait_in_the_middle() -> None:
        reached.set()
        closed.wait(10)

    source.check = wait_in_the_middle
    with ThreadPoolExecutor(1) as threads:
        put = threads.submit(place.destination.put, Item(source), ignore)
        assert reached.wait(10)
        place.destination.close()
        closed.set()
        with pytest.raises(Interrupted, match="stop"):
            put.result(10)
    assert place.digests() == []
    source.check = lambda: None
    assert place.destination.put(Item(source), ignore).created, "it may be used again"


def test_a_probe_leaves_nothing_behind(place: Place) -> None:
    place.destination.probe()
    assert place.digests() == []
