"""Holes too large for memory and patience at full size: filled small, then made sharp by the same pieces at full size.

A fill is a map from each pixel of the hole to the known pixel it was taken from. The map of a small picture serves the
large one: the enlarged fill gives the colours, and the known pixel that a place maps to what is finer than the
enlargement can hold.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask

_SPECKLED_SHARE = 0.9  # of a small picture without a known pixel left: it holds nothing to fill from
_STRIP_ROWS = 256  # bounds the memory of gathering

Collage = Callable[[Image, Mask], tuple[Image, NDArray[np.int32]]]
"""Fills a hole, and says for each pixel from which place (row, column) it was taken."""


def fill_large(image: Image, mask: Mask, collage: Collage, *, px_max: int) -> Image:
    """Return the image with its hole filled; pixels outside the mask are the same."""
    height, width = mask.shape
    scale = (px_max / mask.size) ** 0.5
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    hole = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0  # partly hole is hole
    if hole.mean() > _SPECKLED_SHARE:
        return collage(image, mask)[0]
    known = np.where(mask[..., None], 0, image).astype(np.uint8)
    small, places = collage(np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.uint8), hole)
    enlarged = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    result = image.copy()
    for top in range(0, height, _STRIP_ROWS):
        rows, columns = np.nonzero(mask[top : top + _STRIP_ROWS])
        if rows.size:
            rows += top
            source_rows, source_columns = _sources(rows, columns, places, (height, width))
            detail = image[source_rows, source_columns].astype(np.int16) - enlarged[source_rows, source_columns]
            detail[mask[source_rows, source_columns]] = 0  # by a pixel, when sizes do not divide
            result[rows, columns] = np.clip(enlarged[rows, columns] + detail, 0, 255)
    return result


def _sources(
    rows: NDArray[np.int64], columns: NDArray[np.int64], places: NDArray[np.int32], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where full-size pixels come from: as far from their place in the small picture as the small pixel is."""
    found = []
    small_rows, small_columns = rows * places.shape[0] // shape[0], columns * places.shape[1] // shape[1]
    at = places[small_rows, small_columns]
    for axis, (own, small) in enumerate(((rows, small_rows), (columns, small_columns))):
        step = shape[axis] / places.shape[axis]
        found.append(np.clip(own + np.rint((at[:, axis] - small) * step).astype(np.int64), 0, shape[axis] - 1))
    return found[0], found[1]
