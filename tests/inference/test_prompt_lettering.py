"""Writing on a picture is found, read, and told from the ground letter by letter; a watermark that repeats is one thing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from inference.engines.base import Image, Mask
from inference.targets.prompt import marks
from inference.targets.prompt.lettering import Lettering, LetteringNotReady
from inference.targets.prompt.overlays import find_lattice, find_overlay
from inference.targets.prompt.strokes import glyphs

WHITE, DARK = (255, 255, 255), (20, 20, 30)


@pytest.fixture(scope="module")
def lettering() -> Lettering:
    return Lettering()


def ground(height: int = 300, width: int = 480, seed: int = 1) -> Image:
    """A mottled surface without letters."""
    random = np.random.default_rng(seed)
    total = np.full((height, width, 3), 110, np.float32)
    for cell, strength in ((64, 22), (16, 8), (4, 4)):
        coarse = random.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total, 0, 255).astype(np.uint8)


def written(
    image: Image,
    text: str,
    at: tuple[int, int],
    *,
    size: int = 34,
    colour: tuple[int, int, int] = WHITE,
    opacity: float = 1.0,
) -> tuple[Image, Mask]:
    """The picture with a text on it, and the pixels of the text."""
    sheet = Pillow.new("L", image.shape[1::-1], 0)
    ImageDraw.Draw(sheet).text(at, text, font=ImageFont.load_default(size), fill=255)
    return laid(image, np.asarray(sheet, np.float32) / 255, colour, opacity)


def laid(image: Image, coverage: np.ndarray, colour: tuple[int, int, int], opacity: float) -> tuple[Image, Mask]:
    share = coverage[..., None] * opacity
    return np.rint(image * (1 - share) + np.asarray(colour, np.float32) * share).astype(np.uint8), coverage > 0.3


def marked(image: Image, lettering: Lettering) -> Mask:
    mask = np.zeros(image.shape[:2], bool)
    for line in lettering.lines(image):
        found = glyphs(image, line)
        mask[found.window] |= found.mask
    return mask


def agreement(mask: Mask, truth: Mask) -> tuple[float, float]:
    """How much of the text is marked; how much of what is marked is text or within two pixels of it."""
    around = cv2.dilate(truth.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return float(mask[truth].mean()), float(around[mask].mean()) if mask.any() else 0.0


@pytest.mark.parametrize(("colour", "opacity"), [(WHITE, 1.0), (DARK, 1.0), (WHITE, 0.5), ((240, 200, 40), 0.8)])
def test_letters_are_told_from_the_ground(lettering: Lettering, colour: tuple[int, int, int], opacity: float) -> None:
    image, truth = written(ground(), "Summer 2021", (120, 200), colour=colour, opacity=opacity)

    recall, precision = agreement(marked(image, lettering), truth)

    assert recall > 0.9
    assert precision > 0.6


def test_letters_on_a_box_are_marked_without_the_box(lettering: Lettering) -> None:
    boxed = ground()
    boxed[190:250, 100:380] = 30
    image, truth = written(boxed, "Summer 2021", (130, 200))

    recall, precision = agreement(marked(image, lettering), truth)

    assert recall > 0.9
    assert precision > 0.6


def test_turned_letters_are_found(lettering: Lettering) -> None:
    sheet = Pillow.new("L", (480, 300), 0)
    ImageDraw.Draw(sheet).text((90, 130), "Lakeside view", font=ImageFont.load_default(40), fill=255)
    turned = sheet.rotate(25, resample=Pillow.Resampling.BICUBIC)
    image, truth = laid(ground(), np.asarray(turned, np.float32) / 255, WHITE, 0.8)

    recall, precision = agreement(marked(image, lettering), truth)

    assert recall > 0.85
    assert precision > 0.6


def test_a_line_is_read(lettering: Lettering) -> None:
    image, _ = written(ground(), "Summer 2021", (120, 200))

    assert [line.text.replace(" ", "") for line in lettering.lines(image)] == ["Summer2021"]


@pytest.mark.parametrize("seed", range(4))
def test_a_surface_without_letters_has_none(lettering: Lettering, seed: int) -> None:
    assert lettering.lines(ground(seed=seed)) == []


def test_small_print_on_a_large_photo_is_found(lettering: Lettering) -> None:
    image, truth = written(ground(1200, 2000), "All rights reserved", (1650, 1150), size=22)

    assert agreement(marked(image, lettering), truth)[0] > 0.9


def test_models_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(LetteringNotReady, match="is not there"):
        Lettering(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2004 08 15", True), ("12:24 '03", True), ("Aug 15 2004", True), ("Main Street", False), ("42", False)],
)
def test_dates_read_as_dates(lettering: Lettering, text: str, expected: bool) -> None:
    image, _ = written(ground(), text, (150, 240), colour=(255, 150, 30))

    assert any(marks.is_date(line) for line in lettering.lines(image)) == expected


def tiled(image: Image, text: str, opacity: float) -> tuple[Image, Mask]:
    """The text on a staggered lattice, tilted."""
    sheet = Pillow.new("L", image.shape[1::-1], 0)
    piece = Pillow.new("L", (150, 46), 0)
    ImageDraw.Draw(piece).text((6, 4), text, font=ImageFont.load_default(28), fill=255)
    turned = piece.rotate(20, resample=Pillow.Resampling.BICUBIC, expand=True)
    for row, y in enumerate(range(-20, image.shape[0], 110)):
        for x in range(-90 + row % 2 * 90, image.shape[1], 180):
            sheet.paste(turned, (x, y))
    return laid(image, np.asarray(sheet, np.float32) / 255, WHITE, opacity)


@pytest.mark.parametrize("opacity", [0.2, 0.4])
def test_a_watermark_that_repeats_is_found_as_one(lettering: Lettering, opacity: float) -> None:
    image, truth = tiled(ground(600, 800), "PhotoMark", opacity)

    overlay = find_overlay(image, lettering)

    assert overlay is not None
    mask = np.zeros(truth.shape, bool)
    mask[overlay.window] = overlay.mask
    recall, precision = agreement(mask, truth)
    assert recall > 0.8
    assert precision > 0.6


def test_a_wall_of_bricks_is_no_watermark(lettering: Lettering) -> None:
    image = ground(600, 800)
    for row, y in enumerate(range(0, 600, 30)):
        cv2.line(image, (0, y), (800, y), (180, 170, 160), 3)
        for x in range(row % 2 * 40, 800, 80):
            cv2.line(image, (x, y), (x, y + 30), (180, 170, 160), 3)

    assert find_overlay(image, lettering) is None


def test_a_surface_has_no_lattice() -> None:
    relief = np.random.default_rng(2).normal(0, 4, (400, 500)).astype(np.float32)

    assert find_lattice(relief) is None


@pytest.mark.parametrize("radius", [18, 30])
def test_a_disc_is_no_letter(lettering: Lettering, radius: int) -> None:
    image = ground()

    cv2.circle(image, (200, 120), radius, (200, 30, 40), thickness=-1)

    assert lettering.lines(image) == []
