"""A job in the list names the file that it is about."""

from agent.store import files, folders, job_history, jobs
from agent.store.db import Database
from agent.store.jobs import NewJob


def test_an_upload_names_its_still_and_other_work_names_nothing(ledger: Database) -> None:
    with ledger.write() as tx:
        folder_id = folders.attach(tx, {b"/photos": ()}, {})[b"/photos"]
        directory = folders.directory(tx, folder_id, b"2024/Beach")
        asset_id = files.add_asset(tx, folder_id, 1)
        for name, role in ((b"a.mov", "video"), (b"a.heic", "still"), (b"a.heic.xmp", "sidecar")):
            files.set_asset(tx, files.add(tx, directory, folder_id, name, role, 1, 1, 1, 1), asset_id)
        upload = jobs.enqueue(tx, NewJob("upload", {"asset_id": asset_id}), 1)
        scan = jobs.enqueue(tx, NewJob("scan", {"folder_id": folder_id}), 1)
        lost = jobs.enqueue(tx, NewJob("upload", {"asset_id": 999}), 1)
    with ledger.write() as tx:
        shown = {row.id: row.path for row in job_history.page(tx, status=None, before=None, limit=10)}
        one = job_history.show(tx, upload)
    assert shown == {upload: "/photos/2024/Beach/a.heic", scan: None, lost: None}
    assert one is not None
    assert one.path == "/photos/2024/Beach/a.heic"
