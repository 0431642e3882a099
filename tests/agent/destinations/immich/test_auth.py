"""Keys, passwords and permissions."""

from contextlib import closing

import pytest

from agent.destinations.immich import ImmichDestination, auth
from agent.destinations.immich.auth import NEEDED, OWN, USEFUL, Account, log_in
from agent.destinations.immich.discovery import discover
from agent.destinations.immich.http import Server
from agent.destinations.immich.session import key_from_login
from agent.domain.errors import Blocked, Transient
from tests.fakes.clock import FakeClock
from tests.fakes.immich import StandIn

CLOCK = FakeClock()


def sign_in(url: str, key: str) -> Account:
    with closing(Server(discover(url), {"x-api-key": key}, clock=CLOCK)) as server:
        return auth.account(server)


def key_for(stand_in: StandIn, email: str, password: str) -> tuple[str, Account]:
    """A narrow key for a password, as the window makes one where a key is wished for."""
    api_url = discover(stand_in.url)
    with closing(Server(api_url, {}, clock=CLOCK)) as server:
        login = log_in(server, email, password)
    secret, found = key_from_login(api_url, login, key_name="Safelight on box", clock=CLOCK)
    return secret.token, found


def test_a_key_tells_whose_it_is(server: StandIn) -> None:
    account = sign_in(server.url + "/photos", server.api_key(NEEDED))
    assert account.api_url == f"{server.url}/api"
    assert (account.user_id, account.email, account.name) == (server.admin.id, server.admin.email, server.admin.name)
    assert account.server_version == "3.1.0"
    assert set(account.permissions) == set(NEEDED)
    assert account.missing_permissions == ()
    assert account.lacks_useful == USEFUL


def test_a_key_that_may_all_lacks_nothing(server: StandIn) -> None:
    account = sign_in(server.url, server.api_key())
    assert (account.missing_permissions, account.lacks_useful) == ((), ())


def test_what_a_key_lacks_is_named(server: StandIn) -> None:
    key = server.api_key(["user.read", "asset.read"])
    assert sign_in(server.url, key).missing_permissions == ("asset.upload",)
    with pytest.raises(Blocked) as caught, closing(ImmichDestination(server.url, key, clock=CLOCK)) as destination:
        destination.probe()
    assert (caught.value.code, caught.value.args_["permission"]) == ("permission_missing", "asset.upload")
    with pytest.raises(Blocked) as caught:
        sign_in(server.url, server.api_key(["asset.upload"]))
    assert caught.value.args_["permission"] == "asset.read, user.read"


@pytest.mark.parametrize("key", ["wrong", "", "kéy", "a\r\nb", "x" * 500])
def test_a_wrong_key_is_signed_out(server: StandIn, key: str) -> None:
    with pytest.raises(Blocked, match="signed_out"):
        sign_in(server.url, key)


def test_a_key_that_was_deleted_is_signed_out(server: StandIn) -> None:
    key = server.api_key()
    destination = ImmichDestination(server.url, key, clock=CLOCK)
    assert destination.probe().user_id == server.admin.id
    server.revoke(key)
    with pytest.raises(Blocked, match="signed_out"):
        destination.probe()
    destination.close()


def test_a_password_becomes_a_narrow_key_and_no_session_stays(server: StandIn) -> None:
    server.add_user("ada@example.org", "lovelace")
    key, account = key_for(server, "ada@example.org ", "lovelace")
    assert account.email == "ada@example.org"
    assert set(account.permissions) == {*NEEDED, *USEFUL, *OWN}
    assert sign_in(server.url, key).user_id == account.user_id
    assert server.counters.statuses[("POST /api/auth/logout", 200)] == 1
    assert [made.name for made in server._world.people.keys.values() if made.user.email == "ada@example.org"] == [
        "Safelight on box"
    ]


def test_the_session_is_ended_even_if_no_key_comes_of_it(server: StandIn) -> None:
    server.faults.answer("POST /api/api-keys", 500)
    with pytest.raises(Transient, match="server_error"):
        key_for(server, server.admin.email, server.admin.password)
    assert server.counters.requests["POST /api/auth/logout"] == 1


@pytest.mark.parametrize(
    "refusal",
    [
        None,
        {
            "message": [
                f"each value in permissions must be one of the following values: {', '.join(NEEDED)}, album.read"
            ]
        },
    ],
)
def test_an_older_server_gets_the_permissions_that_it_knows(
    server: StandIn, refusal: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "USEFUL", ("asset.teleport",))
    if refusal:
        server.faults.answer("POST /api/api-keys", 400, refusal)
    _key, account = key_for(server, server.admin.email, server.admin.password)
    assert set(account.permissions) == set(NEEDED) | (set() if refusal else set(OWN))


def test_a_wrong_password_is_called_so(server: StandIn) -> None:
    with pytest.raises(Blocked, match="wrong_password"):
        key_for(server, server.admin.email, "wrong")
    server.faults.answer("POST /api/auth/login", 401, {"message": "Password login has been disabled"})
    with pytest.raises(Blocked, match="password_login_off"):
        key_for(server, server.admin.email, server.admin.password)


@pytest.mark.parametrize("typed", ["", "admin", "admin@", "ädmin@example.com"])
def test_what_is_no_address_is_a_wrong_one(server: StandIn, typed: str) -> None:
    with pytest.raises(Blocked, match="wrong_password"):
        key_for(server, typed, server.admin.password)
    assert server.counters.statuses[("POST /api/auth/login", 400)] == 1


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ({"major": 1, "minor": 140, "patch": 9}, "server_too_old"),
        ({"version": "3.1.0"}, "not_immich"),
        ({"major": "3", "minor": 1, "patch": 0}, "not_immich"),
        ([], "not_immich"),
    ],
)
def test_a_server_that_is_too_old_is_refused(server: StandIn, version: object, code: str) -> None:
    server.faults.answer("GET /api/server/version", 200, version)
    with pytest.raises(Blocked) as caught:
        sign_in(server.url, server.api_key())
    assert caught.value.code == code


@pytest.mark.parametrize("version", [{"major": 1, "minor": 141, "patch": 0}, {"major": 9, "minor": 0, "patch": 0}])
def test_any_other_version_is_tried(server: StandIn, version: object) -> None:
    server.faults.answer("GET /api/server/version", 200, version)
    assert sign_in(server.url, server.api_key()).user_id


def test_a_portal_in_between_is_not_immich(server: StandIn) -> None:
    destination = ImmichDestination(server.url, server.api_key(), clock=CLOCK)
    for route in ("GET /api/server/version", "GET /api/api-keys/me", "GET /api/users/me"):
        server.faults.html(route)
        with pytest.raises(Blocked, match="not_immich"):
            destination.probe()
    destination.close()


def test_no_secret_is_in_an_error(server: StandIn) -> None:
    with pytest.raises(Blocked) as caught:
        sign_in(server.url, "very-secret-key")
    assert "very-secret-key" not in str(caught.value)
