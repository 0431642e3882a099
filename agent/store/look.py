"""Reads from the ledger without opening it as the agent does: nothing is written, migrated or repaired.

For looking from outside, also at a ledger that is damaged or of another version. Any thread.
"""

import sqlite3
from contextlib import closing
from pathlib import Path


def names_of_files(database: Path) -> frozenset[bytes]:
    """The names of all files that the ledger knows, without their folders; none where it cannot be read."""
    if not database.exists():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            return frozenset(bytes(name) for (name,) in connection.execute("SELECT name FROM files"))
    except (sqlite3.Error, TypeError):
        return frozenset()
