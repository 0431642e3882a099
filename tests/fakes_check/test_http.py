"""What holds for every answer: headers, caching, limits, and connections."""

import gzip
import json

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client, Wire, jpeg, multipart, sha1, upload_parts

PING_ETAG = '"e-X79OU2IZYkDmLU4ZK9k3d4mHVbI"'


def test_every_answer_of_the_api_has_a_correlation_id_and_keep_alive(client: Client) -> None:
    for path in ("/api/server/ping", "/api/nope"):
        headers = client.get(path).headers
        assert len(headers["X-Correlation-ID"]) == 8
        assert headers["Keep-Alive"] == "timeout=5"
        assert headers["X-Powered-By"] == "Express"


def test_a_known_etag_gets_304_without_a_body(client: Client) -> None:
    response = client.get("/api/server/ping", headers={"If-None-Match": PING_ETAG})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == PING_ETAG


def test_head_is_get_without_the_body(client: Client) -> None:
    response = client.call("HEAD", "/api/server/ping")
    assert (response.status_code, response.content, response.headers["ETag"]) == (200, b"", PING_ETAG)


def test_a_path_outside_the_api_is_the_web_page(client: Client) -> None:
    response = client.get("/photos")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_large_answers_are_compressed_for_those_who_can_read_that(client: Client) -> None:
    client.session.headers["Accept-Encoding"] = "gzip"
    items = [{"id": str(number), "checksum": "x"} for number in range(100)]
    response = client.post("/api/assets/bulk-upload-check", {"assets": items}, stream=True)
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(response.raw.read()))["results"]) == 100


def test_a_json_body_over_ten_megabytes_is_an_internal_error(client: Client) -> None:
    body = json.dumps({"assets": [], "padding": "x" * 11_000_000}).encode()
    response = client.call(
        "POST", "/api/assets/bulk-upload-check", data=body, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()) == (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"assets":', "Unexpected end of JSON input"),
        (b"nonsense", "Unexpected token 'n', \"nonsense\" is not valid JSON"),
    ],
)
def test_broken_json_is_named(body: bytes, message: str, client: Client) -> None:
    kind = {"Content-Type": "application/json"}
    response = client.call("POST", "/api/assets/bulk-upload-check", data=body, headers=kind)
    assert (response.status_code, response.json()) == (400, {"message": message})


def test_an_idle_connection_is_closed() -> None:
    with StandIn(keep_alive=0.05) as server, Wire(server) as wire:
        wire.head("GET", "/api/server/ping")
        assert wire.answer()[0] == 200
        assert wire.closed()


def test_a_connection_is_used_again_while_it_is_fresh(client: Client, server: StandIn) -> None:
    for _ in range(3):
        client.get("/api/server/ping")
    assert server.counters.connections == 1


def test_a_known_checksum_is_answered_before_the_body_and_the_rest_is_drained(server: StandIn, client: Client) -> None:
    first = client.new_asset(jpeg("a"))
    body = multipart(upload_parts(bytes(30_000_000)))
    with Wire(server) as wire:
        wire.upload_head(client.headers["x-api-key"], len(body), x_immich_checksum=sha1(jpeg("a")))
        wire.send(body[:200_000])
        status, answer = wire.answer()
        assert (status, json.loads(answer)) == (200, {"status": "duplicate", "id": first})
        wire.send(body[200_000:])
        wire.head("GET", "/api/server/ping")  # the connection is still good
        assert wire.answer() == (200, b'{"res":"pong"}')


def test_a_denied_upload_is_answered_before_the_body(server: StandIn) -> None:
    body = multipart(upload_parts(bytes(1_000_000)))
    with Wire(server) as wire:
        wire.upload_head("bad", len(body))
        assert wire.answer() == (401, b'{"message":"Invalid API key"}')
        wire.send(body)
        wire.head("GET", "/api/server/ping")
        assert wire.answer()[0] == 200


def test_an_expect_header_is_confirmed_even_for_a_known_checksum(server: StandIn, client: Client) -> None:
    client.new_asset(jpeg("a"))
    with Wire(server) as wire:
        wire.upload_head(client.headers["x-api-key"], 1000, expect="100-continue", x_immich_checksum=sha1(jpeg("a")))
        assert wire.answer() == (100, b"")
        assert wire.answer()[0] == 200


def test_an_upload_that_breaks_off_leaves_nothing(server: StandIn, client: Client) -> None:
    content = jpeg("a" * 100_000)
    body = multipart(upload_parts(content))
    with Wire(server) as wire:
        wire.upload_head(client.headers["x-api-key"], len(body))
        wire.send(body[:50_000])
        server.wait_for(lambda: server.counters.requests["POST /api/assets"] == 1)
    server.wait_for(lambda: server.counters.statuses["POST /api/assets", 0] == 1)
    assert client.check(sha1(content))[0]["action"] == "accept"
    assert server.assets == []


def test_a_wish_to_close_the_connection_is_granted(server: StandIn) -> None:
    with Wire(server) as wire:
        wire.head("GET", "/api/server/ping", connection="close")
        assert wire.answer()[0] == 200
        assert wire.closed()


def test_counters_tell_what_was_asked(server: StandIn, client: Client) -> None:
    asset = client.new_asset(jpeg("a"))
    client.get(f"/api/assets/{asset}", headers={"User-Agent": "probe/1"})
    assert server.counters.requests == {"POST /api/assets": 1, "GET /api/assets/{id}": 1}
    assert server.counters.statuses["POST /api/assets", 201] == 1
    assert server.counters.bytes_received > len(jpeg("a"))
    [record] = server.counters.of("GET /api/assets/{id}")
    assert (record.header("User-Agent"), record.status) == ("probe/1", 200)
    server.counters.clear()
    assert not server.counters.requests
