"""What differs between the releases the stand-in can be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import socketio

from tests.fakes.immich import StandIn
from tests.fakes_check.client import QUIET, UNKNOWN_ID, WHEN, Client, jpeg, sha1

PHOTO = jpeg("a photo")
DEVICE = {"deviceAssetId": "IMG_1", "deviceId": "desk"}
OLD, MIDDLE, NEW = "1.144.1", "2.7.5", "3.1.0"
ALL = (OLD, MIDDLE, NEW)


@pytest.fixture(params=ALL)
def each(request: pytest.FixtureRequest) -> Iterator[Client]:
    with StandIn(version=request.param) as server:
        client = Client(server, bearer=server.session())
        yield client
        client.close()


@pytest.fixture(params=(OLD, MIDDLE))
def older(request: pytest.FixtureRequest) -> Iterator[Client]:
    with StandIn(version=request.param) as server:
        client = Client(server, bearer=server.session())
        yield client
        client.close()


def is_new(client: Client) -> bool:
    return client.server.world.version.is_modern


def test_the_version_is_what_was_asked_for(each: Client) -> None:
    shown = each.get("/api/server/version").json()
    text = ".".join(str(shown[part]) for part in ("major", "minor", "patch"))
    assert each.get("/api/server/about").json()["version"] == f"v{text}" == f"v{each.server.world.version}"
    assert ("prerelease" in shown) == is_new(each)


def test_one_form_of_upload_is_taken_by_all(each: Client) -> None:
    created = each.upload(PHOTO, isFavorite="true", **DEVICE)
    assert (created.status_code, created.json()["status"]) == (201, "created")
    assert each.upload(PHOTO, **DEVICE).json()["status"] == "duplicate"
    assert each.upload(b"x", checksum=sha1(PHOTO), **DEVICE).json()["status"] == "duplicate"
    assert each.check(sha1(PHOTO))[0]["action"] == "reject"


def test_before_3_uploads_name_their_device(older: Client) -> None:
    refused = older.upload(PHOTO)
    assert refused.status_code == 400
    assert refused.json()["message"] == ["deviceAssetId must be a string", "deviceId must be a string"]
    created = older.new_asset(PHOTO, **DEVICE)
    shown = older.get(f"/api/assets/{created}").json()
    assert (shown["deviceAssetId"], shown["deviceId"]) == ("IMG_1", "desk")
    asked = {"deviceId": "desk", "deviceAssetIds": ["IMG_1", "IMG_2"]}
    assert older.post("/api/assets/exist", asked).json() == {"existingIds": ["IMG_1"]}
    assert older.get("/api/assets/device/desk").json() == ["IMG_1"]
    found = older.post("/api/search/metadata", {"deviceAssetId": "IMG_2"}).json()["assets"]
    assert found["count"] == 0


def test_before_3_durations_are_clocks_and_dates_may_lack_a_zone(older: Client) -> None:
    fields = DEVICE | {"duration": "0:01:05.250000", "fileCreatedAt": "2024-05-06T07:08:09"}
    created = older.new_asset(b"\0\0\0\x18ftypmp42", "clip.mp4", **fields)
    shown = older.get(f"/api/assets/{created}").json()
    assert (shown["duration"], shown["fileCreatedAt"]) == ("0:01:05.250000", "2024-05-06T07:08:09.000Z")
    assert older.upload(PHOTO, **(DEVICE | {"fileCreatedAt": "yesterday"})).json()["message"] == [
        "fileCreatedAt must be a Date instance"
    ]
    assert older.upload(PHOTO, **(DEVICE | {"duration": "0", "fileCreatedAt": "1714979289123"})).status_code == 201


def test_before_3_an_error_repeats_its_status(older: Client) -> None:
    shown = older.get(f"/api/assets/{UNKNOWN_ID}").json()
    assert (shown["message"], shown["error"], shown["statusCode"]) == (
        "Not found or no asset.read access",
        "Bad Request",
        400,
    )
    assert older.get("/api/nope").json()["statusCode"] == 404
    older.headers = {"x-api-key": "bad"}
    assert older.get("/api/users/me").json()["error"] == "Unauthorized"


def test_before_3_albums_list_their_assets_and_their_owner(older: Client) -> None:
    asset = older.new_asset(PHOTO, **DEVICE)
    album = older.post("/api/albums", {"albumName": "x", "assetIds": [asset]}).json()["id"]
    shown = older.get(f"/api/albums/{album}").json()
    assert ([one["id"] for one in shown["assets"]], shown["albumUsers"]) == ([asset], [])
    assert shown["owner"]["id"] == shown["ownerId"] == older.server.admin.id
    assert older.get(f"/api/albums/{album}?withoutAssets=true").json()["assets"] == []
    assert older.get("/api/albums?shared=true").json() == []


def test_before_3_a_search_without_visibility_is_about_the_timeline(each: Client) -> None:
    each.new_asset(PHOTO, visibility="archive", **DEVICE)
    found = each.post("/api/search/metadata", {"checksum": sha1(PHOTO)}).json()["assets"]
    assert found["count"] == int(is_new(each))


def test_each_generation_syncs_in_its_own_types(each: Client) -> None:
    each.new_asset(PHOTO, **DEVICE)
    each.post("/api/albums", {"albumName": "x"})
    right, wrong = ("V2", "V1") if is_new(each) else ("V1", "V2")
    response = each.post("/api/sync/stream", {"types": [f"Assets{right}", "AlbumsV1", "AlbumUsersV1"]})
    lines = [json.loads(line) for line in response.text.splitlines()]
    owners = ["AlbumUserV1"] if is_new(each) else []
    assert [line["type"] for line in lines] == [f"Asset{right}", "AlbumV1", *owners, "SyncCompleteV1"]
    assert "ownerId" in lines[1]["data"]
    assert each.post("/api/sync/stream", {"types": [f"Assets{wrong}"]}).status_code == 400


@pytest.mark.parametrize(
    ("release", "event"),
    [("1.135.0", None), (OLD, "AssetUploadReadyV1"), (MIDDLE, "AssetUploadReadyV1"), (NEW, "AssetUploadReadyV2")],
)
def test_the_companion_of_the_upload_event_depends_on_the_release(release: str, event: str | None) -> None:
    with StandIn(version=release) as server:
        socket = socketio.SimpleClient(engineio_logger=QUIET)
        key = server.api_key()
        headers = {"x-api-key": key}
        socket.connect(server.url, headers=headers, socketio_path="/api/socket.io", transports=["websocket"])
        server.live.wait_open(1)
        client = Client(server, key)
        album = client.post("/api/albums", {"albumName": "x"}).json()["id"]
        asset = client.new_asset(PHOTO, **DEVICE)
        client.put(f"/api/albums/{album}/assets", {"ids": [asset]})
        server.live.emit("end")
        heard: list[Any] = []
        while (name := socket.receive(10)[0]) != "end":
            heard.append(name)
        companions = [event] if event else []
        albums = ["on_album_update"] if release == NEW else []
        assert heard == ["on_server_version", "on_upload_success", *companions, *albums]
        socket.disconnect()
        client.close()


@pytest.mark.parametrize(
    ("release", "method", "path", "there"),
    [
        ("1.138.0", "GET", "/api/api-keys/me", False),
        (OLD, "GET", "/api/api-keys/me", True),
        (OLD, "PUT", "/api/assets/copy", False),
        (MIDDLE, "PUT", "/api/assets/copy", True),
        (OLD, "PUT", "/api/assets/metadata", False),
        (MIDDLE, "PUT", "/api/assets/metadata", True),
        (OLD, "POST", "/api/admin/maintenance", False),
        (MIDDLE, "POST", "/api/admin/maintenance", True),
        (NEW, "POST", "/api/assets/exist", False),
    ],
)
def test_routes_come_and_go(release: str, method: str, path: str, there: bool) -> None:
    with StandIn(version=release) as server:
        client = Client(server)
        message = str(client.call(method, path, json={"name": "x"}).json().get("message", ""))
        is_taken_for_an_id = message == "['id must be a UUID']"
        assert (message.startswith("Cannot ") or is_taken_for_an_id) is not there
        client.close()


def test_from_3_1_on_an_empty_file_is_no_asset(each: Client) -> None:
    assert each.upload(b"", **DEVICE).status_code == (400 if is_new(each) else 201)


def test_between_1_136_and_1_140_the_bulk_check_needs_every_permission() -> None:
    for release, status in (("1.135.3", 200), ("1.140.1", 403), ("1.141.0", 200)):
        with StandIn(version=release) as server:
            client = Client(server, server.api_key(["asset.upload"]))
            body = {"assets": [{"id": "x", "checksum": "y"}]}
            assert client.post("/api/assets/bulk-upload-check", body).status_code == status
            client.close()


def test_maintenance_silences_the_ping_of_early_servers() -> None:
    for release, status in (("2.4.0", 404), (MIDDLE, 200), (NEW, 200)):
        with StandIn(version=release) as server:
            server.faults.maintenance = True
            client = Client(server)
            assert client.get("/api/server/ping").status_code == status
            assert client.get("/api/server/config").json() == {"maintenanceMode": True}
            client.close()


def test_dates_are_shown_alike_by_all(each: Client) -> None:
    created = each.new_asset(PHOTO, **DEVICE)
    assert each.get(f"/api/assets/{created}").json()["fileModifiedAt"] == WHEN


def test_file_types_come_with_their_release() -> None:
    for release, refused in ((OLD, {".mpo", ".mxf", ".ts"}), (MIDDLE, {".mpo"}), (NEW, set())):
        with StandIn(version=release) as server:
            client = Client(server)
            known = client.get("/api/server/media-types").json()
            for ending in (".mpo", ".mxf", ".ts"):
                assert (ending in known["image"] + known["video"]) is (ending not in refused)
                status = client.upload(ending.encode(), f"x{ending}", **DEVICE).status_code
                assert status == (400 if ending in refused else 201)
            client.close()
