"""What a classifier with small eyes is shown of a large photo: the whole, and its squares undistorted."""

from __future__ import annotations

import math

import cv2
import numpy as np

from inference.engines.base import Image

# A picture this near to a square has no square that shows it better than the whole does.
_NEARLY_SQUARE = 1.15
_SQUARES_MAX = 3  # covers all of a picture up to 3 to 1; each costs as much as the whole (docs/safety.md)


def views_of(image: Image, side_px: int) -> list[Image]:
    """Return the whole picture, then squares of its shorter side, evenly spaced along the longer one.

    The picture, H×W×3 uint8, is shrunk first so that its shorter side is about twice `side_px`; every pixel counts.
    """
    small = _shrunk(image, 2 * side_px)
    height, width = small.shape[:2]
    short, long = sorted((height, width))
    if long <= _NEARLY_SQUARE * short:
        return [small]
    count = min(_SQUARES_MAX, math.ceil(long / short))
    starts = [round(number * (long - short) / (count - 1)) for number in range(count)]
    if width == long:
        return [small, *(small[:, start : start + short] for start in starts)]
    return [small, *(small[start : start + short] for start in starts)]


def fitted(view: Image, height: int, width: int) -> Image:
    """Stretch a view to the size that a classifier takes."""
    is_larger = view.shape[0] >= height and view.shape[1] >= width
    way = cv2.INTER_AREA if is_larger else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(view, (width, height), interpolation=way), np.uint8)


def _shrunk(image: Image, short_px: int) -> Image:
    """Means of n×n pixels: a whole n is three times as fast as a broken one. Up to n-1 rows and columns are left out."""
    height, width = image.shape[:2]
    n = min(height, width) // short_px
    if n < 2:
        return image
    height, width = height // n, width // n
    whole = image[: height * n, : width * n]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
