"""Pictures for the bench of the media cache: like a camera's, of 12 to 24 megapixels, each with its own bytes."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops

from tests import pictures
from tests.ledger import know

_SIZES = ((4000, 3000), (4608, 3456), (5184, 3456), (6000, 4000))


def camera_jpegs(folder: Path, count: int, *, progressive: bool = False) -> list[Path]:
    """So many photos of 2 to 6 MB. A few are painted, the others differ from them in a few bytes behind their end."""
    folder.mkdir(parents=True, exist_ok=True)
    painted: list[bytes] = []
    for number in range(min(count, 8)):
        size = _SIZES[number % len(_SIZES)]
        view = pictures.scene((1500, 1000), number).resize(size, Image.Resampling.BICUBIC)
        grain = Image.effect_noise((size[0] // 2, size[1] // 2), 8 + 2 * (number % 4)).resize(size)
        view = ImageChops.add(view, Image.merge("RGB", [grain] * 3), 1, -128)
        path = pictures.jpeg(folder / "one.jpg", picture=view, quality=82, progressive=progressive, seed=number)
        painted.append(path.read_bytes())
        path.unlink()
    made = []
    for number in range(count):
        path = folder / f"IMG_{number:05}.jpg"
        path.write_bytes(painted[number % len(painted)] + b"%08d" % number)
        made.append(path)
    return made


def small_jpegs(folder: Path, count: int) -> None:
    """So many photos with a camera's tiny picture inside, of which only the beginning will be read."""
    pictures.bulk(folder, count, 40_000)


def heics(folder: Path, count: int) -> list[Path]:
    """A phone's pictures of 12 megapixels, with a smaller one inside."""
    view = pictures.scene((4032, 3024), 1)
    first = pictures.heic(folder / "IMG_0.HEIC", picture=view, quality=50)
    made = [first]
    for number in range(1, count):
        path = folder / f"IMG_{number}.HEIC"
        path.write_bytes(first.read_bytes() + b"\0\0\0\x10free%08d" % number)
        made.append(path)
    return made


def videos(folder: Path, count: int) -> list[Path]:
    """Films of 1080p, some seconds each."""
    first = pictures.mp4(folder / "FILM_0.mp4", size=(1920, 1080), duration_s=6.0, seed=3)
    made = [first]
    for number in range(1, count):
        path = folder / f"FILM_{number}.mp4"
        path.write_bytes(first.read_bytes() + b"\0\0\0\x10free%08d" % number)
        made.append(path)
    return made


def library(home: Path, roots: Sequence[Path]) -> None:
    """A home whose ledger knows these folders."""
    for root in roots:
        know(home, root)
