"""The weight-free engine: patch-based completion over a pyramid.

The hole is filled with small pieces of the known picture so that every patch in it looks like some patch outside:
the energy of Wexler et al. (2007, "Space-Time Completion of Video"), minimised by turns of nearest-patch search
(PatchMatch, Barnes et al. 2009) and voting, from coarse to fine. On the way
the hole is once made anew of a few shifted copies of the picture (He and Sun 2012), laid out after what the coarse levels
found: they bring texture that no averaging has blurred. Patches are compared by colour and by the local
strength of texture (Newson et al. 2014, "Video Inpainting of Complex Scenes"), which keeps texture from being averaged
away, and near patches are preferred to far ones. The last level copies real pixels instead of averages, and their
gradients are integrated from the hole's border (Pérez et al. 2003, "Poisson Image Editing"), so that no seam shows.
Holes as thin as wires are bent over instead (`thin`).

Shapes: `image` is H×W×3 uint8 RGB, `mask` is H×W bool, True = fill. Deterministic: same input, same output.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Crop, EngineSpec, Framing, Image, Mask
from inference.engines.exemplar.large import fill_large
from inference.engines.exemplar.levels import build_pyramid, radius_for
from inference.engines.exemplar.thin import bend_over, thin_part
from inference.errors import EngineError

# Larger crops are filled at this size first: 90 bytes a pixel, and a time that grows with the hole.
_PX_MAX = 4_000_000
# The finest level whose hole is not larger is made of shifted copies: a larger hole takes longer and is not better.
_SHIFTED_PX_MAX = 4_000
# One fill uses every core; and numba's fallback for threads ends the process when two enter at once.
_one_at_a_time = threading.Lock()


class NothingKnown(EngineError):
    """The mask leaves nothing of the picture to fill from. Mark a smaller area."""

    code = "mask_covers_image"


class ExemplarEngine:
    """Fills holes with pieces of the same picture; needs no weights."""

    spec = EngineSpec(name="exemplar", device="cpu", framing=Framing(best_side_px=1536, context_share=0.75))

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        """Fill each crop's hole. Raises `NothingKnown` where a crop has no known pixel."""
        with _one_at_a_time:
            return [fill_hole(crop.image, crop.mask) for crop in crops]

    def warm_up(self) -> None:
        """Compile the loops on a tiny picture, or read them from numba's cache."""
        image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
        mask = np.zeros((48, 48), bool)
        mask[16:32, 16:32] = True
        fill_hole(image, mask)


def fill_hole(image: Image, mask: Mask) -> Image:
    """Return the image with its hole filled; pixels outside the mask are the same. Raises `NothingKnown`."""
    if not mask.any():
        return image.copy()
    if mask.all():
        raise NothingKnown
    thin = thin_part(mask)
    if thin.any():
        image = bend_over(image, thin, mask)
        mask = mask & ~thin
    if not mask.any():
        return image
    if mask.size > _PX_MAX:
        return fill_large(image, mask, collage, px_max=_PX_MAX)
    return collage(image, mask)[0]


def collage(image: Image, mask: Mask) -> tuple[Image, NDArray[np.int32]]:
    """Return the filled image, and for each pixel the place it was taken from."""
    pyramid = build_pyramid(image, mask, radius_for(mask))
    shifted = next((at for at, level in enumerate(pyramid) if len(level.holes) <= _SHIFTED_PX_MAX), None)
    *finer, level = pyramid
    pixels, matches = level.solve(level.guess(), level.random_matches())
    for number, level in reversed(list(enumerate(finer))):
        matches = level.adopt(matches)
        pixels = level.vote(matches)
        if number == shifted:
            matches = level.shifted_matches(guide=pixels, otherwise=matches)
            pixels = level.vote(matches)
        pixels, matches = level.solve(pixels, matches)
    places = level.choose(pixels, matches)
    filled = level.integrate(places)
    result = image.copy()
    result[mask] = np.clip(np.rint(filled[mask]), 0, 255).astype(np.uint8)
    return result, places
