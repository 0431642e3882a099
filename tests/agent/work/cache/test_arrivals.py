"""Pictures of what has just come, and of what somebody looks at: real decoders, a real ledger."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.app.cache import lock_build, making_for
from agent.domain.errors import Interrupted
from agent.platforms.base import Places
from agent.platforms.clock import SystemClock
from agent.store import jobs, media_metadata, picturable, thumbnails
from agent.store.db import Database
from agent.store.jobs import CACHE_LANE, Claimed, Open
from agent.work.cache.arrivals import Arrivals, Demand
from agent.work.cache.making import Making
from agent.work.worker import Scope
from tests import pictures
from tests.ledger import know


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Pictures"
    for number in range(4):
        pictures.jpeg(folder / f"IMG_{number}.jpg", seed=number)
    return folder


@pytest.fixture
def where(home: Path, root: Path) -> Places:
    return know(home, root)


@pytest.fixture
def ledger(where: Places) -> Iterator[Database]:
    database = Database(where.database_file)
    yield database
    database.close()


@pytest.fixture
def making(where: Places) -> Iterator[Making]:
    with making_for(where, 1) as (found, _, _):
        yield found


class Stage:
    """The handler of `cache` with the queue around it."""

    def __init__(self, where: Places, ledger: Database, making: Making) -> None:
        self.busy = False
        self.stop: str | None = None
        self.ledger = ledger
        self.arrivals = Arrivals(
            ledger,
            making,
            SystemClock(),
            is_busy=lambda: self.busy,
            batch_files=lambda: 2,
            lock=lambda: lock_build(where),
        )

    def ids(self) -> list[int]:
        return [one.id for one in picturable.page(self.ledger.read(), None, 100)]

    def claim(self) -> list[Claimed]:
        later = SystemClock().now_at() + 60_000
        with self.ledger.write() as tx:
            return jobs.claim(tx, CACHE_LANE, Open(everyone=True), "boot", later, files=1, size_bytes=1)

    def run(self) -> str:
        """Claim and run one job; its status afterwards."""
        batch = self.claim()
        scope = Scope(CACHE_LANE, self.ledger, SystemClock(), lambda _: self.stop)
        self.arrivals(scope, batch)
        return self.status(batch[0].id)

    def status(self, job_id: int) -> str:
        row = self.ledger.read().execute("SELECT status FROM background_service_jobs WHERE id = ?", (job_id,))
        return str(row.fetchone()[0])


@pytest.fixture
def stage(where: Places, ledger: Database, making: Making) -> Stage:
    return Stage(where, ledger, making)


def _count(making: Making) -> int:
    with making.thumbs.read() as tx:
        return thumbnails.count(tx)


def _until(holds: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.02)


def test_a_burst_is_one_job_and_gets_its_pictures(stage: Stage, making: Making) -> None:
    first, *others = stage.ids()
    assert stage.arrivals.came([first])
    assert not stage.arrivals.came(others)
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4
    assert stage.claim() == []
    assert stage.arrivals.came([first])  # it was touched again: looked at, and nothing is to be done
    assert stage.run() == "COMPLETED"


def test_nothing_that_came_is_no_job(stage: Stage) -> None:
    assert not stage.arrivals.came([])
    assert stage.claim() == []


def test_it_steps_aside_while_copies_are_under_way(stage: Stage, making: Making) -> None:
    stage.arrivals.came(stage.ids())
    stage.busy = True
    assert stage.run() == "PENDING"
    assert _count(making) == 0
    stage.busy = False
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4


def test_a_hold_in_the_middle_loses_nothing(stage: Stage, making: Making) -> None:
    stage.arrivals.came(stage.ids())
    batch = stage.claim()
    calls = iter([None, None, "hold"])
    scope = Scope(CACHE_LANE, stage.ledger, SystemClock(), lambda _: next(calls, "hold"))
    with pytest.raises(Interrupted):
        stage.arrivals(scope, batch)
    assert _count(making) == 1
    with stage.ledger.write() as tx:
        scope.give_back(tx, batch[0])
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4


def test_a_broken_file_among_them_stops_none(stage: Stage, making: Making, root: Path, where: Places) -> None:
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xffrubbish")
    know(where.data_dir, root)
    stage.arrivals.came(stage.ids())
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4


def test_a_rebuild_makes_all_and_tries_failures_again(
    stage: Stage, making: Making, root: Path, where: Places, expected_log: Callable[..., None]
) -> None:
    expected_log("no picture of .*broken.jpg: broken")
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xffrubbish")
    know(where.data_dir, root)
    for _ in range(2):
        job_id = stage.arrivals.rebuild()
        assert stage.arrivals.rebuild() == job_id  # asked twice, done once
        assert stage.run() == "COMPLETED"
    assert _count(making) == 4


def test_a_rebuild_beside_another_pass_is_done_at_once(stage: Stage, making: Making, where: Places) -> None:
    lock = lock_build(where)
    stage.arrivals.rebuild()
    assert stage.run() == "COMPLETED"
    assert _count(making) == 0
    lock.release()


def test_made_anew_everything_goes_once_and_is_made_again_even_after_a_hold(
    stage: Stage, making: Making, root: Path
) -> None:
    stage.arrivals.rebuild()
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4
    pictures.jpeg(root / "IMG_0.jpg", seed=99)  # a file that is not as the cache knows it goes all the same
    stage.arrivals.rebuild(anew=True)
    assert stage.run() == "PENDING"
    assert _count(making) == 0
    with making.facts.read() as tx:
        assert media_metadata.count(tx) == 0
    assert stage.run() == "COMPLETED"
    assert _count(making) == 4


def test_made_anew_beside_another_pass_waits_for_it(stage: Stage, making: Making, where: Places) -> None:
    stage.arrivals.rebuild()
    stage.run()
    lock = lock_build(where)
    stage.arrivals.rebuild(anew=True)
    assert stage.run() == "PENDING"
    assert _count(making) == 4
    lock.release()


def test_what_a_page_lacks_is_made_the_tiny_pictures_first(stage: Stage, making: Making) -> None:
    files = picturable.page(stage.ledger.read(), None, 100)
    parts: list[str] = []
    decode = making.decode

    def spy(*args: object) -> object:
        parts.append(str(args[2]))
        return decode(*args)  # type: ignore[arg-type] # as it was called

    making.decode = spy  # type: ignore[method-assign, assignment]
    demand = Demand(making)
    assert demand(files, 300) == 4
    assert demand(files, 300) == 4  # asked again while it is being made
    _until(lambda: _count(making) == 4)
    demand.stop()
    assert demand(files, 300) == 0
    assert parts[:4] == ["first"] * 4
    assert parts.count("whole") in {4, 5}


def test_a_file_that_is_gone_meanwhile_is_passed_over(stage: Stage, making: Making, root: Path) -> None:
    files = picturable.page(stage.ledger.read(), None, 100)
    (root / "IMG_3.jpg").unlink()
    shutil.rmtree(root / "none", ignore_errors=True)
    demand = Demand(making)
    demand(files, 300)
    _until(lambda: _count(making) == 3)
    demand.stop()
    stage.arrivals.came([one.id for one in files])
    assert stage.run() == "COMPLETED"
    assert _count(making) == 3
    assert not os.path.lexists(root / "IMG_3.jpg")
