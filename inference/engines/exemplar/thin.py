"""Holes as thin as wires and strokes of text: bent over from bank to bank, without looking for texture.

The biharmonic equation continues colours and their slopes across the hole. Over a few pixels that is nearer to the
truth than any copied piece, and quicker (docs/engines.md).
"""

from __future__ import annotations

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from inference.engines.exemplar import kernels

DEPTH_PX_MAX = 6.0  # a hole with a deeper place is not thin
_ROUNDS, _RELAXATION = 200, 1.6  # enough for that depth
_SETTLED = 0.1  # grey levels the last round changes at most


def thin_part(mask: Mask) -> Mask:
    """Return those holes of a mask (H×W bool) that are thin everywhere."""
    count, found = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    labels = np.asarray(found, np.int32)
    depths = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    deepest = np.zeros(count, np.float32)
    np.maximum.at(deepest, labels, depths)
    is_thin = deepest <= DEPTH_PX_MAX
    is_thin[0] = False
    return np.asarray(is_thin[labels])


def bend_over(image: Image, mask: Mask, unknown: Mask) -> Image:
    """Fill thin holes; pixels outside `mask` are the same. Nothing under `unknown`, which holds `mask`, is looked at."""
    blanked = np.where(unknown[..., None], 0, image).astype(np.uint8)
    guess = cv2.inpaint(blanked, unknown.astype(np.uint8), 3, cv2.INPAINT_NS)
    holes = np.argwhere(mask).astype(np.int32)
    filled = kernels.bend(guess.astype(np.float32), holes, _ROUNDS, np.float32(_RELAXATION), np.float32(_SETTLED))
    result = image.copy()
    result[mask] = np.clip(np.rint(filled[mask]), 0, 255).astype(np.uint8)
    return result
