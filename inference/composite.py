"""Filled crops go back into the photo; everything outside the hole stays what it was, and that is measured."""

from __future__ import annotations

import cv2
import numpy as np

from inference.codecs.photo import Samples
from inference.crops import CropBox
from inference.engines.base import Image, Mask
from inference.errors import BadOutput

_STRIP_ROWS = 256  # compares a large photo piecemeal


def paste(photo: Image, crop: CropBox, filled: Image) -> None:
    """Put a crop's own pixels from its fill (H×W×3 uint8 of the crop's size) into `photo`, in place.

    Raises `BadOutput` for a fill of another size or type, before anything is changed.
    """
    window = photo[crop.window]
    if filled.dtype != np.uint8 or filled.shape != window.shape:
        raise BadOutput(f"The fill has shape {filled.shape} of {filled.dtype}, the crop {window.shape}.")
    window[crop.own] = filled[crop.own]


def count_changed(before: Samples, after: Samples) -> int:
    """Return how many pixels differ in any channel. Both are H×W or H×W×channels of one shape and depth."""
    changed = 0
    for top in range(0, before.shape[0], _STRIP_ROWS):
        differs = before[top : top + _STRIP_ROWS] != after[top : top + _STRIP_ROWS]
        changed += int(np.count_nonzero(differs.any(axis=2) if differs.ndim == 3 else differs))
    return changed


def largest_difference_outside(before: Samples, after: Samples, mask: Mask) -> int:
    """Return the largest difference of any sample outside the mask, in the samples' own units.

    `before` and `after` are H×W or H×W×channels of one shape and depth.
    """
    largest = 0
    for top in range(0, mask.shape[0], _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        away = cv2.absdiff(before[rows], after[rows])
        away[mask[rows]] = 0
        largest = max(largest, int(away.max()))
    return largest
