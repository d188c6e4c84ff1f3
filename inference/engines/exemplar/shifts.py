"""Where whole parts of the hole may be copied from: a few shifts of the picture, and which part takes which.

Patches of one picture resemble each other at a few distances: those at which its structures repeat or go on (He and Sun
2012, "Statistics of Patch Offsets for Image Completion"). The hole becomes a collage of the picture shifted by such
distances. Which pixel takes which shift is a labelling; it costs what shows where two shifts meet and where they meet
the known picture, and a little for colours that are not those of a first fill. In place of their graph cut, min-sum belief propagation: every shift for a few rounds, then the few
that are still likely.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Mask
from inference.engines.exemplar import labelling

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_SHIFTS_MAX = 30  # of each kind: short ones serve along the border, long ones in the middle
_SHORTEST_SHARE = 1 / 15  # of the picture's side: nearer patches resemble each other because they overlap
_LONG_DEPTHS = 1.5  # a shift of so many times the hole's depth reaches known ground from its middle
_AROUND_DEPTHS, _AROUND_PX_MIN = 1.5, 12  # statistics are of the ground around the hole
_SEARCH_ROUNDS = 6
_FIRST_ROUNDS, _LIKELY, _LAST_ROUNDS = 5, 12, 20
# How much a colour counts that differs from the guide's. Texture 6.5 at 0, 6.2 at 0.03, 6.3 at 0.1, 6.7 at 0.3; without a
# guide, borders that run aslant are copied in steps.
_GUIDANCE = 0.03


def find_shifts(pixels: Floats, sources: Mask, hole: Mask, radius: int) -> Ints:
    """Return shifts (rows, columns) at which patches around the hole have their like; none where there are none."""
    depth = float(cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 3).max())
    reach = max(_AROUND_PX_MIN, round(_AROUND_DEPTHS * depth))
    distance = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_C, 3)
    around = sources & (distance <= reach)
    kinds = (_SHORTEST_SHARE * max(hole.shape), _LONG_DEPTHS * depth)
    found = [_frequent(pixels, sources, around, radius, max(2 * radius, round(shortest))) for shortest in kinds]
    return np.unique(np.concatenate(found), axis=0)


def label_hole(pixels: Floats, guide: Floats, hole: Mask, shifts: Ints, *, far: float) -> Ints:
    """Return the index of the shift for each pixel (H×W), -1 outside the hole and where no shift leads out of it.

    `guide` is the picture with a first fill; `far` is what a shift costs for each squared pixel of its length.
    """
    holes = np.argwhere(hole).astype(np.int32)
    index = np.full(hole.shape, -1, np.int32)
    index[hole] = np.arange(len(holes), dtype=np.int32)
    options = np.tile(np.arange(len(shifts), dtype=np.int32), (len(holes), 1))
    if len(shifts) > _LIKELY:
        costs = labelling.costs(
            pixels, guide, np.float32(_GUIDANCE), hole, holes, index, shifts, options, np.float32(far), _FIRST_ROUNDS
        )
        options = np.ascontiguousarray(np.argsort(costs, axis=1, kind="stable")[:, :_LIKELY].astype(np.int32))
    costs = labelling.costs(
        pixels, guide, np.float32(_GUIDANCE), hole, holes, index, shifts, options, np.float32(far), _LAST_ROUNDS
    )
    best = costs.argmin(axis=1)[:, None]
    chosen = np.take_along_axis(options, best, axis=1)
    labels = np.full(hole.shape, -1, np.int32)
    labels[hole] = np.where(np.take_along_axis(costs, best, axis=1) < labelling.FORBIDDEN, chosen, -1)[:, 0]
    return labels


def _frequent(pixels: Floats, sources: Mask, around: Mask, radius: int, shortest: int) -> Ints:
    """The most frequent shifts between similar patches that are at least `shortest` pixels apart."""
    height, width = sources.shape
    targets, places = np.argwhere(around).astype(np.int32), np.argwhere(sources).astype(np.int32)
    if len(targets) == 0:
        return np.zeros((0, 2), np.int32)
    matches = labelling.matches_elsewhere(
        pixels, targets, around, sources, places, radius, np.int64(shortest) ** 2, _SEARCH_ROUNDS
    )
    shifts = matches - targets
    rows, columns = shifts[(shifts**2).sum(axis=1) >= shortest**2].T
    counts = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
    np.add.at(counts, (rows + height, columns + width), 1)
    np.add.at(counts, (height - rows, width - columns), 0.5)  # what resembles something is resembled by it
    counts = np.asarray(cv2.GaussianBlur(counts, (0, 0), 2**0.5), np.float32)
    is_peak = (counts == cv2.dilate(counts, np.ones((5, 5), np.uint8))) & (counts > 0.05)
    rows, columns = np.nonzero(is_peak)
    best = np.argsort(-counts[rows, columns], kind="stable")[:_SHIFTS_MAX]
    return np.stack([rows[best] - height, columns[best] - width], axis=1).astype(np.int32)
