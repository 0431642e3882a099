"""How many files are sent at once: one after the other, unless that means waiting for the server."""

import threading
from collections.abc import Iterator

import pytest

from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn

PHOTOS = 12


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    stage = Stage(server)
    yield stage
    stage.close()


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
