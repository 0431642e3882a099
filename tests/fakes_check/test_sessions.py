"""Devices of an account, password changes, and sign-in through an identity provider."""

from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.fakes.immich import StandIn, challenge_of
from tests.fakes_check.client import TIMEOUT, UNKNOWN_ID, Client

LOGIN = {"email": "admin@example.com", "password": "immich-admin"}
VERIFIER = "a-verifier-of-more-than-forty-three-characters-in-all"


@pytest.fixture
def signed_in(server: StandIn) -> Client:
    return Client(server, bearer=server.session())


def test_a_device_has_the_fields_of_the_recording(signed_in: Client) -> None:
    [shown] = signed_in.get("/api/sessions").json()
    fields = "id createdAt updatedAt current appVersion deviceOS deviceType isPendingSyncReset".split()
    assert list(shown) == fields
    assert (shown["current"], shown["isPendingSyncReset"], shown["appVersion"]) == (True, False, None)


@pytest.mark.parametrize(
    ("headers", "device"),
    [
        ({"User-Agent": "python-requests/2"}, ("", "", None)),
        ({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}, ("Firefox", "Linux", None)),
        ({"User-Agent": "x/1", "deviceModel": "desk", "deviceType": "Linux"}, ("desk", "Linux", None)),
        ({"User-Agent": "immich-unknown/3.1.0"}, ("", "", "3.1.0")),
    ],
)
def test_the_headers_of_a_sign_in_name_the_device(
    headers: dict[str, str], device: tuple[str, str, str | None], client: Client
) -> None:
    client.headers = {}
    token = client.post("/api/auth/login", LOGIN, headers=headers).json()["accessToken"]
    client.session.cookies.clear()
    [shown] = client.get("/api/sessions", headers={"Authorization": f"Bearer {token}"}).json()
    assert (shown["deviceType"], shown["deviceOS"], shown["appVersion"]) == device


def test_a_child_session_has_a_name_a_token_and_an_end(signed_in: Client) -> None:
    body = {"deviceType": "probe", "deviceOS": "Linux", "duration": 3600}
    made = signed_in.post("/api/sessions", body)
    assert made.status_code == 201
    child = made.json()
    assert (
        list(child)
        == ("id createdAt updatedAt expiresAt current appVersion deviceOS deviceType isPendingSyncReset token").split()
    )
    lasts = datetime.fromisoformat(child["expiresAt"]) - datetime.fromisoformat(child["createdAt"])
    assert (lasts.total_seconds(), child["deviceType"], child["deviceOS"]) == (3600, "probe", "Linux")
    other = Client(signed_in.server, bearer=child["token"])
    assert other.get("/api/users/me").status_code == 200
    assert [one["current"] for one in other.get("/api/sessions").json()] == [True, False]


def test_a_key_makes_no_session(client: Client) -> None:
    response = client.post("/api/sessions", {"deviceType": "probe"})
    assert (response.status_code, response.headers["ETag"]) == (400, '"41-MsipinAe25rQ2SfZO7IS5eGHUQY"')


def test_children_end_with_their_parent(server: StandIn, signed_in: Client) -> None:
    child = signed_in.post("/api/sessions", {}).json()["token"]
    signed_in.post("/api/auth/logout")
    for token in (child, signed_in.headers["Authorization"].split()[1]):
        response = Client(server, bearer=token).get("/api/users/me")
        assert (response.status_code, response.headers["ETag"]) == (401, '"20-2dGinS5UR9d1YhJA7Isy7f8nXNU"')


def test_a_child_can_end_alone(server: StandIn, signed_in: Client) -> None:
    child = Client(server, bearer=signed_in.post("/api/sessions", {}).json()["token"])
    child.post("/api/auth/logout")
    assert child.get("/api/users/me").status_code == 401
    assert signed_in.get("/api/users/me").status_code == 200


def test_a_session_ends_at_its_time(server: StandIn) -> None:
    client = Client(server, bearer=server.session(duration_s=60))
    assert client.get("/api/users/me").status_code == 200
    server.set_clock(skew_s=61)
    assert client.get("/api/users/me").status_code == 401


def test_devices_can_be_signed_out_one_by_one_or_all_others(server: StandIn, signed_in: Client) -> None:
    others = [Client(server, bearer=server.session()) for _ in range(3)]
    assert signed_in.delete(f"/api/sessions/{server.sessions[1].id}").status_code == 204
    assert [one.get("/api/users/me").status_code for one in others] == [401, 200, 200]
    assert signed_in.delete("/api/sessions").status_code == 204
    assert [one.get("/api/users/me").status_code for one in [signed_in, *others]] == [200, 401, 401, 401]
    assert signed_in.delete(f"/api/sessions/{UNKNOWN_ID}").status_code == 400


@pytest.mark.parametrize(("invalidate", "status"), [(True, 401), (False, 200)])
def test_a_new_password_signs_other_devices_out_when_asked_to(
    invalidate: bool, status: int, server: StandIn, signed_in: Client
) -> None:
    other = Client(server, bearer=server.session())
    body = {"password": "immich-admin", "newPassword": "another-one", "invalidateSessions": invalidate}
    assert signed_in.post("/api/auth/change-password", body | {"password": "x"}).json() == {"message": "Wrong password"}
    changed = signed_in.post("/api/auth/change-password", body)
    assert (changed.status_code, changed.json()["shouldChangePassword"]) == (200, False)
    assert (signed_in.get("/api/users/me").status_code, other.get("/api/users/me").status_code) == (200, status)
    assert other.post("/api/auth/login", LOGIN, headers={"Authorization": ""}).status_code == 401


def test_a_password_can_be_changed_from_elsewhere(server: StandIn, signed_in: Client) -> None:
    server.change_password("another-one")
    assert signed_in.get("/api/users/me").status_code == 401
    assert signed_in.post("/api/auth/login", LOGIN).status_code == 401
    assert signed_in.post("/api/auth/login", LOGIN | {"password": "another-one"}).status_code == 201


def test_sign_in_by_password_can_be_switched_off(server: StandIn, client: Client) -> None:
    server.password_login = False
    assert client.get("/api/server/features").json()["passwordLogin"] is False
    response = client.post("/api/auth/login", LOGIN)
    assert (response.status_code, response.json()) == (401, {"message": "Password login has been disabled"})


def test_the_state_of_a_sign_in_can_be_asked(signed_in: Client) -> None:
    shown = signed_in.get("/api/auth/status").json()
    assert shown == {"pinCode": False, "password": True, "isElevated": False}


# -- OAuth ----------------------------------------------------------------------------------------


@pytest.fixture
def stranger(server: StandIn) -> Client:
    """Nobody yet, on a server that offers the identity provider."""
    server.provider.enabled = True
    client = Client(server)
    client.headers = {}
    return client


def authorize(client: Client, redirect_uri: str = "http://127.0.0.1:51234/callback", **more: str) -> str:
    asked = {"redirectUri": redirect_uri, "state": "s1", "codeChallenge": challenge_of(VERIFIER)} | more
    response = client.post("/api/oauth/authorize", asked)
    assert response.status_code == 201, response.text
    client.session.cookies.clear()
    return str(response.json()["url"])


def browse(url: str) -> str:
    """What the browser is sent to."""
    response = requests.get(url, allow_redirects=False, timeout=TIMEOUT)
    assert response.status_code == 302, response.text
    return response.headers["Location"]


def test_oauth_with_pkce_over_a_loopback_address_gives_a_session(server: StandIn, stranger: Client) -> None:
    assert stranger.get("/api/server/features").json()["oauth"] is True
    url = authorize(stranger)
    query = parse_qs(urlsplit(url).query)
    assert (query["code_challenge_method"], query["state"]) == (["S256"], ["s1"])
    back = browse(url)
    assert back.startswith("http://127.0.0.1:51234/callback?")
    body = {"url": back, "state": "s1", "codeVerifier": VERIFIER}
    made = stranger.post("/api/oauth/callback", body)
    assert (made.status_code, made.json()["userEmail"]) == (201, "admin@example.com")
    assert made.cookies["immich_auth_type"] == "oauth"
    again = stranger.post("/api/oauth/callback", body)
    assert (again.status_code, again.json()) == (400, {"message": "OAuth authentication failed"})
    signed = Client(server, bearer=made.json()["accessToken"])
    assert signed.post("/api/auth/logout").json()["redirectUri"] == f"{server.url}/provider/logout"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": ""}, "OAuth state is missing"),
        ({"codeVerifier": ""}, "OAuth code verifier is missing"),
        ({"codeVerifier": "another"}, "OAuth authentication failed"),
        ({"state": "s2"}, "OAuth authentication failed"),
        ({"url": "http://127.0.0.1:51234/callback?code=made-up&state=s1"}, "OAuth authentication failed"),
    ],
)
def test_a_callback_needs_state_verifier_and_a_good_code(
    change: dict[str, str], message: str, stranger: Client
) -> None:
    body = {"url": browse(authorize(stranger)), "state": "s1", "codeVerifier": VERIFIER} | change
    response = stranger.post("/api/oauth/callback", body)
    assert (response.status_code, response.json()) == (400, {"message": message})


def test_state_and_verifier_can_live_in_cookies(stranger: Client) -> None:
    url = stranger.post("/api/oauth/authorize", {"redirectUri": "http://127.0.0.1:5/x"}).json()["url"]
    assert stranger.post("/api/oauth/callback", {"url": browse(url)}).status_code == 201


def test_the_provider_sends_nobody_to_an_address_that_is_not_registered(server: StandIn, stranger: Client) -> None:
    server.provider.allowed = ["app.immich:///oauth-callback"]
    response = requests.get(authorize(stranger), allow_redirects=False, timeout=TIMEOUT)
    assert (response.status_code, "not registered" in response.text) == (400, True)
    assert browse(authorize(stranger, "app.immich:///oauth-callback")).startswith("app.immich:///oauth-callback?")


def test_a_person_may_refuse_at_the_provider(server: StandIn, stranger: Client) -> None:
    server.provider.refuses = "access_denied"
    back = browse(authorize(stranger))
    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]
    response = stranger.post("/api/oauth/callback", {"url": back, "state": "s1", "codeVerifier": VERIFIER})
    assert response.status_code == 400


def test_a_new_person_gets_an_account(server: StandIn, stranger: Client) -> None:
    server.provider.signed_in_as = "cleo@example.com"
    body = {"url": browse(authorize(stranger)), "state": "s1", "codeVerifier": VERIFIER}
    assert stranger.post("/api/oauth/callback", body).json()["name"] == "Cleo"


def test_a_server_without_provider_says_so(client: Client) -> None:
    for path, body in (("authorize", {"redirectUri": "http://127.0.0.1:5"}), ("callback", {"url": "x", "state": "s"})):
        response = client.post(f"/api/oauth/{path}", body | {"codeVerifier": "v"})
        assert (response.status_code, response.json()) == (400, {"message": "OAuth is not enabled"})


def test_the_server_passes_browsers_on_to_the_app(client: Client) -> None:
    query = urlencode({"code": "c", "state": "s"})
    response = client.get(f"/api/oauth/mobile-redirect?{query}")
    assert (response.status_code, response.headers["Location"]) == (307, f"app.immich:///oauth-callback?{query}")
