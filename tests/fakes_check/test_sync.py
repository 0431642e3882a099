"""The sync stream and its checkpoints, against what a real server sent."""

import gzip
import json
from collections import Counter
from typing import Any

import pytest

from tests.fakes.immich import StandIn, User, edits
from tests.fakes_check.client import TIMEOUT, Client, jpeg

STREAM, ACK = "/api/sync/stream", "/api/sync/ack"
COMPLETE = "SyncCompleteV1"
BROKEN_OFF = r"(?i)connection|chunk|prematurely"
NO_JSON = r"Unterminated|delimiter|Expecting"


class Device:
    """A client with a session, that reads the stream and says how far it is."""

    def __init__(self, server: StandIn, user: User | None = None, token: str = "") -> None:
        self.token = token or server.session(user)
        self.client = Client(server, bearer=self.token)

    def lines(self, *types: str, **more: Any) -> list[dict[str, Any]]:
        response = self.client.post(STREAM, {"types": list(types), **more})
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "application/jsonlines+json"
        assert response.headers["Transfer-Encoding"] == "chunked"
        return [json.loads(line) for line in response.text.splitlines()]

    def news(self, *types: str) -> list[dict[str, Any]]:
        """What is new, acknowledged with the last line of every type, without the end of the stream."""
        lines = self.lines(*types)
        last = {line["ack"].split("|")[0]: line["ack"] for line in lines}
        self.ack(*last.values())
        assert lines[-1]["type"] == COMPLETE
        return lines[:-1]

    def ack(self, *acks: str) -> None:
        assert self.client.post(ACK, {"acks": list(acks)}).status_code == 204

    def checkpoints(self) -> dict[str, str]:
        return {one["type"]: one["ack"] for one in self.client.get(ACK).json()}


@pytest.fixture
def device(server: StandIn) -> Device:
    return Device(server)


def kinds(lines: list[dict[str, Any]]) -> list[str]:
    return [line["type"] for line in lines]


def test_nothing_asked_for_is_still_complete(device: Device) -> None:
    [line] = device.lines()
    assert (line["type"], line["data"]) == (COMPLETE, {})
    assert line["ack"].startswith("SyncCompleteV1|")


def test_the_signed_in_user_and_everybody(device: Device) -> None:
    mine, everybody = device.news("UsersV1", "AuthUsersV1")
    assert (
        list(mine["data"])
        == (
            "id name email avatarColor deletedAt profileChangedAt isAdmin pinCode oauthId storageLabel quotaSizeInBytes"
            " quotaUsageInBytes hasProfileImage"
        ).split()
    )
    assert list(everybody["data"]) == "id name email avatarColor deletedAt profileChangedAt hasProfileImage".split()
    assert mine["ack"].split("|")[1] == everybody["ack"].split("|")[1]  # it is one row


def test_an_asset_has_the_fields_of_the_recording_in_their_order(device: Device) -> None:
    created = device.client.new_asset(jpeg("a"))
    [line] = device.news("AssetsV2")
    assert list(line) == ["type", "data", "ack"]
    assert (
        list(line["data"])
        == (
            "id ownerId originalFileName fileCreatedAt fileModifiedAt createdAt localDateTime type deletedAt isFavorite"
            " visibility duration livePhotoVideoId stackId libraryId width height isEdited checksum thumbhash"
        ).split()
    )
    assert (line["data"]["id"], line["data"]["checksum"]) == (created, device.client.server.assets[0].checksum_base64)


def test_without_an_ack_everything_is_sent_again_and_with_it_only_what_is_new(device: Device) -> None:
    for name in "abc":
        device.client.new_asset(jpeg(name))
    assert kinds(device.lines("AssetsV2")) == ["AssetV2"] * 3 + [COMPLETE]
    assert len(device.news("AssetsV2")) == 3
    assert device.news("AssetsV2") == []
    device.client.new_asset(jpeg("d"))
    assert len(device.news("AssetsV2")) == 1


def test_the_first_acks_of_a_stream_are_enough_to_go_on_from_there(device: Device) -> None:
    for name in "abc":
        device.client.new_asset(jpeg(name))
    device.ack(device.lines("AssetsV2")[1]["ack"])
    assert len(device.news("AssetsV2")) == 1


def test_trash_restore_and_change_are_the_asset_again(device: Device) -> None:
    client, asset = device.client, device.client.new_asset(jpeg("a"))
    device.news("AssetsV2")
    client.delete("/api/assets", {"ids": [asset]})
    [trashed] = device.news("AssetsV2")
    assert (trashed["type"], trashed["data"]["deletedAt"] is None) == ("AssetV2", False)
    client.post("/api/trash/restore/assets", {"ids": [asset]})
    [restored] = device.news("AssetsV2")
    assert restored["data"]["deletedAt"] is None
    client.put(f"/api/assets/{asset}", {"isFavorite": True, "visibility": "archive"})
    [changed] = device.news("AssetsV2")
    assert (changed["data"]["isFavorite"], changed["data"]["visibility"]) == (True, "archive")


def test_only_a_purge_is_a_deletion_and_it_comes_first(device: Device) -> None:
    asset = device.client.new_asset(jpeg("a"))
    device.news("AssetsV2")
    device.client.delete("/api/assets", {"ids": [asset], "force": True})
    device.client.new_asset(jpeg("b"))
    gone, new = device.news("AssetsV2")
    assert (gone["type"], gone["data"]) == ("AssetDeleteV1", {"assetId": asset})
    assert new["type"] == "AssetV2"


def test_a_device_that_knows_nothing_hears_of_old_deletions_too(server: StandIn, device: Device) -> None:
    asset = device.client.new_asset(jpeg("a"))
    device.client.delete("/api/assets", {"ids": [asset], "force": True})
    assert kinds(Device(server).news("AssetsV2")) == ["AssetDeleteV1"]


def test_the_order_is_that_of_the_server_whatever_was_asked_first(device: Device) -> None:
    client = device.client
    asset = client.new_asset(jpeg("a"), metadata='[{"key": "mobile-app", "value": {"iCloudId": "abc"}}]')
    client.post("/api/albums", {"albumName": "x", "assetIds": [asset]})
    asked = ["AssetMetadataV1", "AlbumToAssetsV1", "AlbumUsersV1", "AlbumsV2", "AlbumsV1", "AssetExifsV1", "AssetsV2"]
    assert kinds(device.lines(*asked)) == [
        "AssetV2",
        "AlbumV1",
        "AlbumV2",
        "AlbumUserV1",
        "AlbumToAssetV1",
        "AssetExifV1",
        "AssetMetadataV1",
        COMPLETE,
    ]


def test_albums_come_with_their_owner_in_the_older_form_only(device: Device) -> None:
    device.client.post("/api/albums", {"albumName": "x", "description": "d"})
    old, new = device.news("AlbumsV1", "AlbumsV2")
    fields = "id name description createdAt updatedAt thumbnailAssetId isActivityEnabled order".split()
    assert (list(new["data"]), list(old["data"])) == (fields, [*fields, "ownerId"])


def test_what_comes_into_an_album_and_leaves_it(device: Device) -> None:
    client = device.client
    one, two = client.new_asset(jpeg("a")), client.new_asset(jpeg("b"))
    album = client.post("/api/albums", {"albumName": "x", "assetIds": [one]}).json()["id"]
    types = ("AlbumsV2", "AlbumToAssetsV1")
    assert kinds(device.news(*types)) == ["AlbumV2", "AlbumToAssetV1"]
    client.put(f"/api/albums/{album}/assets", {"ids": [two]})
    assert kinds(device.news(*types)) == ["AlbumV2", "AlbumToAssetV1"]
    client.delete(f"/api/albums/{album}/assets", {"ids": [two]})
    [gone] = device.news(*types)
    assert (gone["type"], gone["data"]) == ("AlbumToAssetDeleteV1", {"assetId": two, "albumId": album})
    client.delete(f"/api/albums/{album}")
    [gone] = device.news(*types)
    assert (gone["type"], gone["data"]) == ("AlbumDeleteV1", {"albumId": album})


def test_a_purged_asset_leaves_its_albums(device: Device) -> None:
    client, asset = device.client, device.client.new_asset(jpeg("a"))
    client.post("/api/albums", {"albumName": "x", "assetIds": [asset]})
    device.news("AlbumToAssetsV1")
    client.delete("/api/assets", {"ids": [asset], "force": True})
    assert kinds(device.news("AlbumToAssetsV1")) == ["AlbumToAssetDeleteV1"]


def test_an_album_that_came_later_is_acknowledged_by_a_line_of_its_own(device: Device) -> None:
    client, asset = device.client, device.client.new_asset(jpeg("a"))
    client.post("/api/albums", {"albumName": "x", "assetIds": [asset]})
    device.news("AlbumToAssetsV1")
    assert "AlbumToAssetBackfillV1" in device.checkpoints()  # set by the server
    client.post("/api/albums", {"albumName": "y", "assetIds": [asset]})
    backfilled, added = device.news("AlbumToAssetsV1")
    assert (backfilled["type"], backfilled["data"]) == ("SyncAckV1", {})
    assert backfilled["ack"].startswith("AlbumToAssetBackfillV1|")
    assert backfilled["ack"].endswith("|complete")
    assert added["type"] == "AlbumToAssetV1"
    assert device.news("AlbumToAssetsV1") == []


def test_an_old_album_that_is_shared_now_is_told_whole(server: StandIn, device: Device) -> None:
    bea = server.add_user("bea@example.com", "password")
    hers = Device(server, bea)
    asset = device.client.new_asset(jpeg("a"))
    album = device.client.post("/api/albums", {"albumName": "ours", "assetIds": [asset]}).json()["id"]
    own = hers.client.new_asset(jpeg("b"))
    hers.client.post("/api/albums", {"albumName": "mine", "assetIds": [own]})
    hers.news("AlbumsV2", "AlbumUsersV1", "AlbumToAssetsV1")
    shared = device.client.put(f"/api/albums/{album}/users", {"albumUsers": [{"userId": bea.id, "role": "viewer"}]})
    assert shared.status_code == 200
    lines = hers.news("AlbumToAssetsV1")
    assert kinds(lines) == ["AlbumToAssetBackfillV1", "SyncAckV1"]
    assert lines[0]["data"] == {"assetId": asset, "albumId": album}
    assert hers.news("AlbumToAssetsV1") == []
    device.client.delete(f"/api/albums/{album}/user/{bea.id}")
    assert kinds(hers.news("AlbumsV2")) == ["AlbumDeleteV1"]


def test_partners_and_what_they_show(server: StandIn, device: Device) -> None:
    bea = server.add_user("bea@example.com", "password")
    asset = device.client.new_asset(jpeg("a"))
    assert device.client.post("/api/partners", {"sharedWithId": bea.id}).status_code == 201
    hers = Device(server, bea)
    partner, shown = hers.news("PartnersV1", "PartnerAssetsV2")
    assert partner["data"] == {"sharedById": server.admin.id, "sharedWithId": bea.id, "inTimeline": False}
    assert (shown["type"], shown["data"]["id"]) == ("PartnerAssetV2", asset)
    assert hers.news("AssetsV2") == []
    device.client.delete("/api/assets", {"ids": [asset], "force": True})
    assert kinds(hers.news("PartnerAssetsV2")) == ["PartnerAssetDeleteV1"]
    device.client.delete(f"/api/partners/{bea.id}")
    assert kinds(hers.news("PartnersV1")) == ["PartnerDeleteV1"]


def test_stacks_and_metadata_come_and_go(device: Device) -> None:
    client = device.client
    ids = [client.new_asset(jpeg(name)) for name in "ab"]
    stack = client.post("/api/stacks", {"assetIds": ids}).json()["id"]
    client.put(f"/api/assets/{ids[0]}/metadata", {"items": [{"key": "safelight", "value": {"n": 1}}]})
    shown, note = device.news("StacksV1", "AssetMetadataV1")
    assert shown["data"]["primaryAssetId"] == ids[0]
    assert note["data"] == {"assetId": ids[0], "key": "safelight", "value": {"n": 1}}
    client.delete(f"/api/stacks/{stack}")
    client.delete(f"/api/assets/{ids[0]}/metadata/safelight")
    assert kinds(device.news("StacksV1", "AssetMetadataV1")) == ["StackDeleteV1", "AssetMetadataDeleteV1"]


def test_each_session_has_its_own_checkpoints(server: StandIn, device: Device) -> None:
    device.client.new_asset(jpeg("a"))
    device.news("AssetsV2")
    other = Device(server)
    assert other.checkpoints() == {}
    assert len(other.news("AssetsV2")) == 1
    child = device.client.post("/api/sessions", {"deviceType": "probe"}).json()["token"]
    assert len(Device(server, token=child).news("AssetsV2")) == 1


def test_checkpoints_can_be_forgotten_one_by_one_or_all(device: Device) -> None:
    device.client.new_asset(jpeg("a"))
    device.news("AssetsV2", "UsersV1")
    assert device.client.delete(ACK, {"types": ["AssetV2"]}).status_code == 204
    assert kinds(device.lines("AssetsV2", "UsersV1")) == ["AssetV2", COMPLETE]
    assert device.client.delete(ACK, {}).status_code == 204
    assert device.checkpoints() == {}


def test_a_reset_that_the_client_wants_starts_from_zero(device: Device) -> None:
    device.client.new_asset(jpeg("a"))
    device.news("AssetsV2")
    assert kinds(device.lines("AssetsV2", reset=True)) == ["AssetV2", COMPLETE]


def test_a_reset_that_the_server_wants_is_all_it_says_until_it_is_acknowledged(server: StandIn, device: Device) -> None:
    device.client.new_asset(jpeg("a"))
    device.news("AssetsV2")
    server.ask_for_reset(device.token)
    for _ in range(2):
        [line] = device.lines("AssetsV2")
        assert (line["type"], line["data"], line["ack"]) == ("SyncResetV1", {}, "SyncResetV1|reset")
    device.ack("SyncResetV1|reset")
    assert device.checkpoints() == {}
    assert len(device.news("AssetsV2")) == 1


def test_who_was_away_for_a_month_starts_anew(server: StandIn, device: Device) -> None:
    device.news("AssetsV2")
    server.set_clock(skew_s=29 * 86400)
    assert kinds(device.lines("AssetsV2")) == [COMPLETE]
    server.set_clock(skew_s=31 * 86400)
    assert kinds(device.lines("AssetsV2")) == ["SyncResetV1"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_key_for_everything_may_not_sync(method: str, client: Client) -> None:
    for response in (client.call(method, ACK, json={"acks": []}), client.post(STREAM, {"types": ["AssetsV2"]})):
        assert (response.status_code, response.headers["ETag"]) == (403, '"39-FvkdiPvpL9Ycn6QVqEA+JzSAeTI"')


def test_an_unknown_type_is_refused_with_the_list_of_all(device: Device) -> None:
    response = device.client.post(STREAM, {"types": ["NopeV1"]})
    assert (response.status_code, response.headers["ETag"]) == (400, '"3eb-8z+QIXQ8nglG63PDzrN7xkNhvp4"')
    assert response.headers["Content-Type"] == "application/jsonlines+json; charset=utf-8"


def test_a_type_of_version_2_is_refused_with_its_successor(device: Device) -> None:
    response = device.client.post(STREAM, {"types": ["AssetsV1"]})
    assert (response.status_code, response.headers["ETag"]) == (400, '"5a-egcAWFhF42tTh392TFuXNR6KVEA"')


def test_a_type_of_version_2_after_others_breaks_the_stream_off(device: Device) -> None:
    with pytest.raises(Exception, match=BROKEN_OFF):
        device.client.post(STREAM, {"types": ["UsersV1", "AssetsV1"]})


@pytest.mark.parametrize(
    ("body", "etag"),
    [({"acks": ["nope"]}, "24-0J7Matpg6Q46ZRQIlsWg4Kb34F0"), ({}, "a3-YSzToq7dF0TTIDIScwWo20/V2Yw")],
)
def test_a_wrong_ack_is_refused_in_the_known_words(body: Any, etag: str, device: Device) -> None:
    response = device.client.post(ACK, body)
    assert (response.status_code, response.headers["ETag"]) == (400, f'"{etag}"')


def test_no_checkpoints_are_an_empty_list(device: Device) -> None:
    assert device.client.get(ACK).headers["ETag"] == '"2-l9Fw4VUO7kr8CvBlt4zaMCqXZ0w"'


def test_the_stream_is_packed_for_those_who_can_read_that(device: Device) -> None:
    device.client.new_asset(jpeg("a"))
    headers = {"Accept-Encoding": "gzip"}
    response = device.client.post(STREAM, {"types": ["AssetsV2"]}, headers=headers, stream=True, timeout=TIMEOUT)
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(response.raw.read()).splitlines()) == 2


def test_a_new_file_comes_at_once_and_again_when_the_server_has_looked_at_it() -> None:
    with StandIn(extraction_s=None) as server:
        device = Device(server)
        device.client.new_asset(jpeg("a"))
        [line] = device.news("AssetsV2")
        assert (line["data"]["width"], line["data"]["thumbhash"]) == (None, None)
        assert server.run_extraction_job() == 1
        [line] = device.news("AssetsV2")
        assert line["data"]["thumbhash"] is not None


def test_ten_thousand_deletions_are_told_one_by_one(server: StandIn, device: Device) -> None:
    crowd = server.add_crowd(12_000)
    device.news("AssetsV2")
    server.store.purge([crowd.id_of(number) for number in range(10_000)])
    assert Counter(kinds(device.news("AssetsV2"))) == {"AssetDeleteV1": 10_000}


def test_lines_can_be_doubled_disordered_damaged_unknown_or_missing(server: StandIn, device: Device) -> None:
    for name in "abc":
        device.client.new_asset(jpeg(name))
    right = device.lines("AssetsV2")
    server.faults.rewrite(edits.twice)
    assert device.lines("AssetsV2")[::2][:3] == right[:3]
    server.faults.rewrite(edits.shuffled(1))
    disordered = device.lines("AssetsV2")
    assert disordered[:3] != right[:3]
    assert sorted(kinds(disordered)) == sorted(kinds(right))
    server.faults.rewrite(edits.without(COMPLETE))
    assert kinds(device.lines("AssetsV2")) == ["AssetV2"] * 3
    server.faults.rewrite(edits.first(1))
    assert kinds(device.lines("AssetsV2")) == ["AssetV2"]
    server.faults.rewrite(edits.with_unknown)
    assert kinds(device.lines("AssetsV2"))[0] == "MoonPhaseV1"
    server.faults.rewrite(edits.garbled(1))
    with pytest.raises(ValueError, match=NO_JSON):
        device.lines("AssetsV2")


def test_a_stream_can_be_cut_in_the_middle(server: StandIn, device: Device) -> None:
    for name in "abc":
        device.client.new_asset(jpeg(name))
    server.faults.lose_answer(f"POST {STREAM}", after=100)
    with pytest.raises(Exception, match=BROKEN_OFF):
        device.lines("AssetsV2")
    assert len(device.news("AssetsV2")) == 3
