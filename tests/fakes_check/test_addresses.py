"""Several ways to one server: proxies, TLS, sub-paths, and what goes wrong there."""

import hashlib
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.fakes.immich import Authority, Certificate, StandIn, self_signed
from tests.fakes_check.client import BOUNDARY, TIMEOUT, WHEN, jpeg, multipart, upload_parts

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def web() -> Iterator[requests.Session]:
    session = requests.Session()
    session.trust_env = False
    yield session
    session.close()


def ping(web: requests.Session, url: str, **options: object) -> requests.Response:
    return web.get(f"{url}/api/server/ping", **({"timeout": TIMEOUT, "allow_redirects": False} | options))  # type: ignore[arg-type]


def upload(web: requests.Session, url: str, key: str, content: bytes) -> requests.Response:
    headers = {"x-api-key": key, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return web.post(f"{url}/api/assets", data=multipart(upload_parts(content)), headers=headers, timeout=TIMEOUT)


def test_two_addresses_lead_to_one_server(server: StandIn, web: requests.Session) -> None:
    key, other = server.api_key(), server.address()
    assert upload(web, server.url, key, jpeg("a")).status_code == 201
    assert upload(web, other.url, key, jpeg("a")).json()["status"] == "duplicate"
    assert (server.main.requests, other.requests) == (1, 1)


def test_one_address_can_fail_while_the_other_serves(server: StandIn, web: requests.Session) -> None:
    other = server.address()
    ping(web, other.url)
    other.refuse()
    with pytest.raises(BROKEN):
        ping(web, other.url)
    assert ping(web, server.url).status_code == 200
    url = other.url
    other.accept()
    assert (other.url, ping(web, url).status_code) == (url, 200)


def test_a_connection_can_be_reset_as_soon_as_it_is_made(server: StandIn, web: requests.Session) -> None:
    server.main.slam()
    with pytest.raises(BROKEN):
        ping(web, server.url)
    assert server.counters.requests == {}
    server.main.accept()
    assert ping(web, server.url).status_code == 200


def test_a_silent_address_takes_connections_and_never_answers(web: requests.Session) -> None:
    with StandIn(certificate=self_signed()) as server:
        server.main.fall_silent()
        with pytest.raises(requests.exceptions.Timeout):
            ping(web, server.url, timeout=0.1, verify=False)
        plain = socket.create_connection(("127.0.0.1", server.main.port), timeout=TIMEOUT)
        server.main.refuse()
        with plain, pytest.raises(ConnectionResetError):
            plain.recv(1)


def test_a_server_below_a_sub_path_says_nothing_of_it(server: StandIn, web: requests.Session) -> None:
    proxy = server.address(prefix="/photos")
    assert proxy.url.endswith("/photos")
    assert ping(web, proxy.url).json() == {"res": "pong"}
    outside = ping(web, proxy.url.removesuffix("/photos"))
    assert (outside.status_code, outside.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    known = web.get(f"{proxy.url}/.well-known/immich", timeout=TIMEOUT).json()
    assert known == {"api": {"endpoint": "/api"}}  # which leads outside: the server knows no sub-path


def test_a_proxy_has_a_limit_that_the_other_way_has_not(server: StandIn, web: requests.Session) -> None:
    proxy, key = server.address(body_limit=1000), server.api_key()
    refused = upload(web, proxy.url, key, bytes(5000))
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert upload(web, server.url, key, bytes(5000)).status_code == 201


def test_a_proxy_cuts_what_takes_too_long(server: StandIn, web: requests.Session) -> None:
    proxy = server.address(time_limit_s=0.1)
    server.faults.throttle(100_000, "POST /api/assets", times=1)
    begun = time.monotonic()
    with pytest.raises(BROKEN):
        upload(web, proxy.url, server.api_key(), bytes(1_000_000))
    assert time.monotonic() - begun < 5
    assert server.assets == []
    assert ping(web, proxy.url).status_code == 200


def test_a_proxy_wants_headers_of_its_own(server: StandIn, web: requests.Session) -> None:
    proxy = server.address(needed_headers={"CF-Access-Client-Id": "me"})
    portal = ping(web, proxy.url)
    assert (portal.status_code, "sign in" in portal.text) == (200, True)
    assert ping(web, proxy.url, headers={"cf-access-client-id": "me"}).json() == {"res": "pong"}


def test_an_address_can_redirect(server: StandIn, web: requests.Session) -> None:
    old = server.address(redirect_to="https://photos.example")
    response = ping(web, old.url)
    assert (response.status_code, response.headers["Location"]) == (301, "https://photos.example/api/server/ping")


def test_tls_with_an_authority_of_ones_own(authority: Authority, web: requests.Session) -> None:
    with StandIn(certificate=authority.server()) as server:
        assert ping(web, server.url, verify=str(authority.public)).status_code == 200
        assert upload_through(web, server, authority).json()["status"] == "created"
        with pytest.raises(requests.exceptions.SSLError):
            ping(web, server.url)
        other = Authority("Somebody else")
        with pytest.raises(requests.exceptions.SSLError):
            ping(web, server.url, verify=str(other.public))


def upload_through(web: requests.Session, server: StandIn, authority: Authority) -> requests.Response:
    web.verify = str(authority.public)
    response = upload(web, server.url, server.api_key(), jpeg(WHEN))
    web.verify = True
    return response


@pytest.mark.parametrize("kind", ["other host", "expired", "not yet valid"])
def test_a_bad_certificate_of_a_good_authority(kind: str, authority: Authority, web: requests.Session) -> None:
    certificate = {
        "other host": authority.server(["photos.example"]),
        "expired": authority.server(valid_for=timedelta(seconds=-5)),
        "not yet valid": authority.server(begins_in=timedelta(hours=1)),
    }[kind]
    with StandIn(certificate=certificate) as server, pytest.raises(requests.exceptions.SSLError):
        ping(web, server.url, verify=str(authority.public))


def shown_by(server: StandIn) -> str:
    """The fingerprint of the certificate that a connection gets."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", server.main.port), timeout=TIMEOUT)
    with plain, context.wrap_socket(plain) as secure:
        return hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()


def test_a_self_signed_certificate_can_be_pinned_and_exchanged(web: requests.Session) -> None:
    first, second = self_signed(), self_signed()
    with StandIn(certificate=first) as server:
        assert shown_by(server) == first.sha256
        assert ping(web, server.url, verify=str(first.public)).status_code == 200
        url = server.url
        server.main.present(second)
        assert (server.url, shown_by(server)) == (url, second.sha256)
        with pytest.raises(BROKEN):
            ping(web, url, verify=str(first.public))


def test_a_client_certificate_is_asked_for(authority: Authority, web: requests.Session) -> None:
    mine = Authority("Clients")
    with StandIn() as server:
        door = server.address(certificate=authority.server(), clients_of=mine)
        verify = str(authority.public)

        def with_certificate(certificate: Certificate) -> requests.Response:
            return ping(web, door.url, verify=verify, cert=str(certificate.pem))

        assert with_certificate(mine.client()).status_code == 200
        web.close()
        with pytest.raises(BROKEN):
            ping(web, door.url, verify=verify)
        with pytest.raises(BROKEN):
            with_certificate(authority.client())
        assert ping(web, server.url).status_code == 200


def test_addresses_survive_a_restart(server: StandIn, web: requests.Session) -> None:
    other = server.address()
    urls = [server.url, other.url]
    server.stop()
    server.start()
    assert [server.url, other.url] == urls
    assert [ping(web, url).status_code for url in urls] == [200, 200]


def test_the_clock_of_the_server_can_be_wrong(web: requests.Session) -> None:
    with StandIn(clock_skew_s=-86400) as server:
        behind = parsedate_to_datetime(ping(web, server.url).headers["Date"]).timestamp()
        assert 86000 < time.time() - behind < 87000
        upload(web, server.url, server.api_key(), jpeg("a"))
        assert server.assets[0].updated_at[:10] == time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86400))
