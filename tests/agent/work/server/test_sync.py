"""What changes at the server: trash, deletions, servers that lose things, marks that are told only when stored."""

import base64
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from agent.destinations.immich.secret import Secret
from agent.domain.errors import Blocked
from agent.protocol.settings import FolderRules
from agent.store import jobs, remote
from agent.store.intent import IntentJournal
from agent.work.server.sync import sync_job
from tests.agent.work.server_stage import HERE, Died, Stage
from tests.agent.work.sync_front import SyncFront, sync_in_front
from tests.fakes.immich import Asset, StandIn

Expect = Callable[..., None]


class World:
    """A stage with a session, and the stream in front of its server."""

    def __init__(self, server: StandIn, front: SyncFront, url: str) -> None:
        self.server = server
        self.front = front
        secret = f'{{"kind": "session", "token": "{server.session()}", "headers": {{}}}}'
        self.stage = Stage(server, key=secret, url=url)

    def back_up(self, *names: str) -> None:
        """Files, uploaded, and told of by the stream."""
        for name in names:
            self.stage.file(name)
        self.stage.back_up()
        for name in names:
            self.tell(name)

    def tell(self, name: str, *, trashed: bool = False, **more: object) -> str:
        """The stream tells of an asset at the server."""
        asset = self.stage.at_server(name)
        self.front.changes.append(("AssetV2", {**asset_line(asset), "deletedAt": NOW if trashed else None, **more}))
        return str(asset.id)

    def delete(self, name: str) -> None:
        """For good, as the web page does."""
        asset = self.stage.at_server(name)
        self.server.store.purge([asset.id])
        self.front.changes.append(("AssetDeleteV1", {"assetId": asset.id}))


NOW = "2026-11-20T10:00:00.000Z"


def asset_line(asset: Asset) -> dict[str, object]:
    return {
        "id": asset.id,
        "ownerId": asset.owner.id,
        "originalFileName": asset.filename,
        "checksum": base64.b64encode(asset.checksum).decode(),
        "fileCreatedAt": NOW,
        "type": "IMAGE",
        "deletedAt": None,
        "isFavorite": False,
        "visibility": "timeline",
        "livePhotoVideoId": None,
        "stackId": None,
        "libraryId": None,
    }


@pytest.fixture
def world(server: StandIn) -> Iterator[World]:
    with sync_in_front(int(server.url.rpartition(":")[2])) as (front, url):
        made = World(server, front, url)
        yield made
        made.stage.close()


def test_trash_restore_and_delete_are_followed_and_the_disk_is_left_alone(world: World) -> None:
    world.back_up("a.jpg", "b.jpg", "c.jpg")
    world.stage.sync()
    assert world.stage.states() == dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), "safe")
    world.tell("a.jpg", trashed=True)
    world.server.store.trash(world.server.admin, [world.stage.at_server("a.jpg").id])
    world.stage.sync()
    assert world.stage.states()["a.jpg"] == "in_trash"
    world.tell("a.jpg")
    world.delete("b.jpg")
    world.stage.sync()
    assert world.stage.states() == {"a.jpg": "safe", "b.jpg": "deleted_at_destination", "c.jpg": "safe"}
    assert sorted(path.name for path in world.stage.root.iterdir()) == ["a.jpg", "b.jpg", "c.jpg"]
    assert world.stage.failures == []


def test_what_was_deleted_is_not_put_back_even_with_a_lost_ledger(world: World) -> None:
    world.back_up("a.jpg")
    world.delete("a.jpg")
    world.stage.sync()
    world.stage.file("again.jpg", b"bytes of a.jpg")
    world.stage.back_up()
    assert set(world.stage.states().values()) == {"deleted_at_destination"}
    journal = IntentJournal(world.stage.base / "intent.jsonl")
    assert [destination for destination, _ in journal.tombstones()] == [HERE]


def test_what_is_put_there_again_by_other_means_is_safe_again(world: World) -> None:
    world.back_up("a.jpg")
    world.delete("a.jpg")
    world.stage.sync()
    other = Stage(world.server)
    other.file("a.jpg")
    other.back_up()
    world.tell("a.jpg")
    world.stage.sync()
    assert world.stage.states() == {"a.jpg": "safe"}
    assert IntentJournal(world.stage.base / "intent.jsonl").tombstones() == {}
    other.close()


def test_a_line_out_of_its_order_does_not_bring_back_what_was_deleted(world: World) -> None:
    world.front.stale = True
    world.back_up("a.jpg")
    world.delete("a.jpg")
    world.stage.sync()
    assert world.stage.states() == {"a.jpg": "deleted_at_destination"}


def test_very_many_deletions_at_once_are_asked_about(world: World, expected_log: Expect) -> None:
    expected_log("copies are missing")
    names = [f"{number}.jpg" for number in range(60)]
    world.back_up(*names)
    world.stage.sync()
    for name in names[:51]:
        world.delete(name)
    world.stage.sync()
    states = list(world.stage.states().values())
    assert (states.count("missing_at_destination"), states.count("safe")) == (51, 9)
    assert world.stage.intent.tombstones() == {}


def test_what_a_first_whole_reading_does_not_show_is_missing(world: World, expected_log: Expect) -> None:
    expected_log("copies are missing")
    world.back_up("a.jpg", "b.jpg")
    world.stage.clock.advance(3_600)
    world.server.store.purge([world.stage.at_server("b.jpg").id])
    world.front.changes = [one for one in world.front.changes if one[1]["originalFileName"] != "b.jpg"]
    world.stage.sync()
    assert world.stage.states() == {"a.jpg": "safe", "b.jpg": "missing_at_destination"}


def test_a_reading_that_does_not_show_what_is_there_asks_by_digest(world: World) -> None:
    world.back_up("a.jpg", "b.jpg")
    world.stage.clock.advance(3_600)
    world.front.changes = []
    world.stage.sync()
    assert set(world.stage.states().values()) == {"safe"}


@pytest.mark.parametrize("step", ["sync_stored", "sync_acknowledged"])
def test_a_death_repeats_a_little_and_loses_nothing(world: World, step: str) -> None:
    world.back_up("a.jpg", "b.jpg")
    world.delete("b.jpg")
    world.stage.die_at = step
    with pytest.raises(Died):
        world.stage.sync()
    acknowledged = dict(world.front.acks)
    assert bool(acknowledged) is (step == "sync_acknowledged")
    world.stage.recover()
    world.stage.work()
    assert world.stage.states() == {"a.jpg": "safe", "b.jpg": "deleted_at_destination"}
    assert world.front.acks["SyncCompleteV1"] == len(world.front.changes)


def test_a_second_sync_asks_only_for_what_is_new(world: World) -> None:
    world.back_up("a.jpg")
    world.stage.sync()
    before = dict(world.front.acks)
    world.stage.sync()
    assert world.front.acks == before
    assert remote.unsent(world.stage.database.read(), HERE) == []


def test_the_server_may_ask_to_begin_anew(world: World) -> None:
    world.back_up("a.jpg", "b.jpg")
    world.stage.sync()
    world.front.reset = True
    world.stage.sync()
    assert world.front.acks["AssetV2"] == 1
    assert remote.counts(world.stage.database.read(), HERE)["assets"] == 2
    assert set(world.stage.states().values()) == {"safe"}


def test_a_server_that_asks_again_and_again_to_begin_anew_has_told_nothing(world: World) -> None:
    world.back_up("a.jpg", "b.jpg")
    world.stage.sync()
    world.front.always_resets = True
    world.stage.sync()
    assert [error.code for _, error in world.stage.failures] == ["sync_garbled"]
    assert set(world.stage.states().values()) == {"safe"}
    world.front.always_resets = False
    world.stage.sync()
    assert remote.counts(world.stage.database.read(), HERE)["assets"] == 2


def test_a_sync_of_everything_that_a_person_wants_is_not_lost_beside_one_that_waits(
    world: World, expected_log: Callable[..., None]
) -> None:
    expected_log("copies are missing")
    world.back_up("a.jpg", "b.jpg")
    world.stage.sync()
    world.stage.server.store.purge([world.stage.at_server("a.jpg").id])
    with world.stage.database.write() as tx:
        jobs.enqueue(tx, sync_job(HERE), world.stage.clock.now_at())
    world.stage.sync(thorough=True)
    assert world.stage.states() == {"a.jpg": "missing_at_destination", "b.jpg": "safe"}


def test_albums_members_and_people_are_mirrored(world: World) -> None:
    world.back_up("a.jpg")
    asset_id = world.stage.at_server("a.jpg").id
    world.front.changes += [
        ("AlbumV2", {"id": "A", "name": "Trip"}),
        ("AlbumV2", {"id": "B", "name": "Home"}),
        ("AlbumToAssetV1", {"albumId": "A", "assetId": asset_id}),
        ("UserV1", {"id": "U", "name": "Ada", "email": "ada@example.org"}),
        ("NewThingV9", {"id": "?"}),
    ]
    world.stage.sync()
    tx = world.stage.database.read()
    assert remote.counts(tx, HERE) == {"assets": 1, "albums": 2, "users": 1}
    world.front.changes.append(("AlbumDeleteV1", {"albumId": "A"}))
    world.stage.sync()
    assert remote.albums(tx, HERE) == [("B", "Home")]
    assert tx.execute("SELECT count(*) FROM remote_album_assets").fetchone()[0] == 0


def test_a_newer_server_that_names_another_kind_is_followed(world: World) -> None:
    world.front.deprecated = {"AssetsV2": "AssetsV3"}
    world.stage.sync()
    assert world.front.asked[-1][0] == "AssetsV3"
    assert world.stage.failures == []


@pytest.mark.parametrize("trouble", ["cut", "garbage", "html"])
def test_a_broken_stream_is_tried_again_and_changes_nothing(world: World, trouble: str) -> None:
    world.back_up("a.jpg", "b.jpg")
    if trouble == "cut":
        world.front.cut_after = 1
    else:
        world.front.garbage = b'{"type": 7}\n' if trouble == "garbage" else b"<html>\n"
    world.stage.sync()
    assert {error.code for _, error in world.stage.failures} <= {"connection_lost", "sync_garbled"}
    assert world.stage.failures
    assert set(world.stage.states().values()) == {"safe"}
    world.front.cut_after = world.front.garbage = None
    world.stage.sync()
    assert remote.counts(world.stage.database.read(), HERE)["assets"] == 2


# --- With a key alone ------------------------------------------------------------------------------------------------


@pytest.fixture
def keyed(server: StandIn) -> Iterator[Stage]:
    made = Stage(server)
    yield made
    made.close()


def test_a_key_alone_sees_the_trash_and_what_left_it(keyed: Stage) -> None:
    for name in ("a.jpg", "b.jpg"):
        keyed.file(name)
    keyed.back_up()
    keyed.sync()
    keyed.server.store.trash(keyed.server.admin, [keyed.at_server("a.jpg").id])
    keyed.sync(thorough=True)
    assert keyed.states() == {"a.jpg": "in_trash", "b.jpg": "safe"}
    keyed.server.store.purge([keyed.at_server("a.jpg").id])
    keyed.sync(thorough=True)
    assert keyed.states() == {"a.jpg": "deleted_at_destination", "b.jpg": "safe"}


def test_what_a_key_alone_does_not_find_any_more_is_asked_about(keyed: Stage, expected_log: Expect) -> None:
    expected_log("copies are missing")
    keyed.file("a.jpg")
    keyed.back_up()
    keyed.sync()
    keyed.server.store.purge([keyed.at_server("a.jpg").id])
    keyed.sync(thorough=True)
    assert keyed.states() == {"a.jpg": "missing_at_destination"}


def test_what_others_deleted_is_forgotten_with_a_key_alone_too(keyed: Stage) -> None:
    keyed.file("a.jpg")
    keyed.back_up()
    [other] = keyed.server.know([b"from another phone.."])
    keyed.sync()
    assert remote.counts(keyed.database.read(), HERE)["assets"] == 2
    keyed.server.store.purge([other.id])
    keyed.sync()
    assert remote.counts(keyed.database.read(), HERE)["assets"] == 2, "a page does not tell of it"
    keyed.clock.advance(86_401)
    keyed.sync()
    assert remote.counts(keyed.database.read(), HERE)["assets"] == 1
    assert keyed.states() == {"a.jpg": "safe"}


@pytest.mark.parametrize("version", ["1.144.1", "2.7.5", "3.1.0"])
def test_a_key_alone_sees_the_archive_too(version: str) -> None:
    with (
        StandIn(version=version) as server,
        closing(Stage(server, rules=FolderRules(visibility="archive"))) as stage,
    ):
        stage.file("a.jpg")
        stage.back_up()
        stage.sync()
        server.store.trash(server.admin, [stage.at_server("a.jpg").id])
        stage.clock.advance(60)
        stage.sync()
        assert stage.states() == {"a.jpg": "in_trash"}, "without waiting for the next look at every copy"


def test_another_account_at_the_address_changes_nothing(keyed: Stage) -> None:
    keyed.file("a.jpg")
    keyed.back_up()
    keyed.destination._expected = "somebody else"
    keyed.sync(thorough=True)
    assert keyed.failures[-1][1].code == "account_changed"
    assert keyed.states() == {"a.jpg": "safe"}


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_question_that_is_refused_shuts_no_lane_and_the_copies_are_asked_for_all_the_same(
    keyed: Stage, status: int
) -> None:
    for name in ("a.jpg", "b.jpg"):
        keyed.file(name)
    keyed.back_up()
    keyed.sync()
    keyed.server.store.trash(keyed.server.admin, [keyed.at_server("a.jpg").id])
    refusal = keyed.server.faults.answer("POST /api/search/metadata", status, times=None)
    keyed.sync(thorough=True)
    assert not isinstance(keyed.failures[-1][1], Blocked), "the lane is for uploads too"
    assert keyed.failures[-1][1].code == ("permission_missing" if status == 403 else "sync_refused")
    assert keyed.states() == {"a.jpg": "in_trash", "b.jpg": "safe"}
    keyed.file("c.jpg")
    keyed.back_up()
    assert keyed.states()["c.jpg"] == "safe"
    refusal.remove()
    keyed.failures.clear()
    keyed.sync()
    assert keyed.failures == []


@pytest.mark.parametrize("route", ["POST /api/sync/stream", "POST /api/sync/ack"])
def test_a_stream_that_is_refused_shuts_no_lane(server: StandIn, route: str) -> None:
    stage = Stage(server, key=Secret("session", server.session()).to_text())
    stage.file("a.jpg")
    stage.back_up()
    refusal = server.faults.answer(route, 404, times=None)
    stage.sync()
    assert [error.code for _, error in stage.failures] == ["sync_refused"]
    assert not isinstance(stage.failures[0][1], Blocked)
    refusal.remove()
    stage.failures.clear()
    stage.sync()
    assert stage.failures == []
    stage.close()
