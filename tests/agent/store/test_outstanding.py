"""Which destinations lack a file, and what is told of why."""

from pathlib import Path

from agent.protocol.types import Outstanding
from agent.store import copies, files, folders, jobs
from agent.store.db import Database, Tx
from agent.store.outstanding import of_file

NAMES = {"nas": "NAS", "home": "Immich at home", "usb": "Drive"}


def _photo(tx: Tx) -> files.FileFacts:
    folder_id = folders.attach(tx, {b"/photos": ()}, {})[b"/photos"]
    for destination_id in NAMES:
        tx.execute("INSERT OR IGNORE INTO destinations (id, kind) VALUES (?, 'folder')", (destination_id,))
    tx.execute("INSERT INTO contents (id, sha1, size, hashed_at) VALUES (1, zeroblob(20), 1, 1)")
    asset_id = files.add_asset(tx, folder_id, 1)
    directory = folders.directory(tx, folder_id, b"")
    tx.execute(
        "INSERT INTO files (directory_id, folder_id, asset_id, name, role, mtime_ns, inode, size, state, seen_at,"
        " content_id, content_is_current) VALUES (?, ?, ?, x'61', 'still', 1, 1, 1, 'queued', 1, 1, 1)",
        (directory, folder_id, asset_id),
    )
    tx.execute("INSERT INTO copies (content_id, destination_id, state, placed_at) VALUES (1, 'nas', 'safe', 1)")
    wanted = copies.upload_job(asset_id, "home", folder_id, weight_bytes=1, run_after=70_000)
    jobs.enqueue_all(tx, [wanted], 1, again=False)
    row = files.find(tx, folder_id, b"", b"a")
    assert row is not None
    tx.execute("INSERT INTO failures VALUES (?, 'usb', 'too_large', '{\"size_bytes\": 5}', 9)", (row.id,))
    return row


def test_each_destination_that_lacks_a_file_is_named_with_what_its_job_knows(tmp_path: Path) -> None:
    database = Database(tmp_path / "safelight.db")
    with database.write() as tx:
        row = _photo(tx)
        found = of_file(tx, row, NAMES, NAMES)
    database.close()
    assert found == [
        Outstanding("home", "Immich at home", "queued", job_id=1, run_after=70_000),
        Outstanding("usb", "Drive", "failed", "too_large", {"size_bytes": 5}, 9),
    ]
