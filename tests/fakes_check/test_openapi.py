"""Answers against the OpenAPI document of the release; it lies beside the checkout and is not part of it."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from starlette.routing import Route

from tests.fakes.immich import StandIn
from tests.fakes.immich.app import THEMES
from tests.fakes.immich.permissions import PERMISSIONS
from tests.fakes.immich.sync_lines import DEPRECATED, request_types
from tests.fakes.immich.versions import version
from tests.fakes_check.client import Client, jpeg, sha1

DOCUMENTS = Path(__file__).resolve().parents[3] / "shared" / "immich"
VERSIONS = ("3.1.0", "2.7.5", "1.144.1")
pytestmark = pytest.mark.skipif(not DOCUMENTS.exists(), reason="needs the OpenAPI documents beside the checkout")

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@cache
def document(version: str = "3.1.0") -> dict[str, Any]:
    text = (DOCUMENTS / f"openapi-v{version}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def unless_null(keyword: str) -> Any:
    """A keyword that is content with null where the schema allows it, in the way of OpenAPI 3.0."""
    check = Draft202012Validator.VALIDATORS[keyword]

    def checked(validator: Any, value: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
        if instance is not None or not schema.get("nullable"):
            yield from check(validator, value, instance, schema)

    return checked


KEYWORDS = {name: unless_null(name) for name in ("type", "enum", "allOf", "$ref")}
VALIDATOR: Any = extend(Draft202012Validator, KEYWORDS)  # type: ignore[no-untyped-call]


class Reader:
    """A client that holds every answer against the document of its server's release."""

    def __init__(self, client: Client, version: str) -> None:
        self.client = client
        self.version = version
        self.document = document(version)

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        response = self.client.call(method, path, json=body)
        schema = self._schema(method, path, response.status_code)
        return None if schema is None else self.fits(response.json(), schema, f"{method} {path}")

    def fits(self, value: Any, schema: dict[str, Any], what: str) -> Any:
        whole = {**schema, "components": self.document["components"]}
        errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR(whole).iter_errors(value)]
        assert not errors, (what, errors[:5])
        return value

    def named(self, value: Any, name: str) -> Any:
        """Hold a value against a schema of the document; it must not have more fields either."""
        schema = self.document["components"]["schemas"][name]
        assert set(value) <= set(schema.get("properties", value)), (name, value)
        return self.fits(value, schema, name)

    def _schema(self, method: str, path: str, status: int) -> dict[str, Any] | None:
        """The schema of an answer; None when the document knows no body for it."""
        fixed = path.removeprefix("/api").partition("?")[0]
        route = self.document["paths"].get(fixed) or self.document["paths"][ID.sub("{id}", fixed)]
        assert str(status) in route[method.lower()]["responses"], (method, path, status)
        content = route[method.lower()]["responses"][str(status)].get("content", {}).get("application/json")
        return None if content is None else dict(content["schema"])


@pytest.fixture(params=VERSIONS)
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    with StandIn(version=request.param) as server:
        client = Client(server, bearer=server.session())
        yield Reader(client, request.param)
        client.close()


def new_asset(reader: Reader, name: str = "a", **fields: str) -> str:
    ids = {"deviceAssetId": name, "deviceId": "desk"}
    return reader.client.new_asset(jpeg(name), **(ids | fields))


PATHS = (
    *(f"/api/server/{name}" for name in "ping version version-history features config media-types about".split()),
    *(f"/api/{name}" for name in "server/storage users/me users api-keys albums albums/statistics sessions".split()),
    *(f"/api/{name}" for name in "assets/statistics auth/status tags stacks timeline/buckets sync/ack".split()),
    "/api/timeline/bucket?timeBucket=2024-05-01",
    "/api/partners?direction=shared-by",
    "/api/admin/users",
)


@pytest.mark.parametrize("path", PATHS)
def test_what_can_be_read_has_the_documented_shape(path: str, reader: Reader) -> None:
    ids = [new_asset(reader, name) for name in "ab"]
    client = reader.client
    bea = client.server.add_user("bea@example.com", "password")
    client.post("/api/albums", {"albumName": "x", "assetIds": ids})
    client.put("/api/tags", {"tags": ["a/b"]})
    client.post("/api/stacks", {"assetIds": ids})
    client.post("/api/partners", {"sharedWithId": bea.id})
    client.post("/api/sync/ack", {"acks": ["AssetDeleteV1|x"]})
    client.server.api_key(["asset.upload"])
    assert reader.get(path)


def test_accounts_have_the_documented_shape(reader: Reader) -> None:
    reader.call("POST", "/api/auth/validateToken")
    reader.call("POST", "/api/auth/login", {"email": "admin@example.com", "password": "immich-admin"})
    reader.call("POST", "/api/api-keys", {"permissions": ["all"]})
    child = reader.call("POST", "/api/sessions", {"deviceType": "desk", "duration": 60})
    reader.call("PUT", f"/api/sessions/{child['id']}", {"isPendingSyncReset": True})
    reader.call("DELETE", f"/api/sessions/{child['id']}")
    reader.call("POST", "/api/auth/change-password", {"password": "immich-admin", "newPassword": "another-one"})
    account = {"email": "c@example.com", "password": "password", "name": "C"}
    reader.call("POST", "/api/admin/users", account)
    reader.client.server.provider.enabled = True
    reader.call("POST", "/api/oauth/authorize", {"redirectUri": "http://127.0.0.1:5/x"})
    reader.call("POST", "/api/auth/logout")
    reader.client.headers = {"x-api-key": reader.client.server.api_key()}
    reader.get("/api/api-keys/me")


def test_assets_have_the_documented_shape(reader: Reader) -> None:
    asset = new_asset(reader, duration="0", metadata='[{"key": "mobile-app", "value": {}}]')
    reader.call("PUT", f"/api/assets/{asset}", {"isFavorite": True, "rating": 3})
    reader.named(reader.get(f"/api/assets/{asset}"), "AssetResponseDto")
    found = reader.call("POST", "/api/search/metadata", {"checksum": sha1(jpeg("a")), "withExif": True})
    reader.named(found["assets"]["items"][0], "AssetResponseDto")
    items = [{"id": "a", "checksum": sha1(jpeg("a"))}, {"id": "b", "checksum": "x"}]
    reader.call("POST", "/api/assets/bulk-upload-check", {"assets": items})
    reader.get(f"/api/assets/{asset}/metadata")
    reader.call("PUT", f"/api/assets/{asset}/metadata", {"items": [{"key": "mobile-app", "value": {"a": 1}}]})
    reader.call("DELETE", "/api/assets", {"ids": [asset]})
    reader.call("POST", "/api/trash/restore/assets", {"ids": [asset]})
    reader.call("POST", "/api/trash/restore")
    reader.call("POST", "/api/trash/empty")


def test_groups_have_the_documented_shape(reader: Reader) -> None:
    ids = [new_asset(reader, name) for name in "ab"]
    bea = reader.client.server.add_user("bea@example.com", "password")
    album = reader.call("POST", "/api/albums", {"albumName": "x", "assetIds": ids})["id"]
    reader.named(reader.get(f"/api/albums/{album}"), "AlbumResponseDto")
    reader.call("PUT", f"/api/albums/{album}/assets", {"ids": ids})
    reader.call("PUT", "/api/albums/assets", {"albumIds": [album], "assetIds": ids})
    reader.call("PUT", f"/api/albums/{album}/users", {"albumUsers": [{"userId": bea.id}]})
    reader.call("DELETE", f"/api/albums/{album}/assets", {"ids": ids})
    reader.call("PATCH", f"/api/albums/{album}", {"albumName": "y"})
    reader.call("DELETE", f"/api/albums/{album}")
    stack = reader.call("POST", "/api/stacks", {"assetIds": ids})["id"]
    reader.call("PUT", f"/api/stacks/{stack}", {"primaryAssetId": ids[1]})
    reader.named(reader.get(f"/api/assets/{ids[0]}"), "AssetResponseDto")
    reader.call("DELETE", f"/api/stacks/{stack}")
    [tag] = reader.call("PUT", "/api/tags", {"tags": ["a/b"]})
    reader.named(tag, "TagResponseDto")
    reader.call("PUT", "/api/tags/assets", {"tagIds": [tag["id"]], "assetIds": ids})
    reader.call("PUT", f"/api/tags/{tag['id']}/assets", {"ids": ids})
    partner = reader.call("POST", "/api/partners", {"sharedWithId": bea.id})
    reader.named(partner, "PartnerResponseDto")


def test_every_line_of_the_stream_has_its_documented_shape(reader: Reader) -> None:
    client = reader.client
    ids = [new_asset(reader, name, metadata='[{"key": "mobile-app", "value": {}}]') for name in "abc"]
    bea = client.server.add_user("bea@example.com", "password")
    partner = Client(client.server, bearer=client.server.session(bea))
    partner.new_asset(jpeg("p"), deviceAssetId="p", deviceId="desk")
    partner.post("/api/partners", {"sharedWithId": client.server.admin.id})
    album = client.post("/api/albums", {"albumName": "x", "assetIds": ids}).json()["id"]
    client.put(f"/api/albums/{album}/users", {"albumUsers": [{"userId": bea.id}]})
    client.delete(f"/api/albums/{album}/assets", {"ids": ids[2:]})
    client.delete(f"/api/albums/{client.post('/api/albums', {'albumName': 'y'}).json()['id']}")
    client.post("/api/stacks", {"assetIds": ids[:2]})
    client.delete("/api/assets", {"ids": ids[2:], "force": True})
    known = reader.document["components"]["schemas"]["SyncRequestType"]["enum"]
    assert sorted(request_types(version(reader.version))) == sorted(known)
    wanted = [one for one in known if not (version(reader.version).is_modern and one in DEPRECATED)]
    response = client.post("/api/sync/stream", {"types": wanted})
    lines = [json.loads(line) for line in response.text.splitlines()]
    kinds = {line["type"] for line in lines}
    assert kinds <= set(reader.document["components"]["schemas"]["SyncEntityType"]["enum"])
    assert len(kinds) >= 14, kinds
    for line in lines:
        reader.named(line["data"], f"Sync{line['type']}".replace("SyncSync", "Sync").replace("SyncPartnerAsset", ASSET))


ASSET = "SyncAsset"  # a partner's asset has the form of any other


def test_every_route_asks_for_the_documented_permission() -> None:
    for release in VERSIONS:
        with StandIn(version=release) as server:
            checked = check_permissions(server, release)
        assert checked > 50, release


def check_permissions(server: StandIn, release: str) -> int:
    """Call every route that is built with a key that may do nothing of it; how many said so."""
    client = Client(server, server.api_key(["memory.read"]))
    routes = [route for theme in THEMES for route in theme(server.world).routes()]
    built = {route.path for route in routes if isinstance(route, Route)}
    checked = 0
    for path, operations in document(release)["paths"].items():
        for method, operation in operations.items():
            permission = operation.get("x-immich-permission")
            if "/api" + path not in built or permission is None:
                continue  # not built, or open to every key
            response = client.call(method.upper(), "/api" + path.replace("{id}", "x"), json={})
            if response.status_code != 404:
                assert response.json()["message"] == f"Missing required permission: {permission}", (method, path)
                checked += 1
    client.close()
    return checked


def test_the_permissions_are_documented() -> None:
    assert set(PERMISSIONS) <= set(document()["components"]["schemas"]["Permission"]["enum"])
