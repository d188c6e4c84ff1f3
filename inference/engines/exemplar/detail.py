"""Fine detail for a fill that was made small and enlarged: its structure stays, texture comes from around the hole.

The enlarged fill guides a patch search in the known picture, from the size at which it was made to the full one; what
that collage has finer than the fill could hold is added to the fill. A coarse-to-fine refinement as in Kulshreshtha et
al. 2022 ("Feature Refinement to Improve High Resolution Image Inpainting"), with patches in place of a network.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.engines.exemplar.levels import Level, build_pyramid, radius_for


def restore_detail(image: Image, mask: Mask, fill: Image, *, scale: float) -> Image:
    """Return `fill` with detail in the hole; pixels outside the mask are those of `image`.

    Pictures are H×W×3 uint8, `mask` H×W bool. `fill` was made at `scale` (below 1) of its size.
    """
    pyramid = build_pyramid(image, mask, radius_for(mask))
    start = min(len(pyramid) - 1, max(1, round(-np.log2(scale))))
    level = pyramid[start]
    pixels, matches = level.solve(_guided(level, fill), level.random_matches())
    for level in reversed(pyramid[:start]):
        matches = level.adopt(matches)
        pixels, matches = level.solve(level.vote(matches), matches)
    collage = pyramid[0].integrate(pyramid[0].choose(pixels, matches))
    detailed = fill + (collage - _coarse(collage, scale))
    result = image.copy()
    result[mask] = np.clip(np.rint(detailed[mask]), 0, 255).astype(np.uint8)
    return result


def _guided(level: Level, fill: Image) -> NDArray[np.float32]:
    """A level's first guess with the fill's colours: the fill has no texture to be compared, the surround's goes on."""
    guess = level.guess()
    height, width = level.hole.shape
    colours = cv2.resize(fill, (width, height), interpolation=cv2.INTER_AREA)
    guess[level.hole, :3] = np.asarray(colours, np.float32)[level.hole]
    return guess


def _coarse(picture: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """What of a picture survives being made small and enlarged again."""
    height, width = picture.shape[:2]
    small = cv2.resize(
        picture, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
