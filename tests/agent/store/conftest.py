"""A ledger of its own for every test, and short ways to fill it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store.db import Database


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """An empty ledger on a real disk."""
    database = Database(tmp_path / "safelight.db")
    yield database
    database.close()
