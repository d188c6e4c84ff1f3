"""A mask that is enlarged, and how the result passes over into the picture in the ring that was added."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Mask
from inference.holes import Area, Grid
from jobs.targets import GROW_PX_MAX, Grow

# A stroke painted by hand ends short of the last soft pixels of an object: more of them in larger photos and objects.
_AUTO_SHARE, _AUTO_PX_MIN, _AUTO_PX_MAX = 0.05, 3, 40
_AUTO_DIAGONAL = 700  # one pixel more for each so many of the photo's diagonal


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


def grown(mask: Mask, radius_px: int) -> Mask:
    """Return the mask with every pixel that is at most `radius_px` away from it. Costs what the holes and rings cost."""
    result = mask.copy()
    for window in _windows(mask, radius_px):
        result[window] |= _distance(mask[window]) <= radius_px
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
    for window in _windows(asked, grow_px):
        distance = _distance(asked[window])
        ring = (distance > grow_px - feather_px) & (distance <= grow_px)
        share = ((grow_px + 1 - distance[ring]) / (feather_px + 1))[:, None]
        blended = share * filled[window][ring] + (1 - share) * photo[window][ring]
        filled[window][ring] = np.rint(blended).astype(np.uint8)


def _distance(mask: Mask) -> NDArray[np.float32]:
    """Of each pixel to the nearest one of the mask."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _windows(mask: Mask, margin_px: int) -> list[tuple[slice, slice]]:
    """Parts of the photo that together hold every pixel near the mask, each of them in one part."""
    spans = [_wider(hole.span, margin_px, mask.shape) for hole in Grid(mask).holes()]
    return [(slice(area.top, area.bottom), slice(area.left, area.right)) for area in _disjoint(spans)]


def _wider(area: Area, margin_px: int, shape: tuple[int, ...]) -> Area:
    return Area(
        max(0, area.top - margin_px),
        max(0, area.left - margin_px),
        min(shape[0], area.bottom + margin_px),
        min(shape[1], area.right + margin_px),
    )


def _disjoint(areas: list[Area]) -> list[Area]:
    """Unite areas that overlap until none do: a pixel belongs to one window, and is blended once."""
    found: list[Area] = []
    for area in areas:
        while overlapping := [other for other in found if area.overlaps(other)]:
            for other in overlapping:
                found.remove(other)
                area = area.united(other)
        found.append(area)
    return found
