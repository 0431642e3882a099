"""Paints landscapes that pass for holiday photos: sky, sun, clouds, hills, firs, a lake; one seed, one picture.

Only Pillow and `random` draw here, so that everything is ours and anybody can paint it again. Used for the sample
pictures of the demo and, small, for the photos of tests.
"""

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    """What a place looks like at one time: colours from the sky's top to the ground before our feet."""

    zenith: Colour
    horizon: Colour
    sun: Colour
    sun_at: tuple[float, float]  # of width and height
    glow: float  # 0 to 1
    cloud: Colour
    clouds: float  # 0 none to 1 overcast
    far: Colour
    near: Colour
    firs: Colour
    snow: bool = False
    lake: bool = False
    stars: bool = False


SCENES = {
    "spring morning": Scene(
        (92, 158, 214), (250, 232, 208), (255, 240, 205), (0.74, 0.34), 0.75,
        (255, 250, 244), 0.42, (158, 180, 196), (92, 140, 62), (44, 84, 46), lake=True,
    ),
    "summer noon": Scene(
        (38, 110, 196), (176, 216, 240), (255, 252, 232), (0.2, 0.12), 0.5,
        (255, 255, 255), 0.5, (128, 164, 190), (70, 128, 48), (26, 66, 36),
    ),
    "summer evening": Scene(
        (58, 66, 128), (255, 170, 96), (255, 224, 150), (0.36, 0.5), 1.0,
        (255, 176, 140), 0.45, (176, 122, 128), (54, 50, 58), (24, 26, 34), lake=True,
    ),
    "autumn": Scene(
        (112, 150, 186), (244, 222, 186), (255, 236, 190), (0.8, 0.28), 0.7,
        (250, 240, 226), 0.55, (176, 160, 150), (190, 116, 38), (112, 62, 30), lake=True,
    ),
    "winter": Scene(
        (120, 158, 200), (238, 228, 232), (255, 244, 230), (0.26, 0.4), 0.8,
        (255, 255, 255), 0.4, (178, 192, 214), (236, 242, 250), (46, 66, 76), snow=True,
    ),
    "winter dusk": Scene(
        (44, 58, 112), (244, 168, 170), (255, 206, 180), (0.62, 0.52), 0.8,
        (240, 178, 190), 0.35, (128, 128, 172), (166, 182, 222), (30, 38, 60), snow=True, lake=True,
    ),
    "night": Scene(
        (8, 14, 40), (52, 74, 118), (240, 240, 222), (0.7, 0.22), 0.35,
        (70, 84, 118), 0.25, (38, 52, 86), (14, 22, 36), (6, 10, 20), lake=True, stars=True,
    ),
    "misty morning": Scene(
        (170, 186, 196), (240, 236, 226), (255, 248, 232), (0.5, 0.36), 0.9,
        (244, 244, 240), 0.7, (200, 206, 206), (74, 96, 78), (48, 66, 56),
    ),
}  # fmt: skip


def paint(size: tuple[int, int], scene: Scene, seed: int) -> Image.Image:
    """A landscape of `size` pixels, RGB."""
    width, height = size
    rnd = Random(seed)
    picture = _sky(size, scene)
    if scene.stars:
        _stars(picture, rnd)
    picture = _clouds(picture, scene, rnd)
    picture = _sun(picture, scene)
    horizon = round(height * (0.56 if scene.lake else 0.5))
    layers = 5
    for layer in range(layers):
        depth = layer / (layers - 1)  # 0 far, 1 near
        if scene.lake and layer == layers - 1:
            picture = _lake(picture, scene, round(height * 0.66), rnd)
        picture = _hill(picture, scene, depth, horizon, rnd)
    return _finish(picture, width, rnd)


def _mix(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sky(size: tuple[int, int], scene: Scene) -> Image.Image:
    steps = 64
    strip = Image.new("RGB", (1, steps))
    for y in range(steps):
        strip.putpixel((0, y), _mix(scene.zenith, scene.horizon, min(1.0, (y / steps / 0.62)) ** 1.3))
    return strip.resize(size, Image.Resampling.BICUBIC)


def _stars(picture: Image.Image, rnd: Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    for _ in range(width * height // 2600):
        x, y = rnd.randrange(width), round(height * 0.6 * rnd.random() ** 1.4)
        light = rnd.randint(90, 255)
        draw.point((x, y), (light, light, min(255, light + 14)))


def noise(size: tuple[int, int], rnd: Random, cell: tuple[int, int], octaves: int) -> Image.Image:
    """Soft grey clouds of detail: each octave has half the weight and half the cell of the one before."""
    total = Image.new("L", size, 128)
    for octave in reversed(range(octaves)):
        columns = max(2, size[0] * 2**octave // cell[0])
        rows = max(2, size[1] * 2**octave // cell[1])
        coarse = Image.frombytes("L", (columns, rows), rnd.randbytes(columns * rows))
        total = Image.blend(total, coarse.resize(size, Image.Resampling.BICUBIC), 0.48)
    return total


def _clouds(picture: Image.Image, scene: Scene, rnd: Random) -> Image.Image:
    width, height = picture.size
    field = noise((width, height), rnd, (max(2, width // 3), max(2, height // 7)), 7)
    low = 158 - round(70 * scene.clouds)
    shape = field.point([max(0, min(255, (value - low) * 3)) for value in range(256)])
    fade = Image.new("L", (1, 32))
    for y in range(32):
        fade.putpixel((0, y), round(215 * max(0.0, min(1.0, 1.25 - y / 17))))
    mask = ImageChops.multiply(shape, fade.resize((width, height), Image.Resampling.BICUBIC))
    shaded = Image.new("RGB", picture.size, scene.cloud)
    shadow = Image.new("RGB", picture.size, _mix(scene.cloud, scene.zenith, 0.45))
    shaded.paste(shadow, mask=ImageChops.offset(field, 0, -max(1, height // 40)).point(lambda v: max(0, 230 - v)))
    return Image.composite(shaded, picture, mask)


def _sun(picture: Image.Image, scene: Scene) -> Image.Image:
    width, height = picture.size
    x, y = round(scene.sun_at[0] * width), round(scene.sun_at[1] * height)
    light = Image.new("RGB", picture.size)
    ball = Image.radial_gradient("L").point([max(0, 255 - 2 * v) for v in range(256)])
    for reach, strength in ((1.5, 0.35), (0.5, 0.5), (0.16, 0.7)):
        side = max(2, round(height * reach))
        halo = ball.resize((side, side), Image.Resampling.BICUBIC)
        level = scene.glow * strength
        halo = halo.point([round(v * (v / 255) * level) for v in range(256)])
        spot = Image.new("L", picture.size)
        spot.paste(halo, (x - side // 2, y - side // 2))
        light = ImageChops.add(light, Image.composite(Image.new("RGB", picture.size, scene.sun), light, spot))
    picture = ImageChops.screen(picture, light)
    radius = max(2, round(height * 0.028))
    disc = Image.new("L", picture.size)
    ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    picture.paste(
        _mix(scene.sun, (255, 255, 255), 0.75), mask=disc.filter(ImageFilter.GaussianBlur(max(1, height / 500)))
    )
    return picture


def _ridge(width: int, rnd: Random, roughness: float) -> list[float]:
    """Heights of a mountain's edge for each column, about -1 to 1."""
    waves = [(rnd.uniform(0.6, 1.2) * 2**octave, rnd.uniform(0, math.tau), roughness**octave) for octave in range(7)]
    total = sum(weight for _, _, weight in waves)
    return [
        sum(math.sin(math.tau * often * x / width + phase) * weight for often, phase, weight in waves) / total
        for x in range(width)
    ]


def _hill(picture: Image.Image, scene: Scene, depth: float, horizon: int, rnd: Random) -> Image.Image:
    width, height = picture.size
    roughness = 0.62 - 0.2 * depth
    base = horizon + (height - horizon) * 0.62 * depth**1.4 + (height * 0.1 if scene.lake and depth == 1 else 0)
    swing = height * (0.15 - 0.075 * depth)
    edge = [base - swing * value - height * 0.05 * (1 - depth) for value in _ridge(width, rnd, roughness)]
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).polygon([(0, height), *enumerate(edge), (width, height)], fill=255)
    ground = _mix(scene.far, scene.near, depth**0.9)
    detail = noise(picture.size, rnd, (max(2, width // 7), max(2, height // 16)), 7)
    contrast = 0.35 if scene.snow else 1.0
    dark, bright = (
        _mix(ground, (0, 0, 0), contrast * (0.18 + 0.22 * depth)),
        _mix(ground, (255, 255, 255), 0.1 + 0.12 * depth),
    )
    low = Image.new("RGB", picture.size, dark)
    low.paste(
        Image.new("RGB", picture.size, bright), mask=detail.point([max(0, min(255, 2 * v - 128)) for v in range(256)])
    )
    if scene.snow and depth < 0.3:
        low = Image.blend(low, Image.new("RGB", picture.size, (244, 246, 252)), 0.35)
    haze = Image.linear_gradient("L").resize((width, max(2, round(height * 0.2))))  # mist in the valleys
    veil = Image.new("L", picture.size)
    veil.paste(haze.point(lambda v: round(v * 0.5 * (1 - depth))), (0, round(base - height * 0.02)))
    low.paste(Image.new("RGB", picture.size, _mix(scene.horizon, scene.far, 0.3)), mask=veil)
    if depth > 0.4:
        _firs(low, mask, edge, scene, depth, rnd)
    return Image.composite(low, picture, mask)


def _firs(ground: Image.Image, mask: Image.Image, edge: list[float], scene: Scene, depth: float, rnd: Random) -> None:
    """Trees along and below an edge; they stand out above it, so the mask grows with them."""
    width, height = ground.size
    colour = _mix(scene.far, scene.firs, depth)
    draw, outline = ImageDraw.Draw(ground), ImageDraw.Draw(mask)
    tall = height * (0.03 + 0.085 * depth**3)
    places = sorted(
        (rnd.random() ** 1.6 * 0.09 * height * depth, rnd.randrange(width)) for _ in range(round(150 - 90 * depth))
    )
    for below, x in places:
        if (math.sin(x / width * 9 + depth * 7) + rnd.uniform(-0.6, 0.6)) < 0.1:  # they stand in groups
            continue
        foot, top = edge[x] + below + tall * 0.1, edge[x] + below - tall * rnd.uniform(0.55, 1.1)
        shade = _mix(colour, (0, 0, 0), rnd.uniform(0, 0.3))
        tiers = 5
        for tier in range(tiers):
            upper = top + (foot - top) * tier / (tiers + 1)
            lower = top + (foot - top) * (tier + 2) / (tiers + 1)
            half = (lower - top) * 0.24
            shape = [(x, upper), (x - half, lower), (x + half, lower)]
            draw.polygon(shape, fill=shade)
            outline.polygon(shape, fill=255)
            if scene.snow:
                draw.polygon(
                    [(x, upper), (x - half * 0.7, lower - 1), (x - half * 0.1, lower - half * 0.5)], fill=scene.near
                )


def _lake(picture: Image.Image, scene: Scene, shore: int, rnd: Random) -> Image.Image:
    """Water from the shore down: what stands above it upside down, darker, broken by ripples."""
    width, height = picture.size
    depth = height - shore
    mirrored = picture.crop((0, max(0, shore - depth), width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirrored = mirrored.resize((width, depth)).filter(ImageFilter.GaussianBlur(max(1, height / 400)))
    ripples = noise((width, depth), rnd, (max(2, width // 6), max(2, depth // 30)), 5)
    moved = Image.composite(
        mirrored,
        ImageChops.offset(mirrored, max(1, width // 160), height // 90),
        ripples.point(lambda v: 255 if v > 128 else 60),
    )
    water = Image.blend(moved, Image.new("RGB", moved.size, _mix(scene.zenith, (0, 0, 0), 0.35)), 0.24)
    glints = ripples.point([max(0, min(90, (v - 150) * 5)) for v in range(256)])
    water.paste(Image.new("RGB", water.size, scene.horizon), mask=glints)
    picture.paste(water, (0, shore))
    line = Image.new("L", picture.size)
    ImageDraw.Draw(line).line((0, shore, width, shore), fill=110, width=max(1, height // 300))
    picture.paste(scene.horizon, mask=line.filter(ImageFilter.GaussianBlur(1)))
    return picture


def _finish(picture: Image.Image, width: int, rnd: Random) -> Image.Image:
    """A lens darkens its corners, a sensor adds grain."""
    ball = Image.radial_gradient("L").point([255 - max(0, v - 120) // 2 for v in range(256)])
    corners = ball.resize(picture.size, Image.Resampling.BICUBIC)
    picture = ImageChops.multiply(picture, Image.merge("RGB", (corners, corners, corners)))
    grain = Image.frombytes("L", picture.size, rnd.randbytes(picture.size[0] * picture.size[1]))
    if width >= 800:
        grain = grain.filter(ImageFilter.GaussianBlur(0.8))
    soft = grain.point([128 + (v - 128) // 12 for v in range(256)])
    return ImageChops.overlay(picture, Image.merge("RGB", (soft, soft, soft)))
