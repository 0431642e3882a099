"""A process that works off a queue until somebody kills it: what `test_queue_deaths.py` lets die."""

import secrets
from pathlib import Path

from agent.store import activity, jobs
from agent.store.db import Database, Tx
from agent.store.jobs import Claimed, Open

NOW = 1_795_000_000_000
BATCH = 5


def note_done(tx: Tx, job: Claimed) -> None:
    """Leave a mark of its own for every time that a job was done, in the transaction that ends it."""
    jobs.complete(tx, job.id, NOW)
    activity.mark(tx, f"done {job.id} {secrets.token_hex(4)}", NOW)


def times_done(ledger: Database) -> dict[int, int]:
    """Job id -> how often it was done."""
    rows = ledger.read().execute("SELECT name FROM marks WHERE name LIKE 'done %'")
    found: dict[int, int] = {}
    for (name,) in rows:
        number = int(name.split()[1])
        found[number] = found.get(number, 0) + 1
    return found


def work(path: str) -> None:
    """Take up what the last one left, then claim and complete until nothing is left, and not end by itself."""
    ledger = Database(Path(path))
    boot_id = secrets.token_hex(8)
    with ledger.write() as tx:
        jobs.recover(tx, boot_id, NOW)
    while True:
        with ledger.write() as tx:
            batch = jobs.claim(tx, "local", Open(everyone=True), boot_id, NOW, files=BATCH, size_bytes=10**9)
        for job in batch:
            with ledger.write() as tx:
                note_done(tx, job)
        if not batch:
            return
