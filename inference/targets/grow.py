"""A mask that is enlarged, and how the result passes over into the picture in the ring that was added."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Mask
from inference.holes import Grid
from jobs.targets import GROW_PX_MAX, Grow

# A stroke painted by hand ends short of the last soft pixels of an object: more of them in larger photos and objects.
_AUTO_SHARE, _AUTO_PX_MIN, _AUTO_PX_MAX = 0.05, 3, 40
_AUTO_DIAGONAL = 700  # one pixel more for each so many of the photo's diagonal
_TILE_SIDE = 512  # distances are measured piecemeal: a wire across a large photo has a window as large as the photo


def growth_px(mask: Mask, grow: Grow) -> int:
    """Return by how many pixels a mask (H×W bool, not empty) is to be enlarged."""
    if grow.is_nothing:
        return 0
    if grow.px:
        return grow.px
    thickness = max(hole.thickness_px for hole in Grid(mask).holes())
    if grow.is_automatic:
        by_size = max(_AUTO_SHARE * thickness, math.hypot(*mask.shape) / _AUTO_DIAGONAL)
        return round(min(max(by_size, _AUTO_PX_MIN), _AUTO_PX_MAX))
    return min(round(grow.percent / 100 * thickness), GROW_PX_MAX)


def feather_px(feather: int | None, grow_px: int) -> int:
    """Return how wide the passage is: what was asked for as far as the ring is that wide, else half of the ring."""
    return grow_px // 2 if feather is None else min(feather, grow_px)


def grown(mask: Mask, radius_px: int) -> Mask:
    """Return the mask with every pixel that is at most `radius_px` away from it. Costs what the holes and rings cost."""
    result = mask.copy()
    for tile, distance in _distances(mask, radius_px):
        result[tile] |= distance <= radius_px
    return result


def pass_over(
    photo: NDArray[np.uint8], filled: NDArray[np.uint8], asked: Mask, *, grow_px: int, feather_px: int
) -> None:
    """Blend the photo into the outer `feather_px` of the ring that lies up to `grow_px` around `asked`, in place.

    Pictures are H×W×3 uint8. What was asked for is all fill; the blend ends outside the ring with all photo.
    """
    feather_px = min(feather_px, grow_px)
    if not feather_px:
        return
    for tile, distance in _distances(asked, grow_px):
        ring = (distance > grow_px - feather_px) & (distance <= grow_px)
        share = ((grow_px + 1 - distance[ring]) / (feather_px + 1))[:, None]
        blended = share * filled[tile][ring] + (1 - share) * photo[tile][ring]
        filled[tile][ring] = np.rint(blended).astype(np.uint8)


def _distances(mask: Mask, reach_px: int) -> Iterator[tuple[tuple[slice, slice], NDArray[np.float32]]]:
    """Tiles that hold every pixel up to `reach_px` from the mask, none twice, with its distance to the mask.

    Distances beyond the reach may be too large: each tile looks only that far around itself.
    """
    height, width = mask.shape
    for top in range(0, height, _TILE_SIDE):
        for left in range(0, width, _TILE_SIDE):
            first_row, first_column = max(0, top - reach_px), max(0, left - reach_px)
            bottom, right = min(height, top + _TILE_SIDE), min(width, left + _TILE_SIDE)
            around = mask[first_row : bottom + reach_px, first_column : right + reach_px]
            if not around.any():
                continue
            unmarked = (~around).astype(np.uint8)
            distance = np.asarray(cv2.distanceTransform(unmarked, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)
            rows, columns = top - first_row, left - first_column
            yield (
                (slice(top, bottom), slice(left, right)),
                distance[rows : rows + bottom - top, columns : columns + right - left],
            )
