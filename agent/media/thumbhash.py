"""Makes a thumbhash: some 25 bytes from which a client paints a blurred placeholder before the picture is there.

The same format as Immich keeps for its assets: a discrete cosine transform of lightness and two colour differences,
each with few coefficients of four bits. Runs in the decoder process; a picture costs about a millisecond.
Format: the public description of ThumbHash by Evan Wallace.
"""

import math
from functools import cache
from operator import mul
from typing import Any

#: A transform of at most seven waves needs no more points than this on the longer side.
_SIDE_PX = 20
_BOX = 4


def thumbhash(picture: Any) -> bytes:  # noqa: ANN401 - PIL.Image.Image, which is loaded only when needed
    """The hash of an opaque RGB picture of any size."""
    width, height = picture.size
    scale = min(1.0, _SIDE_PX / max(width, height))
    small = picture.resize((max(1, round(width * scale)), max(1, round(height * scale))), _BOX)
    columns, rows = small.size
    red, green, blue = (band.tobytes() for band in small.split())
    count = columns * rows
    lightness = [(r + g + b) / 765 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 510 - b / 255 for r, g, b in zip(red, green, blue, strict=True)]
    redness = [(r - g) / 255 for r, g in zip(red, green, strict=True)]
    longest = max(width, height)
    across, down = max(1, round(7 * width / longest)), max(1, round(7 * height / longest))
    l_mean, l_waves, l_scale = _encode(lightness, columns, rows, max(3, across), max(3, down), count)
    p_mean, p_waves, p_scale = _encode(yellow, columns, rows, 3, 3, count)
    q_mean, q_waves, q_scale = _encode(redness, columns, rows, 3, 3, count)
    is_landscape = width > height
    head = (
        round(63 * l_mean)
        | round(31.5 + 31.5 * p_mean) << 6
        | round(31.5 + 31.5 * q_mean) << 12
        | round(31 * l_scale) << 18
    )
    shape = (down if is_landscape else across) | round(63 * p_scale) << 3 | round(63 * q_scale) << 9
    out = bytearray(head.to_bytes(3, "little") + (shape | is_landscape << 15).to_bytes(2, "little"))
    waves = [*l_waves, *p_waves, *q_waves]
    waves += [0] * (len(waves) % 2)
    out += bytes(low | high << 4 for low, high in zip(waves[::2], waves[1::2], strict=True))
    return bytes(out)


@cache
def _cosines(points: int, waves: int) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(math.cos(math.pi / points * wave * (point + 0.5)) for point in range(points)) for wave in range(waves)
    )


def _encode(
    channel: list[float], width: int, height: int, across: int, down: int, count: int
) -> tuple[float, list[int], float]:
    """The mean of a channel, its waves as numbers from 0 to 15, and what they were scaled by."""
    horizontal = _cosines(width, across)
    rows = [channel[start : start + width] for start in range(0, count, width)]
    folded = [[sum(map(mul, row, wave)) for row in rows] for wave in horizontal]
    mean, waves, scale = 0.0, [], 0.0
    for y, vertical in enumerate(_cosines(height, down)):
        for x in range(across):
            if x * down >= across * (down - y):
                break
            value = sum(map(mul, folded[x], vertical)) / count
            if x or y:
                waves.append(value)
                scale = max(scale, abs(value))
            else:
                mean = value
    if not scale:
        return mean, [8] * len(waves), 0.0
    return mean, [min(15, round(15 * (0.5 + 0.5 / scale * value))) for value in waves], scale
