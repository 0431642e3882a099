"""Stacks, tags, notes of clients, copies, other people, searching in pages, and the timeline."""

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import UNKNOWN_ID, Client, jpeg

MOVIE = b"\0\0\0\x18ftypqt"


@pytest.fixture
def three(client: Client) -> list[str]:
    return [client.new_asset(jpeg(name), f"{name}.jpg") for name in "abc"]


def test_a_stack_has_its_first_asset_on_top(three: list[str], client: Client) -> None:
    made = client.post("/api/stacks", {"assetIds": three[:2]})
    assert (made.status_code, made.json()["primaryAssetId"]) == (201, three[0])
    assert [one["id"] for one in made.json()["assets"]] == three[:2]
    stack = {"id": made.json()["id"], "primaryAssetId": three[0], "assetCount": 2}
    assert client.get(f"/api/assets/{three[1]}").json()["stack"] == stack
    assert client.get(f"/api/assets/{three[2]}").json()["stack"] is None
    assert [one["id"] for one in client.get(f"/api/stacks?primaryAssetId={three[0]}").json()] == [stack["id"]]
    assert client.get(f"/api/stacks?primaryAssetId={three[1]}").json() == []


def test_a_stack_takes_in_another_by_its_top(three: list[str], client: Client) -> None:
    client.post("/api/stacks", {"assetIds": three[:2]})
    merged = client.post("/api/stacks", {"assetIds": [three[2], three[0]]}).json()
    assert [one["id"] for one in merged["assets"]] == [three[2], three[0], three[1]]
    assert len(client.server.stacks) == 1


def test_the_same_stack_can_be_made_twice(three: list[str], client: Client) -> None:
    for _ in range(2):
        assert client.post("/api/stacks", {"assetIds": three}).status_code == 201
    assert [stack.asset_ids for stack in client.server.stacks] == [three]


@pytest.mark.parametrize(("ids", "message"), [([], "Validation failed"), ([UNKNOWN_ID] * 2, None)])
def test_a_stack_needs_two_own_assets(ids: list[str], message: str | None, client: Client) -> None:
    response = client.post("/api/stacks", {"assetIds": ids})
    assert response.status_code == 400
    assert response.json()["message"] == (message or "Not found or no asset.update access")


def test_a_stack_changes_its_top_and_loses_assets(three: list[str], client: Client) -> None:
    path = f"/api/stacks/{client.post('/api/stacks', {'assetIds': three}).json()['id']}"
    assert client.put(path, {"primaryAssetId": three[2]}).json()["primaryAssetId"] == three[2]
    assert client.delete(f"{path}/assets/{three[2]}").json() == {"message": "Cannot remove primary asset"}
    assert client.delete(f"{path}/assets/{three[0]}").status_code == 204
    client.delete("/api/assets", {"ids": [three[1]], "force": True})
    assert client.get(path).status_code == 400  # one asset is no stack
    assert client.delete("/api/stacks", {"ids": []}).status_code == 204


def test_a_tag_is_made_with_its_parents_and_only_once(client: Client) -> None:
    [tag] = client.put("/api/tags", {"tags": ["a/b"]}).json()
    assert list(tag) == "id parentId name value createdAt updatedAt".split()
    assert (tag["name"], tag["value"]) == ("b", "a/b")
    assert client.put("/api/tags", {"tags": ["a/b"]}).json() == [tag]
    top, low = client.get("/api/tags").json()
    assert (top["value"], low["parentId"], "parentId" in top) == ("a", top["id"], False)
    assert client.delete(f"/api/tags/{top['id']}").status_code == 204
    assert client.get("/api/tags").json() == []


def test_tags_are_put_on_assets_and_counted_once(three: list[str], client: Client) -> None:
    tags = [one["id"] for one in client.put("/api/tags", {"tags": ["x", "y"]}).json()]
    body = {"tagIds": tags, "assetIds": three[:2]}
    assert [client.put("/api/tags/assets", body).json()["count"] for _ in range(2)] == [4, 0]
    shown = client.get(f"/api/assets/{three[0]}").json()["tags"]
    assert [one["value"] for one in shown] == ["x", "y"]
    [again, new] = client.put(f"/api/tags/{tags[0]}/assets", {"ids": [three[0], three[2]]}).json()
    assert (again["error"], new["success"]) == ("duplicate", True)
    [gone] = client.delete(f"/api/tags/{tags[0]}/assets", {"ids": [three[0]]}).json()
    assert gone["success"] is True
    found = client.post("/api/search/metadata", {"tagIds": [tags[0]]}).json()["assets"]["items"]
    assert {one["id"] for one in found} == {three[1], three[2]}


def test_notes_are_kept_by_key(three: list[str], client: Client) -> None:
    path = f"/api/assets/{three[0]}/metadata"
    [shown] = client.put(path, {"items": [{"key": "safelight", "value": {"host": "desk"}}]}).json()
    assert (shown["key"], shown["value"]) == ("safelight", {"host": "desk"})
    client.put(path, {"items": [{"key": "other", "value": {}}]})
    assert [one["key"] for one in client.get(path).json()] == ["safelight", "other"]
    assert client.get(f"{path}/safelight").json()["value"] == {"host": "desk"}
    assert client.delete(f"{path}/safelight").status_code == 204
    assert client.get(f"{path}/safelight").status_code == 400
    many = [{"assetId": one, "key": "k", "value": {"n": number}} for number, one in enumerate(three)]
    shown = client.put("/api/assets/metadata", {"items": many}).json()
    assert [(one["assetId"], one["value"]["n"]) for one in shown] == list(zip(three, range(3), strict=True))
    assert client.put(path, {"items": [{"key": "k", "value": 1}]}).status_code == 400


def test_a_copy_hands_on_albums_stack_and_mark(three: list[str], client: Client) -> None:
    source, second, target = three
    client.put(f"/api/assets/{source}", {"isFavorite": True, "description": "stays"})
    client.post("/api/albums", {"albumName": "x", "assetIds": [source]})
    client.post("/api/stacks", {"assetIds": [source, second]})
    assert client.put("/api/assets/copy", {"sourceId": source, "targetId": target}).status_code == 204
    shown = client.get(f"/api/assets/{target}").json()
    assert (shown["isFavorite"], shown["stack"]["assetCount"]) == (True, 3)
    assert shown["exifInfo"]["description"] == ""
    assert list(client.server.albums[0].asset_ids) == [source, target]
    same = client.put("/api/assets/copy", {"sourceId": source, "targetId": source})
    assert same.status_code == 400


def test_a_motion_part_can_be_linked_later_and_let_go(client: Client) -> None:
    still, video = client.new_asset(jpeg("a")), client.new_asset(MOVIE, "a.mov")
    assert client.put(f"/api/assets/{still}", {"livePhotoVideoId": still}).status_code == 400
    linked = client.put(f"/api/assets/{still}", {"livePhotoVideoId": video})
    assert linked.json()["livePhotoVideoId"] == video
    assert client.get(f"/api/assets/{video}").json()["visibility"] == "hidden"
    client.put(f"/api/assets/{still}", {"livePhotoVideoId": None})
    assert client.get(f"/api/assets/{video}").json()["visibility"] == "timeline"


def test_a_shared_album_is_seen_by_both(server: StandIn, client: Client) -> None:
    bea = server.add_user("bea@example.com", "password")
    hers = Client(server, server.api_key(user=bea))
    album = client.post("/api/albums", {"albumName": "ours"}).json()["id"]
    assert hers.get(f"/api/albums/{album}").status_code == 400
    shared = client.put(f"/api/albums/{album}/users", {"albumUsers": [{"userId": bea.id, "role": "editor"}]}).json()
    assert ([one["role"] for one in shared["albumUsers"]], shared["shared"]) == (["owner", "editor"], True)
    asset = hers.new_asset(jpeg("a"))
    assert hers.put(f"/api/albums/{album}/assets", {"ids": [asset]}).json()[0]["success"] is True
    assert [len(hers.get(f"/api/albums?isOwned={owned}").json()) for owned in ("true", "false")] == [0, 1]
    assert hers.delete(f"/api/albums/{album}/user/me").status_code == 204
    assert hers.get("/api/albums").json() == []


def test_people_know_each_other_and_their_partners(server: StandIn, client: Client) -> None:
    bea = server.add_user("bea@example.com", "password")
    assert {one["id"] for one in client.get("/api/users").json()} == {server.admin.id, bea.id}
    assert client.get(f"/api/users/{bea.id}").json()["email"] == "bea@example.com"
    client.post("/api/partners", {"sharedWithId": bea.id})
    hers = Client(server, server.api_key(user=bea))
    [partner] = hers.get("/api/partners?direction=shared-with").json()
    assert (partner["id"], partner["inTimeline"]) == (server.admin.id, False)
    assert hers.put(f"/api/partners/{server.admin.id}", {"inTimeline": True}).json()["inTimeline"] is True
    assert hers.get("/api/partners").status_code == 400
    assert client.delete(f"/api/partners/{bea.id}").status_code == 204
    assert hers.get("/api/admin/users").status_code == 403
    made = client.post("/api/admin/users", {"email": "c@example.com", "password": "password", "name": "C"})
    assert (made.status_code, len(client.get("/api/admin/users").json())) == (201, 3)


def test_a_search_goes_through_pages_and_finds_what_changed_since(client: Client, three: list[str]) -> None:
    asked = {"size": 2, "order": "asc", "withDeleted": True}
    first = client.post("/api/search/metadata", asked).json()["assets"]
    second = client.post("/api/search/metadata", asked | {"page": 2}).json()["assets"]
    assert (first["count"], first["nextPage"], second["count"], second["nextPage"]) == (2, "2", 1, None)
    assert {one["id"] for one in first["items"] + second["items"]} == set(three)
    client.server.set_clock(skew_s=60)
    client.delete("/api/assets", {"ids": three[:1]})
    last = max(one["updatedAt"] for one in first["items"])
    changed = {"updatedAfter": client.server.assets[0].updated_at, "withDeleted": True}
    found = client.post("/api/search/metadata", changed).json()["assets"]["items"]
    assert [(one["id"], one["isTrashed"], one["updatedAt"] > last) for one in found] == [(three[0], True, True)]
    assert client.post("/api/search/metadata", {}).json()["assets"]["count"] == 2


def test_the_timeline_counts_by_month(client: Client) -> None:
    for name, day in (("a", "2024-05-06"), ("b", "2024-05-31"), ("c", "2023-01-01")):
        client.new_asset(jpeg(name), fileCreatedAt=f"{day}T10:00:00Z")
    buckets = client.get("/api/timeline/buckets")
    assert buckets.json() == [{"timeBucket": "2024-05-01", "count": 2}, {"timeBucket": "2023-01-01", "count": 1}]
    again = client.get("/api/timeline/buckets", headers={"If-None-Match": buckets.headers["ETag"]})
    assert again.status_code == 304
    columns = client.get("/api/timeline/bucket?timeBucket=2024-05-01").json()
    assert {len(column) for column in columns.values()} == {2}


def test_a_key_can_be_renamed_and_narrowed(server: StandIn, client: Client) -> None:
    made = client.post("/api/api-keys", {"name": "x", "permissions": ["all"]}).json()
    path = f"/api/api-keys/{made['apiKey']['id']}"
    assert client.put(path, {"name": "y", "permissions": ["asset.upload"]}).status_code == 200
    assert client.get(path).json()["permissions"] == ["asset.upload"]
    client.headers = {"x-api-key": made["secret"]}
    assert client.get("/api/users/me").status_code == 403
