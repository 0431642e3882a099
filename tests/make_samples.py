"""Paints the pictures of `resources/samples` again: ``python -m tests.make_samples [FOLDER]``. For development only.

They are what the demo backs up and what the screenshots show: a small year of photos, one of each usual kind.
"""

import sys
from pathlib import Path

from PIL import Image

from tests import pictures
from tests.landscape import SCENES, paint

_FOLDER = Path(__file__).parent.parent / "resources" / "samples"
_README = """Twelve pictures and videos, and a sidecar, of places that do not exist, painted by `tests/make_samples.py`.
They are ours and free for any use (CC0 1.0, https://creativecommons.org/publicdomain/zero/1.0/).
"""
_SIZE = (1200, 800)
_SUNSET = "7E2D9B10-3C4F-4A58-8B6D-2F1E0D9C8B7A"


def make(folder: Path) -> list[Path]:
    """Write all samples into `folder`; what was written."""
    upright = _view("summer noon", 19, (800, 1200))
    return [
        pictures.jpeg(
            folder / "2024-03 Spring" / "IMG_0312.JPG",
            picture=_view("spring morning", 7),
            taken="2024:03:24 08:12:40",
            offset="+01:00",
            seed=1,
            quality=80,
            gps=(47.55, 10.75),
        ),
        # taken with the camera upright: the sensor's picture lies on its side, and the orientation says so
        pictures.jpeg(
            folder / "2024-07 Summer" / "IMG_0718.JPG",
            picture=upright.transpose(Image.Transpose.ROTATE_90),
            taken="2024:07:18 13:05:11",
            offset="+02:00",
            orientation=6,
            seed=2,
            quality=80,
        ),
        pictures.jpeg(
            folder / "2024-07 Summer" / "IMG_0719.JPG",
            picture=_view("misty morning", 14),
            taken="2024:07:19 06:02:55",
            offset="+02:00",
            seed=3,
            quality=80,
        ),
        pictures.xmp(
            folder / "2024-07 Summer" / "IMG_0719.JPG.xmp",
            taken="2024:07:19 06:02:55",
            rating=5,
            title="Mist over the firs",
        ),
        *_live(folder / "2024-08 Holidays", "IMG_0821", "summer evening", 9, "2024:08:21 20:31:07", _SUNSET),
        pictures.mp4(
            folder / "2024-08 Holidays" / "VID_0822.MP4",
            picture=_view("spring morning", 23, (640, 400)),
            size=(480, 320),
            taken="2024:08:22 09:15:00",
            duration_s=3.0,
            seed=5,
        ),
        pictures.jpeg(
            folder / "2024-10 Autumn" / "IMG_1020.JPG",
            picture=_view("autumn", 10),
            taken="2024:10:20 16:44:28",
            offset="+02:00",
            seed=6,
            quality=80,
        ),
        pictures.dng(
            folder / "2024-10 Autumn" / "IMG_1021.DNG",
            picture=_view("autumn", 31, (420, 280)),
            taken="2024:10:21 11:20:03",
            seed=7,
        ),
        pictures.heic(
            folder / "2024-12 Winter" / "IMG_1224.HEIC",
            picture=_view("winter", 11),
            taken="2024:12:24 14:58:36",
            offset="+01:00",
            seed=8,
            quality=55,
        ),
        pictures.webp(
            folder / "2024-12 Winter" / "evening.webp",
            picture=_view("winter dusk", 12),
            taken="2024:12:25 16:21:19",
            seed=9,
            quality=78,
        ),
        pictures.jpeg(
            folder / "2025-01 Winter" / "IMG_0111.JPG",
            picture=_view("night", 13),
            taken="2025:01:11 20:40:02",
            offset="+01:00",
            seed=10,
            quality=80,
        ),
        pictures.png(folder / "Screenshots" / "Screenshot 2025-01-12.png", picture=_screenshot()),
    ]


def _view(name: str, seed: int, size: tuple[int, int] = _SIZE) -> Image.Image:
    return paint(size, SCENES[name], seed)


def _live(folder: Path, stem: str, name: str, seed: int, taken: str, identifier: str) -> tuple[Path, Path]:
    """A live photo whose video moves over the same place."""
    still = pictures.heic(
        folder / f"{stem}.HEIC",
        picture=_view(name, seed),
        taken=taken,
        seed=seed,
        quality=55,
        content_identifier=identifier,
    )
    moving = pictures.mov(
        folder / f"{stem}.MOV",
        picture=_view(name, seed).resize((640, 427)),
        size=(512, 340),
        taken=taken,
        seed=seed,
        content_identifier=identifier,
    )
    return still, moving


def _screenshot() -> Image.Image:
    """Few colours, as screenshots have, so that the file is small."""
    return _view("summer noon", 8).resize((600, 400)).quantize(256, dither=Image.Dither.NONE)


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER
    written = make(folder)
    (folder / "README.md").write_text(_README, encoding="utf-8")
    total = 0
    for path in written:
        size = path.stat().st_size
        total += size
        print(f"{size:9,}  {path.relative_to(folder)}")
    print(f"{total:9,}  together")
    return 0


if __name__ == "__main__":
    sys.exit(main())
