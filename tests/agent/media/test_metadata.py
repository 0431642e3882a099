"""What is read from files: made ones of every format, and those of real cameras."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from agent.domain.metadata import Metadata
from agent.media.errors import Undecodable
from agent.media.metadata import read
from agent.media.plain import from_plain, to_plain
from tests import pictures
from tests.tiff_writer import ASCII, LONG, SHORT, UNDEFINED, Directory, Inside, pack

_TAKEN = "2024-05-01T10:00:00"
_CAMERA = "Safelight Test Camera 1"
_PHONE = "Apple iPhone 13 Pro Max"
_REAL = Path(__file__).parents[3].parent / "shared" / "samples"


def _read(path: Path) -> Metadata:
    return read(os.fsencode(path))


@pytest.mark.parametrize(
    ("make", "name", "expected"),
    [
        (pictures.jpeg, "a.jpg", Metadata(640, 480, None, "JPEG", _TAKEN, None, _CAMERA, 1)),
        (pictures.heic, "a.heic", Metadata(640, 480, None, "HEIC", _TAKEN, "+02:00", _PHONE)),
        (pictures.png, "a.png", Metadata(640, 480, None, "PNG")),
        (pictures.webp, "a.webp", Metadata(640, 480, None, "WEBP", _TAKEN, None, _CAMERA, 1)),
        (pictures.dng, "a.dng", Metadata(320, 240, None, "DNG", _TAKEN, None, _CAMERA, 1)),
        (pictures.mp4, "a.mp4", Metadata(320, 240, 1.0, "MP4", _TAKEN, "+00:00")),
        (pictures.mov, "a.mov", Metadata(320, 240, 1.0, "MOV", _TAKEN, "+02:00", _PHONE)),
    ],
)
def test_each_format_tells_what_it_knows(
    tmp_path: Path, make: Callable[[Path], Path], name: str, expected: Metadata
) -> None:
    assert _read(make(tmp_path / name)) == expected


def test_the_name_of_a_file_says_nothing_of_its_format(tmp_path: Path) -> None:
    assert _read(pictures.jpeg(tmp_path / "really.heic")).format == "JPEG"
    assert _read(pictures.heic(tmp_path / "really.mp4")).format == "HEIC"
    assert _read(pictures.mp4(tmp_path / "no extension")).format == "MP4"


@pytest.mark.parametrize("name", ["GIF", "BMP", "TIFF", "AVIF"])
def test_other_stills_tell_their_size(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    Image.new("RGB", (30, 20)).save(path, name)
    assert _read(path) == Metadata(30, 20, None, name)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_as_seen_follows_the_orientation(tmp_path: Path, orientation: int) -> None:
    found = _read(pictures.jpeg(tmp_path / "a.jpg", orientation=orientation, size=(64, 48)))
    assert (found.width, found.height, found.orientation) == (64, 48, orientation)
    assert found.displayed_size() == ((64, 48) if orientation < 5 else (48, 64))


def test_a_position_is_noticed_and_not_told(tmp_path: Path) -> None:
    found = _read(pictures.jpeg(tmp_path / "a.jpg", gps=(48.2, -11.5)))
    assert found.has_gps
    assert "48" not in repr(found).replace("480", "")


@pytest.mark.parametrize("still", ["heic", "jpeg"])
def test_the_two_halves_of_a_live_photo_share_their_identifier(tmp_path: Path, still: str) -> None:
    first, second = pictures.live_pair(tmp_path, "IMG_1", still=still)  # type: ignore[arg-type] # one of the two
    assert _read(first).content_identifier == _read(second).content_identifier == pictures.CONTENT_IDENTIFIER


def test_a_date_behind_the_pixels_of_a_png_is_found(tmp_path: Path) -> None:
    content = pictures.png(tmp_path / "a.png", size=(40, 30), taken=pictures.TAKEN).read_bytes()
    at = content.index(b"eXIf") - 4
    (length,) = struct.unpack_from(">I", content, at)
    chunk, rest = content[at : at + 12 + length], content[:at] + content[at + 12 + length :]
    path = tmp_path / "late.png"
    path.write_bytes(rest[:-12] + chunk + rest[-12:])
    assert _read(path).captured_at_text == _TAKEN


def test_a_video_of_many_gigabytes_is_read_in_a_moment(tmp_path: Path) -> None:
    path = pictures.sparse_video(tmp_path / "long.mp4", 20 << 30)
    assert path.stat().st_size == 20 << 30
    assert _read(path) == Metadata(160, 120, 0.2, "MP4", _TAKEN, "+00:00")


@pytest.mark.parametrize(
    ("matrix", "orientation"),
    [((0, 1, -1, 0), 6), ((-1, 0, 0, -1), 3), ((0, -1, 1, 0), 8), ((1, 0, 0, 1), None), ((5, 5, 5, 5), None)],
)
def test_a_video_taken_upright_says_so(
    tmp_path: Path, matrix: tuple[int, int, int, int], orientation: int | None
) -> None:
    path = pictures.mp4(tmp_path / "a.mp4")
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", content, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    assert _read(path).orientation == orientation


def _raw(**more: object) -> Directory:
    """The first directory of a RAW file: a small preview, the camera, the date."""
    exif: Directory = {
        0x9003: (ASCII, pictures.TAKEN),
        0x9291: (ASCII, "07"),
        0xA002: (LONG, 6000),
        0xA003: (LONG, 4000),
    }
    return {
        0x0100: (LONG, 160),
        0x0101: (LONG, 120),
        0x010F: (ASCII, "NIKON CORPORATION"),
        0x0110: (ASCII, "NIKON D850"),
        0x8769: Inside((exif,)),
        **more,  # type: ignore[dict-item] # tags
    }


def _sensor(width: int, height: int) -> Inside:
    return Inside(({0x0100: (LONG, 1632), 0x0101: (LONG, 1080)}, {0x0100: (LONG, width), 0x0101: (LONG, height)}))


def test_the_size_of_a_raw_file_is_that_of_its_largest_picture(tmp_path: Path) -> None:
    path = tmp_path / "DSC_1.NEF"
    path.write_bytes(pack({**_raw(), 0x014A: _sensor(8288, 5520)}))
    assert _read(path) == Metadata(8288, 5520, None, "NEF", f"{_TAKEN}.070", None, "NIKON D850")


def test_a_raw_file_without_other_sizes_is_as_large_as_exif_says(tmp_path: Path) -> None:
    first = _raw()
    del first[0x0100]
    path = tmp_path / "odd.arw"
    path.write_bytes(pack(first))
    assert _read(path).displayed_size() == (6000, 4000)


def test_a_raw_file_with_bytes_of_its_own_in_front_is_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "P1.ORF"
    path.write_bytes(b"IIRO" + pack(_raw())[4:])
    assert (_read(path).format, _read(path).captured_at_text) == ("ORF", f"{_TAKEN}.070")
    path = tmp_path / "P1.RW2"
    borders: Directory = {4: (SHORT, 8), 5: (SHORT, 16), 6: (SHORT, 3008), 7: (SHORT, 4016), 0x8769: _raw()[0x8769]}
    path.write_bytes(b"IIU\0" + pack(borders)[4:])
    assert (_read(path).format, _read(path).displayed_size()) == ("RW2", (4000, 3000))


def test_canons_boxes_are_opened(tmp_path: Path) -> None:
    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), kind) + content

    main: Directory = {0x010F: (ASCII, "Canon"), 0x0110: (ASCII, "Canon EOS R5"), 0x0112: (SHORT, 8)}
    exif: Directory = {0x9003: (ASCII, pictures.TAKEN), 0xA002: (LONG, 8192), 0xA003: (LONG, 5464)}
    parts = box(b"CMT1", pack(main)) + box(b"CMT2", pack(exif)) + box(b"CMT4", pack({0: (UNDEFINED, b"\2\3\0\0")}))
    uuid = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
    path = tmp_path / "a.cr3"
    path.write_bytes(box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", uuid + parts)))
    assert _read(path) == Metadata(8192, 5464, None, "CR3", _TAKEN, None, "Canon EOS R5", 8)


def test_fujifilms_jpeg_is_found_inside(tmp_path: Path) -> None:
    inner = pictures.jpeg(tmp_path / "inner.jpg").read_bytes()
    path = tmp_path / "DSCF1.RAF"
    path.write_bytes(b"FUJIFILMCCD-RAW 0201".ljust(84, b"\0") + struct.pack(">II", 148, len(inner)) + bytes(56) + inner)
    assert (_read(path).format, _read(path).captured_at_text) == ("RAF", _TAKEN)


def test_broken_exif_does_not_cost_the_size(tmp_path: Path) -> None:
    content = bytearray(pictures.jpeg(tmp_path / "a.jpg").read_bytes())
    at = content.index(b"II*\0")
    content[at : at + 200] = b"\xee" * 200
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    assert _read(path) == Metadata(640, 480, None, "JPEG")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello", "unknown_format"),
        (b"\xff\x0a\xff", "broken"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ", "broken"),
        (b"\xff\xd8\xff\xe0", "broken"),
        (b"II*\0\x08\0\0\0", "broken"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "broken"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "broken"),
    ],
)
def test_what_gives_nothing_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(Undecodable) as caught:
        _read(path)
    assert caught.value.reason == reason


def test_a_playlist_that_calls_itself_a_video_is_none(tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    pictures.mp4(secret)
    path = tmp_path / "holiday.mp4"
    for text in (f"#EXTM3U\n#EXTINF:1,\n{secret}\n", f"ffconcat version 1.0\nfile '{secret}'\n"):
        path.write_text(text)
        with pytest.raises(Undecodable):
            _read(path)


def test_sound_without_a_picture_is_no_video(tmp_path: Path) -> None:
    import av

    path = tmp_path / "song.mp4"
    with path.open("wb") as file, av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        frame.sample_rate = 44100
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(Undecodable):
        _read(path)


def test_metadata_travels_and_is_looked_at_on_arrival() -> None:
    whole = Metadata(4, 3, 1.5, "MOV", _TAKEN, "+02:00", _PHONE, 6, has_gps=True, content_identifier="x")
    assert from_plain(to_plain(whole)) == whole
    for change in ({"width": "4"}, {"width": True}, {"camera": 5}, {"format": "x" * 999}, {"more": 1}, {"has_gps": 1}):
        with pytest.raises(ValueError, match=r"bad|too long"):
            from_plain({**to_plain(whole), **change})
    with pytest.raises(ValueError, match="missing"):
        from_plain({"width": 4})


# --- Files of real cameras, beside the checkout ------------------------------------------------------------------


@pytest.mark.skipif(not _REAL.is_dir(), reason="the pictures of real cameras (../shared/samples) are not here")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "heic/iphone_13_pro_max.HEIC",
            Metadata(3024, 4032, None, "HEIC", "2022-02-16T12:55:41.762", "+01:00", _PHONE),
        ),
        ("heic/HMD_Nokia_8.3_5G.heif", Metadata(3456, 4608, None, "HEIC", "2022-02-03T14:44:07.722", has_gps=True)),
        (
            "jpeg/mobile/HMD_Nokia_8.3_5G.jpg",
            Metadata(
                4608, 1976, None, "JPEG", "2022-08-14T14:12:31", "+03:00", "HMD Global Nokia 8.3 5G", 1, has_gps=True
            ),
        ),
        (
            "jpeg/gps/DSCN0010.jpg",
            Metadata(640, 480, None, "JPEG", "2008-10-22T16:28:39", None, "NIKON COOLPIX P6000", 1, has_gps=True),
        ),
        ("jpeg/Canon_40D.jpg", Metadata(100, 68, None, "JPEG", "2008-05-30T15:56:01", None, "Canon EOS 40D", 1)),
        ("jpeg/orientation/portrait_6.jpg", Metadata(600, 450, None, "JPEG", None, None, None, 6)),
        ("jpeg/xmp/no_exif.jpg", Metadata(322, 466, None, "JPEG", "2013-09-23T10:09:46", "+02:00", None, 1)),
    ],
)
def test_real_cameras_are_understood(name: str, expected: Metadata) -> None:
    assert _read(_REAL / name) == expected


@pytest.mark.skipif(not _REAL.is_dir(), reason="the pictures of real cameras (../shared/samples) are not here")
def test_every_real_picture_tells_its_size_and_most_their_date() -> None:
    found = [_read(path) for path in sorted(_REAL.rglob("*")) if path.suffix.lower() in {".jpg", ".heic", ".heif"}]
    assert all(one.width > 0 and one.height > 0 for one in found)
    dated = [one for one in found if one.captured_at_text]
    assert len(dated) > 0.6 * len(found)
