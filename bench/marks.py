"""Marks that are drawn on photos, with their exact truth: captions, watermarks single and tiled, logos, date stamps.

Fonts are those of the machine, under /usr/share/fonts, and the one that Pillow brings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inference.engines.base import Image as Pixels
from inference.engines.base import Mask

FONTS = sorted(
    path
    for end in ("ttf", "otf")
    for path in Path("/usr/share/fonts").rglob(f"*.{end}")
    if "Math" not in path.name  # mostly signs
)
_SEEN_ALPHA = 0.12  # of the mark's own opacity: less coverage than this at a glyph's border is not seen
_WORDS = ("© Anna Lindqvist", "PhotoMarks", "www.example.org", "SAMPLE", "Jonas Weber Photography", "stock.example.com",
          "DRAFT", "Copyright 2021", "Summer in the north", "All rights reserved", "preview", "@lakeside")  # fmt: skip
_SEVEN_SEGMENTS = {"0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd", "6": "afgedc",
                   "7": "abc", "8": "abcdefg", "9": "abcdfg"}  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Marked:
    """A photo with a mark on it."""

    kind: str
    image: Pixels
    mask: Mask
    """The pixels that the mark changes visibly."""
    prompt: str
    opacity: float


@dataclass(frozen=True, eq=False)
class _Layer:
    """What is laid over the photo: colours, H×W×3, and coverage 0..1, H×W."""

    colours: NDArray[np.float32]
    coverage: NDArray[np.float32]


def font(random: np.random.Generator, size_px: int) -> ImageFont.FreeTypeFont:
    if not FONTS:
        made = ImageFont.load_default(size_px)
        assert isinstance(made, ImageFont.FreeTypeFont)
        return made
    return ImageFont.truetype(str(FONTS[int(random.integers(len(FONTS)))]), size_px)


def _text(words: str, face: ImageFont.FreeTypeFont, colour: tuple[int, int, int], **style: int) -> Image.Image:
    """The words on nothing, RGBA, cut to their size. `stroke_width` draws an outline in the opposite tone."""
    left, top, right, bottom = face.getbbox(words, stroke_width=style.get("stroke_width", 0))
    picture = Image.new("RGBA", (int(right - left) + 8, int(bottom - top) + 8), (*colour, 0))
    pen = ImageDraw.Draw(picture)
    against = (0, 0, 0) if sum(colour) > 380 else (255, 255, 255)
    if style.get("shadow"):
        away = style["shadow"]
        pen.text((4 - left + away, 4 - top + away), words, font=face, fill=(*against, 255))
    pen.text(
        (4 - left, 4 - top), words, font=face, fill=(*colour, 255), stroke_fill=(*against, 255),
        stroke_width=style.get("stroke_width", 0),
    )  # fmt: skip
    return picture


def _placed(piece: Image.Image, size: tuple[int, int], at: tuple[float, float], inset_px: int) -> _Layer:
    """The piece at a place of the photo: (0, 0) is the top left corner, (1, 1) the bottom right one."""
    width, height = size
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    x = inset_px + at[0] * max(width - piece.width - 2 * inset_px, 0)
    y = inset_px + at[1] * max(height - piece.height - 2 * inset_px, 0)
    sheet.paste(piece, (round(x), round(y)))
    return _layer(sheet)


def _layer(sheet: Image.Image) -> _Layer:
    pixels = np.asarray(sheet).astype(np.float32)
    return _Layer(pixels[..., :3], np.asarray(pixels[..., 3] / 255, np.float32))


def _laid(image: Pixels, layer: _Layer, opacity: float) -> tuple[Pixels, Mask]:
    share = (layer.coverage * opacity)[..., None]
    marked = np.rint(image * (1 - share) + layer.colours * share).astype(np.uint8)
    return marked, layer.coverage > _SEEN_ALPHA


def _fitted(
    words: str, random: np.random.Generator, size_px: int, width_px: float, colour: tuple[int, int, int], **style: int
) -> Image.Image:
    """The words, smaller where they would be wider than they may."""
    face = font(random, size_px)
    wide = face.getlength(words)
    if wide > width_px:
        face = face.font_variant(size=max(8, int(size_px * width_px / wide)))
    return _text(words, face, colour, **style)


def _tone(random: np.random.Generator) -> tuple[int, int, int]:
    return ((255, 255, 255), (255, 255, 255), (10, 10, 10), (250, 220, 40), (220, 40, 40))[int(random.integers(5))]


def _word(random: np.random.Generator) -> str:
    return _WORDS[int(random.integers(len(_WORDS)))]


def caption(image: Pixels, random: np.random.Generator) -> Marked:
    """Opaque letters near an edge, plain, outlined or with a shadow."""
    height, width = image.shape[:2]
    size_px = max(14, round(height * random.uniform(0.035, 0.09)))
    styles: tuple[dict[str, int], ...] = (
        {},
        {"stroke_width": max(1, size_px // 16)},
        {"shadow": max(1, size_px // 14)},
    )
    piece = _fitted(_word(random), random, size_px, width * 0.9, _tone(random), **styles[int(random.integers(3))])
    is_top = random.random() < 0.5
    layer = _placed(piece, (width, height), (0.5, 0.0 if is_top else 1.0), round(height * 0.03))
    marked, mask = _laid(image, layer, 1.0)
    prompt = f"remove the caption at the {'top' if is_top else 'bottom'}"
    return Marked(kind="caption", image=marked, mask=mask, prompt=prompt, opacity=1.0)


def boxed_caption(image: Pixels, random: np.random.Generator) -> Marked:
    """Letters on a plain box; truth is the letters."""
    height, width = image.shape[:2]
    words = _fitted(_word(random), random, max(14, round(height * 0.05)), width * 0.8, (255, 255, 255))
    boxed = image.copy()
    pad = words.height // 3
    y, x = height - words.height - 3 * pad, (width - words.width) // 2
    boxed[y - pad : y + words.height + pad, x - pad : x + words.width + pad] = (30, 30, 40)
    sheet = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    sheet.paste(words, (x, y))
    marked, mask = _laid(boxed, _layer(sheet), 1.0)
    return Marked(kind="boxed caption", image=marked, mask=mask, prompt="remove the text", opacity=1.0)


def small_print(image: Pixels, random: np.random.Generator) -> Marked:
    """A line that is small for its photo."""
    height, width = image.shape[:2]
    piece = _fitted("© 2021 Anna Lindqvist, all rights reserved", random, max(13, height // 70), width, _tone(random))
    layer = _placed(piece, (width, height), (1.0, 1.0), round(height * 0.015))
    marked, mask = _laid(image, layer, 0.9)
    prompt = "remove the small text in the bottom right corner"
    return Marked(kind="small print", image=marked, mask=mask, prompt=prompt, opacity=0.9)


def corner_watermark(image: Pixels, random: np.random.Generator) -> Marked:
    """Semi-transparent words, at times with a ring beside them, in a corner."""
    height, width = image.shape[:2]
    piece = _fitted(
        _word(random), random, max(16, round(height * random.uniform(0.04, 0.08))), width * 0.6, _tone(random)
    )
    if random.random() < 0.4:
        piece = _with_ring(piece)
    at = (float(random.integers(2)), float(random.integers(2)))
    layer = _placed(piece, (width, height), at, round(height * 0.03))
    opacity = float(random.uniform(0.3, 0.9))
    marked, mask = _laid(image, layer, opacity)
    corner = f"{'bottom' if at[1] else 'top'}-{'right' if at[0] else 'left'}"
    prompt = f"remove the watermark in the {corner} corner"
    return Marked(kind="corner watermark", image=marked, mask=mask, prompt=prompt, opacity=opacity)


def _with_ring(piece: Image.Image) -> Image.Image:
    """A round logo to the left of the words."""
    side = piece.height
    pixels = np.asarray(piece)
    colour = tuple(int(value) for value in pixels[..., :3][pixels[..., 3] > 200][0])
    wide = Image.new("RGBA", (piece.width + side + 8, side), (*colour, 0))
    pen = ImageDraw.Draw(wide)
    pen.ellipse((2, 2, side - 3, side - 3), outline=(*colour, 255), width=max(2, side // 9))
    pen.polygon([(side * 0.3, side * 0.7), (side * 0.5, side * 0.25), (side * 0.7, side * 0.7)], fill=(*colour, 255))
    wide.paste(piece, (side + 8, 0))
    return wide


def central_watermark(image: Pixels, random: np.random.Generator) -> Marked:
    """Large semi-transparent words across the middle, turned."""
    height, width = image.shape[:2]
    piece = _fitted(_word(random), random, max(24, round(height * 0.16)), width * 0.75, _tone(random))
    turned = piece.rotate(float(random.uniform(-40, 40)), resample=Image.Resampling.BICUBIC, expand=True)
    layer = _placed(turned, (width, height), (0.5, 0.5), 0)
    opacity = float(random.uniform(0.25, 0.8))
    marked, mask = _laid(image, layer, opacity)
    return Marked(kind="central watermark", image=marked, mask=mask, prompt="remove the watermark", opacity=opacity)


def tiled_watermark(image: Pixels, random: np.random.Generator) -> Marked:
    """The same words again and again, on a lattice that is turned."""
    height, width = image.shape[:2]
    colour = ((255, 255, 255), (255, 255, 255), (20, 20, 20))[int(random.integers(3))]
    size_px = max(14, round(min(height, width) * random.uniform(0.035, 0.075)))
    piece = _fitted(_word(random), random, size_px, width * 0.35, colour)
    angle = float(random.choice([0, 15, 30, 45, -30]))
    turned = piece.rotate(angle, resample=Image.Resampling.BICUBIC, expand=True)
    step_x, step_y = (
        turned.width + round(size_px * random.uniform(0.5, 2)),
        turned.height + round(size_px * random.uniform(0.5, 2)),
    )
    sheet = Image.new("RGBA", (width, height), (*colour, 0))
    offset = int(random.integers(2)) * step_x // 2
    for row, y in enumerate(range(-int(random.integers(step_y)), height, step_y)):
        for x in range(-int(random.integers(1, 2)) * step_x // 2 - (row % 2) * offset, width, step_x):
            if x > -turned.width and y > -turned.height:
                sheet.alpha_composite(turned, (max(x, 0), max(y, 0)), (max(-x, 0), max(-y, 0)))
    opacity = float(random.uniform(0.15, 0.5))
    marked, mask = _laid(image, _layer(sheet), opacity)
    return Marked(
        kind="tiled watermark", image=marked, mask=mask, prompt="remove the repeated watermark", opacity=opacity
    )


def date_stamp(image: Pixels, random: np.random.Generator) -> Marked:
    """Digits of seven segments, orange, in a lower corner, as film cameras burn them in."""
    height, width = image.shape[:2]
    size_px = max(16, round(height * random.uniform(0.03, 0.05)))
    words = ("'98 7 23", "12 24 '03", "2004 08 15", "19 5 '96")[int(random.integers(4))]
    piece = _digits(words, size_px, ((255, 140, 30), (255, 90, 40), (255, 190, 60))[int(random.integers(3))])
    glow = cv2.GaussianBlur(np.asarray(piece), (0, 0), size_px / 40)
    at = (float(random.integers(2)), 1.0)
    layer = _placed(Image.fromarray(glow), (width, height), at, round(height * 0.05))
    marked, mask = _laid(image, layer, 0.95)
    return Marked(kind="date stamp", image=marked, mask=mask, prompt="remove the date stamp", opacity=0.95)


def _digits(words: str, size_px: int, colour: tuple[int, int, int]) -> Image.Image:
    thick, wide = max(2, size_px // 8), round(size_px * 0.5)
    advance = wide + 2 * thick
    picture = Image.new("RGBA", (advance * len(words) + 8, size_px + 8), (*colour, 0))
    pen = ImageDraw.Draw(picture)
    middle = size_px // 2
    ends = {"a": (0, 0, 1, 0), "b": (1, 0, 1, 1), "c": (1, 1, 1, 2), "d": (0, 2, 1, 2), "e": (0, 1, 0, 2),
            "f": (0, 0, 0, 1), "g": (0, 1, 1, 1)}  # fmt: skip
    for place, word in enumerate(words):
        left = 4 + place * advance
        if word == "'":
            pen.line((left + wide, 4, left + wide - thick, 4 + size_px // 5), fill=(*colour, 255), width=thick)
        for segment in _SEVEN_SEGMENTS.get(word, ""):
            x1, y1, x2, y2 = ends[segment]
            gap_x, gap_y = (thick // 2 + 1, 0) if y1 == y2 else (0, thick // 2 + 1)
            pen.line(
                (left + x1 * wide + gap_x, 4 + y1 * middle + gap_y, left + x2 * wide - gap_x, 4 + y2 * middle - gap_y),
                fill=(*colour, 255), width=thick,
            )  # fmt: skip
    return picture


KINDS: dict[str, Callable[[Pixels, np.random.Generator], Marked]] = {
    "caption": caption,
    "boxed caption": boxed_caption,
    "small print": small_print,
    "corner watermark": corner_watermark,
    "central watermark": central_watermark,
    "tiled watermark": tiled_watermark,
    "date stamp": date_stamp,
}
