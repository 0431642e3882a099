"""A server that lets nobody in without a certificate: uploads, the sync stream and live events show it, all of them.

And what a person is told who has none, or the wrong one.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.destinations.base import Item
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.discovery import discover
from agent.destinations.immich.live import Live
from agent.destinations.immich.secret import Secret
from agent.destinations.immich.sync import changes
from agent.destinations.immich.trust import Trust, look_at
from agent.destinations.immich.verdicts import Answer, refusal, unreachable, wants_certificate
from agent.destinations.immich.versions import Version
from agent.domain.errors import Blocked, Fate, Transient
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import Listener, hears_of_a_removal
from tests.agent.destinations.sources import Photos
from tests.fakes.immich import StandIn
from tests.fakes.immich.addresses import Address
from tests.fakes.immich.certificates import Authority, self_signed

NEEDED = "client_certificate_needed"


@pytest.fixture(scope="module")
def theirs() -> Authority:
    """Who vouches for the server."""
    return Authority("Theirs")


@pytest.fixture(scope="module")
def mine() -> Authority:
    """Who vouches for those that the server lets in."""
    return Authority("Mine")


@pytest.fixture
def door(server: StandIn, theirs: Authority, mine: Authority) -> Address:
    return server.address(certificate=theirs.server(), clients_of=mine)


def entering(server: StandIn, url: str, trust: Trust) -> ImmichDestination:
    return ImmichDestination(url, Secret("session", server.session()).to_text(), clock=SystemClock(), trust=trust)


def test_everything_passes_where_the_certificate_is_shown(
    server: StandIn, door: Address, theirs: Authority, mine: Authority, photos: Photos
) -> None:
    trust = Trust(ca_file=str(theirs.public), client_certificate=str(mine.client().pem))
    assert discover(door.url, trust=trust) == f"{door.url}/api"
    with closing(entering(server, door.url, trust)) as account:
        assert account.probe().account == "admin@example.com"
        photo = photos("a.jpg")
        assert account.put(Item(photo), lambda _: None).created
        assert not account.put(Item(photo), lambda _: None).created
        kinds = [line.kind for line in changes(account.server, Version(3, 1, 0))]
        assert ("Asset" in kinds, kinds[-1]) == (True, "SyncComplete")
        assert hears_of_a_removal(account, server)


def test_a_certificate_that_was_renewed_on_disk_is_shown_on_the_next_line(
    server: StandIn, door: Address, theirs: Authority, mine: Authority, tmp_path: Path
) -> None:
    pem = tmp_path / "client.pem"
    pem.write_bytes(Authority("Nobody").client().pem.read_bytes())
    trust = Trust(ca_file=str(theirs.public), client_certificate=str(pem))
    with closing(entering(server, door.url, trust)) as account:
        with pytest.raises(Fate):
            account.probe()
        pem.write_bytes(mine.client().pem.read_bytes())
        assert account.probe().account == "admin@example.com"


@pytest.mark.parametrize("way", ["authority", "pinned"])
def test_live_events_come_through_tls_that_only_we_believe(theirs: Authority, way: str) -> None:
    certificate = theirs.server() if way == "authority" else self_signed()
    with StandIn(certificate=certificate) as server:
        trust = Trust(ca_file=str(theirs.public)) if way == "authority" else Trust(pinned=look_at(server.url))
        with closing(entering(server, server.url, trust)) as account:
            assert hears_of_a_removal(account, server)


def test_live_events_do_not_pass_by_a_certificate_that_nobody_believes() -> None:
    with StandIn(certificate=self_signed()) as server:
        secret = server.session()
        with closing(entering(server, server.url, Trust(pinned=look_at(server.url)))) as account:
            server.main.present(self_signed())
            with pytest.raises(Transient, match="live_lost"):
                Live(account.server, print).connect()
        assert not any(secret in (one.header("authorization") or "") for one in server.counters.records)


# --- Without it ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def demanding(context: ssl.SSLContext) -> Iterator[str]:
    """The address of a server that shakes hands with nobody who has no certificate, and says so before it hangs up."""

    def handle(sock: socket.socket, _number: int) -> None:
        line = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        with closing(line), contextlib.suppress(OSError):
            with contextlib.suppress(ssl.SSLError):
                line.do_handshake()
            while socket.socket.recv(line, 1 << 16):
                pass  # to close on unread bytes would take the alert away again

    with Listener(handle) as listener:
        yield f"https://127.0.0.1:{listener.port}"


@pytest.mark.parametrize("shown", ["none", "another"])
def test_who_has_no_certificate_is_told_that_one_is_wanted(theirs: Authority, mine: Authority, shown: str) -> None:
    pem = str(theirs.client().pem) if shown == "another" else None
    trust = Trust(ca_file=str(theirs.public), client_certificate=pem)
    with demanding(theirs.server().context(clients_of=mine)) as url:
        account = ImmichDestination(url, "key", clock=SystemClock(), trust=trust)
        with closing(account), pytest.raises(Blocked, match=NEEDED):
            account.probe()


@pytest.mark.parametrize(
    "page", [b"<center>No required SSL certificate was sent</center>", b"The SSL certificate error"]
)
def test_a_proxy_that_says_it_in_a_page_is_understood(page: bytes) -> None:
    assert refusal(Answer(400, {}, b"<html>" + page), "https://photos").code == NEEDED
    assert refusal(Answer(400, {}, b"<html>What?"), "https://photos").code == "not_immich"


def test_discovery_tells_it_too(server: StandIn) -> None:
    server.faults.answer("GET *", 400, b"<html>No required SSL certificate was sent", times=None)
    with pytest.raises(Blocked, match=NEEDED):
        discover(server.url)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", NEEDED),
        ("TLSV1_ALERT_UNKNOWN_CA", NEEDED),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", NEEDED),
        ("SSLV3_ALERT_BAD_CERTIFICATE", NEEDED),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "server_unreachable"),
        ("WRONG_VERSION_NUMBER", "server_unreachable"),
        ("CERTIFICATE_VERIFY_FAILED", "server_unreachable"),
    ],
)
def test_only_an_alert_about_our_certificate_asks_for_one(reason: str, code: str) -> None:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    assert unreachable(error, "https://photos").code == code
    assert (wants_certificate(error, "https://photos") is not None) is (code == NEEDED)
