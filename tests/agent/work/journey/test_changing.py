"""Files that are written to while they are on their way, and copies that are known already."""

import os

from agent.protocol.types import JobRow
from agent.store import job_history, jobs
from agent.store.jobs import Open
from tests.agent.work.server_stage import HERE, Stage


def the_job(stage: Stage) -> JobRow:
    (row,) = job_history.page(stage.database.read(), status=None, before=None, limit=10)
    return row


def test_a_recording_under_way_is_not_read_and_looked_at_ever_more_seldom_until_it_is_over(stage: Stage) -> None:
    film = stage.file("film.mp4")
    stage.take()
    stage.clock.advance(60)
    waits_s: list[float] = []
    while len(waits_s) < 12:
        with film.open("ab") as file:
            file.write(b"more")
        os.utime(film, ns=(stage.clock.now_at() * 1_000_000,) * 2)
        assert stage.run_one()
        row = the_job(stage)
        assert (row.status, row.attempts) == ("PENDING", 0)
        waits_s.append((row.run_after - stage.clock.now_at()) / 1000)
        stage.clock.advance(waits_s[-1])
    assert waits_s == [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]
    contents = stage.database.read().execute("SELECT count(*) FROM contents").fetchone()[0]
    assert contents == 0, "it was read in vain"
    stage.clock.advance(600)
    assert stage.run_one()
    assert stage.states() == {"film.mp4": "safe"}
    assert len(stage.server.assets) == 1


def test_what_was_held_often_before_it_changed_waits_no_longer_for_that(stage: Stage) -> None:
    film = stage.file("film.mp4")
    stage.take()
    stage.clock.advance(60)
    for _ in range(9):
        with stage.database.write() as tx:
            (job,) = jobs.claim(
                tx, HERE, Open(everyone=True), "boot", stage.clock.now_at(), files=1, size_bytes=1 << 28
            )
            jobs.give_back(tx, [job.id], stage.clock.now_at())
    os.utime(film, ns=(stage.clock.now_at() * 1_000_000,) * 2)
    assert stage.run_one()
    row = the_job(stage)
    assert (row.interruptions, row.run_after - stage.clock.now_at()) == (10, 2_000)


def test_a_picture_that_was_edited_some_time_ago_is_read_and_sent_as_it_is(stage: Stage) -> None:
    picture = stage.file("a.jpg")
    stage.take()
    picture.write_bytes(b"another picture")
    stage.clock.advance(60)
    os.utime(picture, ns=(stage.clock.now_at() * 1_000_000 - 2_000_000_000,) * 2)
    assert stage.run_one()
    assert stage.states() == {"a.jpg": "safe"}


def test_a_copy_that_is_only_known_is_not_said_to_be_verified(stage: Stage) -> None:
    stage.file("a.jpg", b"the same")
    stage.back_up()
    verified_at = stage.database.read().execute("SELECT verified_at FROM copies").fetchone()[0]
    stage.clock.advance(86_400)
    stage.file("b.jpg", b"the same")
    stage.back_up()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe"}
    rows = stage.database.read().execute("SELECT destination_id, verified_at FROM copies").fetchall()
    assert [tuple(row) for row in rows] == [(HERE, verified_at)]
