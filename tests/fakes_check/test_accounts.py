"""Credentials: which are taken where, what they allow, and API keys."""

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client

LOGIN = {"email": "Admin@example.com", "password": "immich-admin"}


def test_a_login_gives_a_session_and_three_cookies(client: Client) -> None:
    client.headers = {}
    response = client.post("/api/auth/login", LOGIN)
    assert response.status_code == 201
    assert response.json()["userEmail"] == "admin@example.com"
    assert set(response.cookies.keys()) == {"immich_access_token", "immich_auth_type", "immich_is_authenticated"}
    assert client.get("/api/users/me").json()["name"] == "Admin"  # by the cookie


@pytest.mark.parametrize("place", ["Authorization", "x-immich-user-token", "x-immich-session-token"])
def test_a_session_is_taken_from_each_of_its_headers(place: str, server: StandIn, client: Client) -> None:
    token = server.session()
    client.headers = {place: f"Bearer {token}" if place == "Authorization" else token}
    assert client.get("/api/users/me").status_code == 200


def test_a_key_is_taken_from_the_query_too(server: StandIn, client: Client) -> None:
    client.headers = {}
    assert client.get(f"/api/users/me?apiKey={server.api_key()}").status_code == 200


def test_a_key_is_no_bearer_token(server: StandIn, client: Client) -> None:
    client.headers = {"Authorization": f"Bearer {server.api_key()}"}
    response = client.get("/api/users/me")
    assert (response.status_code, response.json()) == (401, {"message": "Invalid user token"})


def test_a_stale_session_beats_a_good_key(client: Client) -> None:
    response = client.get("/api/users/me", headers={"Authorization": "Bearer stale"})
    assert (response.status_code, response.json()) == (401, {"message": "Invalid user token"})


def test_a_session_ends_with_logout(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    response = client.post("/api/auth/logout")
    assert response.json() == {"successful": True, "redirectUri": "/auth/login?autoLaunch=0"}
    assert client.get("/api/users/me").status_code == 401
    client.close()


def test_a_key_survives_the_logout_of_the_session_that_made_it(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    made = client.post("/api/api-keys", {"name": "desk", "permissions": ["asset.upload", "user.read"]})
    assert made.status_code == 201
    assert made.json()["apiKey"]["permissions"] == ["asset.upload", "user.read"]
    client.post("/api/auth/logout")
    client.headers = {"x-api-key": made.json()["secret"]}
    assert client.get("/api/users/me").status_code == 200
    client.close()


def test_a_key_knows_itself_without_any_permission(server: StandIn, client: Client) -> None:
    client.headers = {"x-api-key": server.api_key(["asset.upload"], name="desk")}
    shown = client.get("/api/api-keys/me").json()
    assert (shown["name"], shown["permissions"]) == ("desk", ["asset.upload"])


def test_a_session_has_no_key_of_its_own(server: StandIn) -> None:
    client = Client(server, bearer=server.session())
    response = client.get("/api/api-keys/me")
    assert (response.status_code, response.json()) == (403, {"message": "Not authenticated with an API Key"})
    client.close()


def test_a_key_cannot_make_a_wider_key(server: StandIn, client: Client) -> None:
    client.headers = {"x-api-key": server.api_key(["apiKey.create"])}
    response = client.post("/api/api-keys", {"name": "x", "permissions": ["asset.upload"]})
    assert (response.status_code, response.json()) == (400, {"message": "Cannot grant permissions you do not have"})


def test_a_key_without_permissions_cannot_be_made(client: Client) -> None:
    response = client.post("/api/api-keys", {"name": "x", "permissions": []})
    assert (response.status_code, response.json()["message"]) == (400, "Validation failed")


def test_a_deleted_key_is_invalid(server: StandIn, client: Client) -> None:
    made = client.post("/api/api-keys", {"name": "x", "permissions": ["all"]}).json()
    assert len(client.get("/api/api-keys").json()) == 2
    assert client.delete(f"/api/api-keys/{made['apiKey']['id']}").status_code == 204
    client.headers = {"x-api-key": made["secret"]}
    assert client.get("/api/users/me").json() == {"message": "Invalid API key"}


def test_a_revoked_key_is_invalid(server: StandIn, client: Client) -> None:
    server.revoke(client.headers["x-api-key"])
    assert client.get("/api/users/me").json() == {"message": "Invalid API key"}


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", "/api/assets", "asset.upload"),
        ("POST", "/api/assets/bulk-upload-check", "asset.upload"),
        ("GET", "/api/users/me", "user.read"),
        ("PUT", "/api/assets/x", "asset.update"),
        ("POST", "/api/search/metadata", "asset.read"),
        ("POST", "/api/trash/restore/assets", "asset.delete"),
        ("GET", "/api/albums", "album.read"),
        ("POST", "/api/albums", "album.create"),
        ("PUT", "/api/albums/x/assets", "albumAsset.create"),
        ("PUT", "/api/albums/assets", "albumAsset.create"),
    ],
)
def test_a_missing_permission_is_named(
    method: str, path: str, permission: str, server: StandIn, client: Client
) -> None:
    client.headers = {"x-api-key": server.api_key(["tag.read"])}
    response = client.call(method, path, json={})
    assert response.status_code == 403
    assert response.json() == {"message": f"Missing required permission: {permission}"}


def test_the_quota_counts_what_was_received_and_hides_duplicates(server: StandIn) -> None:
    user = server.add_user("q@example.com", "pw", quota=150)
    client = Client(server, bearer=server.session(user))
    content = bytes(100)
    first = client.new_asset(content)
    assert client.get("/api/users/me").json()["quotaUsageInBytes"] == 100
    for refused in (client.upload(b"x" * 60), client.upload(content)):
        assert (refused.status_code, refused.json()) == (400, {"message": "Quota has been exceeded!"})
    known = client.upload(content, checksum=server.assets[0].checksum_hex)
    assert known.json() == {"status": "duplicate", "id": first}
    server.set_quota(None, user)
    assert client.upload(b"x" * 60).status_code == 201
    client.close()
