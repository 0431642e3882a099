"""Servers that were wiped, restored or exchanged, and libraries of any size."""

import json
import time

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client, jpeg, sha1

STREAM = "/api/sync/stream"


def asset_lines(client: Client) -> list[str]:
    """The types of the lines about assets."""
    response = client.post(STREAM, {"types": ["AssetsV2"]})
    assert response.status_code == 200, response.text
    return [json.loads(line)["type"] for line in response.text.splitlines()][:-1]


def test_a_wiped_server_knows_nobody_and_nothing(server: StandIn, client: Client) -> None:
    client.new_asset(jpeg("a"))
    former = server.admin.id
    server.wipe()
    assert client.get("/api/users/me").json() == {"message": "Invalid API key"}
    login = client.post("/api/auth/login", {"email": "admin@example.com", "password": "immich-admin"}).json()
    assert login["userId"] == server.admin.id != former
    assert asset_lines(Client(server, bearer=login["accessToken"])) == []


def test_an_exchanged_server_may_take_the_old_credentials_for_another_user(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    client.new_asset(jpeg("a"))
    former = client.get("/api/users/me").json()["id"]
    server.exchange(keep_secrets=True)
    assert client.get("/api/users/me").json()["id"] not in {former, ""}
    assert asset_lines(client) == []


def test_a_restored_server_has_lost_what_came_later_without_a_word(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    early = client.new_asset(jpeg("a"))
    backup = server.backup()
    later = client.new_asset(jpeg("b"))
    client.delete("/api/assets", {"ids": [early], "force": True})
    usage = server.admin.usage
    server.restore(backup)
    assert [asset.id for asset in server.assets] == [early]
    assert server.assets[0].owner is server.admin
    assert asset_lines(client) == ["AssetV2"]  # neither the one that is lost nor that the other was deleted
    assert client.get(f"/api/assets/{later}").status_code == 400
    assert client.check(sha1(jpeg("b")))[0]["action"] == "accept"
    assert server.admin.usage <= usage
    server.restore(backup)  # a backup can be used again
    assert [asset.id for asset in server.assets] == [early]


def test_credentials_made_after_the_backup_are_gone(server: StandIn) -> None:
    backup = server.backup()
    client = Client(server, bearer=server.session())
    server.restore(backup)
    assert client.get("/api/users/me").status_code == 401


def test_a_crowd_is_there_at_once_and_behaves_as_if_it_were_uploaded(server: StandIn, client: Client) -> None:
    begun = time.monotonic()
    crowd = server.add_crowd(100_000)
    assert time.monotonic() - begun < 0.5
    assert server.assets == []
    asset = crowd.asset(77_777)
    assert client.get(f"/api/assets/{asset.id}").json()["checksum"] == asset.checksum_base64
    assert client.check(asset.checksum_hex)[0]["assetId"] == asset.id
    assert client.upload(b"x", checksum=asset.checksum_hex).json() == {"status": "duplicate", "id": asset.id}
    page = client.post("/api/search/metadata", {"size": 1000, "page": 100}).json()["assets"]
    assert (page["count"], page["nextPage"]) == (1000, None)


def test_one_of_a_crowd_can_be_changed_trashed_and_deleted(server: StandIn, client: Client) -> None:
    crowd = server.add_crowd(10)
    ids = [crowd.id_of(number) for number in range(3)]
    client.put(f"/api/assets/{ids[0]}", {"isFavorite": True})
    client.delete("/api/assets", {"ids": ids[1:2]})
    client.delete("/api/assets", {"ids": ids[2:], "force": True})
    assert [asset.id for asset in server.assets] == ids[:2]
    assert client.post("/api/search/metadata", {}).json()["assets"]["count"] == 8
    assert client.check(crowd.checksum_of(2).hex())[0]["action"] == "accept"
    assert client.get(f"/api/assets/{ids[1]}").json()["isTrashed"] is True
    signed_in = Client(server, bearer=server.session())
    assert asset_lines(signed_in) == ["AssetDeleteV1"] + ["AssetV2"] * 9


def test_the_lines_of_a_crowd_are_those_of_assets(server: StandIn) -> None:
    crowd = server.add_crowd(3)
    client = Client(server, bearer=server.session())
    generated = client.post(STREAM, {"types": ["AssetsV2"]}).text.splitlines()
    client.put(f"/api/assets/{crowd.id_of(0)}", {"isFavorite": False})
    changed = client.post(STREAM, {"types": ["AssetsV2"]}).text.splitlines()
    assert json.loads(generated[0])["data"] == json.loads(changed[-2])["data"]
    first = json.loads(generated[0])["ack"]
    client.post("/api/sync/ack", {"acks": [first]})
    assert client.post(STREAM, {"types": ["AssetsV2"]}).text.splitlines()[:2] == generated[1:3]


def test_two_crowds_and_single_assets_come_in_the_order_of_their_arrival(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    before = client.new_asset(jpeg("a"))
    crowds = [server.add_crowd(2, name=name) for name in ("x", "y")]
    after = client.new_asset(jpeg("b"))
    lines = client.post(STREAM, {"types": ["AssetsV2"]}).text.splitlines()[:-1]
    expected = [before, *(crowd.id_of(number) for crowd in crowds for number in range(2)), after]
    assert [json.loads(line)["data"]["id"] for line in lines] == expected


def test_checksums_can_be_known_before_anybody_uploads(server: StandIn, client: Client) -> None:
    [asset] = server.know([bytes.fromhex(sha1(jpeg("a")))])
    assert client.upload(jpeg("a")).json() == {"status": "duplicate", "id": asset.id}
