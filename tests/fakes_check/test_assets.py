"""Single assets, the bulk check, deleting and restoring, searching, files."""

from collections.abc import Iterator

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import UNKNOWN_ID, Client, jpeg, sha1

PHOTO = jpeg("a photo")


@pytest.fixture
def slow_death() -> Iterator[StandIn]:
    """A server whose delete job only runs when told to."""
    with StandIn(dying_window=None) as running:
        yield running


@pytest.fixture
def keeper() -> Iterator[StandIn]:
    """A server that keeps the bytes."""
    with StandIn(keep_files=True) as running:
        yield running


def test_the_bulk_check_keeps_the_order_and_answers_repeats(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    base64 = client.server.assets[0].checksum_base64
    results = client.check("a" * 40, sha1(PHOTO), base64, sha1(PHOTO), "xyz")
    found = {"action": "reject", "reason": "duplicate", "assetId": asset, "isTrashed": False}
    assert results == [
        {"id": "0", "action": "accept"},
        {"id": "1", **found},
        {"id": "2", **found},
        {"id": "3", **found},
        {"id": "4", "action": "accept"},
    ]


@pytest.mark.parametrize(("count", "status"), [(65_532, 200), (65_533, 500)])
def test_the_bulk_check_has_a_largest_size(count: int, status: int, client: Client) -> None:
    items = [{"id": "x", "checksum": "y"}] * count
    response = client.post("/api/assets/bulk-upload-check", {"assets": items})
    assert response.status_code == status
    if status == 500:
        assert response.json() == {"message": "Failed to check bulk upload"}


def test_a_favourite_and_a_description_are_remembered(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    changed = client.put(f"/api/assets/{asset}", {"isFavorite": True, "description": "at sea"})
    assert changed.status_code == 200
    shown = client.get(f"/api/assets/{asset}").json()
    assert (shown["isFavorite"], shown["exifInfo"]["description"]) == (True, "at sea")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"isFavorite": "yes"}, "isFavorite"),
        ({"rating": 0}, "rating"),
        ({"visibility": "x"}, "visibility"),
        ({"latitude": True}, "latitude"),
        ({"livePhotoVideoId": "x"}, "livePhotoVideoId"),
    ],
)
def test_a_change_of_the_wrong_type_is_refused(change: dict[str, object], path: str, client: Client) -> None:
    response = client.put(f"/api/assets/{client.new_asset(PHOTO)}", change)
    assert response.status_code == 400
    assert [issue["path"] for issue in response.json()["errors"]] == [[path]]


def test_many_assets_are_changed_at_once(client: Client) -> None:
    ids = [client.new_asset(jpeg(name)) for name in "ab"]
    assert client.put("/api/assets", {"ids": ids, "isFavorite": True}).status_code == 204
    assert [asset.favorite for asset in client.server.assets] == [True, True]


def test_an_unchanged_asset_gets_304(client: Client) -> None:
    path = f"/api/assets/{client.new_asset(PHOTO)}"
    etag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    client.put(path, {"isFavorite": True})
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_the_bytes_of_a_trashed_asset_stay_in_the_trash(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    assert client.delete("/api/assets", {"ids": [asset]}).status_code == 204
    for response in (client.upload(PHOTO), client.upload(PHOTO, checksum=sha1(PHOTO))):
        assert (response.status_code, response.json()) == (200, {"status": "duplicate", "id": asset})
    assert client.get(f"/api/assets/{asset}").json()["isTrashed"] is True
    assert client.check(sha1(PHOTO))[0]["isTrashed"] is True
    restored = client.post("/api/trash/restore/assets", {"ids": [asset]})
    assert (restored.status_code, restored.json()) == (200, {"count": 1})
    assert client.check(sha1(PHOTO))[0]["isTrashed"] is False


def test_the_whole_trash_is_restored_or_emptied(client: Client) -> None:
    ids = [client.new_asset(jpeg(name)) for name in "ab"]
    client.delete("/api/assets", {"ids": ids})
    assert client.post("/api/trash/restore").json() == {"count": 2}
    client.delete("/api/assets", {"ids": ids[:1]})
    assert client.post("/api/trash/empty").json() == {"count": 1}
    assert [asset.id for asset in client.server.assets] == ids[1:]


def test_an_unknown_id_refuses_the_whole_deletion(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    response = client.delete("/api/assets", {"ids": [asset, UNKNOWN_ID]})
    assert (response.status_code, response.json()) == (400, {"message": "Not found or no asset.delete access"})
    assert client.server.assets[0].is_trashed is False


def test_bytes_deleted_for_good_come_back_as_a_new_asset(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    assert client.delete("/api/assets", {"ids": [asset], "force": True}).status_code == 204
    assert client.check(sha1(PHOTO))[0]["action"] == "accept"
    assert client.delete("/api/assets", {"ids": [asset]}).status_code == 400
    assert client.new_asset(PHOTO) != asset


def test_an_upload_into_the_dying_window_is_a_duplicate_of_what_then_vanishes(slow_death: StandIn) -> None:
    client = Client(slow_death)
    asset = client.new_asset(PHOTO)
    client.delete("/api/assets", {"ids": [asset], "force": True})
    assert client.check(sha1(PHOTO))[0]["isTrashed"] is True
    assert client.upload(PHOTO).json() == {"status": "duplicate", "id": asset}
    assert client.post("/api/trash/restore/assets", {"ids": [asset]}).json() == {"count": 1}
    assert slow_death.run_delete_job() == 1
    assert client.check(sha1(PHOTO))[0]["action"] == "accept"
    assert client.get(f"/api/assets/{asset}").status_code == 400
    client.close()


def test_the_dying_window_ends_by_itself() -> None:
    with StandIn(dying_window=0.05) as server:
        client = Client(server)
        asset = client.new_asset(PHOTO)
        client.delete("/api/assets", {"ids": [asset], "force": True})
        assert client.get(f"/api/assets/{asset}").status_code == 200
        server.wait_for(lambda: not server.assets)
        client.close()


def test_assets_are_counted(client: Client) -> None:
    client.new_asset(PHOTO)
    client.new_asset(b"v", "v.mp4")
    assert client.get("/api/assets/statistics").json() == {"images": 1, "videos": 1, "total": 2}


def test_a_search_finds_a_checksum(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    client.new_asset(jpeg("another"))
    for checksum in (sha1(PHOTO), client.server.assets[0].checksum_base64):
        found = client.post("/api/search/metadata", {"checksum": checksum}).json()["assets"]
        assert [item["id"] for item in found["items"]] == [asset]


def test_a_search_ignores_filters_it_does_not_know(client: Client) -> None:
    client.new_asset(PHOTO)
    assert client.post("/api/search/metadata", {"deviceAssetId": "x"}).json()["assets"]["count"] == 1


def test_a_search_comes_in_pages(client: Client) -> None:
    for number in range(5):
        client.new_asset(jpeg(str(number)), fileCreatedAt=f"2024-01-0{number + 1}T00:00:00Z")
    names, page = [], "1"
    while page:
        found = client.post("/api/search/metadata", {"page": int(page), "size": 2}).json()["assets"]
        names += [item["fileCreatedAt"][:10] for item in found["items"]]
        page = found["nextPage"]
    assert names == [f"2024-01-0{day}" for day in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize("body", [{"size": 1001}, {"page": 0}, {"size": "x"}])
def test_a_search_refuses_impossible_pages(body: dict[str, object], client: Client) -> None:
    assert client.post("/api/search/metadata", body).status_code == 400


def test_the_trash_is_searched_only_on_request(client: Client) -> None:
    asset = client.new_asset(PHOTO)
    client.delete("/api/assets", {"ids": [asset]})
    assert client.post("/api/search/metadata", {}).json()["assets"]["count"] == 0
    assert client.post("/api/search/metadata", {"withDeleted": True}).json()["assets"]["count"] == 1


def test_a_readable_photo_has_a_thumbnail(client: Client) -> None:
    path = f"/api/assets/{client.new_asset(PHOTO)}/thumbnail"
    small, preview = client.get(path), client.get(path, params={"size": "preview"})
    assert (small.headers["Content-Type"], small.content[:4]) == ("image/webp", b"RIFF")
    assert (preview.headers["Content-Type"], preview.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert small.headers["ETag"].startswith('W/"')
    assert client.get(path, headers={"If-None-Match": small.headers["ETag"]}).status_code == 304
    full = client.get(path, params={"size": "fullsize"})
    assert (full.status_code, full.headers["Location"]) == (302, "original?")


def test_an_unreadable_photo_has_no_thumbnail(client: Client) -> None:
    asset = client.new_asset(b"this is text")
    assert client.get(f"/api/assets/{asset}").json()["thumbhash"] is None
    response = client.get(f"/api/assets/{asset}/thumbnail")
    assert (response.status_code, response.json()) == (404, {"message": "Asset media not found"})


def test_the_original_comes_back_whole_and_in_part(keeper: StandIn) -> None:
    client = Client(keeper)
    path = f"/api/assets/{client.new_asset(PHOTO, 'Käse.jpg')}/original"
    whole, part = client.get(path), client.get(path, headers={"Range": "bytes=0-3"})
    assert (whole.status_code, whole.content, whole.headers["Content-Type"]) == (200, PHOTO, "image/jpeg")
    assert whole.headers["Content-Disposition"] == "inline; filename*=UTF-8''K%C3%A4se.jpg"
    assert (part.status_code, part.content) == (206, PHOTO[:4])
    assert part.headers["Content-Range"] == f"bytes 0-3/{len(PHOTO)}"
    assert keeper.assets[0].content() == PHOTO
    client.close()


def test_a_duplicate_and_a_broken_upload_leave_no_file_behind(keeper: StandIn) -> None:
    client = Client(keeper)
    client.new_asset(PHOTO)
    client.upload(PHOTO)
    client.upload(PHOTO, duration="x")
    kept = keeper.assets[0].path
    assert kept is not None
    assert list(kept.parent.iterdir()) == [kept]
    client.delete("/api/assets", {"ids": [keeper.assets[0].id], "force": True})
    assert list(kept.parent.iterdir()) == []
    client.close()
