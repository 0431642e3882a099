"""Partners: who they are is known, and what they keep at the server is never a copy of ours."""

import hashlib
from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.destinations.immich.secret import Secret
from agent.protocol.settings import FolderRules
from agent.store import remote
from tests.agent.work.server.test_sync import NOW, asset_line
from tests.agent.work.server_stage import HERE, Stage
from tests.agent.work.sync_front import sync_in_front
from tests.fakes.immich import StandIn, User

WAYS = ("session", "key")


class World:
    """A stage, and Ada, who may show it her library."""

    def __init__(self, server: StandIn, way: str) -> None:
        self.server = server
        key = Secret("session", server.session()).to_text() if way == "session" else None
        self.stage = Stage(server, key=key)
        self.ada: User = server.add_user("ada@example.org", "secret")
        self.people = server.world.people

    def share(self) -> None:
        """Ada shows her library, and it is in the account's timeline."""
        partner = self.people.share_with(self.ada, self.server.admin)
        partner.in_timeline = True

    def stop(self) -> None:
        partner = self.people.partner(self.ada, self.server.admin)
        assert partner is not None
        self.people.end_partner(partner)

    def keep(self, content: bytes) -> str:
        """Ada keeps these bytes; the id of her asset."""
        (asset,) = self.server.know([hashlib.sha1(content).digest()], self.ada)
        return str(asset.id)

    def partners(self) -> list[str]:
        return [one for one, _ in remote.partners(self.stage.database.read(), HERE)]

    def assets(self) -> int:
        return remote.counts(self.stage.database.read(), HERE)["assets"]


@pytest.fixture(params=WAYS)
def world(server: StandIn, request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(server, request.param)
    yield made
    made.stage.close()


def test_the_same_bytes_at_a_partner_make_nothing_safe(world: World) -> None:
    world.share()
    theirs = world.keep(b"bytes of a.jpg")
    world.stage.file("a.jpg")
    world.stage.take()
    world.stage.sync(thorough=True)
    mine = world.server.store.by_checksum(world.server.admin, hashlib.sha1(b"bytes of a.jpg").digest())
    assert mine is not None, "our own copy was made"
    assert world.stage.states() == {"a.jpg": "safe"}
    held = [row[0] for row in world.stage.database.read().execute("SELECT remote_id FROM copies")]
    assert held == [mine.id] != [theirs]
    world.stage.sync(thorough=True)
    assert world.assets() == 1, "theirs are not in the mirror"


def test_what_a_partner_does_to_their_assets_changes_nothing_of_ours(world: World) -> None:
    world.share()
    world.stage.file("a.jpg")
    world.stage.back_up()
    theirs = world.keep(b"bytes of a.jpg")
    world.stage.sync(thorough=True)
    world.server.store.trash(world.ada, [theirs])
    world.stage.sync(thorough=True)
    world.server.store.purge([theirs])
    world.stage.sync(thorough=True)
    world.stop()
    world.stage.sync(thorough=True)
    assert world.stage.states() == {"a.jpg": "safe"}
    assert world.stage.failures == []
    assert world.stage.intent.tombstones() == {}


def test_bytes_that_only_a_partner_has_left_are_missed(world: World) -> None:
    world.share()
    world.stage.file("a.jpg")
    world.stage.back_up()
    world.stage.sync()
    world.keep(b"bytes of a.jpg")
    world.server.store.trash(world.server.admin, [world.stage.at_server("a.jpg").id])
    world.stage.sync(thorough=True)
    world.server.store.purge([world.stage.at_server("a.jpg").id])
    world.stage.sync(thorough=True)
    assert world.stage.states() == {"a.jpg": "deleted_at_destination"}


def test_who_shares_with_us_is_known_until_they_stop(world: World) -> None:
    world.stage.sync()
    assert world.partners() == []
    world.share()
    world.people.share_with(world.server.admin, world.ada)
    world.stage.clock.advance(86_401)
    world.stage.sync()
    assert world.partners() == [world.ada.id]
    world.stop()
    world.stage.clock.advance(86_401)
    world.stage.sync()
    assert world.partners() == []
    assert world.stage.failures == []


def test_who_stopped_sharing_unheard_is_no_partner_after_a_whole_reading(server: StandIn) -> None:
    token = server.session()
    world = World(server, "key")
    world.share()
    with closing(Stage(server, key=Secret("session", token).to_text())) as stage:
        stage.sync()
        assert [one for one, _ in remote.partners(stage.database.read(), HERE)] == [world.ada.id]
        world.stop()
        server.world.ledger.gone.clear()
        server.ask_for_reset(token)
        stage.sync()
        assert remote.partners(stage.database.read(), HERE) == []
        assert remote.counts(stage.database.read(), HERE)["users"] == 2, "Ada is still somebody there"
    world.stage.close()


def test_a_key_that_may_not_see_partners_still_syncs(server: StandIn) -> None:
    permissions = ("asset.upload", "asset.read", "user.read", "album.read")
    with closing(Stage(server, key=server.api_key(permissions))) as stage:
        stage.file("a.jpg")
        stage.back_up()
        stage.sync()
        assert stage.failures == []
        assert remote.partners(stage.database.read(), HERE) == []


@pytest.mark.parametrize(
    "kind", ["PartnerAssetV1", "PartnerAssetV2", "PartnerAssetBackfillV2", "PartnerAssetV3", "AssetV2"]
)
def test_assets_of_others_that_nobody_asked_for_are_passed_over(server: StandIn, kind: str) -> None:
    with sync_in_front(int(server.url.rpartition(":")[2])) as (front, url):
        stage = Stage(server, key=Secret("session", server.session()).to_text(), url=url)
        stage.file("a.jpg")
        stage.back_up()
        mine = stage.at_server("a.jpg")
        theirs = {**asset_line(mine), "id": "theirs", "ownerId": "ada"}
        gone = "PartnerAssetDeleteV1"
        front.order = (*front.order, gone, "PartnerAssetExifV1", *({kind} - set(front.order)))
        front.changes = [
            ("AssetV2", asset_line(mine)),
            (kind, {**theirs, "deletedAt": NOW}),
            ("PartnerAssetExifV1", {"assetId": "theirs"}),
        ]
        stage.sync()
        assert stage.states() == {"a.jpg": "safe"}, "their trash is not ours"
        front.changes.append((gone, {"assetId": "theirs"}))
        stage.sync()
        assert stage.states() == {"a.jpg": "safe"}
        assert remote.counts(stage.database.read(), HERE)["assets"] == 1
        assert front.acks[kind] >= 0, "the mark was given back, so that it is not sent for ever"
        assert front.acks[gone] == len(front.changes) - 1
        assert stage.failures == []
        stage.close()


def test_an_album_of_somebody_else_is_not_filled_though_its_name_fits(server: StandIn) -> None:
    ada = server.add_user("ada@example.org", "secret")
    with (
        closing(Stage(server, key=server.api_key(user=ada))) as hers,
        closing(Stage(server, rules=FolderRules(album="Trip"))) as stage,
    ):
        shared = [{"userId": server.admin.id, "role": "editor"}]
        hers.destination.server.ask("POST", "/albums", {"albumName": "Trip", "albumUsers": shared})
        stage.file("a.jpg")
        stage.back_up()
        assert sorted(len(album.asset_ids) for album in server.albums) == [0, 1]
        (filled,) = [album for album in server.albums if album.asset_ids]
        assert filled.members[server.admin.id].role == "owner"
        assert stage.failures == []
