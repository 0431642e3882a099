"""The ledger's file: for its user alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import activity
from agent.store.db import Database
from agent.store.recovery import copy_ledger

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")


@pytest.fixture(autouse=True)
def _usual_mask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def fill(ledger: Database) -> None:
    with ledger.write() as tx:
        activity.mark(tx, "x", 1)


def test_the_ledger_its_log_and_its_copies_are_for_their_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "safelight.db"
    ledger = Database(path)
    fill(ledger)
    copy_ledger(ledger, path)
    found = modes(tmp_path)
    ledger.close()
    assert {"safelight.db", "safelight.db-wal", "safelight.db-shm", "safelight.db.copy-1"} <= set(found)
    assert set(found.values()) == {0o600}


def test_a_ledger_that_others_could_read_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "safelight.db"
    Database(path).close()
    path.chmod(0o644)
    ledger = Database(path)
    fill(ledger)
    found = modes(tmp_path)
    ledger.close()
    assert set(found.values()) == {0o600}
