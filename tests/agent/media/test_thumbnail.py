"""Small pictures of every format, upright and in sRGB, from the cheapest part of the file; and files that do harm."""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo

from agent.domain.media_types import ROLES
from agent.media import desktop, thumbnail
from agent.media.errors import REASONS, Undecodable
from agent.media.jpeg import first_scans
from agent.media.made import Made
from tests import pictures
from tests.camera_tags import exif
from tests.jxl_files import save_jxl

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def _corners(width: int = 800, height: int = 600) -> Image.Image:
    """Red above left, green above right, blue below left, white below right."""
    picture = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 2, height // 2), RED)
    draw.rectangle((width // 2, 0, width, height // 2), GREEN)
    draw.rectangle((0, height // 2, width // 2, height), BLUE)
    return picture


def _make(path: Path, *sizes: int, shared: Path | None = None) -> Made:
    return thumbnail.make(os.fsencode(path), sizes or (300,), shared=os.fsencode(shared) if shared else None)


def _shown(made: Made, at: int = 0) -> Image.Image:
    assert made.trouble is None
    picture = made.pictures[at]
    image = Image.open(BytesIO(picture.data))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (picture.width, picture.height))
    assert "icc_profile" not in image.info
    assert "exif" not in image.info
    return image


def _near(seen: object, wanted: tuple[int, int, int], by: int = 40) -> bool:
    assert isinstance(seen, tuple)
    return all(abs(one - other) <= by for one, other in zip(seen, wanted, strict=True))


def _is_upright(image: Image.Image) -> bool:
    w, h = image.size
    places = (((0.2, 0.2), RED), ((0.8, 0.2), GREEN), ((0.2, 0.8), BLUE), ((0.8, 0.8), WHITE))
    return all(_near(image.getpixel((int(w * x), int(h * y))), colour) for (x, y), colour in places)


CORPUS: dict[str, tuple[Callable[[Path], object], tuple[int, int]]] = {
    "a.jpg": (lambda p: pictures.jpeg(p, picture=_corners()), (300, 225)),
    "large.jpg": (lambda p: pictures.jpeg(p, picture=_corners(3000, 2000)), (300, 200)),
    "tall.jpg": (lambda p: pictures.jpeg(p, picture=_corners(900, 1200)), (225, 300)),
    "narrow.jpg": (lambda p: pictures.jpeg(p, picture=_corners(2400, 104)), (300, 13)),
    "small.jpg": (lambda p: pictures.jpeg(p, picture=_corners(80, 60)), (80, 60)),
    "progressive.jpg": (lambda p: pictures.jpeg(p, picture=_corners(3200, 2400), progressive=True), (300, 225)),
    "progressive-small.jpg": (lambda p: pictures.jpeg(p, picture=_corners(700, 500), progressive=True), (300, 214)),
    "a.heic": (lambda p: pictures.heic(p, picture=_corners(1600, 1200)), (300, 225)),
    "plain.heic": (lambda p: pictures.heic(p, picture=_corners(310, 200)), (300, 194)),
    "a.avif": (lambda p: _corners().save(p), (300, 225)),
    "a.png": (lambda p: pictures.png(p, picture=_corners()), (300, 225)),
    "a.webp": (lambda p: pictures.webp(p, picture=_corners()), (300, 225)),
    "a.gif": (lambda p: _corners().save(p), (300, 225)),
    "a.bmp": (lambda p: _corners().save(p), (300, 225)),
    "a.tif": (lambda p: _corners().save(p), (300, 225)),
    "a.jxl": (lambda p: save_jxl(p, _corners(1600, 1200)), (300, 225)),
    "a.jp2": (lambda p: _corners(2000, 1500).save(p), (300, 225)),
    "grey.png": (lambda p: _corners().convert("L").save(p), (300, 225)),
    "palette.png": (lambda p: _corners().quantize(64).save(p), (300, 225)),
    "bits.png": (lambda p: _corners().convert("1").save(p), (300, 225)),
    "a.dng": (lambda p: pictures.dng(p, picture=_corners(1600, 1200)), (300, 225)),
    "small.dng": (lambda p: pictures.dng(p, picture=_corners(400, 300)), (200, 150)),
    "a.mp4": (lambda p: pictures.mp4(p, size=(640, 480), picture=_corners(640, 480)), (300, 225)),
    "a.mov": (lambda p: pictures.mov(p, size=(640, 480), picture=_corners(640, 480)), (300, 225)),
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_picture_of_every_format_fits_into_the_bound(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    build, expected = CORPUS[name]
    build(path)
    made = _make(path)
    image = _shown(made)
    assert image.size == expected
    if not name.startswith(("grey", "bits", "narrow")):
        assert _is_upright(image)
    assert made.thumbhash is not None
    assert 10 < len(made.thumbhash) < 30
    assert (made.size_bytes, made.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)


def test_the_digest_comes_along_where_all_was_read_anyway(tmp_path: Path) -> None:
    for name in ("a.jpg", "progressive.jpg", "a.heic", "a.png", "a.webp", "a.jxl", "a.dng", "a.mp4"):
        path = tmp_path / name
        CORPUS[name][0](path)
        expected = None if path.suffix in {".dng", ".mp4"} else hashlib.sha1(path.read_bytes()).digest()
        assert _make(path).sha1 == expected, name
        assert thumbnail.make(os.fsencode(path), [300], digest=False).sha1 is None


def test_several_sizes_come_from_one_look(tmp_path: Path) -> None:
    path = pictures.jpeg(tmp_path / "a.jpg", picture=_corners(2000, 1500))
    made = _make(path, 300, 1024, 64)
    assert [(one.bound_px, one.width, one.height) for one in made.pictures] == [
        (300, 300, 225),
        (1024, 1024, 768),
        (64, 64, 48),
    ]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what undoes EXIF's turns, in Pillow's numbers
    lying = _corners(1200, 800)
    if orientation > 1:
        lying = lying.transpose(Image.Transpose(turns[orientation]))
    path = pictures.jpeg(tmp_path / "a.jpg", picture=lying, orientation=orientation)
    image = _shown(_make(path))
    assert image.size == (300, 200)
    assert _is_upright(image)
    assert _is_upright(_shown(thumbnail.first(os.fsencode(path))))


def test_raw_previews_are_turned_as_the_raw_file_says(tmp_path: Path) -> None:
    lying = _corners(1200, 800).transpose(Image.Transpose.ROTATE_90)
    made = _make(pictures.dng(tmp_path / "a.dng", picture=lying, orientation=6))
    assert made.source == "embedded"
    assert _is_upright(_shown(made))


def test_a_wide_gamut_is_brought_into_srgb(tmp_path: Path) -> None:
    # a profile with red and green exchanged: what is stored as green is meant as red
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * struct.unpack_from(">I", profile, 128)[0], 12):
        if bytes(profile[at : at + 4]) in {b"rXYZ", b"gXYZ"}:
            profile[at : at + 1] = b"g" if profile[at : at + 1] == b"r" else b"r"
    text = profile.find("sRGB".encode("utf-16-be"))
    profile[text : text + 8] = "Odd!".encode("utf-16-be")
    path = tmp_path / "odd.jpg"
    Image.new("RGB", (600, 400), (0, 255, 0)).save(path, quality=95, icc_profile=bytes(profile))
    assert _near(_shown(_make(path)).getpixel((100, 100)), RED)
    path.write_bytes(path.read_bytes().replace(b"acsp", b"xxxx"))  # a broken profile is passed over
    assert _near(_shown(_make(path)).getpixel((100, 100)), (0, 255, 0))


def test_cmyk_and_sixteen_bits_become_ordinary_colours(tmp_path: Path) -> None:
    ink, deep, floating = tmp_path / "ink.jpg", tmp_path / "deep.png", tmp_path / "deep.tif"
    _corners().convert("CMYK").save(ink, quality=90)
    assert _is_upright(_shown(_make(ink)))
    grey = Image.new("I;16", (400, 400), 32_768)
    grey.save(deep)
    assert _near(_shown(_make(deep)).getpixel((5, 5)), (128, 128, 128), 3)
    Image.new("F", (400, 400), 65_535.0).save(floating)
    assert _near(_shown(_make(floating)).getpixel((5, 5)), (255, 255, 255), 3)


def test_what_can_be_seen_through_shows_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 200, 400))
    for name in ("a.png", "a.webp"):
        clear.save(tmp_path / name, lossless=True)
        image = _shown(_make(tmp_path / name))
        assert _near(image.getpixel((50, 50)), BLUE, 6)
        assert _near(image.getpixel((250, 50)), WHITE, 6)
    palette = Image.new("P", (400, 400), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.paste(0, (200, 0, 400, 400))
    palette.save(tmp_path / "p.gif", transparency=0)
    assert _near(_shown(_make(tmp_path / "p.gif")).getpixel((250, 50)), WHITE, 6)


def test_animated_pictures_show_their_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (400, 300), colour) for colour in (RED, BLUE, BLUE)]
    for name in ("a.gif", "a.webp", "a.png"):
        path = tmp_path / name
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
        assert _near(_shown(_make(path)).getpixel((10, 10)), RED), name


def test_a_camera_preview_that_suffices_is_used_and_the_rest_not_read(tmp_path: Path) -> None:
    path = pictures.jpeg(tmp_path / "a.jpg", picture=_corners(1600, 1200))
    tiny = _make(path, 150)
    assert (tiny.source, tiny.sha1) == ("embedded", None)
    assert _is_upright(_shown(tiny))
    assert _make(path, 161).source == "decoded"


def test_a_monitor_picture_behind_a_jpeg_is_used(tmp_path: Path) -> None:
    screen = BytesIO()
    _corners(960, 720).save(screen, "JPEG")
    path = pictures.jpeg(tmp_path / "a.jpg", picture=Image.new("RGB", (4000, 3000)))
    main = path.read_bytes()
    entry_bytes = 4 + 2 + 8 + 12 + 4 + 32
    at = len(main) + entry_bytes - 4 - 2 - 2  # offsets count from the byte order of the part
    origin = 2 + 2 + 2 + 4
    entries = struct.pack("<IIIHH", 0x030000, len(main), 0, 0, 0) + struct.pack(
        "<IIIHH", 0x010002, len(screen.getvalue()), at + 12 - origin, 0, 0
    )
    directory = b"II*\0" + struct.pack("<IHHHII", 8, 1, 0xB002, 7, len(entries), 26) + struct.pack("<I", 0) + entries
    part = b"\xff\xe2" + struct.pack(">H", len(directory) + 6) + b"MPF\0" + directory
    whole = main[:2] + part + main[2:]
    shift = len(whole) - origin
    whole = whole.replace(struct.pack("<I", at + 12 - origin), struct.pack("<I", shift), 1)
    path.write_bytes(whole + screen.getvalue())
    made = _make(path)
    assert made.source == "embedded"
    assert _is_upright(_shown(made))


def test_a_progressive_picture_is_decoded_from_its_first_scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pictures.jpeg(tmp_path / "a.jpg", picture=pictures.scene((2400, 1800), 1), progressive=True, quality=90)
    read: list[int] = []
    real = first_scans

    def cut(data: bytes, scale: int) -> bytes:
        found = real(data, scale)
        read.append(len(found))
        return found

    monkeypatch.setattr(thumbnail, "first_scans", cut)
    small = _shown(_make(path))
    assert min(read) < path.stat().st_size / 3
    with Image.open(path) as whole:
        expected = whole.resize(small.size, Image.Resampling.BOX)
    difference = [abs(a - b) for a, b in zip(small.tobytes(), expected.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 4


def test_a_first_picture_is_what_the_camera_put_into_the_file(tmp_path: Path) -> None:
    path = pictures.jpeg(tmp_path / "a.jpg", picture=_corners(1600, 1200))
    made = thumbnail.first(os.fsencode(path))
    assert (made.metadata.width, made.metadata.height) == (1600, 1200)
    assert _shown(made).size == (160, 120)
    bars, small = tmp_path / "bars.jpg", BytesIO()
    boxed = Image.new("RGB", (160, 120))
    boxed.paste(_corners(160, 107), (0, 6))
    boxed.save(small, "JPEG")
    _corners(1500, 1000).save(bars, exif=b"Exif\0\0" + exif(thumbnail=small.getvalue()))
    assert _shown(thumbnail.first(os.fsencode(bars))).size in {(160, 107), (160, 106)}
    for name in ("a.png", "a.heic", "a.mp4", "a.dng"):
        CORPUS[name][0](tmp_path / name)
        assert thumbnail.first(os.fsencode(tmp_path / name)).pictures == ()


def test_a_video_shows_a_frame_that_is_not_dark(tmp_path: Path) -> None:
    import av

    path = tmp_path / "dark.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"g": "10", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(60):
            view = Image.new("RGB", (320, 240)) if number < 20 else _corners(320, 240)
            frame = av.VideoFrame.from_image(view)  # type: ignore[no-untyped-call]
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert _is_upright(_shown(_make(path)))


def test_a_video_on_its_side_is_turned(tmp_path: Path) -> None:
    path = pictures.mov(
        tmp_path / "a.mov", size=(640, 480), picture=_corners(480, 640).transpose(Image.Transpose.ROTATE_90)
    )
    content = bytearray(path.read_bytes())
    at = content.find(b"tkhd") + 4 + 40
    struct.pack_into(">9i", content, at, 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    made = _make(path)
    assert made.metadata.orientation == 6
    assert _shown(made).size == (225, 300)
    assert _is_upright(_shown(made))


# --- The desktop's own thumbnails ----------------------------------------------------------------------------------


def _keep(folder: Path, path: Path, size: str, side: int, **tags: str) -> None:
    place = folder / size
    place.mkdir(parents=True, exist_ok=True)
    address = desktop.address(os.fsencode(path))
    info = PngInfo()
    for key, value in {
        "Thumb::URI": address,
        "Thumb::MTime": str(int(path.stat().st_mtime)),
        **{f"Thumb::{name}": value for name, value in tags.items()},
    }.items():
        info.add_text(key, value)
    name = hashlib.md5(address.encode()).hexdigest()
    _corners(side, side * 3 // 4).save(place / f"{name}.png", pnginfo=info)


def test_a_valid_thumbnail_of_the_desktop_is_used(tmp_path: Path) -> None:
    shared = tmp_path / "thumbnails"
    path = pictures.jpeg(tmp_path / "some (odd) näme #1.jpg", picture=Image.new("RGB", (2000, 1500)))
    _keep(shared, path, "x-large", 512)
    made = _make(path, shared=shared)
    assert (made.source, made.sha1) == ("shared", None)
    assert (made.metadata.width, _shown(made).size) == (2000, (300, 225))
    assert _is_upright(_shown(made))


def test_a_thumbnail_of_another_version_or_too_small_or_broken_is_not(tmp_path: Path) -> None:
    shared = tmp_path / "thumbnails"
    path = pictures.jpeg(tmp_path / "a.jpg", picture=Image.new("RGB", (2000, 1500)))
    _keep(shared, path, "large", 256)  # smaller than what is wanted
    _keep(shared, path, "x-large", 512, MTime="12345")
    _keep(shared, path, "xx-large", 1024, URI="file:///elsewhere.jpg")
    assert _make(path, shared=shared).source == "decoded"
    for broken in (shared / "x-large").iterdir():
        broken.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    assert _make(path, shared=shared).source == "decoded"
    assert _make(path, shared=tmp_path / "nowhere").source == "decoded"


def test_addresses_are_written_as_the_desktop_does() -> None:
    assert desktop.address("/a b/ü#%?;[1].jpg".encode()) == "file:///a%20b/%C3%BC%23%25%3F%3B%5B1%5D.jpg"
    assert desktop.address(b"/it's!$&()*+,-.:=@_~.jpg") == "file:///it's!$&()*+,-.:=@_~.jpg"


# --- Files that do harm ---------------------------------------------------------------------------------------------


def _outcome(path: Path) -> str:
    """A picture, or the word for why not; anything else fails the test."""
    for make in (thumbnail.first, lambda one: thumbnail.make(one, [300])):
        try:
            made = make(os.fsencode(path))
        except Undecodable as error:
            return error.reason
        assert made.trouble is None or made.trouble in REASONS
    return made.trouble or "picture"


def test_truncations_at_fifty_places_are_pictures_or_reported(tmp_path: Path) -> None:
    for name in (
        "a.jpg",
        "progressive.jpg",
        "a.heic",
        "a.avif",
        "a.png",
        "a.webp",
        "a.gif",
        "a.tif",
        "a.dng",
        "a.mp4",
        "a.mov",
        "a.jxl",
    ):
        CORPUS[name][0](tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        cut = tmp_path / f"cut-{name}"
        for part in range(50):
            cut.write_bytes(whole[: len(whole) * part // 50])
            assert _outcome(cut) in {"picture", *REASONS}


def test_random_bytes_with_every_extension_are_reported(tmp_path: Path) -> None:
    rnd = Random(5)
    heads = [
        b"",
        b"\xff\xd8\xff\xe1",
        b"\xff\xd8\xff\xc2\0\x11\x08\x10\0\x10\0\x03",
        b"\x89PNG\r\n\x1a\n",
        b"II*\0\x08\0\0\0",
    ]
    heads += [
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"RIFF\0\1\0\0WEBPVP8 ",
        b"GIF89a",
        b"\xff\x0a",
        b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\0jxlc\xff\x0a",
    ]
    for number, extension in enumerate(ROLES):
        path = tmp_path / f"x{extension}"
        path.write_bytes(heads[number % len(heads)] + rnd.randbytes(30_000))
        assert _outcome(path) in REASONS


def test_an_empty_file_and_one_without_frames_are_reported(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert _outcome(empty) == "empty"
    film = pictures.mp4(tmp_path / "a.mp4")
    content = bytearray(film.read_bytes())
    at = content.find(b"mdat") + 4
    content[at:] = bytes(len(content) - at)
    film.write_bytes(content)
    assert _outcome(film) == "broken"


def test_a_picture_too_large_to_decode_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    side = 30_000
    packer = zlib.compressobj(1)
    row = bytes(1 + side * 3) * 16
    data = b"".join(packer.compress(row) for _ in range(side // 16)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    made = _make(path)
    assert (made.metadata.width, made.trouble) == (side, "memory")


SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the collection of real cameras' pictures is not here")
def test_pictures_of_real_cameras_and_phones_give_a_picture() -> None:
    for path in sorted(SAMPLES.rglob("*.*")):
        if path.suffix == ".md":
            continue
        made = _make(path)
        assert made.trouble is None, path
        width, height = made.metadata.displayed_size()
        scale = min(1.0, 300 / max(width, height))
        assert _shown(made).size == pytest.approx((width * scale, height * scale), abs=1), path
