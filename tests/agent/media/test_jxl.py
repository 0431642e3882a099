"""JPEG XL: size and turn from the header alone, facts from its boxes or from the JPEG inside, pictures upright."""

import hashlib
import os
from pathlib import Path

import pytest
from PIL import Image

from agent.domain.metadata import Metadata
from agent.media import jxl, thumbnail
from agent.media.errors import Undecodable
from agent.media.metadata import read
from tests import pictures
from tests.camera_tags import exif
from tests.jxl_files import from_jpeg, save_jxl, without_jpeg

_TAKEN = "2024-05-01T10:00:00"
_CAMERA = "Safelight Test Camera 1"


def _picture(width: int, height: int) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image


def _header(path: Path) -> jxl.Header:
    with path.open("rb") as file:
        return jxl.header(file, path.stat().st_size)


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize(
    "size", [(64, 64), (4000, 3000), (1920, 1080), (1200, 1000), (640, 1280), (257, 1), (1, 513), (333, 9001)]
)
def test_the_size_is_in_the_header_however_it_is_written(tmp_path: Path, size: tuple[int, int], boxed: bool) -> None:
    found = _header(save_jxl(tmp_path / "a.jxl", Image.new("RGB", size), boxed=boxed))
    assert (found.size, found.orientation, found.was_jpeg) == (size, 1, False)


def test_the_facts_in_its_boxes_are_read_but_not_their_turn(tmp_path: Path) -> None:
    path = save_jxl(tmp_path / "a.jxl", _picture(64, 48), exif=exif(orientation=6, gps=(48.1, 11.5)))
    assert read(os.fsencode(path)) == Metadata(64, 48, None, "JXL", _TAKEN, None, _CAMERA, has_gps=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_one_that_was_a_jpeg_gives_what_the_jpeg_gave(tmp_path: Path, orientation: int) -> None:
    jpeg = pictures.jpeg(tmp_path / "a.jpg", size=(640, 480), orientation=orientation)
    path = os.fsencode(from_jpeg(tmp_path / "a.jxl", jpeg))
    plain, packed = thumbnail.make(os.fsencode(jpeg), [300]), thumbnail.make(path, [300])
    assert packed.pictures == plain.pictures
    assert packed.metadata == read(path)
    assert packed.metadata.captured_at_text == _TAKEN
    assert packed.metadata.displayed_size() == plain.metadata.displayed_size()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_bare_pixels_are_turned_as_the_header_says(tmp_path: Path, orientation: int) -> None:
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    upright = _picture(600, 400)
    lying = upright.transpose(turns[orientation]) if orientation > 1 else upright
    jpeg = pictures.jpeg(tmp_path / "a.jpg", picture=lying, orientation=orientation)
    path = without_jpeg(tmp_path / "b.jxl", from_jpeg(tmp_path / "a.jxl", jpeg))
    made = thumbnail.make(os.fsencode(path), [300])
    assert made.metadata.displayed_size() == (600, 400)
    assert made.sha1 == hashlib.sha1(path.read_bytes()).digest()
    (shown,) = made.pictures
    assert (shown.width, shown.height) == (300, 200)
    (tmp_path / "shown.jpg").write_bytes(shown.data)
    with Image.open(tmp_path / "shown.jpg") as image:
        left, right = image.getpixel((30, 100)), image.getpixel((270, 100))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > left[2] + 150
    assert right[2] > right[0] + 150


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16"])
def test_every_kind_of_pixels_becomes_an_ordinary_picture(tmp_path: Path, mode: str) -> None:
    path = save_jxl(tmp_path / "a.jxl", Image.new(mode, (320, 200)))
    made = thumbnail.make(os.fsencode(path), [160])
    assert made.trouble is None
    assert [(one.width, one.height) for one in made.pictures] == [(160, 100)]


def test_the_first_look_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = from_jpeg(tmp_path / "a.jxl", pictures.jpeg(tmp_path / "a.jpg"))
    monkeypatch.setattr(jxl, "decode", None)
    made = thumbnail.first(os.fsencode(path))
    assert (made.metadata.width, made.metadata.format, made.pictures) == (640, "JXL", ())


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    side = 30_000
    bits = (0 | 2 << 1 | (side - 1) << 3) | 1 << 21 | 1 << 24  # not in eights, 18 bits, as wide as high, all as usual
    path = tmp_path / "bomb.jxl"
    path.write_bytes(jxl.NAKED + bits.to_bytes(8, "little"))
    made = thumbnail.make(os.fsencode(path), [300])
    assert (made.metadata.width, made.metadata.height, made.trouble) == (side, side, "memory")


def test_a_file_that_ends_too_early_is_broken(tmp_path: Path) -> None:
    whole = save_jxl(tmp_path / "a.jxl", _picture(640, 480), exif=exif()).read_bytes()
    path = tmp_path / "cut.jxl"
    for length in (14, 40, 60, len(whole) // 2):
        path.write_bytes(whole[:length])
        try:
            assert thumbnail.make(os.fsencode(path), [300]).trouble == "broken"
        except Undecodable as error:
            assert error.reason == "broken"  # noqa: PT017 - both ways to say so are right
