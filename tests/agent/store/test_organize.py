"""What is arranged is found with few steps, whatever the size of the library."""

from functools import partial
from pathlib import Path

from agent.domain.stacks import key_of
from agent.store import organize
from agent.store.db import Database

SHA = 20


def test_a_stack_is_looked_up_by_its_key_alone(tmp_path: Path) -> None:
    database = Database(tmp_path / "safelight.db")
    plan = database.read().execute(f"EXPLAIN QUERY PLAN {organize.STILLS_WITH_KEY}", ("here", 1, b"stem:a")).fetchall()
    steps = [row["detail"] for row in plan]
    assert [step.split(" ", 1)[0] for step in steps] == ["SEARCH"] * 3, steps
    assert "stack_keys_by_key (directory_id=? AND key=?)" in steps[0]
    assert "PRIMARY KEY" in steps[1]
    assert "(content_id=? AND destination_id=?)" in steps[2] or "(destination_id=? AND content_id=?)" in steps[2]
    database.close()


def test_a_stretch_of_a_folder_is_read_by_the_ids_of_its_files(tmp_path: Path) -> None:
    database = Database(tmp_path / "safelight.db")
    plan = database.read().execute(f"EXPLAIN QUERY PLAN {organize.SAFE_OF_FOLDER}", ("here", 1, 0, 10)).fetchall()
    steps = [row["detail"] for row in plan]
    assert steps[0] == "SEARCH f USING INTEGER PRIMARY KEY (rowid>?)", steps
    assert all(step.startswith("SEARCH") or "SUBQUERY" in step for step in steps), steps
    database.close()


def test_a_still_of_many_is_found_with_few_steps(tmp_path: Path) -> None:
    """The machine's own count of steps is the same for a directory of thirty and of thousands."""
    database = Database(tmp_path / "safelight.db")
    counts: list[int] = []
    with database.write() as tx:
        tx.execute("INSERT INTO destinations (id, kind) VALUES ('here', 'immich')")
        tx.execute("INSERT INTO folders (id, path) VALUES (1, ?)", (b"/p",))
        tx.execute("INSERT INTO directories (id, folder_id, path) VALUES (1, 1, ?)", (b"",))
        for size in (30, 6_000):
            first = int(tx.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()[0])
            for number in range(first, size):
                name = b"IMG_%d.jpg" % number
                digest = number.to_bytes(SHA, "big")
                tx.execute("INSERT INTO contents (id, sha1, size, hashed_at) VALUES (?, ?, 1, 0)", (number, digest))
                tx.execute(
                    "INSERT INTO files (id, directory_id, folder_id, name, role, size, mtime_ns, inode, content_id,"
                    " content_is_current, state, seen_at) VALUES (?1, 1, 1, ?2, 'still', 1, 1, ?1, ?1, 1, 'safe', 0)",
                    (number, name),
                )
                tx.execute(
                    "INSERT INTO copies (content_id, destination_id, state, remote_id, placed_at)"
                    " VALUES (?, 'here', 'safe', ?, 0)",
                    (number, str(number)),
                )
                organize.keep_stack_key(tx, number, 1, key_of(name))
            steps: list[None] = []
            tx.set_progress_handler(partial(steps.append, None), 1)
            assert organize.stills_with_key(tx, "here", 1, key_of(b"img_7.CR3")) == {b"IMG_7.jpg": "7"}
            tx.set_progress_handler(None, 1)
            counts.append(len(steps))
    assert counts[0] == counts[1] > 0
    database.close()
