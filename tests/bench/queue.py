"""The job queue alone, through the very functions that the agent uses: batches of 100, every commit forced to the disk.

Beside it, as the limit, a table with the same columns and one index but nothing kept beside it (no totals, no unique
key, no rules of the gate), in the same file system and the same run.
"""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from agent.store import copies, jobs
from agent.store.db import Database
from agent.store.jobs import NewJob, Open
from tests.bench import agent
from tests.bench.table import Options, Row

BATCH = 100
MEASURED = 10_000
_LANE = "a1b2c3d4"
_PLAIN = """
CREATE TABLE plain (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job_key TEXT, payload TEXT, status TEXT, attempts INTEGER DEFAULT 0,
    priority INTEGER DEFAULT 0, created_at TEXT, updated_at TEXT, lane TEXT, run_after INTEGER DEFAULT 0
) STRICT;
CREATE INDEX plain_ready ON plain (lane, priority DESC, run_after, id) WHERE status = 'PENDING';
"""


def run(options: Options) -> list[Row]:
    """The rates with ever more rows waiting."""
    sizes = [1_000, 10_000] if options.quick else [1_000, 100_000]
    if options.full:
        sizes.append(1_000_000)
    rows: list[Row] = []
    rates: dict[int, tuple[float, float]] = {}
    for waiting in sizes:
        with agent.room() as room:
            # The better of two, for a neighbour on the disk is no fault of the queue.
            rates[waiting] = _better(_measure(room / f"queue-{number}.db", waiting) for number in range(2))
            limits = _better(_plain(room / f"plain-{number}.db", waiting) for number in range(2))
        goals = (100_000, 10_000)
        for name, rate, limit, goal in zip(
            ("enqueue", "claim and complete"), rates[waiting], limits, goals, strict=True
        ):
            what, met = f"{waiting:,} rows waiting: {name}", rate >= goal
            rows.append(Row(what, rate, "jobs/s", limit, "a plain table", rate / limit, f">= {goal:,} jobs/s", met))
    first, last = rates[sizes[0]], rates[sizes[-1]]
    for at, name in enumerate(("enqueue", "claim and complete")):
        ratio = last[at] / first[at]
        what = f"{name}: {sizes[-1]:,} against {sizes[0]:,} rows"
        rows.append(Row(what, last[at], "jobs/s", first[at], f"{sizes[0]:,}", ratio, ">= 0.7 x", ratio >= 0.7))
    return rows


def _better(found: Iterable[tuple[float, float]]) -> tuple[float, float]:
    enqueued, ended = zip(*found, strict=True)
    return max(enqueued), max(ended)


def _job(number: int) -> NewJob:
    return copies.upload_job(number, _LANE, 1, weight_bytes=3_000_000, run_after=0)


def _measure(path: Path, waiting: int) -> tuple[float, float]:
    """Jobs per second: enqueued, and claimed and completed."""
    database = Database(path)
    now_at = 1_795_360_720_000
    _enqueue(database, range(waiting), now_at, batch=1_000)
    began_s = time.monotonic()
    _enqueue(database, range(waiting, waiting + MEASURED), now_at, batch=BATCH)
    enqueue_s = time.monotonic() - began_s
    began_s = time.monotonic()
    done = 0
    while done < MEASURED:
        with database.write() as tx:
            claimed = jobs.claim(tx, _LANE, Open(everyone=True), "boot", now_at, files=BATCH, size_bytes=1 << 40)
        with database.write() as tx:
            for job in claimed:
                jobs.complete(tx, job.id, now_at, {"outcome": "safe"})
        done += len(claimed)
    end_s = time.monotonic() - began_s
    database.close()
    return MEASURED / enqueue_s, done / end_s


def _plain(path: Path, waiting: int) -> tuple[float, float]:
    """The same steps on a table that keeps nothing but itself."""
    line = sqlite3.connect(path, isolation_level=None)
    line.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_PLAIN}")
    add = (
        "INSERT INTO plain (job_key, payload, status, created_at, updated_at, lane)"
        " VALUES ('upload', ?, 'PENDING', '2026-11-22T17:00:00.000Z', '2026-11-22T17:00:00.000Z', ?) RETURNING id"
    )

    def enqueue(numbers: range, batch: int) -> None:
        for start in range(numbers.start, numbers.stop, batch):
            line.execute("BEGIN IMMEDIATE")
            for number in range(start, min(start + batch, numbers.stop)):
                line.execute(add, (f'{{"asset_id":{number}}}', _LANE)).fetchone()
            line.execute("COMMIT")

    enqueue(range(waiting), 1_000)
    began_s = time.monotonic()
    enqueue(range(waiting, waiting + MEASURED), BATCH)
    enqueue_s = time.monotonic() - began_s
    began_s = time.monotonic()
    for _ in range(MEASURED // BATCH):
        line.execute("BEGIN IMMEDIATE")
        claimed = line.execute(
            "UPDATE plain SET status = 'RUNNING' WHERE id IN (SELECT id FROM plain"
            " WHERE status = 'PENDING' AND lane = ?"
            " ORDER BY priority DESC, run_after, id LIMIT ?) RETURNING id, payload",
            (_LANE, BATCH),
        ).fetchall()
        line.execute("COMMIT")
        line.execute("BEGIN IMMEDIATE")
        for job_id, _payload in claimed:
            line.execute("UPDATE plain SET status = 'COMPLETED', attempts = attempts + 1 WHERE id = ?", (job_id,))
        line.execute("COMMIT")
    end_s = time.monotonic() - began_s
    line.close()
    return MEASURED / enqueue_s, MEASURED / end_s


def _enqueue(database: Database, numbers: range, now_at: int, *, batch: int) -> None:
    for start in range(numbers.start, numbers.stop, batch):
        with database.write() as tx:
            jobs.enqueue_all(tx, map(_job, range(start, min(start + batch, numbers.stop))), now_at)
