"""The system's trust, and the system's proxies, with real certificates and relays."""

import os
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.destinations.base import Item
from agent.destinations.immich import ImmichDestination, trust
from agent.destinations.immich.discovery import discover
from agent.destinations.immich.secret import Secret
from agent.domain.errors import Blocked
from agent.platforms.clock import SystemClock
from tests.agent.destinations.immich.wires import Listener, certificate, hears_of_a_removal, relay_to, tls_in_front
from tests.agent.destinations.sources import Photos
from tests.fakes.immich import StandIn

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A certificate that this system trusts."""
    pem = certificate(tmp_path, "127.0.0.1", "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    trust._context.cache_clear()
    yield pem
    trust._context.cache_clear()


def ignore(_bytes: int) -> None:
    pass


def test_uploads_pass_through_tls(server: StandIn, photos: Photos, trusted: Path) -> None:
    sources = [photos(content=os.urandom(size)) for size in (10, 200_000, 5_000_000)]
    with tls_in_front(int(server.url.rpartition(":")[2]), trusted) as port:
        api = discover(f"localhost:{port}")
        assert api == f"https://localhost:{port}/api"
        destination = ImmichDestination(api, server.api_key(), clock=SystemClock())
        assert destination.probe().account == "admin@example.com"
        heard: list[int] = []
        for source in sources:
            assert destination.put(Item(source), heard.append).created
            assert not destination.put(Item(source), ignore).created
        destination.close()
    assert [asset.checksum for asset in server.assets] == [source.sha1 for source in sources]
    assert heard[-1] == 5_000_000


def test_an_early_answer_is_heard_through_tls(server: StandIn, photos: Photos, trusted: Path) -> None:
    source = photos(content=os.urandom(8_000_000))
    server.faults.answer("POST /api/assets", 413, b"<html>", read_body=False, content_type="text/html")
    with tls_in_front(int(server.url.rpartition(":")[2]), trusted) as port:
        destination = ImmichDestination(f"https://127.0.0.1:{port}/api", server.api_key(), clock=SystemClock())
        with pytest.raises(Exception, match="too_large_for_server"):
            destination.put(Item(source), ignore)
        destination.close()


def test_a_certificate_that_the_system_learns_to_trust_counts_from_the_next_try(
    server: StandIn, tmp_path: Path, trusted: Path
) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    ours = certificate(folder, "127.0.0.1")
    with tls_in_front(int(server.url.rpartition(":")[2]), ours) as port:
        destination = ImmichDestination(f"https://127.0.0.1:{port}/api", server.api_key(), clock=SystemClock())
        with pytest.raises(Blocked, match="certificate_untrusted"):
            destination.probe()
        trusted.write_bytes(trusted.read_bytes() + ours.read_bytes())
        assert destination.probe().account == "admin@example.com"
        destination.close()


@pytest.mark.parametrize("names", [("127.0.0.1",), ("other.example",)])
def test_a_certificate_that_is_not_trusted_or_not_for_this_name_blocks(
    server: StandIn, tmp_path: Path, trusted: Path, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "strange"
    folder.mkdir()
    strange = certificate(folder, *names)
    with tls_in_front(int(server.url.rpartition(":")[2]), strange) as port:
        destination = ImmichDestination(f"https://127.0.0.1:{port}/api", "key", clock=SystemClock())
        for question in (
            destination.probe,
            lambda: discover(f"https://127.0.0.1:{port}"),
            lambda: discover(f"127.0.0.1:{port}"),
        ):
            with pytest.raises(Blocked, match="certificate_untrusted"):
                question()
        destination.close()
    assert not server.counters.requests


def test_the_right_authority_with_the_wrong_name_blocks_too(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    trust._context.cache_clear()
    with tls_in_front(int(server.url.rpartition(":")[2]), pem) as port:
        destination = ImmichDestination(f"https://127.0.0.1:{port}/api", "key", clock=SystemClock())
        with pytest.raises(Blocked, match="certificate_untrusted"):
            destination.probe()
    trust._context.cache_clear()


def test_plain_http_where_tls_was_asked_for_is_no_server(server: StandIn) -> None:
    destination = ImmichDestination(server.url.replace("http", "https") + "/api", "key", clock=SystemClock())
    with pytest.raises(Blocked) as caught:
        destination.probe()
    assert (caught.value.code, caught.value.args_["reason"]) == ("server_unreachable", "tls")


def test_a_proxy_of_the_system_is_used(
    server: StandIn, photos: Photos, trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    target = int(server.url.rpartition(":")[2])
    monkeypatch.setenv("no_proxy", "nothing.example")
    with tls_in_front(target, trusted) as secure:
        for scheme, port in (("http", target), ("https", secure)):
            with Listener(relay_to(port, seen, is_proxy=True)) as proxy:
                monkeypatch.setenv(f"{scheme}_proxy", f"http://user:pa%20ss@127.0.0.1:{proxy.port}")
                url = f"{scheme}://localhost:{port}"
                assert discover(url) == f"{url}/api"
                destination = ImmichDestination(f"{url}/api", server.api_key(), clock=SystemClock())
                assert destination.put(Item(photos()), ignore).created
                destination.close()
    assert seen[-1].startswith(b"CONNECT localhost:")
    assert all(
        b"\r\nproxy-authorization: Basic dXNlcjpwYSBzcw=="
        in first.lower().replace(b"basic dxnlcjpwysbzcw==", b"Basic dXNlcjpwYSBzcw==")
        for first in seen
    )
    assert any(first.startswith(b"POST http://localhost:") for first in seen)


def test_live_events_come_through_the_proxy_too(
    server: StandIn, trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    target = int(server.url.rpartition(":")[2])
    monkeypatch.setenv("no_proxy", "nothing.example")
    secret = Secret("session", server.session()).to_text()
    with tls_in_front(target, trusted) as secure:
        for scheme, port in (("http", target), ("https", secure)):
            with Listener(relay_to(port, seen, is_proxy=True)) as proxy:
                monkeypatch.setenv(f"{scheme}_proxy", f"http://user:pa%20ss@127.0.0.1:{proxy.port}")
                destination = ImmichDestination(f"{scheme}://localhost:{port}/api", secret, clock=SystemClock())
                assert hears_of_a_removal(destination, server)
                destination.close()
            assert seen.pop().startswith(b"CONNECT localhost:%d " % port)
            assert not seen


def test_the_context_checks_names_and_certificates() -> None:
    context = trust.tls_context()
    assert context.verify_mode == ssl.CERT_REQUIRED
