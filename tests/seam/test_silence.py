"""A watched folder that does not answer: it is said so, nothing is taken for deleted, and all else goes on."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.protocol.methods import JobsList
from tests import pictures
from tests.seam.rig import Rig
from tests.silence import needs_silence, silent

SAID = "folder_silent"


def upload_runs(rig: Rig) -> bool:
    return "upload" in {job.job_key for job in rig.call("jobs.list", JobsList("RUNNING")).rows}


def says(rig: Rig) -> None:
    rig.wait(lambda now: SAID in {one.code for one in now.problems}, "the problem")


def share_with_photos_that_wait(rig: Rig, count: int, size_bytes: int) -> Path:
    """Watched besides the pictures, while backup is paused."""
    share = rig.base / "share"
    share.mkdir()
    rig.ready(["folder"])
    rig.watch(share)
    rig.safelight("pause")
    pictures.bulk(share, count, size_bytes, seed=1)
    rig.wait(lambda now: now.library.counts.queued == count, "the share's photos in the queue")
    return share


@needs_silence
@pytest.mark.timeout(200)
@pytest.mark.parametrize("restarts", [False, True])
def test_a_share_that_hangs_is_a_problem_and_the_other_folders_go_on(rig: Rig, restarts: bool) -> None:
    share = rig.base / "share"
    pictures.bulk(share, 3, 9_000, seed=1)
    rig.ready(["folder"])
    rig.watch(share)
    pictures.bulk(rig.pictures, 3, 9_000, seed=2)
    rig.wait_safe(6)
    with silent(share) as below:
        pictures.jpeg(Path(f"/proc/{os.getpid()}/fd/{below}/new.jpg"), size=(64, 48), seed=3)
        if restarts:
            rig.restart()
        near = pictures.jpeg(rig.pictures / "near.jpg", size=(64, 48), seed=4)
        rig.wait_state(near, "safe")
        says(rig)
        later = pictures.jpeg(rig.pictures / "later.jpg", size=(64, 48), seed=5)
        rig.wait_state(later, "safe", 10)
        rig.backup(rig.pictures)
        assert rig.snapshot().library.counts.total >= 8, "what cannot be looked at is not taken for deleted"
    rig.wait(lambda now: not now.problems, "no problem", 60)
    rig.wait_safe(9)
    rig.assert_arrived(rig.sources(rig.pictures, share))
    rig.stop()


@needs_silence
@pytest.mark.timeout(200)
def test_photos_that_wait_on_a_share_that_hangs_hold_up_no_others_and_go_on_when_it_answers(rig: Rig) -> None:
    share = share_with_photos_that_wait(rig, 30, 90_000)
    pictures.bulk(rig.pictures, 5, 9_000, seed=2)
    rig.wait(lambda now: now.library.counts.queued == 35, "all photos in the queue")
    with silent(share):
        rig.safelight("resume")
        rig.wait(lambda now: now.library.counts.safe == 5, "the near photos at the destination", 100)
        says(rig)
        assert not rig.snapshot().library.counts.failed
    rig.wait(lambda now: not now.problems, "no problem", 60)
    rig.wait_safe(35)
    rig.assert_arrived(rig.sources(rig.pictures, share))
    rig.stop()


@needs_silence
@pytest.mark.timeout(200)
def test_an_agent_stops_quickly_while_it_waits_for_a_share_that_hangs(rig: Rig) -> None:
    share = share_with_photos_that_wait(rig, 3, 9_000)
    with silent(share):
        rig.safelight("resume")
        rig.wait(lambda _: upload_runs(rig), "a photo under way")
        rig.stop()
    rig.start()
    rig.wait_safe(3)
    rig.stop()


@needs_silence
@pytest.mark.timeout(200)
def test_an_agent_starts_and_works_while_one_of_its_destinations_hangs(rig: Rig) -> None:
    rig.ready(["server"])
    share = rig.folder("share").root
    pictures.jpeg(rig.pictures / "first.jpg", size=(64, 48), seed=1)
    rig.wait_safe(1)
    rig.stop()
    with silent(share, "fuse.sshfs"):
        rig.start()
        pictures.jpeg(rig.pictures / "second.jpg", size=(64, 48), seed=2)
        rig.wait(lambda _: len(rig.places["server"].names()) == 2, "the server's copy")
    rig.wait_safe(2, 60)
    rig.assert_arrived()
    rig.stop()


@needs_silence
@pytest.mark.timeout(200)
def test_many_shares_that_hang_hold_up_a_start_no_longer_than_one(rig: Rig) -> None:
    shares = [rig.base / f"share{number}" for number in range(4)]
    rig.ready(["folder"])
    for seed, share in enumerate(shares, 1):
        pictures.jpeg(share / "first.jpg", size=(64, 48), seed=seed)
        rig.watch(share)
    rig.wait_safe(4)
    with ExitStack() as hanging:
        for share in shares:
            hanging.enter_context(silent(share))
        rig.restart()
        near = pictures.jpeg(rig.pictures / "near.jpg", size=(64, 48), seed=7)
        rig.wait_state(near, "safe", 45)
        rig.wait(lambda now: [one.code for one in now.problems].count(SAID) == 4, "four problems", 45)
    rig.wait(lambda now: not now.problems, "no problem", 90)
    for share in shares:
        later = pictures.jpeg(share / "later.jpg", size=(64, 48), seed=8)
        rig.wait_state(later, "safe", 45)
    rig.stop()


def test_a_folder_that_is_moved_away_whole_is_missing_at_once_and_goes_on_when_it_is_back(rig: Rig) -> None:
    albums, elsewhere = rig.base / "albums", rig.base / "elsewhere"
    pictures.bulk(albums, 3, 9_000, seed=1)
    rig.ready(["folder"])
    rig.watch(albums)
    rig.wait_safe(3)
    albums.rename(elsewhere)
    # Sooner than the routine comes round, mostly: it hears of the move itself.
    now = rig.wait(lambda now: "folder_missing" in {one.code for one in now.problems}, "the problem", 25)
    assert str(albums) in rig.safelight("status").stdout
    assert now.library.counts.total == 3, "nothing is taken for deleted"
    elsewhere.rename(albums)
    rig.wait(lambda now: not now.problems, "no problem", 60)
    later = pictures.jpeg(albums / "later.jpg", size=(64, 48), seed=4)
    rig.wait_state(later, "safe")
    rig.wait_safe(4)
    rig.stop()
