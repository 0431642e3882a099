"""What a person orders of a single job: given up, its files say so; tried again, they wait."""

import hashlib

import pytest

from agent.domain.errors import Fate, Rejected, Transient
from agent.store import copies, files, folders, groups, job_history, jobs, library
from agent.store.db import Database
from agent.store.jobs import Open

NOW = 1_795_000_000_000


@pytest.fixture
def asset(ledger: Database) -> tuple[int, int, int]:
    """(job, file, asset): a photo on its way to one of its two destinations."""
    with ledger.write() as tx:
        (folder_id,) = folders.attach(tx, {b"/pics": ("immich", "nas")}, {"immich": "immich", "nas": "folder"}).values()
        directory = folders.directory(tx, folder_id, b"")
        file_id = files.add(tx, directory, folder_id, b"a.jpg", "still", 10, 1, 1, NOW)
        asset_id = files.add_asset(tx, folder_id, NOW)
        files.set_asset(tx, file_id, asset_id)
        job = copies.upload_job(asset_id, "immich", folder_id, weight_bytes=10, run_after=0)
        return jobs.enqueue(tx, job, NOW), file_id, asset_id


def shown(ledger: Database, file_id: int) -> tuple[str, str | None]:
    row = library.row_of(ledger.read(), file_id)
    return row.state, row.reason


def test_a_photo_whose_job_was_cancelled_says_so_and_is_not_taken_up_by_itself(
    ledger: Database, asset: tuple[int, int, int]
) -> None:
    job_id, file_id, asset_id = asset
    with ledger.write() as tx:
        assert groups.give_up(tx, job_id, NOW)
        assert not groups.give_up(tx, job_id, NOW)
        assert copies.lacking_of(tx, [asset_id], "immich") == []
        assert copies.lacking_of(tx, [asset_id], "nas") == [(asset_id, 10)]
    assert shown(ledger, file_id) == ("failed", "cancelled")


def test_a_photo_whose_job_failed_as_a_whole_says_so_and_one_that_is_tried_again_does_not(
    ledger: Database, asset: tuple[int, int, int]
) -> None:
    job_id, file_id, asset_id = asset
    with ledger.write() as tx:
        groups.fail_files(tx, job_id, "bug", NOW)
    assert shown(ledger, file_id) == ("queued", None)  # the job waits
    with ledger.write() as tx:
        jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        jobs.fail(tx, job_id, "bug", NOW)
        groups.fail_files(tx, job_id, "bug", NOW)
    assert shown(ledger, file_id) == ("failed", "bug")
    with ledger.write() as tx:
        assert copies.lacking_of(tx, [asset_id], "immich") == []
        assert groups.try_again(tx, job_id, NOW)
    assert shown(ledger, file_id) == ("queued", None)


def test_tried_again_it_waits_like_any_other(ledger: Database, asset: tuple[int, int, int]) -> None:
    job_id, file_id, asset_id = asset
    with ledger.write() as tx:
        groups.give_up(tx, job_id, NOW)
        assert groups.try_again(tx, job_id, NOW)
        assert not groups.try_again(tx, job_id, NOW)
        assert copies.lacking_of(tx, [asset_id], "immich") == [(asset_id, 10)]
    assert shown(ledger, file_id) == ("queued", None)
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    assert row.status == "PENDING"


def test_all_that_failed_is_retried_with_what_was_cancelled_and_stands_as_failed_and_nothing_else(
    ledger: Database, asset: tuple[int, int, int]
) -> None:
    job_id, _, asset_id = asset
    with ledger.write() as tx:
        scan = jobs.enqueue(tx, jobs.NewJob("scan", {"asset_id": asset_id}, lane="immich"), NOW)
        groups.give_up(tx, scan, NOW)
        groups.give_up(tx, job_id, NOW)
        assert job_history.failed(tx) == [(job_id, "immich")]
        assert job_history.prune(tx, keep=0, now_at=NOW + 2 * job_history.KEEP_MS) == 1
        assert groups.try_again(tx, job_id, NOW)
        assert job_history.failed(tx) == []


def test_what_was_cancelled_and_then_left_out_is_not_retried_with_the_rest(
    ledger: Database, asset: tuple[int, int, int]
) -> None:
    job_id, file_id, _ = asset
    with ledger.write() as tx:
        groups.give_up(tx, job_id, NOW)
        files.exclude(tx, file_id, "user_excluded")
        assert job_history.failed(tx) == []


def test_an_edit_after_the_cancel_is_a_new_matter(ledger: Database, asset: tuple[int, int, int]) -> None:
    job_id, file_id, asset_id = asset
    with ledger.write() as tx:
        groups.give_up(tx, job_id, NOW)
        files.observe(tx, file_id, 11, 2, 1, same_bytes=False)
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset_id], "immich") == [(asset_id, 11)]
    assert shown(ledger, file_id) == ("queued", None)


def test_what_is_there_already_is_not_marked_by_a_cancel(ledger: Database, asset: tuple[int, int, int]) -> None:
    job_id, file_id, _ = asset
    digest = hashlib.sha1(b"a", usedforsecurity=False).digest()
    with ledger.write() as tx:
        content = files.set_content(tx, file_id, digest, 10, 1, NOW)
        for destination in ("immich", "nas"):
            copies.put(tx, content, destination, "safe", "r", NOW)
        assert groups.give_up(tx, job_id, NOW)
    assert shown(ledger, file_id) == ("safe", None)


def test_other_work_is_given_up_without_a_word_at_any_photo(ledger: Database, asset: tuple[int, int, int]) -> None:
    _, file_id, asset_id = asset
    with ledger.write() as tx:
        other = jobs.enqueue(tx, jobs.NewJob("scan", {"asset_id": asset_id}), NOW)
        assert groups.give_up(tx, other, NOW)
        assert groups.try_again(tx, other, NOW)
        jobs.claim(tx, "local", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        assert groups.give_up(tx, other, NOW), "what runs can be given up too"
    assert shown(ledger, file_id) == ("queued", None)


def test_a_job_is_done_sooner_when_that_is_asked_for_and_not_after_its_end(
    ledger: Database, asset: tuple[int, int, int]
) -> None:
    job_id = asset[0]
    with ledger.write() as tx:
        other = jobs.enqueue(tx, jobs.NewJob("upload", {}, lane="immich", priority=5), NOW)
        assert groups.prioritise(tx, job_id, 6, NOW)
        taken = jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        assert [job.id for job in taken] == [job_id]
        jobs.complete(tx, job_id, NOW)
        assert not groups.prioritise(tx, job_id, 7, NOW)
        assert groups.prioritise(tx, other, -3, NOW)


@pytest.mark.parametrize(("wait_s", "held"), [(30, 0), (1_200, 1)])
def test_nobody_stands_by_for_what_is_tried_again_only_after_minutes(
    ledger: Database, asset: tuple[int, int, int], wait_s: int, held: int
) -> None:
    job_id, *_ = asset
    with ledger.write() as tx:
        group = groups.begin(tx, "backup", "off", NOW)
        tx.execute("UPDATE background_service_jobs SET group_id = ?", (group,))
        groups.scanned(tx, group)
        jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        jobs.retry_later(tx, job_id, "read_error()", NOW + wait_s * 1_000, NOW, group_id=group)
    row = groups.show(ledger.read(), group, {"immich": Open(everyone=True)}, NOW)
    assert row is not None
    assert (row.outstanding, row.held) == (1, held)


def test_a_photo_that_waits_for_room_says_so_and_has_not_failed(ledger: Database, asset: tuple[int, int, int]) -> None:
    job_id, file_id, asset_id = asset
    with ledger.write() as tx:
        group = groups.begin(tx, "backup", "off", NOW)
        tx.execute("UPDATE background_service_jobs SET group_id = ?", (group,))
        groups.scanned(tx, group)
        jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        copies.fail(tx, file_id, "immich", "waits_for_room", {}, NOW)
        jobs.give_back(tx, [job_id], NOW, run_after=NOW + 60_000, error="waits_for_room()")
        files.derive(tx, [file_id])
        assert copies.waiting_for_room(tx) == [("immich", 1, NOW)]
        assert copies.failing_since(tx) is None
        assert copies.lacking_of(tx, [asset_id], "immich") == [(asset_id, 10)]
    assert shown(ledger, file_id) == ("queued", "waits_for_room")
    open_lanes = {"immich": Open(everyone=True)}
    waiting = groups.show(ledger.read(), group, open_lanes, NOW)
    due = groups.show(ledger.read(), group, open_lanes, NOW + 60_000)
    assert waiting is not None
    assert due is not None
    assert [(one.outstanding, one.held, one.finished) for one in (waiting, due)] == [(1, 1, False), (1, 0, False)]
    with ledger.write() as tx:
        tx.execute("UPDATE files SET state = 'gone' WHERE id = ?", (file_id,))
        assert copies.waiting_for_room(tx) == [], "what is deleted needs no room"
        tx.execute("UPDATE files SET state = 'queued' WHERE id = ?", (file_id,))
        copies.forgive(tx, [file_id], "immich")
        assert copies.waiting_for_room(tx) == []
    assert shown(ledger, file_id) == ("queued", None)


def test_of_two_failures_the_worse_one_is_told(ledger: Database, asset: tuple[int, int, int]) -> None:
    _job_id, file_id, _asset_id = asset
    with ledger.write() as tx:
        copies.fail(tx, file_id, "immich", "waits_for_room", {}, NOW)
        copies.fail(tx, file_id, "nas", "name_refused", {}, NOW)
        files.derive(tx, [file_id])
    assert shown(ledger, file_id) == ("failed", "name_refused")


@pytest.fixture
def failed(ledger: Database, asset: tuple[int, int, int]) -> tuple[int, int, int]:
    """The same, after its upload failed as a whole."""
    job_id, _file_id, _asset_id = asset
    with ledger.write() as tx:
        jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        jobs.fail(tx, job_id, "bug", NOW)
        groups.fail_files(tx, job_id, "bug", NOW)
    return asset


def status(ledger: Database, job_id: int) -> str:
    row = job_history.show(ledger.read(), job_id)
    assert row is not None
    return row.status


def test_the_failed_upload_of_a_photo_that_was_edited_is_not_shown_as_failed_any_more(
    ledger: Database, failed: tuple[int, int, int]
) -> None:
    job_id, file_id, _asset_id = failed
    with ledger.write() as tx:
        files.observe(tx, file_id, 10, 1, 1, same_bytes=True)
    assert status(ledger, job_id) == "FAILED", "nothing is new"
    with ledger.write() as tx:
        files.observe(tx, file_id, 11, 2, 1, same_bytes=False)
    assert status(ledger, job_id) == "CANCELLED"
    assert job_history.counts(ledger.read())["immich", "FAILED"] == (0, 0)


def test_a_failed_upload_stays_as_long_as_another_file_of_it_counts_as_failed(
    ledger: Database, failed: tuple[int, int, int]
) -> None:
    job_id, file_id, asset_id = failed
    with ledger.write() as tx:
        (folder_id, directory) = tx.execute("SELECT folder_id, directory_id FROM files").fetchone()
        sidecar = files.add(tx, directory, folder_id, b"a.jpg.xmp", "sidecar", 3, 1, 2, NOW)
        files.set_asset(tx, sidecar, asset_id)
        copies.fail(tx, sidecar, "immich", "name_refused", {}, NOW)
        copies.forgive(tx, [file_id], "immich")
    assert status(ledger, job_id) == "FAILED"
    with ledger.write() as tx:
        copies.forgive(tx, [sidecar], "immich")
    assert status(ledger, job_id) == "CANCELLED"


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (Transient("read_error", reason="EIO"), "PENDING"),
        (Transient("in_use"), "PENDING"),
        (Transient("refused_on_the_way", status=403), "FAILED"),
        (Rejected("unreadable"), "FAILED"),
    ],
)
def test_what_failed_by_a_disk_that_faltered_is_tried_again_once_a_day(
    ledger: Database, asset: tuple[int, int, int], error: Fate, after: str
) -> None:
    job_id, file_id, _asset_id = asset
    with ledger.write() as tx:
        jobs.claim(tx, "immich", Open(everyone=True), "boot", NOW, files=1, size_bytes=1)
        jobs.fail(tx, job_id, str(error), NOW)
        copies.fail(tx, file_id, "immich", error.code, error.args_, NOW)
        files.derive(tx, [file_id])
        groups.try_faltered_again(tx, NOW)
    assert status(ledger, job_id) == after
    assert shown(ledger, file_id)[0] == ("queued" if after == "PENDING" else "failed")
