"""The sample picture: a beach with a ball on it, drawn by code, and the mask that marks the ball.

Drawn rather than shipped, so that no page is empty on a first start and no photo's licence is needed.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 960, 640
Field = NDArray[np.floating[Any]]
"""H×W or H×W×3 values, 0…255 where they are colours."""

_HORIZON = 236
_SHORE = 372
_BALL = (566, 474, 78)  # centre x, centre y, radius
_SEED = 20_240


@dataclass(frozen=True)
class Sample:
    """A photo as JPEG and the mask of what to remove as PNG, white = remove."""

    photo_jpeg: bytes
    mask_png: bytes


def draw_sample() -> Sample:
    """Draw the beach with the ball, and the ball's mask."""
    random = np.random.default_rng(_SEED)
    scene = _sky(random)
    scene = _sea(scene, random)
    scene = _sand(scene, random)
    picture = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    picture = _with_ball(picture)
    return Sample(photo_jpeg=_encoded(picture, "JPEG", quality=92, subsampling=0), mask_png=_encoded(_mask(), "PNG"))


def _encoded(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def _noise(random: np.random.Generator, *, width: int, height: int) -> Field:
    """Smooth noise in -1…1: random values on a coarse grid, enlarged to the whole picture."""
    grid = random.uniform(-1, 1, (max(2, height), max(2, width))).astype(np.float32)
    return np.asarray(cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def _fractal(random: np.random.Generator, *, width: int, height: int, octaves: int) -> Field:
    """Noise upon noise, each finer and weaker than the one before."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        total += _noise(random, width=width << octave, height=height << octave) / 2**octave
    return total


def _blend(low: tuple[int, int, int], high: tuple[int, int, int], share: Field) -> Field:
    share = np.clip(share, 0, 1)[..., None]
    return np.asarray(low, np.float32) * (1 - share) + np.asarray(high, np.float32) * share


def _rows() -> Field:
    return np.arange(HEIGHT, dtype=np.float32)[:, None] + np.zeros((1, WIDTH), np.float32)


def _sky(random: np.random.Generator) -> Field:
    sky = _blend((96, 158, 214), (226, 234, 232), _rows() / _HORIZON)
    clouds = _fractal(random, width=5, height=9, octaves=5)
    return np.asarray(sky + (255 - sky) * np.clip(clouds * 0.75 - 0.1, 0, 0.85)[..., None])


def _sea(scene: Field, random: np.random.Generator) -> Field:
    depth = (_rows() - _HORIZON) / (_SHORE - _HORIZON)
    sea = _blend((38, 96, 138), (104, 176, 178), depth)
    ripples = _fractal(random, width=18, height=120, octaves=3) * (6 + 10 * np.clip(depth, 0, 1))
    glints = np.clip(_noise(random, width=240, height=320) - 0.62, 0, 1) * 130
    sea = sea + (ripples + glints)[..., None]
    return np.where((_rows() >= _HORIZON)[..., None], sea, scene)


def _sand(scene: Field, random: np.random.Generator) -> Field:
    columns = np.arange(WIDTH, dtype=np.float32)[None, :]
    wander = _noise(random, width=6, height=2)[0] * 9
    edge = _SHORE + 14 * np.sin(columns / 130) + 7 * np.sin(columns / 41 + 1) + wander
    below = _rows() - edge
    sand = _blend((188, 160, 122), (226, 204, 164), below / 150)
    sand += (_fractal(random, width=14, height=26, octaves=3) * 7)[..., None]  # dunes and footprints
    sand += random.normal(0, 7.5, (HEIGHT, WIDTH, 1)).astype(np.float32)  # grains
    sand = np.asarray(cv2.GaussianBlur(sand, (0, 0), 0.7))
    scene = np.where((below >= 0)[..., None], sand, scene)
    foam = np.exp(-((below + 5) ** 2) / 22) * (0.75 + 0.25 * _noise(random, width=90, height=40))
    return np.asarray(scene + (250 - scene) * np.clip(foam, 0, 1)[..., None])


def _with_ball(picture: Image.Image) -> Image.Image:
    """A striped beach ball with its shadow, drawn four times too large for smooth edges."""
    scale = 4
    x, y, radius = (value * scale for value in _BALL)
    shadow = Image.new("L", picture.size, 0)
    ImageDraw.Draw(shadow).ellipse((x // scale - 74, y // scale + 56, x // scale + 108, y // scale + 92), fill=120)
    shadow = shadow.filter(ImageFilter.GaussianBlur(7))
    picture = Image.composite(Image.new("RGB", picture.size, (86, 68, 52)), picture, shadow)

    large = Image.new("RGBA", (WIDTH * scale, HEIGHT * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(large)
    box = (x - radius, y - radius, x + radius, y + radius)
    for number, colour in enumerate(
        ((224, 62, 54), (248, 246, 240), (38, 112, 190), (248, 246, 240), (244, 190, 60), (248, 246, 240))
    ):
        draw.pieslice(box, 60 * number - 20, 60 * number + 40, fill=(*colour, 255))
    draw.ellipse((x - 52, y - 52, x + 52, y + 52), fill=(248, 246, 240, 255))
    ball = large.resize(picture.size, Image.Resampling.LANCZOS)
    return Image.composite(_shaded(ball), picture, ball.getchannel("A"))


def _shaded(ball: Image.Image) -> Image.Image:
    """Light from the upper left, so that the ball is round."""
    x, y, radius = _BALL
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    away = np.hypot(columns - (x - radius * 0.35), rows - (y - radius * 0.4)) / (radius * 1.5)
    light = np.clip(1.12 - 0.55 * away**2, 0.35, 1.15)[..., None]
    pixels = np.asarray(ball.convert("RGB"), np.float32)
    return Image.fromarray(np.clip(pixels * light, 0, 255).astype(np.uint8))


def _mask() -> Image.Image:
    """The ball and its shadow with a margin, as a person would paint it."""
    x, y, radius = _BALL
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((x - radius - 9, y - radius - 9, x + radius + 9, y + radius + 9), fill=255)
    draw.ellipse((x - 100, y + 38, x + 134, y + 112), fill=255)
    return mask
