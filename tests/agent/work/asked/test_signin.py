"""Signing in and out: what is kept, what is revoked, and what never leaves this computer."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.secret import Secret, read_secret
from agent.domain.errors import Blocked, Fate
from agent.platforms.clock import SystemClock
from agent.protocol.methods import DestinationAddImmich, ServerAddress
from agent.protocol.settings import DestinationSetting
from agent.protocol.wire import Mistake
from agent.work.asked.signin import SignIn, stays_at_home
from tests.agent.destinations.immich.wires import certificate, tls_in_front
from tests.agent.work.server_stage import Stage
from tests.fakes.immich import StandIn

CLOCK = SystemClock()
Expect = Callable[..., None]


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def door(heard: list[str]) -> SignIn:
    return SignIn(CLOCK, heard.append)


def wish(server: StandIn, **more: object) -> DestinationAddImmich:
    server.add_user("ada@example.org", "lovelace")
    base = {"url": server.url, "email": "ada@example.org", "password": "lovelace"}
    return DestinationAddImmich(**{**base, **more})  # type: ignore[arg-type]


def setting_of(entered: object) -> DestinationSetting:
    account = entered.account  # type: ignore[attr-defined]
    return DestinationSetting("here1", "immich", "Server", account.api_url, account.email, account.user_id, "file")


def test_a_password_becomes_a_session_that_works_and_is_ended_again(
    server: StandIn, door: SignIn, heard: list[str]
) -> None:
    entered = door.enter(wish(server))
    assert entered.secret.kind == "session"
    with closing(ImmichDestination(server.url, entered.secret.to_text(), clock=CLOCK)) as destination:
        assert destination.probe().account == "ada@example.org"
        assert set(entered.secret.all()) <= set(heard), "no log may show them"
        assert "lovelace" in heard
        door.leave(setting_of(entered), entered.secret.to_text())
        with pytest.raises(Blocked, match="signed_out"):
            destination.probe()


def test_a_password_becomes_a_narrow_key_that_ends_itself(server: StandIn, door: SignIn) -> None:
    entered = door.enter(wish(server, sign_in="key"))
    assert (entered.secret.kind, entered.account.lacks_useful) == ("key", ())
    assert "all" not in entered.account.permissions
    door.leave(setting_of(entered), entered.secret.to_text())
    with (
        closing(ImmichDestination(server.url, entered.secret.to_text(), clock=CLOCK)) as destination,
        pytest.raises(Blocked, match="signed_out"),
    ):
        destination.probe()


def test_a_pasted_key_stays_when_we_leave(server: StandIn, door: SignIn) -> None:
    key = server.api_key()
    entered = door.enter(DestinationAddImmich(server.url, api_key=key))
    assert entered.secret.to_text() == key
    door.leave(setting_of(entered), key)
    with closing(ImmichDestination(server.url, key, clock=CLOCK)) as destination:
        destination.probe()


def test_leaving_a_server_that_is_away_is_no_error(server: StandIn, door: SignIn) -> None:
    entered = door.enter(wish(server))
    server.stop()
    door.leave(setting_of(entered), entered.secret.to_text())


@pytest.mark.parametrize(
    "secret",
    [
        Secret("key", "plain"),
        Secret("key", "made", key_id="7"),
        Secret("session", "child", parent="first", headers={"CF-Access-Client-Secret": "s"}),
        Secret("key", '{"odd"'),
    ],
)
def test_secrets_survive_the_keyring(secret: Secret) -> None:
    assert read_secret(secret.to_text()) == secret
    assert read_secret(secret.to_text()).headers == secret.headers


def test_another_account_than_before_is_told_apart(server: StandIn) -> None:
    key = server.api_key()
    with (
        closing(ImmichDestination(server.url, key, clock=CLOCK, user_id="somebody else")) as destination,
        pytest.raises(Blocked, match="account_changed"),
    ):
        destination.probe()


def test_a_server_behind_a_proxy_is_found_with_the_headers_that_it_wants(
    server: StandIn, door: SignIn, heard: list[str]
) -> None:
    proxy = server.address(needed_headers={"CF-Access-Client-Id": "me"})
    with pytest.raises(Blocked, match="not_immich"):
        door.server_at(ServerAddress(proxy.url))
    found = door.server_at(ServerAddress(proxy.url, headers={"CF-Access-Client-Id": "me"}))
    assert found.address == f"{proxy.url}/api"
    assert heard == ["me"], "no log may show it"


@pytest.mark.parametrize(
    "headers", [{"no name": "x"}, {"": "x"}, {"X-Colon:": "x"}, {"X-Line": "a\r\nB: c"}, {"X-Empty": ""}]
)
def test_what_no_header_may_hold_is_refused(headers: dict[str, str], server: StandIn, door: SignIn) -> None:
    with pytest.raises(Mistake, match="header_invalid"):
        door.server_at(ServerAddress(server.url, headers=headers))


# --- Certificates ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_self_signed_certificate_is_shown_and_believed_only_when_confirmed(
    server: StandIn, door: SignIn, tmp_path: Path
) -> None:
    pem = certificate(tmp_path, "photos.example")  # not even the name fits
    with tls_in_front(int(server.url.rpartition(":")[2]), pem) as port:
        address = f"https://127.0.0.1:{port}"
        with pytest.raises(Blocked, match="certificate_untrusted") as caught:
            door.enter(DestinationAddImmich(address, api_key=server.api_key()))
        shown = str(caught.value.args_["fingerprint"])
        with pytest.raises(Blocked, match="certificate_changed"):
            door.enter(DestinationAddImmich(address, api_key=server.api_key(), fingerprint="AB" * 32))
        asked = DestinationAddImmich(address, api_key=server.api_key(), fingerprint=shown.lower().replace(":", " "))
        entered = door.enter(asked)
        assert entered.trust.pinned is not None
    other = certificate(tmp_path, "photos.example.org")
    with tls_in_front(int(server.url.rpartition(":")[2]), other) as port:
        destination = ImmichDestination(
            f"https://127.0.0.1:{port}", entered.secret.to_text(), clock=CLOCK, trust=entered.trust
        )
        with pytest.raises(Blocked, match="certificate_changed"):
            destination.probe()
        destination.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_an_own_authority_is_believed(server: StandIn, door: SignIn, tmp_path: Path) -> None:
    pem = certificate(tmp_path, "127.0.0.1")
    with tls_in_front(int(server.url.rpartition(":")[2]), pem) as port:
        address = f"https://127.0.0.1:{port}"
        entered = door.enter(DestinationAddImmich(address, api_key=server.api_key(), ca_file=str(pem)))
        assert entered.account.api_url == f"{address}/api"


def test_an_unreadable_authority_is_said(server: StandIn, door: SignIn, tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="certificate_file_unreadable"):
        door.enter(DestinationAddImmich("https://127.0.0.1:1", api_key="k", ca_file=str(tmp_path / "none.pem")))


# --- Plain http ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["192.168.1.5"], True),
        (["127.0.0.1", "::1"], True),
        (["fd00::7"], True),
        (["100.64.0.1"], False),
        (["93.184.216.34"], False),
        (["192.168.1.5", "93.184.216.34"], False),
        ([], False),
    ],
)
def test_where_plain_http_stays_at_home(addresses: list[str], expected: bool) -> None:
    assert stays_at_home("photos", lambda _: addresses) is expected


def test_plain_http_in_public_needs_a_clear_yes(server: StandIn, door: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.work.asked.signin.stays_at_home", lambda _host: False)
    asked = DestinationAddImmich(server.url, api_key=server.api_key())
    with pytest.raises(Blocked, match="plain_http"):
        door.enter(asked)
    door.enter(DestinationAddImmich(server.url, api_key=server.api_key(), plain_http=True))


# --- Routes ----------------------------------------------------------------------------------------------------------


def test_the_next_address_is_taken_when_the_first_is_away(server: StandIn) -> None:
    with StandIn() as gone:
        away = gone.url
    key = server.api_key()
    destination = ImmichDestination(away, key, clock=CLOCK, others=[f"{server.url}/api"], user_id=server.admin.id)
    assert destination.probe().user_id == server.admin.id
    destination.close()


def test_an_address_that_leads_to_somebody_else_is_dropped(server: StandIn, expected_log: Expect) -> None:
    expected_log("leads to another account")
    with StandIn() as gone:
        away = gone.url
    key = server.api_key()
    destination = ImmichDestination(away, key, clock=CLOCK, others=[f"{server.url}/api"], user_id="me")
    with pytest.raises(Blocked, match="server_unreachable"):
        destination.probe()
    assert [one.path for one in server.counters.records] == ["/api/users/me"], "nothing else went there"
    destination.close()


def test_what_one_way_does_not_take_goes_the_other(server: StandIn) -> None:
    narrow = server.address(body_limit=20_000)
    stage = Stage(server, url=narrow.url)
    stage.destination.close()
    key = server.api_key()
    stage.destination = ImmichDestination(
        narrow.url, key, clock=stage.clock, others=[f"{server.url}/api"], user_id=server.admin.id
    )
    stage.file("small.jpg")
    stage.file("large.jpg", b"x" * 60_000)
    stage.back_up()
    assert stage.states() == {"small.jpg": "safe", "large.jpg": "safe"}
    stage.close()


def test_a_file_that_must_wait_for_another_way_burns_no_attempt(server: StandIn) -> None:
    narrow = server.address(body_limit=20_000)
    with StandIn() as gone:
        away = gone.url
    stage = Stage(server, url=narrow.url)
    stage.destination.close()
    stage.destination = ImmichDestination(
        narrow.url, server.api_key(), clock=stage.clock, others=[f"{away}/api"], user_id=server.admin.id
    )
    stage.file("large.jpg", b"x" * 60_000)
    for _ in range(5):
        stage.back_up()
        stage.clock.advance(1_000)
    assert stage.states() == {"large.jpg": "queued"}
    tx = stage.database.read()
    assert tx.execute("SELECT attempts, status FROM background_service_jobs").fetchone()[:] == (0, "PENDING")
    stage.destination.close()
    stage.destination = ImmichDestination(server.url, server.api_key(), clock=stage.clock)
    stage.back_up()
    assert stage.states() == {"large.jpg": "safe"}
    stage.close()


@pytest.mark.parametrize("sign_in", ["session", "key"])
def test_a_sign_in_whose_further_address_is_another_account_leaves_nothing_at_the_server(
    server: StandIn, door: SignIn, sign_in: str
) -> None:
    with StandIn() as other:
        other.add_user("ada@example.org", "lovelace")
        before = len(server.keys)
        with pytest.raises(Blocked, match=r"account_changed|signed_out"):
            door.enter(wish(server, routes=(other.url,), sign_in=sign_in))
    assert (server.sessions, len(server.keys)) == ([], before)


@pytest.mark.parametrize(
    ("sign_in", "question"),
    [("session", "POST /api/sessions"), ("session", "GET /api/users/me"), ("key", "GET /api/users/me")],
)
def test_a_sign_in_that_breaks_off_leaves_nothing_at_the_server(
    server: StandIn, door: SignIn, sign_in: str, question: str
) -> None:
    before = len(server.keys)
    server.faults.answer(question, 500, b"{}")
    with pytest.raises(Fate):
        door.enter(wish(server, sign_in=sign_in))
    assert (server.sessions, len(server.keys)) == ([], before)
