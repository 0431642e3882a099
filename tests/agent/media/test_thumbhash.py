"""The placeholder's hash: what any client of the format would paint from it."""

import math

from PIL import Image

from agent.media.thumbhash import thumbhash
from tests import pictures


def _decoded(code: bytes) -> tuple[float, tuple[float, float, float], bool, tuple[int, int]]:
    """Lightness waves apart: the ratio of the sides, the average colour, whether it lies, the numbers of waves."""
    head, shape = int.from_bytes(code[:3], "little"), int.from_bytes(code[3:5], "little")
    lightness, p, q = (head & 63) / 63, (head >> 6 & 63) / 31.5 - 1, (head >> 12 & 63) / 31.5 - 1
    blue = lightness - 2 / 3 * p
    red = (3 * lightness - blue + q) / 2
    is_landscape = bool(shape >> 15)
    across, down = (7, shape & 7) if is_landscape else (shape & 7, 7)
    return across / down, (red, red - q, blue), is_landscape, (across, down)


def test_the_average_colour_and_the_shape_come_back() -> None:
    for size, colour in (((300, 200), (200, 40, 90)), ((200, 300), (10, 120, 250)), ((300, 300), (255, 255, 255))):
        ratio, seen, is_landscape, _ = _decoded(thumbhash(Image.new("RGB", size, colour)))
        assert is_landscape == (size[0] > size[1])
        assert abs(ratio - size[0] / size[1]) < 0.3
        assert all(abs(one * 255 - other) < 12 for one, other in zip(seen, colour, strict=True))


def test_the_length_follows_from_the_number_of_waves() -> None:
    for size in ((300, 225), (225, 300), (300, 300), (300, 20), (1, 1)):
        code = thumbhash(pictures.scene((400, 300), 1).resize(size))
        _, _, _, (across, down) = _decoded(code)
        across, down = max(3, across), max(3, down)
        lightness = sum(math.ceil(across * (down - y) / down) for y in range(down)) - 1
        assert len(code) == 5 + math.ceil((lightness + 5 + 5) / 2)


def test_a_picture_that_grows_brighter_to_the_right_has_its_first_wave_falling() -> None:
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize((300, 300)).convert("RGB")
    first = thumbhash(ramp)[5] & 15
    mirrored = thumbhash(ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT))[5] & 15
    assert {first, mirrored} == {0, 15}
