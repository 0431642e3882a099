"""The made pictures are what they claim to be: each is opened by the library of its format, pixels and all."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import resources
from agent.media.metadata import read
from tests import make_samples, pictures


@pytest.mark.parametrize("make", [pictures.jpeg, pictures.png, pictures.webp, pictures.heic, pictures.dng])
def test_a_still_opens_and_shows_something(tmp_path: Path, make: Callable[..., Path]) -> None:
    import pillow_heif

    path = make(tmp_path / "deep" / "down" / "picture")
    if make is pictures.heic:
        image = pillow_heif.open_heif(path).to_pillow()
    else:
        with Image.open(path) as opened:
            opened.load()
            image = opened.convert("RGB")
    colours = image.resize((16, 16)).getcolors(256)
    assert colours is not None
    assert len(colours) > 50


@pytest.mark.parametrize("make", [pictures.mp4, pictures.mov])
def test_a_video_plays(tmp_path: Path, make: Callable[..., Path]) -> None:
    import av

    with make(tmp_path / "video", duration_s=0.4).open("rb") as file, av.open(file, "r") as video:
        assert len(list(video.decode(video=0))) == 10


@pytest.mark.parametrize(
    "make", [pictures.jpeg, pictures.png, pictures.webp, pictures.heic, pictures.dng, pictures.mp4, pictures.mov]
)
def test_equal_arguments_make_equal_files_and_other_seeds_others(tmp_path: Path, make: Callable[..., Path]) -> None:
    contents = [make(tmp_path / str(n), seed=seed).read_bytes() for n, seed in enumerate((1, 1, 9, 17))]
    assert contents[0] == contents[1]
    assert len(set(contents)) == 3


def test_a_photo_can_have_a_size_in_bytes(tmp_path: Path) -> None:
    path = pictures.jpeg(tmp_path / "a.jpg", target_bytes=200_000)
    assert path.stat().st_size == 200_000
    with Image.open(path) as image:
        image.load()
    with pytest.raises(ValueError, match="does not fit"):
        pictures.jpeg(tmp_path / "b.jpg", target_bytes=900)


def test_a_camera_puts_a_small_picture_into_its_jpeg(tmp_path: Path) -> None:
    content = pictures.jpeg(tmp_path / "a.jpg").read_bytes()
    assert content.count(b"\xff\xd8\xff") == 2
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.getexif().get_ifd(0x8769)[0xA002] == 640


def test_ten_thousand_photos_are_there_in_a_moment(tmp_path: Path) -> None:
    started_s = time.process_time()
    paths = pictures.bulk(tmp_path, 2000, 12_000)
    assert time.process_time() - started_s < 2  # 2,000 of them, with room for a slow machine
    assert {path.stat().st_size for path in paths} == {12_000}
    assert len({hashlib.sha1(path.read_bytes()).digest() for path in paths}) == 2000
    assert read(os.fsencode(paths[1999])).captured_at_text == "2015-02-21T16:43:00"


def test_odd_names_are_all_different_and_fit_a_file_system(tmp_path: Path) -> None:
    names = pictures.odd_names()
    assert len(set(names)) == len(names)
    assert all(len(name) <= 255 and b"/" not in name and b"\0" not in name for name in names)


def test_a_sidecar_is_xml_with_a_date(tmp_path: Path) -> None:
    from xml.etree import ElementTree as ET

    path = pictures.xmp(tmp_path / "a.jpg.xmp", rating=3)
    text = path.read_text(encoding="utf-8")
    ET.fromstring(text.encode("utf-8"))
    assert 'xmp:Rating="3"' in text
    assert "2024-05-01T10:00:00" in text


def test_the_samples_of_the_demo_are_complete_and_small() -> None:
    folder = resources.path("samples")
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"]
    assert sum(path.stat().st_size for path in files) < 1_500_000
    found = {path.name: read(os.fsencode(path)) for path in files if path.suffix != ".xmp"}
    assert len(found) == 12
    assert {one.format for one in found.values()} == {"JPEG", "HEIC", "PNG", "WEBP", "DNG", "MP4", "MOV"}
    months = {one.captured_at_text[:7] for one in found.values() if one.captured_at_text}
    assert len(months) >= 5
    assert found["IMG_0718.JPG"].displayed_size() == (800, 1200)
    assert found["IMG_0821.HEIC"].content_identifier == found["IMG_0821.MOV"].content_identifier is not None


@pytest.mark.slow
def test_the_samples_can_be_painted_again(tmp_path: Path) -> None:
    """By the same names and dates; the bytes may differ with the encoders' versions."""
    folder = resources.path("samples")
    again = {path.relative_to(tmp_path) for path in make_samples.make(tmp_path)}
    assert again == {
        path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.name != "README.md"
    }
    for name in again:
        if name.suffix != ".xmp":
            assert read(os.fsencode(tmp_path / name)) == read(os.fsencode(folder / name))
