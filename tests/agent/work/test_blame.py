"""One photo that a server, or what stands before it, never takes; and a server that answers and takes none at all."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.agent.work.lane_stage import LaneStage
from tests.fakes.immich import StandIn

PUT = "POST /api/assets"
HOUR = 60


@pytest.fixture
def stage(server: StandIn) -> Iterator[LaneStage]:
    with closing(LaneStage(server)) as made:
        yield made


@pytest.fixture
def shut(expected_log: Callable[..., None]) -> None:
    """The lane is shut in this story, and the log says so."""
    expected_log("is blocked")


def reasons(stage: LaneStage) -> dict[str, str]:
    """Name -> why it failed."""
    rows = stage.database.read().execute(
        "SELECT f.name, x.code FROM failures x JOIN files f ON f.id = x.file_id WHERE f.state = 'failed'"
    )
    return {row[0].decode(): row[1] for row in rows}


@pytest.mark.parametrize("status", [403, 404, 302, 200])
def test_a_photo_that_a_firewall_refuses_holds_up_no_other(server: StandIn, stage: LaneStage, status: int) -> None:
    files = [stage.file(f"{number}.jpg") for number in range(6)]
    stage.take()
    server.faults.refuse_one(files[2].read_bytes(), status=status)
    stage.go_on(30, 10)
    assert stage.states() == {file.name: "failed" if file is files[2] else "safe" for file in files}
    assert reasons(stage) == {"2.jpg": "refused_on_the_way"}
    assert not stage.problems


def test_a_photo_over_which_the_server_stumbles_holds_up_no_other(server: StandIn, stage: LaneStage) -> None:
    files = [stage.file(f"{number}.jpg") for number in range(6)]
    stage.take()
    server.faults.refuse_one(files[0].read_bytes(), status=500)
    stage.go_on(30, 10)
    assert stage.states() == {file.name: "failed" if file is files[0] else "safe" for file in files}
    assert reasons(stage) == {"0.jpg": "server_error"}


@pytest.mark.parametrize("status", [500, 502, 403])
@pytest.mark.usefixtures("shut")
def test_a_server_that_takes_no_photo_is_tried_seldom_and_fails_hardly_any(
    server: StandIn, stage: LaneStage, status: int
) -> None:
    """Its disk is full, say; everything but uploads works."""
    for number in range(40):
        stage.file(f"{number}.jpg")
    stage.take()
    fault = server.faults.answer(PUT, status, b"<html>no room</html>", times=None, content_type="text/html")
    stage.go_on(8 * HOUR, 60)
    assert {problem.code for problem in stage.problems} == {"uploads_refused"}
    assert list(stage.states().values()).count("failed") <= 8
    assert fault.hits <= 50
    fault.remove()
    stage.go_on(HOUR, 60)
    assert list(stage.states().values()).count("queued") == 0


@pytest.mark.usefixtures("shut")
def test_two_photos_that_never_go_do_not_keep_new_ones_waiting_for_long(server: StandIn, stage: LaneStage) -> None:
    bad = [stage.file(f"bad{number}.jpg") for number in range(2)]
    for file in bad:
        server.faults.refuse_one(file.read_bytes())
    stage.take()
    stage.go_on(5, 60)
    stage.file("new.jpg")
    stage.take()
    stage.go_on(5, 60)
    assert stage.states()["new.jpg"] == "safe"
    stage.go_on(HOUR, 60)
    assert stage.states() == {"bad0.jpg": "failed", "bad1.jpg": "failed", "new.jpg": "safe"}


@pytest.mark.usefixtures("shut")
def test_a_portal_that_comes_between_the_question_and_the_upload_costs_no_attempt(
    server: StandIn, stage: LaneStage
) -> None:
    stage.file("one.jpg")
    stage.take()
    for _ in range(5):

        def portal(name: str) -> None:
            if name == "checked":
                server.faults.html(None, times=None)

        stage.on_checkpoint = portal
        stage.go_on(1, 600)
        assert stage.states() == {"one.jpg": "queued"}
        server.faults.clear()
    assert {problem.code for problem in stage.problems} == {"not_immich"}
    stage.on_checkpoint = lambda _: None
    stage.go_on(2, 600)
    assert stage.states() == {"one.jpg": "safe"}


def test_a_sidecar_counts_no_more_than_the_picture_that_it_went_along_with(server: StandIn, stage: LaneStage) -> None:
    stage.file("a.jpg")
    stage.file("a.jpg.xmp", b"<x/>")
    stage.take()

    def lose(name: str) -> None:
        if name == "sent":
            server.store.purge([one.id for one in server.assets])

    stage.on_checkpoint = lose
    stage.go_on(1, 1)
    assert stage.states() == {"a.jpg": "queued", "a.jpg.xmp": "queued"}
    stage.on_checkpoint = lambda _: None
    stage.go_on(3, 600)
    assert stage.states() == {"a.jpg": "safe", "a.jpg.xmp": "safe"}
    (asset,) = server.assets
    assert asset.sidecar == b"<x/>"


@pytest.mark.usefixtures("shut")
def test_a_proof_that_breaks_off_costs_no_attempt(server: StandIn, stage: LaneStage) -> None:
    for number in range(3):
        stage.file(f"{number}.jpg")
    stage.take()

    def break_off(name: str) -> None:
        if name == "sent":
            server.faults.server_error("POST /api/assets/bulk-upload-check")

    stage.on_checkpoint = break_off
    stage.go_on(1, 60)
    attempts = (
        stage.database.read()
        .execute("SELECT attempts FROM background_service_jobs WHERE job_key = 'upload'")
        .fetchall()
    )
    assert [row[0] for row in attempts] == [0, 0, 0]
    assert set(stage.states().values()) == {"queued"}
    server.faults.clear()
    stage.go_on(1, 600)
    assert set(stage.states().values()) == {"safe"}
    assert len(server.assets) == 3
