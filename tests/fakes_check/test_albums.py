"""Albums and their contents."""

from tests.fakes_check.client import UNKNOWN_ID, Client, jpeg


def new_album(client: Client, name: str = "Holidays", **more: object) -> str:
    response = client.post("/api/albums", {"albumName": name, **more})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def test_names_need_be_neither_unique_nor_there(client: Client) -> None:
    ids = [new_album(client, name) for name in ("Holidays", "Holidays", "")]
    assert [album["id"] for album in client.get("/api/albums").json()] == ids[::-1]
    assert client.post("/api/albums", {}).json()["errors"][0]["path"] == ["albumName"]


def test_a_new_album_takes_the_assets_it_knows(client: Client) -> None:
    asset = client.new_asset(jpeg("a"))
    shown = client.post("/api/albums", {"albumName": "x", "assetIds": [asset, UNKNOWN_ID]}).json()
    assert (shown["assetCount"], shown["albumThumbnailAssetId"]) == (1, asset)
    assert shown["albumUsers"][0]["role"] == "owner"
    assert "assets" not in shown


def test_each_id_put_into_an_album_has_its_result(client: Client) -> None:
    album, asset = new_album(client), client.new_asset(jpeg("a"))
    path = f"/api/albums/{album}/assets"
    assert client.put(path, {"ids": [asset, asset, UNKNOWN_ID]}).json() == [
        {"id": asset, "success": True},
        {"id": asset, "success": False, "error": "duplicate"},
        {"id": UNKNOWN_ID, "success": False, "error": "no_permission"},
    ]
    assert client.put(path, {"ids": [asset]}).json() == [{"id": asset, "success": False, "error": "duplicate"}]
    assert client.put(path, {"ids": []}).json() == []
    assert client.put(path, {"ids": ["nope"]}).json()["errors"][0]["path"] == ["ids", 0]


def test_an_unknown_album_takes_nothing(client: Client) -> None:
    response = client.put(f"/api/albums/{UNKNOWN_ID}/assets", {"ids": []})
    assert (response.status_code, response.json()) == (400, {"message": "Album not found"})


def test_several_albums_are_filled_at_once(client: Client) -> None:
    albums, asset = [new_album(client), new_album(client)], client.new_asset(jpeg("a"))
    body = {"albumIds": albums, "assetIds": [asset]}
    assert client.put("/api/albums/assets", body).json() == {"success": True}
    assert [list(album.asset_ids) for album in client.server.albums] == [[asset], [asset]]
    assert client.put("/api/albums/assets", body).json() == {"success": False, "error": "duplicate"}


def test_an_unchanged_list_gets_304(client: Client) -> None:
    album, asset = new_album(client), client.new_asset(jpeg("a"))
    for path in ("/api/albums", f"/api/albums/{album}"):
        etag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
        assert client.get(path, headers={"If-None-Match": '"nope"'}).status_code == 200
        client.put(f"/api/albums/{album}/assets", {"ids": [asset]})
        assert client.get("/api/albums", headers={"If-None-Match": etag}).status_code == 200


def test_the_list_is_narrowed_by_asset_and_name_but_by_nothing_unknown(client: Client) -> None:
    asset = client.new_asset(jpeg("a"))
    new_album(client, "Empty")
    full = new_album(client, "Full", assetIds=[asset])
    for query in (f"assetId={asset}", "name=Full"):
        assert [album["id"] for album in client.get(f"/api/albums?{query}").json()] == [full]
    assert len(client.get("/api/albums?shared=true").json()) == 2
    assert client.get("/api/albums/statistics").json() == {"owned": 2, "shared": 0, "notShared": 2}


def test_assets_leave_an_album_one_by_one(client: Client) -> None:
    asset = client.new_asset(jpeg("a"))
    album = new_album(client, assetIds=[asset])
    assert client.delete(f"/api/albums/{album}/assets", {"ids": [asset, asset]}).json() == [
        {"id": asset, "success": True},
        {"id": asset, "success": False, "error": "not_found"},
    ]
    assert client.get(f"/api/albums/{album}").json()["assetCount"] == 0


def test_an_album_is_renamed_and_deleted(client: Client) -> None:
    album = new_album(client)
    assert client.call("PATCH", f"/api/albums/{album}", json={"albumName": "New"}).json()["albumName"] == "New"
    assert client.delete(f"/api/albums/{album}").status_code == 204
    assert client.get(f"/api/albums/{album}").json() == {"message": "Not found or no album.read access"}


def test_the_contents_of_an_album_are_found_by_searching(client: Client) -> None:
    inside = client.new_asset(jpeg("a"))
    client.new_asset(jpeg("b"))
    album = new_album(client, assetIds=[inside])
    found = client.post("/api/search/metadata", {"albumIds": [album]}).json()["assets"]["items"]
    assert [item["id"] for item in found] == [inside]
