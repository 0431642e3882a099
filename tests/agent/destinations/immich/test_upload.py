"""One photo on its way to the stand-in server, and the question what is there."""

import hashlib
import os
import select
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from agent.destinations.base import Item, Placed, Wanted
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.upload import CHECK_BATCH
from agent.domain.errors import Blocked, Fate, Interrupted, Rejected, Transient
from tests.agent.destinations.sources import FileSource, Photos
from tests.fakes.clock import FakeClock
from tests.fakes.immich import StandIn

UPLOAD = "POST /api/assets"
CHECK = "POST /api/assets/bulk-upload-check"
NEEDED = ("asset.upload", "asset.read", "user.read")


@pytest.fixture
def destination(server: StandIn):  # type: ignore[no-untyped-def]  # noqa: ANN201
    made = ImmichDestination(server.url, server.api_key(NEEDED), clock=FakeClock())
    yield made
    made.close()


def ignore(_bytes: int) -> None:
    pass


def put(destination: ImmichDestination, source: FileSource, **more: object) -> Placed:
    return destination.put(Item(source, **more), ignore)  # type: ignore[arg-type]


def delete(server: StandIn, remote_id: str, *, force: bool = False) -> None:
    gone = requests.delete(
        f"{server.url}/api/assets", json={"ids": [remote_id], "force": force}, headers={"x-api-key": server.api_key()}
    )
    assert gone.status_code == 204


# --- the form


def test_the_server_gets_name_dates_and_bytes_as_they_are(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    source = photos("Käse 日本.jpg", os.urandom(300_000))
    source.created_at = -1
    put(destination, source)
    (asset,) = server.assets
    assert (asset.filename, asset.checksum, asset.size) == ("Käse 日本.jpg", source.sha1, 300_000)
    assert asset.created == "1969-12-31T23:59:59.999Z"
    assert asset.modified == "2023-11-14T22:13:20.123Z"
    assert (asset.favorite, asset.visibility, asset.live_video) == (False, "timeline", None)


def test_the_request_says_its_length_its_digest_and_who_asks(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    source = photos(content=os.urandom(1_500_000))
    put(destination, source)
    (record,) = server.counters.of(UPLOAD)
    assert record.header("x-immich-checksum") == source.sha1.hex()
    assert int(record.header("content-length") or 0) == record.body_bytes > 1_500_000
    assert record.header("transfer-encoding") is None
    assert (record.header("user-agent") or "").startswith("Safelight/")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b'quote".jpg', 'quote".jpg'),
        (b"back\\slash.jpg", "back\\slash.jpg"),
        (b"new\nline.jpg", "new_line.jpg"),
        (b"latin-\xe4.JPG", "latin-_.JPG"),
        (b".jpg", "unnamed.jpg"),
        (b"x" * 251 + b".jpg", "x" * 251 + ".jpg"),
        (b"a;filename=b.jpg", "a;filename=b.jpg"),
    ],
)
@pytest.mark.parametrize("with_sidecar", [False, True])
def test_odd_names_arrive_whole_or_with_the_odd_sign_replaced(
    server: StandIn, destination: ImmichDestination, photos: Photos, name: bytes, expected: str, with_sidecar: bool
) -> None:
    sidecar = photos("a.xmp", b"<x/>") if with_sidecar else None
    put(destination, photos(name), sidecar=sidecar)
    assert [asset.filename for asset in server.assets] == [expected]


@pytest.mark.parametrize("at", [-(10**15), -1, 0, 10**15])
def test_any_date_is_one_that_the_server_takes(
    server: StandIn, destination: ImmichDestination, photos: Photos, at: int
) -> None:
    source = photos()
    source.created_at = source.modified_at = at
    assert put(destination, source).created


@pytest.mark.parametrize("name", ["IMG_1.JPG.xmp", "IMG_1.XMP", 'ünï"c.xmp'])
def test_a_sidecar_travels_with_a_new_photo_only(
    server: StandIn, destination: ImmichDestination, photos: Photos, name: str
) -> None:
    source, sidecar = photos("IMG_1.JPG"), photos(name, b"<xmp/>")
    assert put(destination, source, sidecar=sidecar).sidecar_taken
    assert server.assets[0].sidecar == b"<xmp/>"
    assert server.assets[0].filename == "IMG_1.JPG"
    again = put(destination, source, sidecar=sidecar)
    assert (again.created, again.sidecar_taken) == (False, False)


def test_a_sidecar_that_is_gone_does_not_keep_its_photo_back(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    sidecar = photos("IMG_1.xmp")
    os.unlink(sidecar.path)
    placed = put(destination, photos("IMG_1.JPG"), sidecar=sidecar)
    assert (placed.created, placed.sidecar_taken) == (True, False)
    assert server.assets[0].sidecar is None


def test_the_moving_half_is_hidden_and_linked(server: StandIn, destination: ImmichDestination, photos: Photos) -> None:
    video = put(destination, photos("IMG_1.MOV"), is_live_video=True)
    still = put(destination, photos("IMG_1.HEIC"), live_video_id=video.remote_id)
    found = {asset.id: asset for asset in server.assets}
    assert found[video.remote_id].visibility == "hidden"
    assert found[still.remote_id].live_video == video.remote_id


def test_an_older_server_finds_the_device_ids_that_it_needs(photos: Photos) -> None:
    from agent.destinations.immich.form import Form

    source = photos()
    body = b"".join(Form(Item(source), "mark").pieces())
    assert b'name="deviceAssetId"\r\n\r\n' + source.sha1.hex().encode() in body
    assert b'name="deviceId"\r\n\r\nSafelight\r\n' in body
    assert b'name="duration"' not in body
    assert b'name="livePhotoVideoId"' not in body
    assert len(Form(Item(source), "mark")) == len(body)


# --- duplicates


def test_a_duplicate_says_whether_it_lies_in_the_trash(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    source = photos()
    first = put(destination, source)
    delete(server, first.remote_id)
    assert put(destination, source) == Placed(first.remote_id, created=False, in_trash=True)
    assert destination.check([Wanted(source.sha1, 1)])[source.sha1].in_trash


def test_a_duplicate_that_is_about_to_vanish_is_no_copy(photos: Photos) -> None:
    with StandIn(dying_window=None) as server:
        destination = ImmichDestination(server.url, server.api_key(), clock=FakeClock())
        source = photos()
        first = put(destination, source)
        delete(server, first.remote_id, force=True)
        assert put(destination, source).in_trash
        held = server.faults.hold(CHECK)
        with ThreadPoolExecutor(1) as threads:
            later = threads.submit(put, destination, source)
            held.wait_hit()
            server.run_delete_job()
            held.release()
            with pytest.raises(Transient, match="copy_vanished"):
                later.result(10)
        assert put(destination, source).created
        destination.close()


def test_a_known_content_is_answered_before_its_bytes_are_sent(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    source = photos(content=bytes(60_000_000))
    put(destination, source)
    server.counters.clear()
    assert not put(destination, source).created
    assert server.counters.of(UPLOAD)[0].body_bytes < 60_000_000
    assert source.times_read == 2


# --- trouble

REFUSALS: list[tuple[int, object, type[Fate], str]] = [
    (400, {"message": "Quota has been exceeded!"}, Blocked, "quota_exceeded"),
    (400, {"message": "Unsupported file type note.txt"}, Rejected, "unsupported_by_server"),
    (400, {"message": "File is empty"}, Rejected, "empty"),
    (400, {"message": "Live photo video not found"}, Rejected, "live_video_missing"),
    (400, {"message": "Multipart: Unexpected end of form"}, Transient, "connection_lost"),
    (
        400,
        {"message": ["a should not be empty", "b"], "error": "Bad Request", "statusCode": 400},
        Rejected,
        "refused_by_server",
    ),
    (401, {"message": "Invalid API key"}, Blocked, "signed_out"),
    (401, b"<html>portal</html>", Blocked, "not_immich"),
    (403, {"message": "Missing required permission: asset.upload"}, Blocked, "permission_missing"),
    (403, b"<html>firewall</html>", Blocked, "not_immich"),
    (404, b"404 page not found", Blocked, "not_immich"),
    (413, b"<html>nginx</html>", Rejected, "too_large_for_server"),
    (429, {"message": "slow"}, Transient, "server_unavailable"),
    (302, b"", Blocked, "redirected"),
    (500, {"message": "Internal server error"}, Transient, "server_error"),
    (502, b"<html>", Transient, "server_unavailable"),
    (503, b"<html>", Transient, "server_unavailable"),
    (504, b"<html>", Transient, "server_unavailable"),
    (200, b"<html>captive portal</html>", Blocked, "not_immich"),
    (200, {"hello": "world"}, Blocked, "not_immich"),
]


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize(("status", "body", "fate", "code"), REFUSALS)
def test_each_refusal_has_its_fate(
    server: StandIn,
    destination: ImmichDestination,
    photos: Photos,
    status: int,
    body: object,
    fate: type[Fate],
    code: str,
    early: bool,
) -> None:
    server.faults.answer(UPLOAD, status, body, read_body=not early)
    source = photos(content=os.urandom(3_000_000))
    with pytest.raises(Fate) as caught:
        put(destination, source)
    assert (type(caught.value), caught.value.code) == (fate, code)
    assert put(destination, source).created, "the next try is not spoiled by the last"


def test_what_a_fate_tells(server: StandIn, destination: ImmichDestination, photos: Photos) -> None:
    server.faults.answer(UPLOAD, 403, {"message": "Missing required permission: asset.upload"})
    server.faults.answer(CHECK, 503, b"", headers={"Retry-After": "120"})
    with pytest.raises(Blocked) as blocked:
        put(destination, photos())
    assert blocked.value.args_["permission"] == "asset.upload"
    with pytest.raises(Transient) as busy:
        destination.check([Wanted(b"x" * 20, 1)])
    assert busy.value.retry_after_s == 120
    source = photos()
    server.faults.answer(UPLOAD, 413, b"")
    with pytest.raises(Rejected) as large:
        put(destination, source)
    assert large.value.args_["size_bytes"] == source.size_bytes


def test_a_file_without_a_known_extension_is_the_servers_to_refuse(
    destination: ImmichDestination, photos: Photos
) -> None:
    with pytest.raises(Rejected, match=r"unsupported_by_server.*note\.txt"):
        put(destination, photos("note.txt"))


def test_a_full_quota_blocks_but_what_is_known_is_still_found(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    known, new = photos(), photos()
    put(destination, known)
    server.set_quota(1)
    with pytest.raises(Blocked, match="quota_exceeded"):
        put(destination, new)
    assert not put(destination, known).created


def test_maintenance_is_told_from_a_wrong_address(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    server.faults.maintenance = True
    for question in (
        lambda: put(destination, photos()),
        lambda: destination.check([Wanted(b"x" * 20, 1)]),
        destination.probe,
    ):
        with pytest.raises(Blocked, match="maintenance"):
            question()
    server.faults.maintenance = False
    server.faults.not_immich()
    for question in (lambda: put(destination, photos()), destination.probe):
        with pytest.raises(Blocked, match="not_immich"):
            question()


def test_a_proxy_limit_rejects_the_one_file(server: StandIn, destination: ImmichDestination, photos: Photos) -> None:
    server.faults.body_limit = 1_000_000
    with pytest.raises(Rejected, match="too_large_for_server"):
        put(destination, photos(content=os.urandom(30_000_000)))
    assert put(destination, photos()).created


@pytest.mark.parametrize("after", [0, 1, 500_000])
def test_a_connection_cut_by_the_server_passes(
    server: StandIn, destination: ImmichDestination, photos: Photos, after: int
) -> None:
    destination.probe()
    server.faults.cut(after=after, times=2)  # one for the line that rested, one for the new one
    source = photos(content=os.urandom(2_000_000))
    with pytest.raises(Transient, match="connection_lost"):
        put(destination, source)
    server.faults.clear()
    assert put(destination, source).created
    assert len(server.assets) == 1


@pytest.mark.parametrize("after", [0, 5])
def test_a_lost_answer_makes_no_second_copy(
    server: StandIn, destination: ImmichDestination, photos: Photos, after: int
) -> None:
    source = photos()
    server.faults.lose_answer(after=after)
    with pytest.raises(Transient, match="connection_lost"):
        put(destination, source)
    assert not put(destination, source).created
    assert len(server.assets) == 1


def test_a_server_that_restarts_is_away_and_back(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    put(destination, photos())
    server.stop()
    with pytest.raises(Blocked, match="server_unreachable"):
        put(destination, photos())
    server.start()
    assert put(destination, photos()).created


def test_closing_ends_a_put_that_the_server_holds(
    server: StandIn, destination: ImmichDestination, photos: Photos
) -> None:
    held = server.faults.hold(UPLOAD)
    with ThreadPoolExecutor(3) as threads:
        puts = [threads.submit(put, destination, photos()) for _ in range(3)]
        held.wait_hit(3)
        destination.close()
        for one in puts:
            with pytest.raises(Interrupted):
                one.result(10)
    held.release()
    server.faults.clear()
    assert put(destination, photos()).created


def test_idle_connections_are_not_used_when_the_server_has_dropped_them(photos: Photos) -> None:
    with StandIn(keep_alive=0.05) as server:
        destination = ImmichDestination(server.url, server.api_key(), clock=FakeClock())
        put(destination, photos())
        (line,) = destination._server._ways._last.lines._resting
        assert select.select([line._socket], [], [], 10)[0], "the server hangs up"
        assert put(destination, photos()).created
        assert server.counters.connections == 2
        destination.close()


# --- check


def test_a_check_asks_in_batches_by_digest_and_with_numbers_for_names(
    server: StandIn, destination: ImmichDestination
) -> None:
    wanted = [
        Wanted(hashlib.sha1(b"%d" % number).digest(), 1, "/home/ada/secret.jpg") for number in range(CHECK_BATCH + 1)
    ]
    assert destination.check(wanted) == {}
    assert server.counters.requests[CHECK] == 2
    assert destination.check([]) == {}
    assert server.counters.requests[CHECK] == 2


def test_a_check_asks_once_for_equal_contents(server: StandIn, destination: ImmichDestination, photos: Photos) -> None:
    source = photos()
    placed = put(destination, source)
    found = destination.check([Wanted(source.sha1, source.size_bytes)] * 3)
    assert {digest: one.remote_id for digest, one in found.items()} == {source.sha1: placed.remote_id}


@pytest.mark.parametrize("body", [{"results": []}, {"results": None}, [], {"results": [1]}])
def test_an_answer_that_does_not_fit_the_question_is_not_immichs(
    server: StandIn, destination: ImmichDestination, body: object
) -> None:
    server.faults.answer(CHECK, 200, body)
    with pytest.raises(Blocked, match="not_immich"):
        destination.check([Wanted(b"x" * 20, 1)])


def test_several_lanes_share_one_destination(server: StandIn, destination: ImmichDestination, photos: Photos) -> None:
    sources = [photos(content=os.urandom(100_000)) for _ in range(32)]
    server.faults.delay(0.01, UPLOAD)
    gate = threading.Barrier(4)

    def lane(number: int) -> None:
        gate.wait(10)
        for source in sources[number::4]:
            put(destination, source)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lane, range(4)))
    assert {asset.checksum for asset in server.assets} == {source.sha1 for source in sources}
    assert server.counters.connections <= 4
    assert server.counters.uploads_max >= 2
