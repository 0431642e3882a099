"""A thousand interruptions of the queue at moments that nobody chose.

No job is lost, none is done twice, and none of it counts as an attempt.
"""

import multiprocessing
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.store import jobs
from agent.store.db import Database
from agent.store.jobs import Claimed, NewJob, Open
from tests.agent.store.queue_worker import NOW, note_done, times_done, work

EVERYONE = Open(everyone=True)


class Death(BaseException):
    """Where a real one would leave the processor: nothing behind this point happens."""


@dataclass
class Told:
    """What the queue must know of a job."""

    deaths: int = 0
    interruptions: int = 0
    done: bool = False
    set_aside: bool = False


class Agents:
    """One agent after another on the same ledger; each dies or stops at a random moment."""

    def __init__(self, path: Path, seed: int, count: int) -> None:
        self._chance = random.Random(seed)
        self._path = path
        self.ledger = Database(path)
        self.told: dict[int, Told] = {}
        self._boots = 0
        with self.ledger.write() as tx:
            for number in range(count):
                job = NewJob("scan", {"n": number}, unique_key=f"n{number}", weight_bytes=number % 7)
                self.told[jobs.enqueue(tx, job, NOW)] = Told()

    def life(self) -> bool:
        """One agent, from its start to its end; False when there was nothing left to do."""
        self._boots += 1
        boot_id = f"boot-{self._boots}"
        if self._chance.random() < 0.05:  # the file is closed and opened as by another process
            self.ledger.close()
            self.ledger = Database(self._path)
        with self.ledger.write() as tx:
            jobs.recover(tx, boot_id, NOW)
        batch: list[Claimed] = []
        try:
            with self.ledger.write() as tx:
                batch = jobs.claim(tx, "local", EVERYONE, boot_id, NOW, files=self._chance.randint(1, 8), size_bytes=20)
                self._perhaps_die(0.1)
        except Death:  # before the claim was written: nobody ever had them
            return True
        if not batch:
            return False
        self._work(batch)
        return True

    def _work(self, batch: list[Claimed]) -> None:
        open_ids = [job.id for job in batch]
        try:
            for job in batch:
                self._perhaps_die(0.08)
                with self.ledger.write() as tx:
                    note_done(tx, job)
                    self._perhaps_die(0.08)
                self.told[job.id].done = True
                open_ids.remove(job.id)
                if self._chance.random() < 0.15:
                    break
        except Death:
            for one in open_ids:
                self._died(self.told[one])
            return
        if open_ids:  # a hold or a stop: what was not begun goes back, or with chance the end comes in between
            try:
                with self.ledger.write() as tx:
                    jobs.give_back(tx, open_ids, NOW)
                    self._perhaps_die(0.2)
            except Death:
                for one in open_ids:
                    self._died(self.told[one])
                return
            for one in open_ids:
                self.told[one].interruptions += 1

    def _perhaps_die(self, chance: float) -> None:
        if self._chance.random() < chance:
            raise Death

    @staticmethod
    def _died(told: Told) -> None:
        if told.deaths == jobs.DEATHS_LIMIT - 1:
            told.set_aside = True
        else:
            told.deaths += 1
            told.interruptions += 1

    def check(self) -> None:
        """What is written down is what happened."""
        with self.ledger.write() as tx:
            jobs.recover(tx, "afterwards", NOW)
        rows = self.ledger.read().execute(
            "SELECT id, status, attempts, deaths, interruptions FROM background_service_jobs ORDER BY id"
        )
        found = {row[0]: tuple(row)[1:] for row in rows}
        wanted = {
            one: (
                "FAILED" if told.set_aside else "COMPLETED" if told.done else "PENDING",
                int(told.done),
                told.deaths,
                told.interruptions,
            )
            for one, told in self.told.items()
        }
        assert found == wanted
        assert times_done(self.ledger) == {one: 1 for one, told in self.told.items() if told.done}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_interrupts_the_queue_loses_nothing_repeats_nothing_and_counts_no_attempt(
    tmp_path: Path, seed: int
) -> None:
    agents = Agents(tmp_path / "safelight.db", seed, 700)
    for number in range(250):
        assert agents.life(), "the work lasts for all lives"
        if number % 25 == 0:
            agents.check()
    while agents.life():
        pass
    agents.check()
    assert all(told.done or told.set_aside for told in agents.told.values())
    assert sum(told.interruptions for told in agents.told.values()) > 100
    agents.ledger.close()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_thousand_killed_processes_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs processes that begin at once")
    path = tmp_path / "safelight.db"
    chance = random.Random(11)
    ledger = Database(path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.agent.store.queue_worker"])
    kills = 0
    added = 0
    while kills < 1_000:
        with ledger.write() as tx:
            for _ in range(12):
                jobs.enqueue(tx, NewJob("scan", {}, unique_key=f"n{added}"), NOW)
                added += 1
        worker = context.Process(target=work, args=(str(path),))
        worker.start()
        worker.join(chance.uniform(0.0, 0.06))
        kills += worker.is_alive()
        worker.kill()
        worker.join()
        worker.close()
    last = context.Process(target=work, args=(str(path),))
    last.start()
    last.join(60)
    assert last.exitcode == 0
    rows = ledger.read().execute("SELECT id, status, attempts, last_error FROM background_service_jobs").fetchall()
    assert len(rows) == added
    done = {row[0] for row in rows if row[1] == "COMPLETED"}
    assert {row[3] for row in rows if row[0] not in done} <= {"set_aside"}
    assert added - len(done) <= 2, "ten deaths before its end are rare"
    assert {row[2] for row in rows if row[0] in done} == {1}, "no death is an attempt"
    assert times_done(ledger) == dict.fromkeys(done, 1)
    ledger.close()
