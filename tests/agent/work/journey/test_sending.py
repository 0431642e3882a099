"""How many files are sent at once: one after the other, unless that means waiting for the server."""

import hashlib
import os
import threading
from contextlib import closing

import pytest

from agent.work.journey.ahead import KEEP_BYTES
from tests.agent.work.server_stage import Stage

PHOTOS = 12


def senders(stage: Stage, answer_s: float) -> list[str]:
    """The threads that sent the photos, each answered after so long."""
    threads: list[str] = []

    def look(checkpoint: str) -> None:
        if checkpoint == "sent":
            stage.clock.advance(answer_s)
            threads.append(threading.current_thread().name)

    stage.on_checkpoint = look
    for number in range(PHOTOS):
        stage.file(f"{number}.jpg")
    stage.back_up()
    assert set(stage.states().values()) == {"safe"}
    assert len(threads) == PHOTOS
    return threads


def test_a_server_that_answers_at_once_is_sent_one_photo_after_the_other(stage: Stage) -> None:
    assert set(senders(stage, 0.0)) == {threading.current_thread().name}


def test_who_waits_for_the_server_sends_several_photos_at_once(stage: Stage) -> None:
    threads = senders(stage, 0.1)
    here = threading.current_thread().name
    assert threads[:2] == [here, here], "nothing is known of the server before"
    assert here not in threads[2:]


def test_a_sidecar_that_is_rewritten_behind_its_time_is_read_again(stage: Stage) -> None:
    stage.file("a.jpg")
    sidecar = stage.file("a.jpg.xmp", b"<old/>")
    facts = sidecar.stat()
    trouble = stage.server.faults.server_error("POST /api/assets")
    stage.back_up()
    assert not stage.server.assets, "hashed, and not sent"
    sidecar.write_bytes(b"<new/>")
    os.utime(sidecar, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    trouble.remove()
    stage.clock.advance(3_600)
    stage.work()
    assert set(stage.states().values()) == {"safe"}
    (asset,) = stage.server.assets
    assert asset.sidecar == b"<new/>"
    rows = stage.database.read().execute(
        "SELECT k.sha1 FROM files f JOIN contents k ON k.id = f.content_id WHERE f.role = 'sidecar'"
    )
    assert [row[0] for row in rows] == [hashlib.sha1(b"<new/>", usedforsecurity=False).digest()]


def test_a_sidecar_whose_picture_goes_on_the_way_is_not_taken_for_gone(stage: Stage) -> None:
    picture = stage.file("a.jpg")
    stage.file("a.jpg.xmp", b"<old/>")

    def remove(checkpoint: str) -> None:
        if checkpoint == "claimed":
            picture.unlink(missing_ok=True)

    stage.on_checkpoint = remove
    stage.back_up()
    assert set(stage.states()) == {"a.jpg.xmp"}, "it is on the disk"


def known_digests(stage: Stage) -> int:
    return int(stage.database.read().execute("SELECT count(*) FROM contents").fetchone()[0])


@pytest.mark.parametrize(
    ("size_bytes", "written"), [pytest.param(1_000, 0, id="small"), pytest.param(KEEP_BYTES + 1, 1, id="large")]
)
def test_only_a_digest_that_took_long_is_written_down_before_its_file_is_there(
    stage: Stage, size_bytes: int, written: int
) -> None:
    seen: list[int] = []

    def look(checkpoint: str) -> None:
        if checkpoint == "hashed":
            seen.append(known_digests(stage))

    stage.on_checkpoint = look
    stage.file("a.jpg", os.urandom(size_bytes))
    stage.back_up()
    assert seen == [written]
    assert (stage.states(), known_digests(stage)) == ({"a.jpg": "safe"}, 1)


def test_what_was_hashed_in_vain_is_not_hashed_for_the_next_attempt(stage: Stage) -> None:
    stage.file("a.jpg")
    trouble = stage.server.faults.server_error("POST /api/assets")
    stage.back_up()
    trouble.remove()
    assert known_digests(stage) == 1
    stage.clock.advance(3_600)
    stage.work()
    assert stage.states() == {"a.jpg": "safe"}


def test_what_is_missing_among_photos_that_the_server_has_arrives_whole(stage: Stage) -> None:
    photos = {f"{number:02}.jpg": os.urandom(700_000) for number in range(PHOTOS)}
    missing = ["00.jpg", "07.jpg", "11.jpg"]  # in the first part, and after parts of which all was there
    with closing(Stage(stage.server)) as another:
        for name in photos.keys() - missing:
            another.file(name, photos[name])
        another.back_up()
    for name, content in photos.items():
        stage.file(name, content)
    sent: list[str] = []
    stage.on_checkpoint = lambda checkpoint: sent.append(checkpoint) if checkpoint == "sent" else None
    stage.back_up()
    assert len(sent) == len(missing)
    assert set(stage.states().values()) == {"safe"}
    digests = {hashlib.sha1(content, usedforsecurity=False).digest() for content in photos.values()}
    assert {asset.checksum for asset in stage.server.assets} == digests
