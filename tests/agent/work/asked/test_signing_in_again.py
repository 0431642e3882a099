"""Signing in again, and out, with several addresses of one server: away from home the one at home does not answer."""

from pathlib import Path

from agent.credentials import Credentials
from agent.destinations.immich import session
from agent.destinations.immich.secret import Secret
from agent.platforms.clock import SystemClock
from agent.protocol.destination import DestinationAddImmich
from agent.protocol.settings import DestinationSetting, Settings
from agent.store.settings import SettingsStore
from agent.work.asked.accounts import Accounts
from agent.work.destinations import Destinations
from tests.fakes.immich import StandIn

#: Nobody answers there.
HOME = "http://127.0.0.1:9/api"


def test_signing_in_again_away_from_home_keeps_the_order_of_the_addresses(server: StandIn, tmp_path: Path) -> None:
    public, clock = f"{server.url}/api", SystemClock()
    credentials = Credentials("test", tmp_path / "secrets.json")
    credentials.set("d", Secret("key", server.api_key()).to_text(), "file")
    settings = SettingsStore(tmp_path / "settings.toml")
    places = Destinations(credentials, clock)
    settings.listen(places.replace)
    here = DestinationSetting(
        "d", "immich", "Server", HOME, "a", server.admin.id, secret_store="file", routes=(public,)
    )
    settings.change(lambda now: Settings(now.version, now.values, (here,), now.folders))
    accounts = Accounts(settings, credentials, places, clock, lambda _: None, lambda _: None)
    accounts.add_immich(DestinationAddImmich(server.url, api_key=server.api_key(), renew="d", store="file"))
    (now,) = settings.get().destinations
    assert (now.location, now.routes) == (HOME, (public,))


def test_signing_out_away_from_home_ends_the_session_by_the_address_that_answers(server: StandIn) -> None:
    token = server.session()
    session.end(HOME, Secret("session", token), clock=SystemClock(), others=(f"{server.url}/api",))
    assert token not in {one.token for one in server.sessions}
