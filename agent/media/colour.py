"""Brings small pictures into sRGB, opaque, eight bits a colour: what every screen and every client understands.

Runs in the decoder process, on pictures that are small already, so that no step costs much.
"""

from functools import lru_cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

from agent.media.tags import BAD_DATA

#: A larger profile is none that a camera or a phone writes.
_LARGEST_PROFILE_BYTES = 4 << 20
_WHITE = (255, 255, 255)


def to_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """An RGB picture in sRGB. A profile that is broken or does not fit is left out of account."""
    if isinstance(profile, bytes) and 128 < len(profile) <= _LARGEST_PROFILE_BYTES:
        ready = picture if picture.mode in {"RGB", "L", "CMYK"} else _opaque(picture)
        change = _transform(profile, ready.mode)
        if change is not None:
            changed = ImageCms.applyTransform(ready, change)
            if changed is not None:
                return changed
        picture = ready
    return _opaque(picture)


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> Any:  # noqa: ANN401 - a handle of the colour engine
    """The way from a profile to sRGB; None where there is nothing to change or nothing that can be."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).casefold():
            return None
        return ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (ImageCms.PyCMSError, *BAD_DATA):
        return None


def _opaque(picture: Image.Image) -> Image.Image:
    """RGB without transparency: what can be seen through shows white."""
    if picture.mode in {"RGB", "L"} and "transparency" not in picture.info:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    if picture.mode.startswith("I;16") or picture.mode in {"I", "F"}:
        return _eight_bits(picture).convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        ground = Image.new("RGB", seen.size, _WHITE)
        ground.paste(seen, mask=seen.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of sixteen bits or more, in eight; what is no count of sixteen bits is stretched between its extremes."""
    wide = picture.convert("F")
    low, high = (float(value) for value in wide.getextrema())  # type: ignore[arg-type] # one band, two numbers
    if picture.mode.startswith("I;16") or 0 <= low <= high < 65_536:
        low, high = 0.0, 65_535.0 if high > 255 else 255.0
    scale = 255.0 / ((high - low) or 1.0)
    return wide.point(lambda value: value * scale - low * scale).convert("L")
