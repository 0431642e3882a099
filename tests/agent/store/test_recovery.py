"""The ledger survives what disks do to it: a broken one is set aside, never trusted and never thrown away."""

from pathlib import Path

import pytest

from agent.domain.errors import Blocked
from agent.store import activity
from agent.store.db import Database
from agent.store.recovery import copy_ledger, open_ledger, suspect

pytestmark = pytest.mark.usefixtures("broken_ledgers_are_logged")


@pytest.fixture
def broken_ledgers_are_logged(expected_log: object) -> None:
    if callable(expected_log):
        expected_log("ledger", at_least=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "safelight.db"


def mark(path: Path, name: str) -> None:
    ledger = open_ledger(path, 1)
    with ledger.write() as tx:
        activity.mark(tx, name, 7)
    ledger.close()


def marked(path: Path, name: str) -> bool:
    ledger = open_ledger(path, 2)
    found = activity.marked_at(ledger.read(), name) == 7
    ledger.close()
    return found


def test_rubbish_is_set_aside_and_an_empty_ledger_takes_its_place(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)
    assert not marked(path, "x")
    assert (path.parent / "safelight.db.broken-2").read_bytes().startswith(b"this is no database")


def test_the_newest_sound_copy_takes_the_place_of_a_broken_ledger(path: Path) -> None:
    mark(path, "first")
    ledger = open_ledger(path, 1)
    copy_ledger(ledger, path)
    ledger.close()
    mark(path, "second")
    ledger = open_ledger(path, 1)
    copy_ledger(ledger, path)
    ledger.close()
    path.with_name("safelight.db.copy-1").write_bytes(b"rubbish" * 4096)
    path.write_bytes(b"rubbish" * 4096)
    assert marked(path, "first")
    assert not marked(path, "second")


def test_a_ledger_found_broken_while_running_is_not_trusted_at_the_next_start(path: Path) -> None:
    mark(path, "x")
    suspect(path)
    assert not marked(path, "x")
    mark(path, "y")
    assert marked(path, "y")


def test_a_ledger_of_a_later_version_is_refused_and_left_alone(path: Path) -> None:
    ledger = Database(path)
    with ledger.write() as tx:
        tx.execute("PRAGMA user_version = 999")
    ledger.close()
    with pytest.raises(Blocked) as refused:
        open_ledger(path, 1)
    assert refused.value.code == "database_newer"
    assert path.exists()
