"""Makes photos and videos like those that cameras and phones make, for tests, benches and the demo.

Every function writes one file of its format, with the dates, tags and small pictures that its real kind carries, and
returns its path. All is drawn by us and deterministic: equal arguments give an equal file, another `seed` other bytes.
`path` may be text, bytes or a Path; missing folders are made.
"""

import os
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests import camera_tags
from tests.camera_tags import CAMERA, PHONE, Size, exif
from tests.camera_videos import free_box, write_video
from tests.landscape import SCENES, paint

AnyPath = str | bytes | os.PathLike[str]
TAKEN = camera_tags.TAKEN
CONTENT_IDENTIFIER = "6F3A1B2C-44D5-4E6F-8A9B-0C1D2E3F4A5B"
_SCENES = list(SCENES)


def _open_place(path: AnyPath) -> Path:
    place = Path(os.fsdecode(path))
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


@cache
def _painted(size: Size, number: int) -> Image.Image:
    return paint(size, SCENES[_SCENES[number]], seed=number + 1)


def scene(size: Size, seed: int) -> Image.Image:
    """The picture of a seed; there are as many as scenes, so that a thousand photos cost no thousand paintings."""
    return _painted(size, seed % len(_SCENES))


# --- Stills ------------------------------------------------------------------------------------------------------


def _thumbnail(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((160, 160))
    return _as_jpeg(small, 75)


def _as_jpeg(picture: Image.Image, quality: int, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def jpeg(
    path: AnyPath,
    *,
    size: Size = (640, 480),
    taken: str | None = TAKEN,
    orientation: int = 1,
    seed: int = 0,
    quality: int = 85,
    target_bytes: int | None = None,
    progressive: bool = False,
    picture: Image.Image | None = None,
    offset: str | None = None,
    gps: tuple[float, float] | None = None,
    camera: tuple[str, str] = CAMERA,
    content_identifier: str | None = None,
) -> Path:
    """A camera's JPEG. With `target_bytes` it has exactly that size: the best quality that fits, then padding."""
    shown = picture if picture is not None else scene(size, seed)
    part = b"Exif\0\0" + exif(
        taken=taken,
        offset=offset,
        orientation=orientation,
        camera=camera,
        seed=seed,
        size=shown.size,
        gps=gps,
        content_identifier=content_identifier,
        thumbnail=_thumbnail(shown),
    )
    options: dict[str, Any] = {"exif": part, "progressive": progressive}
    if target_bytes is None:
        content = _as_jpeg(shown, quality, **options)
    else:
        content = _fit(shown, target_bytes, options)
        content += Random(seed).randbytes(target_bytes - len(content))
    place = _open_place(path)
    place.write_bytes(content)
    return place


def _fit(picture: Image.Image, target_bytes: int, options: dict[str, Any]) -> bytes:
    best, low, high = b"", 1, 97
    while low <= high:
        quality = (low + high) // 2
        content = _as_jpeg(picture, quality, **options)
        if len(content) <= target_bytes:
            best, low = content, quality + 1
        else:
            high = quality - 1
    if not best:
        raise ValueError(f"a picture of {picture.size} does not fit into {target_bytes} bytes")
    return best


def heic(
    path: AnyPath,
    *,
    size: Size = (640, 480),
    taken: str | None = TAKEN,
    seed: int = 0,
    quality: int = 60,
    picture: Image.Image | None = None,
    offset: str | None = "+02:00",
    content_identifier: str | None = None,
) -> Path:
    """A phone's HEIC with a small picture inside."""
    import pillow_heif

    shown = picture if picture is not None else scene(size, seed)
    part = exif(taken=taken, offset=offset, camera=PHONE, seed=seed, content_identifier=content_identifier)
    place = _open_place(path)
    heif = pillow_heif.from_pillow(shown)
    heif.info["thumbnails"] = [320] if max(shown.size) > 320 else []
    heif.save(place, quality=quality, exif=b"Exif\0\0" + part)
    return place


def png(
    path: AnyPath,
    *,
    size: Size = (640, 480),
    taken: str | None = None,
    seed: int = 0,
    picture: Image.Image | None = None,
) -> Path:
    """A PNG; like most it has no date unless one is given."""
    shown = picture if picture is not None else scene(size, seed)
    place = _open_place(path)
    part = exif(taken=taken, seed=seed) if taken else None
    text = PngInfo()
    text.add_text("Comment", f"Safelight test picture {seed}")
    shown.save(place, "PNG", pnginfo=text, **({"exif": part} if part else {}))
    return place


def webp(
    path: AnyPath,
    *,
    size: Size = (640, 480),
    taken: str | None = TAKEN,
    seed: int = 0,
    quality: int = 80,
    picture: Image.Image | None = None,
) -> Path:
    shown = picture if picture is not None else scene(size, seed)
    place = _open_place(path)
    shown.save(place, "WEBP", quality=quality, exif=exif(taken=taken, seed=seed))
    return place


def dng(
    path: AnyPath,
    *,
    size: Size = (320, 240),
    taken: str | None = TAKEN,
    orientation: int = 1,
    seed: int = 0,
    picture: Image.Image | None = None,
) -> Path:
    """A digital negative: what the sensor saw, and a JPEG preview in front."""
    shown = picture if picture is not None else scene(size, seed)
    shown = shown.crop((0, 0, shown.width // 2 * 2, shown.height // 2 * 2))
    preview = _as_jpeg(shown.resize((shown.width // 2, shown.height // 2)), 80)
    place = _open_place(path)
    place.write_bytes(camera_tags.negative(shown, preview, taken=taken, orientation=orientation, seed=seed))
    return place


# --- Videos ------------------------------------------------------------------------------------------------------


def mp4(
    path: AnyPath,
    *,
    size: Size = (320, 240),
    taken: str | None = TAKEN,
    duration_s: float = 1.0,
    seed: int = 0,
    picture: Image.Image | None = None,
) -> Path:
    """A camera's video, H.264, slowly moving over a landscape. `taken` is in UTC, as the format wants it."""
    tags = {"creation_time": _iso(taken) + "Z"} if taken else {}
    view = picture if picture is not None else scene((size[0] * 5 // 4, size[1] * 5 // 4), seed)
    return write_video(_open_place(path), "mp4", view, size, duration_s, seed, tags)


def mov(
    path: AnyPath,
    *,
    size: Size = (320, 240),
    taken: str | None = TAKEN,
    duration_s: float = 1.0,
    seed: int = 0,
    content_identifier: str | None = None,
    offset: str = "+0200",
    picture: Image.Image | None = None,
) -> Path:
    """A phone's video. With a `content_identifier` it is the moving half of a live photo. `taken` is local time."""
    tags = {"com.apple.quicktime.make": PHONE[0], "com.apple.quicktime.model": PHONE[1]}
    if taken:
        tags["com.apple.quicktime.creationdate"] = _iso(taken) + offset
    if content_identifier:
        tags["com.apple.quicktime.content.identifier"] = content_identifier
    view = picture if picture is not None else scene((size[0] * 5 // 4, size[1] * 5 // 4), seed)
    return write_video(_open_place(path), "mov", view, size, duration_s, seed, tags)


def _iso(taken: str) -> str:
    return taken.replace(":", "-", 2).replace(" ", "T")


def sparse_video(path: AnyPath, size_bytes: int, *, seed: int = 0, taken: str | None = TAKEN) -> Path:
    """A valid video of any size that takes almost no space on the disk: behind its end lies a hole."""
    place = mp4(path, seed=seed, taken=taken, size=(160, 120), duration_s=0.2)
    missing = size_bytes - place.stat().st_size
    if missing < 32:
        raise ValueError(f"{size_bytes} bytes are too few for a video")
    with place.open("ab") as file:
        file.write(free_box(missing))
        file.truncate(size_bytes)
    return place


# --- Companions, many, odd ---------------------------------------------------------------------------------------


def live_pair(
    folder: AnyPath,
    stem: str,
    *,
    taken: str = TAKEN,
    seed: int = 0,
    still: Literal["heic", "jpeg"] = "heic",
    content_identifier: str = CONTENT_IDENTIFIER,
    size: Size = (640, 480),
) -> tuple[Path, Path]:
    """A live photo: the still and its video of one second, joined by one identifier, as a phone exports them."""
    place = Path(os.fsdecode(folder))
    if still == "heic":
        first = heic(place / f"{stem}.HEIC", taken=taken, seed=seed, size=size, content_identifier=content_identifier)
    else:
        first = jpeg(
            place / f"{stem}.JPG",
            taken=taken,
            seed=seed,
            size=size,
            camera=PHONE,
            content_identifier=content_identifier,
        )
    return first, mov(place / f"{stem}.MOV", taken=taken, seed=seed, content_identifier=content_identifier)


def xmp(path: AnyPath, *, taken: str | None = TAKEN, rating: int | None = 4, title: str = "A day outside") -> Path:
    """A sidecar as photo programs write it beside a picture."""
    dates = f'\n    exif:DateTimeOriginal="{_iso(taken)}"\n    xmp:CreateDate="{_iso(taken)}"' if taken else ""
    stars = f'\n    xmp:Rating="{rating}"' if rating is not None else ""
    place = _open_place(path)
    place.write_text(
        f"""<?xpacket begin="\N{ZERO WIDTH NO-BREAK SPACE}" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"{dates}{stars}>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
""",
        encoding="utf-8",
    )
    return place


def bulk(folder: AnyPath, count: int, size_bytes: int = 20_000, *, seed: int = 0) -> list[Path]:
    """Many JPEGs at once, each of exactly `size_bytes` and with other bytes and another date; made to be fast.

    They share one small picture; what fills them up stands behind its end, where readers do not look.
    """
    place = Path(os.fsdecode(folder))
    place.mkdir(parents=True, exist_ok=True)
    template = BytesIO()
    scene((160, 120), seed).save(template, "JPEG", quality=60, exif=b"Exif\0\0" + exif(seed=seed))
    head = bytearray(template.getvalue())
    filling = size_bytes - len(head) - 16
    if filling < 0:
        raise ValueError(f"{size_bytes} bytes are too few for a photo; the least are {len(head) + 16}")
    tail = Random(seed).randbytes(min(filling, 1 << 20)) * (filling // (1 << 20) + 1)
    tail = tail[:filling]
    dates = [at for at in range(len(head)) if head.startswith(TAKEN.encode(), at)]
    start = datetime(2015, 1, 1, 8)  # noqa: DTZ001 - a camera's clock
    paths = []
    for number in range(count):
        taken = (start + timedelta(minutes=37 * number)).strftime("%Y:%m:%d %H:%M:%S").encode()
        for at in dates:
            head[at : at + len(taken)] = taken
        path = place / f"IMG_{number:05}.JPG"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(bytes(head) + number.to_bytes(8, "big") + seed.to_bytes(8, "big") + tail)
        paths.append(path)
    return paths


def odd_names() -> list[bytes]:
    """File names, ``.jpg`` all, that have broken somebody's program: to be used on systems that allow them."""
    texts = [
        "two words.jpg",
        "  blanks around .jpg",
        "umlaut-\N{LATIN SMALL LETTER A WITH DIAERESIS}\N{LATIN SMALL LETTER O WITH DIAERESIS}.jpg",
        "umlaut-decomposed-a\N{COMBINING DIAERESIS}o\N{COMBINING DIAERESIS}.jpg",
        "\u5199\u771f-\u4e2d\u6587-\uc0ac\uc9c4.jpg",
        "\u0635\u0648\u0631\u0629.jpg",
        "party-\N{PARTY POPPER}\N{FAMILY}.jpg",
        "x" * 196 + ".jpg",
        "-rf.jpg",
        "--help.jpg",
        'it\'s "quoted".jpg',
        "$(date) `date` ;&|.jpg",
        "100%41 [1] {2} *?.jpg",
        "back\\slash.jpg",
        "new\nline.jpg",
        "tab\tand\x07bell.jpg",
        "dots...jpg.JPG",
        "right-to-left-\N{RIGHT-TO-LEFT OVERRIDE}gpj.jpg",
    ]
    return [*(text.encode("utf-8") for text in texts), b"latin1-\xe4\xf6\xfc.jpg", b"half-utf8-\xc3.jpg"]
