"""The websocket, with the client library that the product uses and with bare frames."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import socketio
from websockets.sync.client import connect

from tests.fakes.immich import StandIn, self_signed
from tests.fakes_check.client import QUIET, Client, jpeg

GREETING = ("on_server_version", ({"major": 3, "minor": 1, "patch": 0, "prerelease": None},))
Event = tuple[str, tuple[Any, ...]]


class Listener:
    """A client of the websocket that writes down what it hears."""

    def __init__(self, server: StandIn, headers: dict[str, str]) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self.socket = socketio.Client(reconnection=False, engineio_logger=QUIET)
        self.socket.on("*", lambda name, *values: self._hear((name, values)))
        self.socket.on("connect", lambda: self._hear(("<connect>", ())))
        self.socket.on("disconnect", lambda reason: self._hear(("<disconnect>", (reason,))))
        self.socket.connect(server.url, headers=headers, socketio_path="/api/socket.io", transports=["websocket"])

    def wait(self, name: str, count: int = 1) -> tuple[Any, ...]:
        """The values of an event, when it came so often."""
        with self._changed:
            found = self._changed.wait_for(lambda: self.names().count(name) >= count, 10)
            assert found, f"{name} not in {self.names()}"
            return [values for event, values in self.events if event == name][count - 1]

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def heard(self) -> list[str]:
        """The events after the greeting."""
        return [name for name in self.names() if name not in {"<connect>", "on_server_version"}]

    def _hear(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()


Listen = Callable[..., Listener]


def wire_url(server: StandIn) -> str:
    return server.url.replace("http", "ws") + "/api/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def listen(server: StandIn) -> Iterator[Listen]:
    opened: list[Listener] = []

    def make(headers: dict[str, str] | None = None) -> Listener:
        chosen = {"Authorization": f"Bearer {server.session()}"} if headers is None else headers
        opened.append(Listener(server, chosen))
        return opened[-1]

    yield make
    for one in opened:
        one.socket.disconnect()
    server.live.wait_open(0)


@pytest.mark.parametrize("kind", ["key", "session", "token header", "cookie"])
def test_good_credentials_are_greeted_with_the_version(kind: str, server: StandIn, listen: Listen) -> None:
    token = server.session()
    listener = listen(
        {
            "key": {"x-api-key": server.api_key()},
            "session": {"Authorization": f"Bearer {token}"},
            "token header": {"x-immich-user-token": token},
            "cookie": {"Cookie": f"immich_access_token={token}"},
        }[kind]
    )
    assert listener.wait("on_server_version") == GREETING[1]
    assert server.live.open == 1


@pytest.mark.parametrize("kind", ["nothing", "bad key", "key in the query", "restricted key", "stale session"])
def test_all_others_are_let_in_told_and_sent_away(kind: str, server: StandIn) -> None:
    headers = {
        "bad key": {"x-api-key": "bad"},
        "restricted key": {"x-api-key": server.api_key(["asset.upload", "asset.read"])},
        "stale session": {"Authorization": "Bearer stale"},
    }.get(kind, {})
    query = f"&apiKey={server.api_key()}" if kind == "key in the query" else ""
    # Read as bare frames: the client library drops a dismissal that comes before its `connect` has returned.
    with connect(f"{wire_url(server)}{query}", additional_headers=headers) as wire:
        wire.recv()
        wire.send("40")
        assert str(wire.recv(10)).startswith('40{"sid":')
        assert [wire.recv(10), wire.recv(10)] == ['42["error","unauthorized"]', "41"]
        assert (server.live.refused, server.live.open) == (1, 0)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_no_polling(method: str, client: Client) -> None:
    response = client.call(method, "/api/socket.io/?EIO=4&transport=polling")
    assert (response.status_code, response.json()) == (400, {"code": 0, "message": "Transport unknown"})


def test_the_frames_are_those_of_the_protocol(server: StandIn) -> None:
    with connect(wire_url(server), additional_headers={"x-api-key": server.api_key()}) as wire:
        opened = wire.recv()
        assert isinstance(opened, str)
        hello = json.loads(opened[1:])
        assert (opened[0], hello["upgrades"], hello["pingInterval"], hello["pingTimeout"]) == ("0", [], 25000, 20000)
        wire.send("40")
        assert str(wire.recv()).startswith('40{"sid":')
        greeting = '42["on_server_version",{"major":3,"minor":1,"patch":0,"prerelease":null}]'
        assert wire.recv() == greeting
    server.live.wait_open(0)
    assert server.live.handshakes[0]["user-agent"].startswith("Python")


def test_an_upload_is_told_when_it_can_be_looked_at(server: StandIn, client: Client, listen: Listen) -> None:
    listener = listen()
    listener.wait("on_server_version")
    asset = client.new_asset(jpeg("a"))
    [shown] = listener.wait("on_upload_success")
    [ready] = listener.wait("AssetUploadReadyV2")
    assert (shown["id"], set(ready), ready["asset"]["id"]) == (asset, {"asset", "exif"}, asset)
    assert shown == client.put(f"/api/assets/{asset}", {}).json() | {"updatedAt": shown["updatedAt"]}
    client.upload(jpeg("a"))  # a duplicate
    client.upload(b"no picture", "b.jpg")
    client.upload(b"\0\0\0\x18ftypqt", "c.mov", visibility="hidden")
    client.new_asset(jpeg("d"), visibility="archive")
    listener.wait("AssetUploadReadyV2", 2)
    assert listener.heard() == ["on_upload_success", "AssetUploadReadyV2"] * 2


def test_the_event_comes_when_the_server_has_looked_not_at_the_201() -> None:
    with StandIn(extraction_s=0.05) as server:
        listener = Listener(server, {"x-api-key": server.api_key()})
        client = Client(server)
        client.new_asset(jpeg("a"))
        assert server.assets[0].extracted is False
        listener.wait("on_upload_success")
        assert server.assets[0].extracted is True
        listener.socket.disconnect()
        client.close()


def test_trash_restore_and_deletion_are_told_as_recorded(client: Client, listen: Listen) -> None:
    ids = [client.new_asset(jpeg(name)) for name in "ab"]
    listener = listen()
    listener.wait("on_server_version")
    client.delete("/api/assets", {"ids": ids})
    assert listener.wait("on_asset_trash") == (ids,)
    client.post("/api/trash/restore/assets", {"ids": ids})
    assert listener.wait("on_asset_restore") == (ids,)
    client.delete("/api/assets", {"ids": ids})
    client.post("/api/trash/restore")  # of this nobody hears
    client.delete("/api/assets", {"ids": ids[:1], "force": True})
    assert listener.wait("on_asset_delete") == (ids[0],)
    client.delete("/api/assets", {"ids": ids[1:]})
    client.post("/api/trash/empty")
    assert listener.wait("on_asset_delete", 2) == (ids[1],)
    assert listener.heard().count("on_asset_restore") == 1


def test_which_changes_are_told(client: Client, listen: Listen) -> None:
    asset = client.new_asset(jpeg("a"))
    listener = listen()
    listener.wait("on_server_version")
    client.put(f"/api/assets/{asset}", {"isFavorite": True})  # of this nobody hears
    client.put("/api/assets", {"ids": [asset], "isFavorite": False})
    assert listener.wait("on_asset_update")[0]["id"] == asset
    client.put(f"/api/assets/{asset}", {"description": "at sea"})
    assert listener.wait("on_asset_update", 2)[0]["exifInfo"]["description"] == "at sea"


def test_albums_are_told_when_their_contents_change(client: Client, listen: Listen) -> None:
    asset = client.new_asset(jpeg("a"))
    listener = listen()
    listener.wait("on_server_version")
    album = client.post("/api/albums", {"albumName": "x"}).json()["id"]
    client.call("PATCH", f"/api/albums/{album}", json={"albumName": "y"})
    client.put(f"/api/albums/{album}/assets", {"ids": [asset]})
    assert listener.wait("on_album_update") == (album,)
    client.delete(f"/api/albums/{album}/assets", {"ids": [asset]})
    listener.wait("on_album_update", 2)
    client.delete(f"/api/albums/{album}")
    client.new_asset(jpeg("b"))
    listener.wait("on_upload_success")
    assert listener.heard()[:2] == ["on_album_update", "on_album_update"]
    assert listener.heard().count("on_album_update") == 2


def test_a_video_that_becomes_a_motion_part_is_hidden(client: Client, listen: Listen) -> None:
    video = client.new_asset(b"\0\0\0\x18ftypqt", "IMG_1.mov")
    listener = listen()
    listener.wait("on_server_version")
    client.new_asset(jpeg("a"), livePhotoVideoId=video)
    assert listener.wait("on_asset_hidden") == (video,)


def test_people_hear_of_their_own_things_only(server: StandIn, client: Client, listen: Listen) -> None:
    bea = server.add_user("bea@example.com", "password")
    hers = listen({"Authorization": f"Bearer {server.session(bea)}"})
    mine = listen()
    server.live.wait_open(2)
    client.new_asset(jpeg("a"))
    mine.wait("on_upload_success")
    server.live.emit("on_config_update")
    hers.wait("on_config_update")
    assert hers.heard() == ["on_config_update"]


def test_the_end_of_a_session_is_told_to_it_alone(server: StandIn, listen: Listen) -> None:
    server.live.session_notice_s = 0.0
    token = server.session()
    ended, other = listen({"Authorization": f"Bearer {token}"}), listen()
    server.live.wait_open(2)
    session = next(one for one in server.sessions if one.token == token)
    server.end_session(token)
    assert ended.wait("on_session_delete") == (session.id,)
    assert other.heard() == []


def test_a_restart_for_maintenance_is_announced_and_ends_the_connection(server: StandIn, listen: Listen) -> None:
    listener = listen()
    server.live.wait_open(1)
    server.start_maintenance()
    assert listener.wait("AppRestartV1") == ({"isMaintenanceMode": True},)
    listener.wait("<disconnect>")
    anybody = listen({})
    assert anybody.wait("MaintenanceStatusV1")[0]["active"] is True
    server.end_maintenance()
    anybody.wait("<disconnect>")
    assert listen().wait("on_server_version")


def test_an_administrator_can_start_maintenance_over_the_api(server: StandIn, listen: Listen) -> None:
    listener = listen()
    server.live.wait_open(1)
    admin = Client(server, bearer=server.session())
    assert admin.post("/api/admin/maintenance", {"action": "start"}).status_code == 201
    listener.wait("<disconnect>")
    assert admin.get("/api/users/me").status_code == 404
    assert admin.post("/api/admin/maintenance", {"action": "end"}).status_code == 201
    assert admin.get("/api/users/me").status_code == 200
    admin.close()


def test_events_can_be_held_disordered_doubled_and_lost(server: StandIn, client: Client, listen: Listen) -> None:
    listener = listen()
    server.live.wait_open(1)
    server.live.hold()
    for name in ("first", "second"):
        server.live.emit(name)
    server.live.release(reversed)
    listener.wait("first")
    assert listener.heard() == ["second", "first"]
    server.live.double()
    server.live.emit("third")
    listener.wait("third", 2)
    server.live.mute()
    server.live.emit("fourth")
    server.live.heal()
    server.live.emit("fifth")
    listener.wait("fifth")
    assert "fourth" not in listener.heard()


def test_connections_can_be_cut_or_sent_away(server: StandIn, listen: Listen) -> None:
    cut, kicked = listen(), None
    server.live.wait_open(1)
    server.live.cut()
    cut.wait("<disconnect>")
    server.live.wait_open(0)
    kicked = listen()
    server.live.wait_open(1)
    server.live.kick()
    assert kicked.wait("<disconnect>") == ("server disconnect",)


def test_a_server_that_stops_ends_the_connections_and_starts_without_them(server: StandIn, listen: Listen) -> None:
    listener = listen()
    server.live.wait_open(1)
    server.stop()
    listener.wait("<disconnect>")
    server.start()
    assert server.live.open == 0
    assert listen().wait("on_server_version")


def test_pings_are_sent_and_missed_answers_end_the_connection(server: StandIn) -> None:
    server.live.ping_interval_s, server.live.ping_timeout_s = 0.05, 0.1
    with connect(wire_url(server), additional_headers={"x-api-key": server.api_key()}) as wire:
        wire.send("40")
        frames = [str(wire.recv()) for _ in range(4)]
        assert frames[3] == "2"
        wire.send("3")
        assert wire.recv() == "2"
        begun = time.monotonic()
        with pytest.raises(Exception, match=r"(?i)close"):
            wire.recv()
        assert time.monotonic() - begun < 5


def test_a_proxy_may_refuse_the_upgrade(server: StandIn) -> None:
    server.faults.answer("GET /api/socket.io/", 502, b"<html>", content_type="text/html")
    with pytest.raises(socketio.exceptions.ConnectionError):
        Listener(server, {"x-api-key": server.api_key()})
    assert server.counters.statuses["GET /api/socket.io/", 502] == 1


def test_websockets_pass_through_tls() -> None:
    with StandIn(certificate=self_signed()) as server:
        assert server.url.startswith("https://")
        socket = socketio.Client(reconnection=False, ssl_verify=False, engineio_logger=QUIET)
        heard = threading.Event()
        socket.on("on_server_version", lambda _: heard.set())
        headers = {"x-api-key": server.api_key()}
        socket.connect(server.url, headers=headers, socketio_path="/api/socket.io", transports=["websocket"])
        assert heard.wait(10)
        socket.disconnect()
