"""What a server deleted, lost, or tells a second time: each is taken for what it is."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.secret import Secret
from agent.domain.live_photos import Capture
from agent.store import copies, recovery
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn

Expect = Callable[..., None]
DAY_S = 86_400
SIDECAR = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
LIVE = Capture(identifier="one moment")


def secret_of(server: StandIn) -> str:
    return Secret("session", server.session()).to_text()


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    """A stage that is signed in with a session, so that changes come by the stream."""
    with closing(Stage(server, key=secret_of(server))) as made:
        yield made


def backed_up(stage: Stage, *names: str) -> None:
    for name in names:
        stage.file(name, SIDECAR + name.encode() if name.endswith(".xmp") else None)
    stage.back_up()
    stage.sync()


@pytest.mark.parametrize("way", ["key", "session"])
def test_a_sidecar_that_went_along_with_its_picture_is_not_looked_for_by_itself(server: StandIn, way: str) -> None:
    with closing(Stage(server, key=secret_of(server)) if way == "session" else Stage(server)) as stage:
        backed_up(stage, "a.jpg", "a.xmp")
        stage.clock.advance(DAY_S)
        stage.sync(thorough=True)
        assert stage.states() == {"a.jpg": "safe", "a.xmp": "safe"}
        assert copies.known_there(stage.database.read(), HERE) == 1


def test_pictures_that_were_deleted_are_counted_without_their_sidecars(server: StandIn, stage: Stage) -> None:
    backed_up(stage, *(f"{number}.{kind}" for number in range(30) for kind in ("jpg", "xmp")))
    server.store.purge([one.id for one in server.assets])
    stage.sync()
    assert {state for name, state in stage.states().items() if name.endswith("jpg")} == {"deleted_at_destination"}


@pytest.mark.parametrize("by", ["reset", "new session"])
def test_old_deletions_that_are_told_again_are_no_news(server: StandIn, stage: Stage, by: str) -> None:
    backed_up(stage, *(f"{number}.jpg" for number in range(80)))
    for some in (range(30), range(30, 60)):
        server.store.purge([stage.at_server(f"{number}.jpg").id for number in some])
        stage.sync()
    stage.clock.advance(3_600)
    if by == "reset":
        server.ask_for_reset(stage.destination.secret.token)
    else:
        stage.destination.close()
        stage.destination = ImmichDestination(stage.url, secret_of(server), clock=stage.clock)
    stage.sync()
    states = list(stage.states().values())
    assert (states.count("deleted_at_destination"), states.count("safe")) == (60, 20)
    told = stage.database.read().execute("SELECT count(*) FROM activity WHERE what = 'deleted'").fetchone()[0]
    assert told == 60


@pytest.mark.parametrize("thorough", [False, True])
def test_what_a_server_lost_by_going_back_to_its_backup_is_missing(
    server: StandIn, stage: Stage, expected_log: Expect, *, thorough: bool
) -> None:
    expected_log("copies are missing")
    backed_up(stage, "a.jpg")
    old = server.backup()
    backed_up(stage, "b.jpg")
    server.restore(old)
    stage.clock.advance(0 if thorough else DAY_S)
    stage.sync(thorough=thorough)
    assert stage.failures == []
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "missing_at_destination"}


@pytest.mark.parametrize(("state", "is_trashed"), [("in_trash", True), ("missing_at_destination", False)])
def test_a_ledger_that_goes_on_from_its_copy_learns_what_was_told_since(
    server: StandIn, stage: Stage, expected_log: Expect, state: str, *, is_trashed: bool
) -> None:
    expected_log("copies are missing", at_least=0)
    expected_log("the ledger")
    backed_up(stage, *(f"{number}.jpg" for number in range(60)))
    path = stage.base / "safelight.db"
    recovery.copy_ledger(stage.database, path)
    ids = [one.id for one in server.assets]
    if is_trashed:
        server.store.trash(server.admin, ids)
    else:
        server.store.purge(ids)
    stage.sync()
    assert set(stage.states().values()) == {state}
    stage.database.close()
    recovery.suspect(path)
    stage.database = recovery.open_ledger(path, stage.clock.now_at())
    stage.clock.advance(DAY_S)
    stage.sync()
    assert set(stage.states().values()) == {state}


def test_the_still_of_a_live_photo_that_was_deleted_is_backed_up_again_when_it_is_edited(
    server: StandIn, stage: Stage
) -> None:
    stage.captures = {"a.heic": LIVE, "a.mov": LIVE}
    backed_up(stage, "a.heic", "a.mov")
    server.store.purge([one.id for one in server.assets])
    stage.sync()
    assert set(stage.states().values()) == {"deleted_at_destination"}
    stage.file("a.heic", b"edited, and of another length altogether")
    stage.back_up()
    assert stage.states() == {"a.heic": "safe", "a.mov": "deleted_at_destination"}
    assert [asset.filename for asset in server.assets] == ["a.heic"]
