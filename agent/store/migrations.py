"""Brings an older database up to date: the files of `sql/`, in order, each in one transaction.

Forward only; a file is never edited after a release. `PRAGMA user_version` is the number of the last one applied. A
database from a newer Safelight is refused, since its tables may mean something else.
"""

import sqlite3
from pathlib import Path

from agent.domain.errors import Blocked

_HERE = Path(__file__).with_name("sql")


def numbered(folder: Path) -> list[tuple[int, str]]:
    """The files of a folder by the number that their names begin with."""
    return sorted((int(one.name.split("_", 1)[0]), one.read_text("utf-8")) for one in folder.glob("*.sql"))


def steps() -> list[tuple[int, str]]:
    """All migrations as (number, SQL), ascending."""
    return numbered(_HERE)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing; `Blocked("database_newer")` for a database that a later version wrote."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    known = steps()
    if version > known[-1][0]:
        raise Blocked("database_newer", version=version)
    for number, sql in known:
        if number > version:
            connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
