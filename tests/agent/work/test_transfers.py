"""What is under way, as the snapshot shows it."""

import threading
from pathlib import Path

from agent.protocol.types import Agent, Backup, Snapshot
from agent.state import State
from agent.store.db import Database
from agent.work.journey.transfers import Transfers
from tests.fakes.clock import FakeClock


def test_a_send_that_stalls_at_once_is_shown_all_the_same(tmp_path: Path) -> None:
    """The second begins too soon after the first to be told at once, and then nothing moves any more."""
    clock = FakeClock()
    database = Database(tmp_path / "safelight.db")
    state = State(Snapshot(0, Agent("0", 1, 0, "running"), Backup("off", enabled=True)))
    shown = threading.Event()
    state.listen(lambda _: shown.set() if len(state.snapshot().transfers) == 2 else None)
    transfers = Transfers(state, database, clock, lambda: (0, 0), lambda *_: None)
    transfers.begin("/a.jpg", "home", 10)
    transfers.begin("/b.jpg", "home", 10)
    assert shown.wait(10)
    database.close()
