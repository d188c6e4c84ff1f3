"""Photos and masks of many sizes, drawn: what a job costs does not depend on what is in the picture."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from inference.engines.base import Image as Pixels
from inference.engines.base import Mask


def photo(width: int, height: int) -> Pixels:
    """Clouds of noise in four sizes: compresses like a photo."""
    random = np.random.default_rng(width)
    total = np.zeros((height, width, 3), np.float32)
    for cell, strength in ((256, 12), (64, 8), (16, 8), (4, 6)):
        coarse = random.normal(0, strength, (height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(total + 128, 0, 255).astype(np.uint8)


def jpeg(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def png_mask(mask: Mask) -> bytes:
    return png(mask.astype(np.uint8) * 255)


def one_hole(width: int, height: int, share: float) -> Mask:
    """An ellipse that covers this share of the picture."""
    mask = np.zeros((height, width), np.uint8)
    radius = (share * width * height / np.pi) ** 0.5
    centre = (width // 2, height // 2)
    cv2.ellipse(mask, centre, (round(radius * 1.15), round(radius / 1.15)), 0, 0, 360, 1, -1)
    return mask > 0


def twenty_holes(width: int, height: int) -> Mask:
    """Scattered spots of 40 to 80 pixels."""
    mask = np.zeros((height, width), np.uint8)
    random = np.random.default_rng(7)
    for row in range(4):
        for column in range(5):
            at = ((column + random.uniform(0.2, 0.8)) * width / 5, (row + random.uniform(0.2, 0.8)) * height / 4)
            cv2.circle(mask, (round(at[0]), round(at[1])), int(random.integers(20, 40)), 1, -1)
    return mask > 0


def text_line(width: int, height: int) -> Mask:
    """A line of print across the lower part, as a watermark or a caption."""
    mask = np.zeros((height, width), np.uint8)
    at = (width // 12, height * 7 // 8)
    cv2.putText(
        mask,
        "The quick brown fox jumps over the lazy",
        at,
        cv2.FONT_HERSHEY_SIMPLEX,
        width / 900,
        1,
        max(2, width // 400),
    )
    return cv2.dilate(mask, np.ones((5, 5))) > 0


def wire(width: int, height: int) -> Mask:
    """A line from corner to corner."""
    mask = np.zeros((height, width), np.uint8)
    cv2.line(mask, (0, height // 5), (width, height * 4 // 5), 1, max(4, width // 400))
    return mask > 0
