"""Polygons become pixels."""

from __future__ import annotations

import math

import numpy as np

from inference.engines.base import Mask
from jobs.targets import Polygon


def fill(mask: Mask, polygon: Polygon) -> None:
    """Mark in an H×W bool mask every pixel whose middle is inside the polygon, by the even-odd rule, in place.

    What reaches outside the mask is cut off. Polygons that share an edge share no pixel and leave none out.
    """
    window = _window(polygon, mask.shape)
    height, width = (side.stop - side.start for side in window)
    if height <= 0 or width <= 0:
        return
    # In each row, the pixels at which the border is crossed: between the first and the second one is inside, and so on.
    crossings = np.zeros((height, width + 1), bool)
    before = polygon.points[-1]
    for after in polygon.points:
        _cross(crossings, (before[0] - window[1].start, before[1] - window[0].start),
               (after[0] - window[1].start, after[1] - window[0].start))  # fmt: skip
        before = after
    np.logical_xor.accumulate(crossings, axis=1, out=crossings)
    mask[window] |= crossings[:, :width]


def _window(polygon: Polygon, shape: tuple[int, ...]) -> tuple[slice, slice]:
    columns, rows = zip(*polygon.points, strict=True)
    return (
        slice(max(math.floor(min(rows)), 0), min(math.ceil(max(rows)), shape[0])),
        slice(max(math.floor(min(columns)), 0), min(math.ceil(max(columns)), shape[1])),
    )


def _cross(crossings: Mask, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Turn over, in every row whose middle the edge crosses, the first pixel whose middle is not left of it."""
    (upper_x, upper_y), (lower_x, lower_y) = sorted((start, end), key=lambda point: point[1])
    # An edge's upper end counts, its lower end does not: where two edges meet, one of them is crossed.
    first = max(math.ceil(upper_y - 0.5), 0)
    last = min(math.ceil(lower_y - 0.5), crossings.shape[0])
    if first >= last:
        return
    rows = np.arange(first, last)
    x = upper_x + (rows + 0.5 - upper_y) * ((lower_x - upper_x) / (lower_y - upper_y))
    columns = np.clip(np.ceil(x - 0.5), 0, crossings.shape[1] - 1).astype(np.intp)
    crossings[rows, columns] ^= True
