"""Pieces, holes and extents of masks (H×W bool)."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from inference.engines.base import Mask
from jobs.targets import Box, Click

_HOLE_SHARE = 0.02  # of the mask; larger ones are looked through: the loop of an arm, a window


def touched(mask: Mask, clicks: Sequence[Click]) -> Mask:
    """Return the pieces of the mask that hold a click on the object."""
    _, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    meant = {int(pieces[click.y, click.x]) for click in clicks if click.is_object} - {0}
    return np.isin(pieces, list(meant)) if meant else np.zeros_like(mask)


def denied(mask: Mask, clicks: Sequence[Click], radius_px: float) -> Mask:
    """Return the mask without what lies around the clicks that are not on the object, where it still holds them."""
    kept = mask.copy()
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    for click in clicks:
        if not click.is_object and mask[click.y, click.x]:
            kept &= (columns - click.x) ** 2 + (rows - click.y) ** 2 > radius_px**2
    return kept


def main_pieces(mask: Mask, *, share: float = 0.1) -> Mask:
    """Return the largest piece and those that have at least that share of its pixels."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 3:
        return mask
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    return np.asarray((sizes >= share * sizes.max())[pieces])


def without_small_holes(mask: Mask, clicks: Sequence[Click] = ()) -> Mask:
    """Return the mask with its small holes marked, but for those that a click says are none of the object."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    is_hole = stats[:, cv2.CC_STAT_AREA] < _HOLE_SHARE * mask.sum()
    for rim in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        is_hole[rim] = False  # open to the outside of the picture
    is_hole[0] = False  # the mask itself
    is_hole[[pieces[click.y, click.x] for click in clicks if not click.is_object]] = False
    return np.asarray(mask | is_hole[pieces])


def surrounding(mask: Mask, margin: float) -> Box:
    """Return the smallest box around the mask, larger by a share of its sides on each side, within the picture."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    down, across = int(margin * height) + 2, int(margin * width) + 2
    top, left = max(int(rows[0]) - down, 0), max(int(columns[0]) - across, 0)
    bottom, right = min(int(rows[-1]) + 1 + down, mask.shape[0]), min(int(columns[-1]) + 1 + across, mask.shape[1])
    return Box(left, top, right - left, bottom - top)


def overlap(one: Mask, other: Mask) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max((one | other).sum(), 1))
