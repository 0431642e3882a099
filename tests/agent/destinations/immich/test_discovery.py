"""From what people paste to the address of the API."""

import socket
from pathlib import Path

import pytest

from agent.destinations.immich.discovery import discover
from agent.domain.errors import Blocked
from tests.agent.destinations.immich.wires import Listener, answer, read_head
from tests.fakes.immich import StandIn

PONG = b'{"res":"pong"}'


@pytest.mark.parametrize(
    "pasted",
    [
        "{url}",
        "{url}/",
        " {url}/ ",
        "{url}/api",
        "{url}/api/",
        "{url}/photos",
        "{url}/photos/1234?at=5#x",
        "{bare}",
        "{bare}/albums",
    ],
)
def test_what_people_paste_leads_to_the_api(server: StandIn, pasted: str) -> None:
    assert discover(pasted.format(url=server.url, bare=server.url.removeprefix("http://"))) == f"{server.url}/api"


def site(*pages: tuple[bytes, bytes]) -> Listener:
    """A server with these paths; the web page of an app for all others, as Immich's own has it."""

    def handle(sock: socket.socket, _number: int) -> None:
        while head := read_head(sock):
            path = head.split(b" ")[1]
            page = dict(pages).get(path, answer(200, b"<!doctype html>", "Content-Type: text/html"))
            sock.sendall(page)

    return Listener(handle)


def test_the_endpoint_that_the_server_names_is_taken() -> None:
    named = answer(200, b'{"api":{"endpoint":"/deep/er/api/"}}')
    with site((b"/.well-known/immich", named), (b"/deep/er/api/server/ping", answer(200, PONG))) as listener:
        assert discover(f"http://127.0.0.1:{listener.port}") == f"http://127.0.0.1:{listener.port}/deep/er/api"


@pytest.mark.parametrize("named", [b"{}", b"[]", b'{"api":{"endpoint":7}}', b'{"api":{"endpoint":"ftp://x"}}', b"no"])
def test_a_strange_name_for_the_endpoint_is_passed_over(named: bytes) -> None:
    with site((b"/.well-known/immich", answer(200, named)), (b"/api/server/ping", answer(200, PONG))) as listener:
        assert discover(f"http://127.0.0.1:{listener.port}") == f"http://127.0.0.1:{listener.port}/api"


def test_immich_below_a_path_is_found() -> None:
    with site((b"/immich/api/server/ping", answer(200, PONG))) as listener:
        for path in ("/immich", "/immich/api", "/immich/photos/12"):
            assert discover(f"http://127.0.0.1:{listener.port}{path}") == f"http://127.0.0.1:{listener.port}/immich/api"


@pytest.mark.parametrize("ping", [b"", b"pong", b'{"res":"ping"}', b"<!doctype html>", b"[1]"])
def test_a_web_server_is_not_immich(ping: bytes) -> None:
    with site((b"/api/server/ping", answer(200, ping))) as listener, pytest.raises(Blocked) as caught:
        discover(f"http://127.0.0.1:{listener.port}/photos")
    assert (caught.value.code, caught.value.args_["address"]) == ("not_immich", f"http://127.0.0.1:{listener.port}")


def test_a_redirect_is_followed_and_its_end_is_kept(server: StandIn) -> None:
    seen: list[bytes] = []

    def handle(sock: socket.socket, _number: int) -> None:
        while head := read_head(sock):
            seen.append(head)
            path = head.split(b" ")[1].decode()
            sock.sendall(answer(301, b"", f"Location: {server.url.replace('127.0.0.1', 'localhost')}{path}"))

    with Listener(handle) as listener:
        url = f"http://127.0.0.1:{listener.port}"
        assert discover(url, {"X-Door": "secret"}) == server.url.replace("127.0.0.1", "localhost") + "/api"
    assert all(b"X-Door: secret" in head for head in seen)
    assert all(record.header("x-door") is None for record in server.counters.records), "for the proxy named, no other"


def test_the_headers_for_a_proxy_go_along(server: StandIn) -> None:
    discover(server.url, {"X-Door": "secret"})
    assert {record.header("x-door") for record in server.counters.records} == {"secret"}


def test_a_redirect_without_end_ends() -> None:
    def handle(sock: socket.socket, _number: int) -> None:
        while head := read_head(sock):
            sock.sendall(answer(302, b"", f"Location: {head.split(b' ')[1].decode()}"))

    with Listener(handle) as listener, pytest.raises(Blocked, match="not_immich"):
        discover(f"http://127.0.0.1:{listener.port}")


@pytest.mark.parametrize(
    "typed", ["", "   ", "ftp://x", "http://", "https://:80", "http://a b", "http://[::1", "http://x:99999"]
)
def test_what_is_no_address_is_called_so(typed: str) -> None:
    with pytest.raises(Blocked, match="address_invalid"):
        discover(typed)


@pytest.mark.parametrize("typed", ["nowhere.invalid", "https://nowhere.invalid", "http://nowhere.invalid/photos"])
def test_an_unknown_host_is_not_reachable(typed: str) -> None:
    with pytest.raises(Blocked) as caught:
        discover(typed)
    assert (caught.value.code, caught.value.args_["reason"]) == ("server_unreachable", "unknown_host")


def test_a_closed_port_is_not_reachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Blocked) as caught:
        discover(f"127.0.0.1:{port}")
    assert (caught.value.code, caught.value.args_["reason"]) == ("server_unreachable", "refused")


def test_no_login_of_other_programs_is_sent(server: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (netrc := tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    discover(server.url)
    assert {record.header("authorization") for record in server.counters.records} == {None}
