"""Targets that name their pixels become one mask."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

import numpy as np
from PIL import Image

from inference.engines.base import Mask
from inference.errors import NothingFound, UnreadableImage
from inference.targets import polygons
from jobs.targets import Box, Rle, Segmentation

_THRESHOLD = 128  # as the web process normalised it; kept here for masks that come another way


def rasterise(
    *,
    size: tuple[int, int],
    mask_png: bytes | None = None,
    boxes: Iterable[Box] = (),
    segmentation: Segmentation | None = None,
) -> Mask:
    """Unite all that is given to one H×W bool mask, True = fill. `size` is the photo's displayed (width, height).

    `mask_png` is a single-channel PNG of that size, 255 = fill. Raises `UnreadableImage` for a mask or run lengths that
    do not fit, `NothingFound` when nothing is marked.
    """
    mask = marked(size=size, mask_png=mask_png, boxes=boxes, segmentation=segmentation)
    if not mask.any():
        raise NothingFound
    return mask


def marked(
    *,
    size: tuple[int, int],
    mask_png: bytes | None = None,
    boxes: Iterable[Box] = (),
    segmentation: Segmentation | None = None,
) -> Mask:
    """As `rasterise`, but where nothing is marked, the mask is empty: what clicks select may still be added."""
    width, height = size
    mask = np.zeros((height, width), bool) if mask_png is None else _read(mask_png, size)
    for box in boxes:
        # A negative edge would count from the other side of the array.
        mask[max(box.y, 0) : max(box.y + box.height, 0), max(box.x, 0) : max(box.x + box.width, 0)] = True
    if segmentation is not None:
        if segmentation.rle is not None:
            mask |= _unrolled(segmentation.rle, size)
        for polygon in segmentation.polygons:
            polygons.fill(mask, polygon)
    return mask


def _read(mask_png: bytes, size: tuple[int, int]) -> Mask:
    try:
        image = Image.open(io.BytesIO(mask_png), formats=["PNG"])
        if image.size != size:
            raise UnreadableImage(f"The mask is {image.width}×{image.height} pixels, the photo {size[0]}×{size[1]}.")
        return np.array(image.convert("L")) >= _THRESHOLD
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise UnreadableImage("The mask could not be decoded.") from error


def _unrolled(rle: Rle, size: tuple[int, int]) -> Mask:
    # Asked before anything of that size is allocated.
    if (rle.width, rle.height) != size:
        raise UnreadableImage(f"The segmentation is {rle.width}×{rle.height} pixels, the photo {size[0]}×{size[1]}.")
    is_marked = np.arange(len(rle.counts)) % 2 == 1
    return np.repeat(is_marked, rle.counts).reshape(rle.width, rle.height).T
