"""An account that is there already: the space that is left, its addresses, and signing out; against the stand-in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import structs

from agent.credentials import Credentials, Store
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.secret import Secret
from agent.destinations.immich.trust import look_at
from agent.domain.errors import Blocked
from agent.platforms.clock import SystemClock
from agent.protocol.destination import AddressesKept, DestinationAddImmich, DestinationSpace
from agent.protocol.server import OAuthBegin
from agent.protocol.settings import DestinationSetting, Settings
from agent.protocol.wire import Mistake
from agent.store.settings import SettingsStore
from agent.work.asked.accounts import Accounts, as_before
from agent.work.destinations import Destinations
from tests.fakes.immich import StandIn
from tests.fakes.immich.certificates import self_signed

HERE, NAS = "here1", "nas12"
DISK_FREE_BYTES = 64_424_509_440


HEADERS = {"CF-Access-Client-Id": "me"}


class House:
    """The rooms around it: settings, secrets in a file, the destinations in force."""

    def __init__(self, base: Path, server: StandIn, secret: Secret) -> None:
        self.server = server
        self.credentials = Credentials("test", base / "secrets.json")
        self.credentials.set(HERE, secret.to_text(), "file")
        self.settings = SettingsStore(base / "settings.toml")
        self.destinations = Destinations(self.credentials, SystemClock())
        self.settings.listen(self.destinations.replace)
        (base / "nas").mkdir()
        here = DestinationSetting(
            HERE, "immich", "Server", f"{server.url}/api", "ada@example.org", server.admin.id, secret_store="file"
        )
        nas = DestinationSetting(NAS, "folder", "NAS", str(base / "nas"))
        self.settings.change(lambda now: Settings(now.version, now.values, (here, nas), now.folders))
        self.accounts = Accounts(
            self.settings, self.credentials, self.destinations, SystemClock(), lambda _: None, lambda _: None
        )

    @property
    def here(self) -> DestinationSetting:
        return self.settings.get().destinations[0]


@pytest.fixture
def house(server: StandIn, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, server, Secret("session", server.session()))
    yield made
    made.destinations.abandon()


@pytest.mark.parametrize("quota", [None, 150_000])
def test_the_space_is_what_the_server_says(house: House, quota: int | None) -> None:
    house.server.set_quota(quota)
    assert house.accounts.space("Server") == DestinationSpace(HERE, 0, quota, DISK_FREE_BYTES)


def test_a_key_that_may_not_ask_for_the_disk_still_tells_the_quota(server: StandIn, tmp_path: Path) -> None:
    narrow = server.api_key(["asset.upload", "asset.read", "user.read"])
    house = House(tmp_path, server, Secret("key", narrow))
    server.set_quota(9_000)
    assert house.accounts.space(HERE) == DestinationSpace(HERE, 0, 9_000, None)
    house.destinations.abandon()


def test_of_a_folder_the_free_space_of_its_drive_is_told(house: House) -> None:
    found = house.accounts.space("NAS")
    assert found.used_bytes is None
    assert found.free_bytes


def test_addresses_are_added_put_in_order_and_taken_away(house: House) -> None:
    first, other = f"{house.server.url}/api", house.server.url.replace("127.0.0.1", "localhost")
    assert house.accounts.set_addresses("Server", (first, other)) == AddressesKept((first, f"{other}/api"))
    assert (house.here.location, house.here.routes) == (first, (f"{other}/api",))
    house.accounts.set_addresses("Server", (f"{other}/api", first, first))
    assert (house.here.location, house.here.routes) == (f"{other}/api", (first,))
    house.accounts.set_addresses("Server", (first,))
    assert (house.here.location, house.here.routes) == (first, ())
    assert house.settings.get().destinations[1].name == "NAS"


def test_an_address_that_answers_from_elsewhere_only_is_kept_and_said(house: House) -> None:
    first, away = house.here.location, "https://photos.invalid"
    kept = house.accounts.set_addresses("Server", (first, away))
    assert kept == AddressesKept((first, f"{away}/api"), (f"{away}/api",))


def test_an_address_with_a_certificate_of_its_own_is_taken_when_it_was_compared(house: House) -> None:
    before = house.here
    at_home = house.server.address(certificate=self_signed())
    with pytest.raises(Blocked, match="certificate_untrusted") as caught:
        house.accounts.set_addresses("Server", (before.location, at_home.url))
    assert house.here == before
    shown = str(caught.value.args_["fingerprint"])
    house.accounts.set_addresses("Server", (before.location, at_home.url), fingerprint=shown)
    assert house.here.routes == (f"{at_home.url}/api",)
    assert house.here.pinned == look_at(at_home.url)
    house.accounts.set_addresses("Server", (f"{at_home.url}/api", before.location))
    assert house.here.pinned == look_at(at_home.url), "it is believed as before"


def test_an_address_of_somebody_elses_server_is_refused_and_nothing_changes(house: House) -> None:
    before = house.here
    with StandIn() as other, pytest.raises(Blocked, match=r"signed_out|account_changed"):
        house.accounts.set_addresses("Server", (before.location, other.url))
    with pytest.raises(Blocked, match="address_invalid"):
        house.accounts.set_addresses("Server", (before.location, "no address"))
    with pytest.raises(Mistake, match="address_missing"):
        house.accounts.set_addresses("Server", ())
    assert house.here == before


def test_signed_out_the_secret_is_revoked_and_forgotten_and_the_user_remembered(house: House) -> None:
    token = house.credentials.get(HERE, "file")
    before = house.here
    house.accounts.sign_out("Server")
    assert (house.here.account, house.here.user_id) == (None, before.user_id)
    with pytest.raises(Blocked, match="secret_missing"):
        house.destinations.get(HERE)
    house.credentials.set(HERE, token, "file")
    with pytest.raises(Blocked, match="signed_out"):
        house.destinations.get(HERE).probe()


def test_a_folder_has_neither_addresses_nor_a_sign_in(house: House) -> None:
    with pytest.raises(Mistake, match="not_a_server"):
        house.accounts.sign_out("NAS")
    with pytest.raises(Mistake, match="not_a_server"):
        house.accounts.set_addresses("NAS", ("https://x.example.org",))
    with pytest.raises(Mistake, match="destination_unknown"):
        house.accounts.space("nobody")


# --- Signing in again -------------------------------------------------------------------------------------------------


@pytest.fixture
def fenced(server: StandIn, tmp_path: Path) -> Iterator[House]:
    """An account behind a proxy that wants a header, with a certificate of its own."""
    made = House(tmp_path, server, Secret("session", server.session(), headers=HEADERS))
    own = {"ca_file": "/etc/own.pem", "client_certificate": "/home/ada/me.pem", "routes": ("http://nas.local/api",)}
    made.settings.change(lambda now: structs.replace(now, destinations=(structs.replace(now.destinations[0], **own),)))
    yield made
    made.destinations.abandon()


def test_signing_in_again_shows_what_was_shown_before(fenced: House) -> None:
    before = DestinationAddImmich(fenced.server.url, api_key="new", renew=HERE)
    assert as_before(before, fenced.here, fenced.credentials) == structs.replace(
        before, headers=HEADERS, ca_file="/etc/own.pem", client_certificate="/home/ada/me.pem"
    )
    begun = fenced.accounts.as_before(OAuthBegin(fenced.server.url, renew=HERE))
    assert (begun.headers, begun.client_certificate) == (HEADERS, "/home/ada/me.pem")
    assert fenced.accounts.as_before(OAuthBegin(fenced.server.url)).headers == {}


def test_what_is_given_anew_takes_the_place_of_what_was(fenced: House) -> None:
    anew = DestinationAddImmich("http://nas.local", headers={"X-Key": "2"}, client_certificate="/home/ada/new.pem")
    found = as_before(anew, fenced.here, fenced.credentials)
    assert (found.headers, found.ca_file, found.client_certificate) == (
        {"X-Key": "2"},
        "/etc/own.pem",
        "/home/ada/new.pem",
    )


def test_the_headers_of_a_proxy_go_to_no_other_host(fenced: House) -> None:
    elsewhere = DestinationAddImmich("https://elsewhere.example.org", renew=HERE)
    assert as_before(elsewhere, fenced.here, fenced.credentials).headers == {}


def test_a_keyring_that_is_away_is_no_hindrance(fenced: House) -> None:
    fenced.credentials.delete(HERE, "file")
    again = DestinationAddImmich(fenced.server.url, renew=HERE)
    assert as_before(again, fenced.here, fenced.credentials).headers == {}


class SlowCredentials(Credentials):
    """A keyring that asks a person first: `meanwhile` happens before it answers, once."""

    meanwhile: Callable[[], None] | None = None

    def get(self, destination_id: str, store: Store) -> str:
        found = super().get(destination_id, store)
        happened, self.meanwhile = self.meanwhile, None
        if happened is not None:
            happened()
        return found


@pytest.mark.parametrize("what", ["another address", "another sign-in"])
def test_what_was_changed_while_the_keyring_was_asked_counts(server: StandIn, tmp_path: Path, what: str) -> None:
    house = House(tmp_path, server, Secret("session", server.session()))
    slow = SlowCredentials("test", tmp_path / "secrets.json")
    destinations = Destinations(slow, SystemClock())
    destinations.replace(house.settings.get())
    other = server.address()
    session = server.session()

    def change() -> None:
        if what == "another address":
            here = structs.replace(house.here, location=f"{other.url}/api")
            destinations.replace(Settings(destinations=(here,)))
        else:
            slow.set(HERE, Secret("session", session).to_text(), "file")
            destinations.renew(HERE)

    slow.meanwhile = change
    made = destinations.get(HERE)
    assert isinstance(made, ImmichDestination)
    made.probe()
    asked = server.counters.records[-1]
    if what == "another address":
        assert made.server.address == f"{other.url}/api"
    else:
        assert session in (asked.header("authorization") or "")
    destinations.abandon()


# --- adding, and signing in again ------------------------------------------------------------------------------------


def with_password(house: House, **more: object) -> DestinationAddImmich:
    admin = house.server.admin
    base = {"url": house.server.url, "email": admin.email, "password": admin.password, "store": "file"}
    return DestinationAddImmich(**{**base, **more})  # type: ignore[arg-type]


def test_an_account_whose_secret_cannot_be_kept_is_not_added_and_leaves_no_session(house: House) -> None:
    house.server.add_user("ada@example.org", "lovelace")
    before = [one.token for one in house.server.sessions]
    with pytest.raises(Blocked, match="keyring_absent"):
        house.accounts.add_immich(with_password(house, email="ada@example.org", password="lovelace", store="keyring"))
    assert [one.token for one in house.server.sessions] == before
    assert len(house.settings.get().destinations) == 2


def test_an_account_that_is_there_already_leaves_no_second_session(house: House) -> None:
    before = [one.token for one in house.server.sessions]
    with pytest.raises(Mistake, match="destination_exists"):
        house.accounts.add_immich(with_password(house))
    assert [one.token for one in house.server.sessions] == before


def test_a_new_sign_in_that_cannot_be_kept_leaves_the_old_one_in_force(house: House) -> None:
    old, before = house.credentials.get(HERE, "file"), [one.token for one in house.server.sessions]
    with pytest.raises(Blocked, match="keyring_absent"):
        house.accounts.add_immich(with_password(house, renew=HERE, store="keyring"))
    assert house.credentials.get(HERE, "file") == old
    assert [one.token for one in house.server.sessions] == before


def test_a_new_sign_in_takes_the_place_of_the_old_one_which_is_revoked(house: House) -> None:
    [old] = house.server.sessions
    house.accounts.add_immich(with_password(house, renew=HERE))
    assert old.token not in {one.token for one in house.server.sessions}
    assert [one.id for one in house.settings.get().destinations] == [HERE, NAS], "at its place among the others"
    destination = house.destinations.get(HERE)
    assert isinstance(destination, ImmichDestination)
    destination.probe()


def test_our_own_key_pasted_again_is_not_revoked(server: StandIn, tmp_path: Path) -> None:
    token = server.api_key()
    [key] = server.keys
    house = House(tmp_path, server, Secret("key", token, key_id=key.id))
    house.accounts.add_immich(DestinationAddImmich(server.url, api_key=token, renew=HERE, store="file"))
    assert key in server.keys
    house.destinations.abandon()


def test_what_was_typed_into_the_settings_a_moment_ago_stays_beside_a_new_account(house: House, tmp_path: Path) -> None:
    typed = structs.replace(house.here, id="typed", kind="folder", name="Typed", location=str(tmp_path))
    other = SettingsStore(tmp_path / "settings.toml")
    other.change(lambda now: Settings(now.version, now.values, (*now.destinations, typed), now.folders))
    house.server.add_user("ada@example.org", "lovelace")
    house.accounts.add_immich(with_password(house, email="ada@example.org", password="lovelace"))
    assert [one.name for one in house.settings.get().destinations][:3] == ["Server", "NAS", "Typed"]
    assert len(house.settings.get().destinations) == 4
