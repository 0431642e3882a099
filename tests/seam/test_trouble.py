"""Servers and disks that refuse, lie, break off or are full.

It is said what is wrong, nothing fails for good that need not, and the work goes on when the trouble is over.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.failure import HELD
from agent.protocol.methods import JobsList
from agent.protocol.wire import Mistake
from tests import pictures
from tests.seam.places import FolderPlace, ServerPlace, sha1_of
from tests.seam.rig import Rig

is_root = hasattr(os, "geteuid") and os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="mounts a small disk, which only root may")
#: Root without its power over modes, so that what may not be read cannot be read.
UNPRIVILEGED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if is_root else []
needs_modes = pytest.mark.skipif(is_root and shutil.which("setpriv") is None, reason="root reads everything")


def server_of(rig: Rig) -> ServerPlace:
    """The rig's server."""
    place = rig.places["server"]
    assert isinstance(place, ServerPlace)
    return place


def picture(rig: Rig, name: str, seed: int = 1) -> Path:
    """One photo."""
    return pictures.jpeg(rig.pictures / name, size=(96, 64), seed=seed)


# --- adding a server -------------------------------------------------------------------------------------------------


def test_each_wrong_server_is_refused_with_its_own_reason(rig: Rig) -> None:
    rig.start()
    server = rig.server(add=False)

    def add(url: str, key: str = server.key) -> tuple[int, str]:
        done = rig.safelight("destination", "add", "immich", url, "--api-key-stdin", "--store", "file", stdin=key)
        assert "Traceback" not in done.stderr
        assert done.returncode, done.stdout
        assert done.stderr.count("\n") == 1, done.stderr
        assert key not in done.stderr or len(key) < 8
        return done.returncode, done.stderr

    url = server.server.url
    code, said = add("not an address at all")
    assert code in {1, 2}
    assert "address" in said
    assert add("http://127.0.0.1:1")[0] == 1
    assert add("http://unknown.invalid")[0] == 1
    code, said = add(url, "wrong-key")
    assert code == 5
    fault = server.server.faults.not_immich()
    code, said = add(url)
    assert code == 1
    assert "Immich" in said
    fault.remove()
    fault = server.server.faults.html(times=None)
    code, said = add(url)
    assert code == 1
    assert "Immich" in said
    fault.remove()
    code, said = add(url, server.server.api_key(("asset.read", "user.read")))
    assert code == 5
    assert "asset.upload" in said
    server.server.stop()
    code, said = add(url)
    assert code == 1
    assert not rig.call("destination.list").rows
    secrets = rig.home / "secrets.json"
    assert not secrets.exists() or server.key not in secrets.read_text(encoding="utf-8")


def test_a_film_that_is_changed_behind_its_time_while_it_is_sent_is_read_again(rig: Rig) -> None:
    rig.ready(["server"])
    server = server_of(rig).server
    throttle = server.faults.throttle(8_000_000, "POST /api/assets")
    film = pictures.bulk(rig.pictures, 1, 60_000_000)[0]  # more than sockets hold on the way
    rig.wait(lambda now: any(one.progress for one in now.transfers), "the film on its way")
    facts = film.stat()
    with film.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    os.utime(film, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    throttle.remove()
    # The line is free before the proof is asked for: what is asked for now would come before the attempt has ended.
    rig.wait(lambda _: any(job.attempts for job in rig.call("jobs.list", JobsList("PENDING", None, 500)).rows), "a try")
    assert rig.snapshot().library.counts.safe == 0, "what arrived is not what was promised"
    rig.backup()
    rig.wait_safe(1)
    rig.assert_arrived()


# --- a server that changes its mind ----------------------------------------------------------------------------------


def test_a_key_that_is_revoked_stops_the_work_and_fails_nothing(rig: Rig) -> None:
    rig.ready()
    server = server_of(rig)
    picture(rig, "a.jpg")
    rig.wait_safe(1)
    server.server.revoke(server.key)
    picture(rig, "b.jpg", 2)
    now = rig.wait(lambda now: "signed_out" in {one.code for one in now.problems}, "signed out")
    assert now.library.counts.failed == 0
    rig.wait(lambda now: now.backup.light == "attention", "the light")
    assert len(rig.places["folder"].names()) == 2
    assert {one.reachable for one in rig.snapshot().destinations} == {None}, "it answers: it does not know us"
    assert server.key not in rig.log()


def test_a_permission_that_is_taken_away_is_named(rig: Rig) -> None:
    rig.ready(["server"])
    server = server_of(rig)
    with server.server._world.pulse.lock:
        server.server._world.people.keys[server.key].permissions[:] = ["user.read", "asset.read"]
    picture(rig, "a.jpg")
    now = rig.wait(lambda now: "permission_missing" in {one.code for one in now.problems}, "the problem")
    assert "asset.upload" in str(now.problems[0].args)
    assert now.library.counts.failed == 0
    assert "asset.upload" in rig.safelight("status").stdout
    with server.server._world.pulse.lock:
        server.server._world.people.keys[server.key].permissions[:] = ["all"]
    rig.backup()
    rig.wait_safe(1)
    rig.assert_arrived()


def test_a_full_account_is_waited_for(rig: Rig) -> None:
    rig.ready(["server"])
    server = server_of(rig)
    server.server.set_quota(30_000)
    pictures.bulk(rig.pictures, 5, 12_000)
    now = rig.wait(lambda now: "quota_exceeded" in {one.code for one in now.problems}, "the problem")
    assert now.library.counts.failed == 0
    server.server.set_quota(None)
    rig.backup()
    rig.wait_safe(5)
    rig.assert_arrived()


def test_a_file_that_is_too_large_for_the_server_fails_alone_and_can_be_tried_again(rig: Rig) -> None:
    rig.ready()
    server = server_of(rig)
    server.server.faults.body_limit = 50_000
    pictures.bulk(rig.pictures, 5, 12_000)
    large = pictures.jpeg(rig.pictures / "large.jpg", size=(320, 240), target_bytes=90_000)
    found = rig.wait_state(large, "failed")
    assert found.file.reason == "too_large_for_server"
    now = rig.wait(lambda now: now.library.counts.safe == 5, "the others safe")
    assert now.backup.light == "attention"
    done = rig.safelight("backup", "--wait")
    assert done.returncode == 1
    assert "large.jpg" in done.stderr
    server.server.faults.body_limit = None
    assert rig.safelight("backup", "--wait").returncode == 0
    rig.wait_safe(6)
    rig.wait(lambda now: now.backup.light == "safe", "the light")
    rig.assert_arrived()


def test_what_lies_in_the_trash_is_not_called_safe(rig: Rig) -> None:
    rig.ready(["server"])
    server = server_of(rig)
    first = picture(rig, "a.jpg")
    rig.wait_safe(1)
    rig.unwatch()
    rig.remove(server)
    server.server.store.trash(server.server.admin, [server.server.assets[0].id])
    picture(rig, "b.jpg", 2)
    rig.add(server)
    rig.watch()
    rig.wait_state(first, "in_trash")
    rig.wait_state(rig.pictures / "b.jpg", "safe")
    shown = rig.json("library", "show", os.fsencode(first))
    assert shown["file"]["state"] == "in_trash"
    counts = rig.snapshot().library.counts
    assert (counts.in_trash, counts.safe) == (1, 1)
    assert server.uploads() == 2


@pytest.mark.slow
def test_connections_that_break_and_answers_that_are_lost_bring_nothing_twice(rig: Rig) -> None:
    rig.ready(["server", "server-2", "server-3"])
    for name, place in rig.places.items():
        assert isinstance(place, ServerPlace)
        match name:
            case "server":
                place.server.faults.cut(after=3_000, times=2)
            case "server-2":
                place.server.faults.lose_answer(times=2)
            case _:
                place.server.faults.answer("POST /api/assets/bulk-upload-check", 502, times=1)
    pictures.bulk(rig.pictures, 8, 12_000)
    rig.wait_safe(8, 90)
    rig.assert_arrived()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_is_broken_for_minutes_fails_no_file(rig: Rig, status: int) -> None:
    rig.ready(["server"])
    fault = server_of(rig).server.faults.server_error(status=status)
    pictures.bulk(rig.pictures, 8, 12_000)
    deadline_s = time.monotonic() + 100
    while time.monotonic() < deadline_s:
        assert rig.snapshot().library.counts.failed == 0, rig.account()
        time.sleep(1)
    requests = sum(server_of(rig).server.counters.requests.values())
    assert requests < 60, "a dead server is asked now and then, not all the time"
    fault.remove()
    rig.backup()
    rig.wait_safe(8)
    rig.assert_arrived()


def test_maintenance_is_waited_for(rig: Rig) -> None:
    rig.ready(["server"])
    server_of(rig).server.faults.maintenance = True
    pictures.bulk(rig.pictures, 3, 12_000)
    now = rig.wait(lambda now: "maintenance" in {one.code for one in now.problems}, "the problem")
    assert now.library.counts.failed == 0
    server_of(rig).server.faults.maintenance = False
    rig.backup()
    rig.wait_safe(3)
    rig.assert_arrived()


# --- disks -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size at a folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@needs_root
def test_a_full_destination_is_named_and_gone_on_with_when_there_is_room(rig: Rig) -> None:
    rig.ready(["server"])
    with small_disk(rig.base / "stick", "400k"):
        rig.set("min_free_disk_bytes", 0)
        rig.folder("stick", rig.base / "stick")
        pictures.bulk(rig.pictures, 8, 100_000)
        now = rig.wait(lambda now: "destination_full" in {one.code for one in now.problems}, "the problem")
        assert now.library.counts.failed == 0
        rig.wait(lambda now: now.backup.light == "attention", "the light")
        rig.wait(lambda _: sum(server_of(rig).arrived().values()) == 8, "the other destination's copies")
        subprocess.run(["mount", "-o", "remount,size=4m", str(rig.base / "stick")], check=True)
        rig.backup()
        rig.wait_safe(8)
        rig.assert_arrived()
        assert not list((rig.base / "stick").rglob("*.part"))
        rig.stop()


@needs_root
def test_a_film_too_large_for_a_nearly_full_drive_holds_nothing_else_and_goes_on_when_there_is_room(rig: Rig) -> None:
    with small_disk(rig.base / "stick", "80m"):
        rig.ready([], watch=False)
        rig.set("min_free_disk_bytes", 0)
        rig.folder("stick", rig.base / "stick")
        film = rig.write("film.mp4", bytes(90_000_000))
        rig.watch()
        rig.wait(lambda now: "waits_for_room" in {one.code for one in now.problems}, "the problem")
        pictures.bulk(rig.pictures, 8, 100_000)
        now = rig.wait(lambda now: now.library.counts.safe == 8, "the others' copies")
        assert (now.library.counts.queued, now.library.counts.failed, now.backup.light) == (1, 0, "attention")
        (problem,) = now.problems
        assert problem.args["destination"] == "stick"
        shown = rig.show(film)
        assert shown is not None
        assert (shown.file.state, shown.file.reason) == ("queued", "waits_for_room")
        (job,) = [one for one in rig.json("jobs", "list", "--status", "pending")["jobs"] if one["job_key"] == "upload"]
        assert (job["attempts"], job["last_error"].partition("(")[0]) == (0, "waits_for_room")
        waited = rig.safelight("backup", "--wait")
        assert waited.returncode == HELD, "it ends, and says what waits"
        assert "too large" in waited.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", str(rig.base / "stick")], check=True)
        rig.backup()
        now = rig.wait_safe(9)
        assert not now.problems
        rig.assert_arrived()
        rig.stop()


@needs_root
@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_destination_that_is_full_does_not_seem_well_in_between(rig: Rig) -> None:
    rig.ready(["server"])
    with small_disk(rig.base / "stick", "400k"):
        rig.set("min_free_disk_bytes", 0)
        rig.folder("stick", rig.base / "stick")
        pictures.bulk(rig.pictures, 6, 100_000)
        rig.wait(lambda now: "destination_full" in {one.code for one in now.problems}, "the problem")
        with rig.client() as client:
            client.subscribe()
            until_s = time.monotonic() + 70  # two looks at it
            while (left_s := until_s - time.monotonic()) > 0:
                now = client.call("state.get")
                assert "destination_full" in {one.code for one in now.problems}
                client.next_change(min(left_s, 0.2))
        rig.stop()


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("when", ["before they are known", "before they are sent", "while they are sent"])
def test_a_full_disk_below_the_agents_home_stops_nothing_for_good(rig: Rig, when: str) -> None:
    with small_disk(rig.home, "4m"):
        rig.may_log.append("disk")
        rig.ready(["server"])
        picture(rig, "a.jpg")
        rig.wait_safe(1)
        upload = server_of(rig).server.faults.hold("POST /api/assets")
        if when == "before they are sent":
            rig.call("backup.pause")
        if when != "before they are known":
            pictures.bulk(rig.pictures, 40, 9_000)
            rig.wait(lambda now: now.library.counts.total == 41, "all known")
        if when == "while they are sent":
            rig.wait(lambda now: now.transfers, "uploads")
        filler = rig.home / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"x")
        upload.release()
        if when == "before they are known":
            pictures.bulk(rig.pictures, 40, 9_000)
        with contextlib.suppress(Mistake):  # that it cannot be written down may be said
            rig.call("backup.resume")
        time.sleep(6)
        assert rig.is_alive()
        filler.unlink()
        with contextlib.suppress(Mistake):
            rig.call("backup.resume")
        rig.wait_safe(41, 90)
        rig.assert_arrived()
        rig.stop()


@needs_root
@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_drive_that_is_pulled_is_a_problem_and_no_deletion_and_is_watched_again_when_it_is_back(rig: Rig) -> None:
    stick = rig.base / "stick"
    with small_disk(stick, "4m"):
        bind = ["mount", "--bind", str(stick), str(rig.pictures)]
        subprocess.run(bind, check=True)
        try:
            rig.ready()
            pictures.bulk(rig.pictures, 5, 9_000)
            rig.wait_safe(5)
            subprocess.run(["umount", "-l", str(rig.pictures)], check=True)
            codes = {"folder_replaced", "folder_missing"}
            now = rig.wait(lambda now: codes & {one.code for one in now.problems}, "the problem", 50)
            assert now.library.counts.safe == 5
            pictures.jpeg(stick / "new.jpg", size=(64, 48))
            subprocess.run(bind, check=True)
            rig.wait(lambda now: not now.problems, "no problem", 50)
            rig.wait_safe(6)
            pictures.jpeg(rig.pictures / "newer.jpg", size=(64, 48), seed=5)
            rig.wait_safe(7)
            rig.assert_arrived()
        finally:
            subprocess.run(["umount", "-l", str(rig.pictures)], check=False)


@needs_root
@pytest.mark.skipif(shutil.which("fsfreeze") is None, reason="hangs a disk by fsfreeze")
def test_a_folder_that_hangs_does_not_keep_a_server_waiting(rig: Rig) -> None:
    image, stick = rig.base / "image", rig.base / "stick"
    with image.open("wb") as file:
        file.truncate(24_000_000)
    stick.mkdir()
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(stick)], check=False).returncode:
        pytest.skip("no loop devices here")
    try:
        rig.ready(["server"])
        rig.set("min_free_disk_bytes", 0)
        rig.folder("stick", stick)
        picture(rig, "a.jpg")
        rig.wait_safe(1)
        subprocess.run(["fsfreeze", "-f", str(stick)], check=True)
        try:
            pictures.bulk(rig.pictures, 10, 12_000)
            deadline_s = time.monotonic() + 30
            while len(server_of(rig).names()) < 11:
                assert time.monotonic() < deadline_s, rig.account()
                time.sleep(0.05)
            assert rig.snapshot().library.counts.safe == 1
            rig.call("backup.pause")
        finally:
            subprocess.run(["fsfreeze", "-u", str(stick)], check=True)
        rig.call("backup.resume")
        rig.wait_safe(11)
        place = rig.places["stick"]
        assert isinstance(place, FolderPlace)
        assert len([path for path in place.files() if b"lost+found" not in path]) == 11
        rig.stop()
    finally:
        subprocess.run(["umount", "-l", str(stick)], check=True)


@needs_modes
def test_what_may_not_be_read_is_named_and_the_rest_goes_on(rig: Rig) -> None:
    rig.prefix = UNPRIVILEGED
    rig.ready()
    picture(rig, "deep/b.jpg", 2)
    rig.wait_safe(1)
    locked = picture(rig, "a.jpg")
    locked.chmod(0)
    picture(rig, "c.jpg", 3)
    found = rig.wait_state(locked, "failed")
    assert found.file.reason == "unreadable"
    rig.wait(lambda now: now.library.counts.safe == 2, "the others safe")

    deep = rig.pictures / "deep"
    picture(rig, "deep/d.jpg", 4)
    deep.chmod(0)
    rig.restart()
    now = rig.wait(lambda now: "folder_unreadable" in {one.code for one in now.problems}, "the problem")
    assert "deep" in str([one.args for one in now.problems])
    assert now.library.counts.safe == 2, "what cannot be looked at is not taken for deleted"

    deep.chmod(0o700)
    locked.chmod(0o600)
    assert rig.safelight("backup", "--wait").returncode == 0
    rig.wait_safe(4)
    rig.wait(lambda now: now.backup.light == "safe" and not now.problems, "the light")
    rig.assert_arrived()


@needs_modes
def test_a_folder_that_may_not_be_read_is_refused_and_one_that_loses_it_is_a_problem(rig: Rig) -> None:
    rig.prefix = UNPRIVILEGED
    rig.ready(watch=False)
    rig.pictures.chmod(0)
    refused = rig.safelight("folder", "add", str(rig.pictures))
    assert refused.returncode == 2
    assert "cannot be read" in refused.stderr
    rig.pictures.chmod(0o700)
    picture(rig, "a.jpg")
    rig.watch()
    rig.wait_safe(1)
    rig.pictures.chmod(0)
    rig.restart()
    now = rig.wait(lambda now: "folder_unreadable" in {one.code for one in now.problems}, "the problem")
    assert now.library.counts.safe == 1
    rig.pictures.chmod(0o700)
    picture(rig, "b.jpg", 2)
    rig.backup()
    rig.wait_safe(2)
    rig.assert_arrived()


@needs_modes
def test_a_destination_that_cannot_be_written_is_a_problem_until_it_can(rig: Rig) -> None:
    rig.prefix = UNPRIVILEGED
    rig.ready(["folder"])
    place = rig.places["folder"]
    assert isinstance(place, FolderPlace)
    place.root.chmod(0o500)
    picture(rig, "a.jpg")
    now = rig.wait(lambda now: "destination_read_only" in {one.code for one in now.problems}, "the problem")
    assert now.library.counts.failed == 0
    place.root.chmod(0o700)
    rig.backup()
    rig.wait_safe(1)
    rig.assert_arrived()
    other = rig.folder("other", add=False)
    other.root.chmod(0o500)
    refused = rig.safelight("destination", "add", "folder", str(other.root))
    assert refused.returncode == 1
    assert "written" in refused.stderr
    other.root.chmod(0o700)
    rig.leave("other")


def test_a_folder_that_is_not_watched_any_more_is_no_problem(rig: Rig) -> None:
    rig.ready(["folder"])
    away = rig.base / "away"
    away.mkdir()
    rig.watch(away)
    away.rmdir()
    rig.backup()
    rig.wait(lambda now: "folder_missing" in {one.code for one in now.problems}, "the problem")
    rig.unwatch(away)
    rig.wait(lambda now: not now.problems, "no problem", 20)


# --- large -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_video_of_two_gigabytes_goes_through_with_constant_memory(rig: Rig) -> None:
    rig.ready()
    rig.wait(lambda now: now.agent.phase == "running", "running")
    before_bytes = peak_bytes(rig.pid)
    pictures.sparse_video(rig.pictures / "long.mp4", 2_000_000_000)
    rig.wait_safe(1, 240)
    assert peak_bytes(rig.pid) - before_bytes < 60_000_000
    assert server_of(rig).server.assets[0].size == 2_000_000_000


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


@pytest.mark.slow
def test_what_a_disk_that_faltered_made_fail_is_tried_again_the_next_day(rig: Rig) -> None:
    rig.set_clock(0)
    photo = picture(rig, "IMG_1.jpg")
    rig.ready(["folder"])
    rig.wait_safe(1)
    rig.stop()
    with (
        contextlib.closing(sqlite3.connect(rig.home / "safelight.db")) as ledger,
        ledger,
    ):  # no disk can be made to falter here
        ledger.execute("DELETE FROM copies")
        ledger.execute(
            "UPDATE background_service_jobs SET status = 'FAILED', last_error = 'read_error(reason=''EIO'')'"
        )
        ledger.execute(
            "INSERT INTO failures (file_id, destination_id, code, failed_at)"
            " SELECT f.id, d.id, 'read_error', 1 FROM files f, destinations d"
        )
        ledger.execute("UPDATE files SET state = 'failed'")
    rig.start()
    rig.wait_state(photo, "failed")
    rig.set_clock(90_000)
    rig.wait_state(photo, "safe", timeout_s=90)


def test_a_copy_that_is_back_on_its_drive_is_missing_no_more(rig: Rig) -> None:
    photo = picture(rig, "IMG_1.jpg")
    rig.ready(["folder"])
    rig.wait_safe(1)
    place = rig.places["folder"]
    assert isinstance(place, FolderPlace)
    [copy] = place.files()
    elsewhere = rig.base / "elsewhere"
    shutil.move(os.fsdecode(copy), elsewhere)
    rig.safelight("verify")
    lost = rig.show(photo)
    assert lost is not None
    assert (lost.file.state, lost.history[-1].what) == ("missing_at_destination", "missing")
    shutil.move(elsewhere, os.fsdecode(copy))
    assert rig.safelight("verify").returncode == 0
    rig.wait_state(photo, "safe")


def test_a_copy_whose_bytes_are_other_ones_is_not_proven_and_can_be_put_back(rig: Rig) -> None:
    photo = picture(rig, "IMG_1.jpg")
    rig.ready(["folder"])
    rig.wait_safe(1)
    place = rig.places["folder"]
    assert isinstance(place, FolderPlace)
    [copy] = place.files()
    damaged = bytearray(photo.read_bytes())
    damaged[-10] ^= 1
    Path(os.fsdecode(copy)).write_bytes(damaged)
    assert "lost at the destination: 1" in rig.safelight("verify").stdout
    rig.wait_state(photo, "missing_at_destination")
    assert rig.safelight("library", "restore", os.fspath(photo)).returncode == 0
    rig.wait_state(photo, "safe")
    assert place.arrived() == Counter([sha1_of(photo), sha1_of(copy)]), "nothing is written over"
    assert "The one photo or video is whole" in rig.safelight("verify").stdout
