"""Every kind of trouble the stand-in can make, seen from the client's end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client, Wire, jpeg, multipart, sha1, upload_parts

PHOTO = jpeg("a photo")
UPLOAD = "POST /api/assets"
BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def test_the_next_requests_get_a_given_answer(server: StandIn, client: Client) -> None:
    fault = server.faults.answer(UPLOAD, 503, {"message": "busy"}, times=2, headers={"Retry-After": "7"})
    answers = [client.upload(PHOTO) for _ in range(3)]
    assert [response.status_code for response in answers] == [503, 503, 201]
    assert (answers[0].json(), answers[0].headers["Retry-After"]) == ({"message": "busy"}, "7")
    assert fault.hits == 2


def test_other_routes_are_left_alone(server: StandIn, client: Client) -> None:
    server.faults.answer("GET /api/assets/*", 500, times=None)
    assert client.get("/api/assets/x").status_code == 500
    assert client.get("/api/server/ping").status_code == 200


def test_an_answer_may_come_while_the_client_still_sends(server: StandIn, client: Client) -> None:
    server.faults.answer(UPLOAD, 507, read_body=False)
    body = multipart(upload_parts(bytes(1_000_000)))
    with Wire(server) as wire:
        wire.upload_head(client.headers["x-api-key"], len(body))
        assert wire.answer()[0] == 507
        wire.send(body)
        wire.head("GET", "/api/server/ping")
        assert wire.answer()[0] == 200


def test_a_proxy_without_its_server_answers_html_until_it_is_back(server: StandIn, client: Client) -> None:
    fault = server.faults.server_error(status=502)
    response = client.get("/api/server/ping")
    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    fault.remove()
    assert client.get("/api/server/ping").status_code == 200


def test_a_server_error_can_last_a_time(server: StandIn, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    server.faults.server_error(status=503, for_seconds=60)
    assert client.get("/api/server/ping").status_code == 503
    later = time.monotonic() + 61
    monkeypatch.setattr("tests.fakes.immich.faults.time.monotonic", lambda: later)
    assert client.get("/api/server/ping").status_code == 200


def test_a_sign_in_page_answers_200_instead_of_json(server: StandIn, client: Client) -> None:
    server.faults.html("GET /api/server/ping")
    response = client.get("/api/server/ping")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert client.get("/api/server/ping").json() == {"res": "pong"}


def test_another_web_server_knows_nothing_of_immich(server: StandIn, client: Client) -> None:
    server.faults.not_immich()
    for path in ("/api/server/ping", "/.well-known/immich", "/"):
        response = client.get(path)
        assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("after", [0, 1, 1_000_000])
def test_a_cut_upload_is_not_stored(after: int, server: StandIn, client: Client) -> None:
    server.faults.cut(after=after)
    content = bytes(8_000_000)
    with pytest.raises(BROKEN):
        client.upload(content)
    assert server.assets == []
    assert client.upload(content).status_code == 201


def test_a_lost_answer_leaves_the_asset(server: StandIn, client: Client) -> None:
    server.faults.lose_answer()
    with pytest.raises(BROKEN):
        client.upload(PHOTO)
    assert [asset.checksum_hex for asset in server.assets] == [sha1(PHOTO)]
    assert client.upload(PHOTO).json()["status"] == "duplicate"


def test_an_answer_can_be_lost_in_the_middle(server: StandIn, client: Client) -> None:
    server.faults.lose_answer("GET /api/server/ping", after=5)
    with pytest.raises(BROKEN):
        client.get("/api/server/ping")
    with Wire(server) as wire:
        server.faults.lose_answer("GET /api/server/ping", after=5)
        wire.head("GET", "/api/server/ping")
        with pytest.raises(ConnectionError, match="inside an answer"):
            wire.answer()


def test_an_answer_can_be_late(server: StandIn, client: Client) -> None:
    server.faults.delay(0.5, "GET /api/server/ping", times=1)
    with pytest.raises(requests.ReadTimeout):
        client.get("/api/server/ping", timeout=0.1)
    assert client.get("/api/server/ping", timeout=5).status_code == 200


def test_an_answer_can_come_in_drops(server: StandIn, client: Client) -> None:
    server.faults.dribble(100, "GET /api/server/features", times=1)
    begun = time.monotonic()
    assert client.get("/api/server/features").json()["trash"] is True
    assert time.monotonic() - begun > 1


@pytest.mark.parametrize("after", [0, 5])
def test_an_answer_can_stop_before_its_end(after: int, server: StandIn, client: Client) -> None:
    stalled = server.faults.stall(UPLOAD, after=after)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.upload, PHOTO)
        server.wait_for(lambda: len(server.assets) == 1)
        assert not future.done()
        stalled.release()
        assert future.result(10).json()["status"] == "created"


def test_json_can_end_too_early(server: StandIn, client: Client) -> None:
    server.faults.bad_json("GET /api/server/ping")
    response = client.get("/api/server/ping")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_bodies_can_be_read_slowly(server: StandIn, client: Client) -> None:
    server.faults.throttle(4_000_000, UPLOAD)
    begun = time.monotonic()
    assert client.upload(bytes(1_000_000)).status_code == 201
    assert time.monotonic() - begun > 0.2


def test_requests_can_be_held_until_they_are_released(server: StandIn, client: Client) -> None:
    held = server.faults.hold(UPLOAD)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.upload, PHOTO)
        held.wait_hit()
        assert not future.done()
        assert server.assets == []
        held.release()
        assert future.result(10).status_code == 201


def test_a_hold_released_before_anybody_came_holds_nobody(server: StandIn, client: Client) -> None:
    server.faults.hold(UPLOAD).release()
    assert client.upload(PHOTO).status_code == 201


def test_what_is_held_does_not_keep_the_server_from_stopping(server: StandIn, client: Client) -> None:
    held = server.faults.hold()
    server.faults.delay(60)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.get, "/api/server/ping")
        held.wait_hit()
        server.stop()
        with pytest.raises(BROKEN):
            future.result(10)


def test_a_body_over_the_limit_is_too_large_for_the_proxy(server: StandIn, client: Client) -> None:
    server.faults.body_limit = 1000
    response = client.upload(bytes(5000))
    assert (response.status_code, response.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert client.upload(PHOTO).status_code == 201


def test_a_body_of_unknown_length_is_found_too_large_on_the_way(server: StandIn, client: Client) -> None:
    server.faults.body_limit = 1000
    body = multipart(upload_parts(bytes(500_000)))
    pieces = (body[place : place + 10_000] for place in range(0, len(body), 10_000))
    assert client.send_form(pieces).status_code == 413
    assert server.assets == []


def test_a_refusing_server_comes_back_on_the_same_port(server: StandIn, client: Client) -> None:
    client.get("/api/server/ping")
    server.refuse()
    with pytest.raises(BROKEN):
        client.get("/api/server/ping")
    with pytest.raises(ConnectionRefusedError):
        Wire(server)
    server.accept()
    assert client.get("/api/server/ping").status_code == 200


def test_a_restarted_server_still_has_its_assets(server: StandIn, client: Client) -> None:
    asset, url = client.new_asset(PHOTO), server.url
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        Wire(server)
    server.start()
    assert server.url == url
    assert client.get(f"/api/assets/{asset}").status_code == 200


def test_connections_can_be_dropped_under_the_client(server: StandIn) -> None:
    with Wire(server) as wire:
        wire.head("GET", "/api/server/ping")
        wire.answer()
        server.drop_connections()
        assert wire.closed()


def test_maintenance_comes_and_goes(server: StandIn, client: Client) -> None:
    server.faults.maintenance = True
    assert client.upload(PHOTO).json() == {"message": "Cannot POST /api/assets"}
    assert client.get("/api/server/config").json() == {"maintenanceMode": True}
    server.faults.clear()
    assert client.upload(PHOTO).status_code == 201


def together(count: int, work: Callable[[int], int]) -> list[int]:
    """Run work in so many threads that all start at once."""
    barrier = threading.Barrier(count)

    def run(number: int) -> int:
        barrier.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(run, range(count)))


def test_six_uploads_of_the_same_bytes_give_one_asset(server: StandIn) -> None:
    key = server.api_key()

    def upload(_: int) -> int:
        client = Client(server, key)
        response = client.upload(PHOTO)
        client.close()
        return response.status_code

    assert together(6, upload) == [200] * 5 + [201]
    assert len(server.assets) == 1


def test_uploads_at_the_same_time_are_counted(server: StandIn) -> None:
    key = server.api_key()
    body = multipart(upload_parts(PHOTO))
    with Wire(server) as one, Wire(server) as two:
        for wire in (one, two):
            wire.upload_head(key, len(body))
            wire.send(body[:-10])
        server.wait_for(lambda: server.counters.uploads_max == 2)
        for wire in (one, two):
            wire.send(body[-10:])
            wire.answer()
    assert server.counters.uploads_now == 0
