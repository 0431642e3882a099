"""POST /api/assets, one row for each case that was tried on a real server."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import UNKNOWN_ID, WHEN, Client, Part, jpeg, multipart, sha1, upload_parts

PHOTO = jpeg("a photo")
XMP = b'<x:xmpmeta xmp:Rating="4"><dc:description><rdf:Alt><rdf:li>at sea</rdf:li></rdf:Alt></dc:description>'


@dataclass
class Row:
    """A body, and what has to come back: a message, or the fields that failed validation."""

    case: str
    parts: list[Part]
    status: int = 201
    message: str | None = None
    failed: list[list[Any]] = field(default_factory=list)


def with_fields(case: str, **fields: str) -> Row:
    return Row(case, upload_parts(PHOTO, fields=fields))


def bad_field(case: str, name: str, **fields: str) -> Row:
    return Row(case, upload_parts(PHOTO, fields=fields), 400, "Validation failed", [[name]])


def bad_file(case: str, message: str, parts: list[Part]) -> Row:
    return Row(case, parts, 400, message)


MODIFIED: Part = ("fileModifiedAt", None, WHEN.encode())
BOTH: list[Part] = [("fileCreatedAt", None, WHEN.encode()), MODIFIED]
ROWS = [
    with_fields("old clients send two more ids", deviceAssetId="dev-1", deviceId="desk"),
    with_fields("an offset is a zone too", fileCreatedAt="2024-05-06T07:08:09+02:00"),
    with_fields("favourite and archived", isFavorite="true", visibility="archive", duration="0"),
    with_fields("hidden", visibility="hidden"),
    with_fields("client metadata", metadata='[{"key": "mobile-app", "value": {"iCloudId": "abc"}}]'),
    with_fields("an unknown field is ignored", colour="blue"),
    Row("the file before the fields", [("assetData", "IMG_1.jpg", PHOTO), *BOTH]),
    Row("a file name in a field", upload_parts(PHOTO, "blob", {"filename": "Ünïcode näme.jpg"})),
    Row("a file name in UTF-8", upload_parts(PHOTO, "Käse 日本.jpg")),
    Row("half a JPEG", upload_parts(PHOTO[:10])),
    Row("text that calls itself a JPEG", upload_parts(b"this is text")),
    Row("a video", upload_parts(b"\0\0\0\x18ftypmp42", "clip.mp4")),
    Row("with a sidecar", [*upload_parts(PHOTO), ("sidecarData", "IMG_1.jpg.xmp", XMP)]),
    bad_file(
        "a sidecar of another type",
        "Unsupported file type x.txt",
        [*upload_parts(PHOTO), ("sidecarData", "x.txt", XMP)],
    ),
    bad_file(
        "a filename field before the sidecar",
        "Unsupported file type IMG_1.jpg",
        [("filename", None, b"IMG_1.jpg"), ("sidecarData", "IMG_1.xmp", XMP), *upload_parts(PHOTO)],
    ),
    bad_file("an unknown file field", "Unexpected field - bogus", [*upload_parts(PHOTO), ("bogus", "x.jpg", b"abc")]),
    bad_file("two files", "Unexpected field - assetData", [*upload_parts(PHOTO), ("assetData", "b.jpg", PHOTO)]),
    bad_file("a text file", "Unsupported file type note.txt", upload_parts(b"hello", "note.txt")),
    bad_file("no extension", "Unsupported file type noext", upload_parts(PHOTO, "noext")),
    bad_file("an empty file", "File is empty", upload_parts(b"", "empty.jpg")),
    bad_file("no file at all", "File is required", BOTH),
    bad_file("the file as a plain field", "File is required", [*BOTH, ("assetData", None, PHOTO)]),
    Row(
        "no creation date",
        [MODIFIED, ("assetData", "IMG_1.jpg", PHOTO)],
        400,
        "Validation failed",
        [["fileCreatedAt"]],
    ),
    Row("no dates", [("assetData", "a.jpg", PHOTO)], 400, "Validation failed", [["fileCreatedAt"], ["fileModifiedAt"]]),
    bad_field("a date in words", "fileCreatedAt", fileCreatedAt="yesterday"),
    bad_field("a date without zone", "fileCreatedAt", fileCreatedAt="2024-05-06T07:08:09"),
    bad_field("a date as a number", "fileCreatedAt", fileCreatedAt="1714979289123"),
    bad_field("a day that does not exist", "fileModifiedAt", fileModifiedAt="2023-02-29T00:00:00Z"),
    bad_field("a duration as a clock", "duration", duration="0:00:00.000000"),
    bad_field("a negative duration", "duration", duration="-1"),
    bad_field("a broken duration", "duration", duration="1.5"),
    bad_field("favourite as a number", "isFavorite", isFavorite="1"),
    bad_field("an unknown visibility", "visibility", visibility="secret"),
    bad_field("metadata that is no JSON", "metadata", metadata="{"),
    bad_field("a motion part that is no id", "livePhotoVideoId", livePhotoVideoId="abc"),
    bad_field("an empty motion part", "livePhotoVideoId", livePhotoVideoId=""),
    bad_file(
        "a motion part nobody has",
        "Live photo video not found",
        upload_parts(PHOTO, fields={"livePhotoVideoId": UNKNOWN_ID}),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_an_upload_is_answered_as_the_table_says(row: Row, client: Client) -> None:
    response = client.send_form(multipart(row.parts))
    answer = response.json()
    assert response.status_code == row.status, answer
    if row.status == 201:
        assert answer["status"] == "created"
        assert [asset.id for asset in client.server.assets] == [answer["id"]]
    else:
        assert answer["message"] == row.message
        assert [issue["path"] for issue in answer.get("errors", [])] == row.failed
        assert client.server.assets == []


def test_the_errors_of_a_bad_date_read_as_recorded(client: Client) -> None:
    missing = client.send_form(multipart([MODIFIED, ("assetData", "a.jpg", PHOTO)])).json()["errors"]
    assert missing == [
        {
            "expected": "string",
            "code": "invalid_type",
            "path": ["fileCreatedAt"],
            "message": "Invalid input: expected ISO 8601 datetime string, received undefined",
        }
    ]
    response = client.upload(PHOTO, fileCreatedAt="yesterday")
    assert response.headers["ETag"] == '"216-UONNvoUzDO9IOy+REcYqouq0KIc"'


def test_the_errors_of_a_bad_duration_and_a_bad_id_are_those_of_the_recording(client: Client) -> None:
    assert client.upload(PHOTO, duration="0:00:00.000000").headers["ETag"] == '"b4-TpmJtKFYQ5fVwiZNXVMlW+o37rY"'
    assert client.upload(PHOTO, livePhotoVideoId="abc").headers["ETag"] == '"102-+XzVXuG2GiusFG9XHV/u0ZLHuUA"'


def test_a_json_body_is_checked_as_if_it_were_a_form(client: Client) -> None:
    response = client.post("/api/assets", {"fileCreatedAt": WHEN})
    assert response.status_code == 400
    assert response.headers["ETag"] == '"c1-HX6f0QY6m3rpl9vDUe4GXHFzSLw"'


def test_the_same_bytes_again_are_a_duplicate(client: Client) -> None:
    first = client.new_asset(PHOTO, "one.jpg")
    again = client.upload(PHOTO, "two.jpg")
    assert (again.status_code, again.json()) == (200, {"status": "duplicate", "id": first})
    assert [asset.filename for asset in client.server.assets] == ["one.jpg"]


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_a_known_checksum_header_is_trusted_whatever_the_body_holds(form: str, client: Client) -> None:
    first = client.new_asset(PHOTO)
    asset = client.server.assets[0]
    known = asset.checksum_hex if form == "hex" else asset.checksum_base64
    response = client.upload(jpeg("something else"), checksum=known)
    assert (response.status_code, response.json()) == (200, {"status": "duplicate", "id": first})
    assert len(client.server.assets) == 1


@pytest.mark.parametrize("header", ["0" * 40, "zz", "z" * 28, "z" * 40])
def test_an_unknown_checksum_header_is_ignored_and_never_compared(header: str, client: Client) -> None:
    assert client.upload(PHOTO, checksum=header).status_code == 201
    assert client.server.assets[0].checksum_hex == sha1(PHOTO)


def test_a_duplicate_drops_its_sidecar(client: Client) -> None:
    first = client.new_asset(PHOTO)
    response = client.send_form(multipart([*upload_parts(PHOTO), ("sidecarData", "IMG_1.jpg.xmp", XMP)]))
    assert response.json() == {"status": "duplicate", "id": first}
    assert client.server.assets[0].sidecar is None


def test_a_sidecar_may_be_larger_than_a_field(client: Client) -> None:
    large = XMP + b" " * 2_000_000
    response = client.send_form(multipart([*upload_parts(PHOTO), ("sidecarData", "IMG_1.jpg.xmp", large)]))
    assert response.status_code == 201
    assert client.server.assets[0].sidecar == large


def test_description_and_rating_come_from_the_sidecar(client: Client) -> None:
    created = client.send_form(multipart([*upload_parts(PHOTO), ("sidecarData", "IMG_1.jpg.xmp", XMP)])).json()["id"]
    exif = client.get(f"/api/assets/{created}").json()["exifInfo"]
    assert (exif["description"], exif["rating"]) == ("at sea", 4)


def test_the_fields_of_an_upload_are_kept(client: Client) -> None:
    created = client.new_asset(
        PHOTO, "part.jpg", filename="Ünïcode näme.jpg", isFavorite="true", visibility="archive", metadata="[]"
    )
    shown = client.get(f"/api/assets/{created}").json()
    assert shown["originalFileName"] == "Ünïcode näme.jpg"
    assert (shown["isFavorite"], shown["visibility"], shown["isArchived"]) == (True, "archive", True)
    assert (shown["fileCreatedAt"], shown["fileModifiedAt"]) == (WHEN, WHEN)


def test_client_metadata_can_be_read_back(client: Client) -> None:
    created = client.new_asset(PHOTO, metadata='[{"key": "mobile-app", "value": {"iCloudId": "abc"}}]')
    [item] = client.get(f"/api/assets/{created}/metadata").json()
    assert (item["key"], item["value"]) == ("mobile-app", {"iCloudId": "abc"})


def test_a_hidden_video_becomes_the_motion_part_of_a_photo(client: Client) -> None:
    video = client.new_asset(b"\0\0\0\x18ftypqt", "IMG_1.mov", visibility="hidden")
    still = client.new_asset(PHOTO, livePhotoVideoId=video)
    assert client.get(f"/api/assets/{still}").json()["livePhotoVideoId"] == video


def test_a_visible_video_is_hidden_when_it_becomes_a_motion_part(client: Client) -> None:
    video = client.new_asset(b"\0\0\0\x18ftypqt", "IMG_1.mov")
    client.new_asset(PHOTO, livePhotoVideoId=video)
    assert client.get(f"/api/assets/{video}").json()["visibility"] == "hidden"


def test_an_image_cannot_be_a_motion_part(client: Client) -> None:
    image = client.new_asset(jpeg("another"))
    response = client.upload(PHOTO, livePhotoVideoId=image)
    assert (response.status_code, response.json()) == (400, {"message": "Live photo video must be a video"})


def test_somebody_elses_video_cannot_be_a_motion_part(server: StandIn, client: Client) -> None:
    other = Client(server, server.api_key(user=server.add_user("bea@example.com", "pw")))
    video = other.new_asset(b"\0\0\0\x18ftypqt", "IMG_1.mov")
    response = client.upload(PHOTO, livePhotoVideoId=video)
    assert response.json() == {"message": "Live photo video does not belong to the user"}
    other.close()


def test_a_form_without_its_closing_boundary_is_refused(client: Client) -> None:
    response = client.send_form(multipart(upload_parts(PHOTO), closing=False))
    assert (response.status_code, response.json()) == (400, {"message": "Multipart: Unexpected end of form"})
    assert client.check(sha1(PHOTO))[0]["action"] == "accept"


def test_a_body_in_chunks_without_a_length_is_taken(client: Client) -> None:
    body = multipart(upload_parts(PHOTO))
    pieces = (body[place : place + 7] for place in range(0, len(body), 7))
    assert client.send_form(pieces).status_code == 201
    assert client.server.assets[0].checksum_hex == sha1(PHOTO)


def test_assets_of_other_people_are_no_duplicates(server: StandIn, client: Client) -> None:
    client.new_asset(PHOTO)
    other = Client(server, server.api_key(user=server.add_user("bea@example.com", "pw")))
    assert other.check(sha1(PHOTO))[0]["action"] == "accept"
    assert other.upload(PHOTO, checksum=sha1(PHOTO)).status_code == 201
    other.close()
