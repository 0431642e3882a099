"""Brings an older database up to date: the files of `sql/`, in order, each in one transaction.

Forward only; a file is never edited after a release. `PRAGMA user_version` is the number of the last one applied. A
database from a newer Safelight is refused, since its tables may mean something else.
"""

import sqlite3
from importlib import resources

from agent.domain.errors import Blocked


def steps() -> list[tuple[int, str]]:
    """All migrations as (number, SQL), ascending."""
    entries = resources.files("agent.store").joinpath("sql").iterdir()
    return sorted(
        (int(entry.name.split("_", 1)[0]), entry.read_text("utf-8")) for entry in entries if entry.name.endswith(".sql")
    )


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing; `Blocked("database_newer")` for a database that a later version wrote."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    known = steps()
    if version > known[-1][0]:
        raise Blocked("database_newer", version=version)
    for number, sql in known:
        if number > version:
            connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
