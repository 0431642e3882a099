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

from tests.fakes.immich import StandIn
from tests.fakes.immich.app import THEMES
from tests.fakes.immich.permissions import PERMISSIONS
from tests.fakes.immich.world import Settings, new_world
from tests.fakes_check.client import Client, jpeg, sha1

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "immich" / "openapi-v3.1.0.json"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason=f"needs {DOCUMENT.name} beside the checkout")

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@cache
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
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


def schema_of(method: str, path: str, status: int) -> dict[str, Any] | None:
    """The schema of an answer; None when the document knows no body for it."""
    fixed = path.removeprefix("/api").partition("?")[0]
    route = document()["paths"].get(fixed) or document()["paths"][ID.sub("{id}", fixed)]
    answer = route[method.lower()]["responses"][str(status)]
    content = answer.get("content", {}).get("application/json")
    return None if content is None else dict(content["schema"])


def validate(client: Client, method: str, path: str, body: Any = None) -> Any:
    """Make a request and hold its answer against the document."""
    response = client.call(method, path, json=body)
    schema = schema_of(method, path, response.status_code)
    if schema is None:
        return None
    whole = {**schema, "components": document()["components"]}
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR(whole).iter_errors(response.json())]
    assert not errors, (method, path, errors[:5])
    return response.json()


@pytest.mark.parametrize(
    "path",
    [
        *(f"/api/server/{name}" for name in "ping version version-history features config media-types about".split()),
        "/api/server/storage",
        "/api/users/me",
        "/api/api-keys/me",
        "/api/api-keys",
        "/api/albums",
        "/api/albums/statistics",
        "/api/assets/statistics",
    ],
)
def test_what_can_be_read_has_the_documented_shape(path: str, client: Client) -> None:
    client.post("/api/albums", {"albumName": "x", "assetIds": [client.new_asset(jpeg("a"))]})
    assert validate(client, "GET", path) is not None


def test_accounts_have_the_documented_shape(client: Client) -> None:
    validate(client, "POST", "/api/auth/validateToken")
    validate(client, "POST", "/api/auth/login", {"email": "admin@example.com", "password": "immich-admin"})
    validate(client, "POST", "/api/api-keys", {"permissions": ["all"]})
    client.headers = {"Authorization": f"Bearer {client.server.session()}"}
    validate(client, "POST", "/api/auth/logout")


def test_assets_have_the_documented_shape(client: Client) -> None:
    created = client.upload(jpeg("a"))
    assert set(created.json()) == set(document()["components"]["schemas"]["AssetMediaResponseDto"]["required"])
    asset = created.json()["id"]
    validate(client, "PUT", f"/api/assets/{asset}", {"isFavorite": True, "rating": 3})
    validate(client, "GET", f"/api/assets/{asset}")
    validate(client, "POST", "/api/search/metadata", {"checksum": sha1(jpeg("a")), "withExif": True})
    items = [{"id": "a", "checksum": sha1(jpeg("a"))}, {"id": "b", "checksum": "x"}]
    validate(client, "POST", "/api/assets/bulk-upload-check", {"assets": items})
    validate(client, "DELETE", "/api/assets", {"ids": [asset]})
    validate(client, "POST", "/api/trash/restore/assets", {"ids": [asset]})
    validate(client, "POST", "/api/trash/restore")
    validate(client, "POST", "/api/trash/empty")


def test_albums_have_the_documented_shape(client: Client) -> None:
    asset = client.new_asset(jpeg("a"))
    album = validate(client, "POST", "/api/albums", {"albumName": "x", "assetIds": [asset]})["id"]
    validate(client, "GET", f"/api/albums/{album}")
    validate(client, "PUT", f"/api/albums/{album}/assets", {"ids": [asset]})
    validate(client, "PUT", "/api/albums/assets", {"albumIds": [album], "assetIds": [asset]})
    validate(client, "DELETE", f"/api/albums/{album}/assets", {"ids": [asset]})
    validate(client, "PATCH", f"/api/albums/{album}", {"albumName": "y"})
    validate(client, "DELETE", f"/api/albums/{album}")


def test_every_route_asks_for_the_documented_permission(server: StandIn, client: Client) -> None:
    client.headers = {"x-api-key": server.api_key(["tag.read"])}
    built = {route.path for theme in THEMES for route in theme(new_world(Settings())).routes()}
    checked = 0
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            permission = operation.get("x-immich-permission")
            response = client.call(method.upper(), "/api" + path.replace("{id}", "x"), json={})
            if response.status_code == 404 or "/api" + path not in built or permission is None:
                continue  # not built, or open to every key
            assert response.json() == {"message": f"Missing required permission: {permission}"}, (method, path)
            checked += 1
    assert checked > 20


def test_the_permissions_are_documented() -> None:
    assert set(PERMISSIONS) <= set(document()["components"]["schemas"]["Permission"]["enum"])
