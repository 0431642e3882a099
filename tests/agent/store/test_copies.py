"""Copies: what the journal remembers as deleted outweighs an older ledger, and nothing else."""

import pytest

from agent.store import copies, folders
from agent.store.db import Database

NOW = 1_795_000_000_000
SHA1 = b"s" * 20


@pytest.fixture
def content(ledger: Database) -> int:
    with ledger.write() as tx:
        folders.attach(tx, {}, {"home1": "immich", "nas11": "folder"})
        copies.add_inventory(tx, "nas11", [(SHA1, 7, "x")], NOW)
        ((content_id,),) = tx.execute("SELECT id FROM contents").fetchall()
        return int(content_id)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "deleted_at_destination"),
        ("safe", "deleted_at_destination"),
        ("in_trash", "deleted_at_destination"),
        ("deleted_at_destination", "deleted_at_destination"),
        ("missing_at_destination", "missing_at_destination"),
        ("not_taken", "not_taken"),
    ],
)
def test_what_the_journal_tells_as_deleted_is_not_safe_in_an_older_ledger(
    ledger: Database, content: int, before: str | None, after: str
) -> None:
    with ledger.write() as tx:
        if before is not None:
            copies.put(tx, content, "home1", before, "remote", NOW)
        changed = copies.bury(tx, {("home1", SHA1): 7, ("gone1", SHA1): 7}, NOW)
        assert changed == ([content] if before in (None, "safe", "in_trash") else [])
        assert copies.at(tx, "home1", [content])[content].state == after
        assert copies.at(tx, "nas11", [content])[content].state == "safe"
