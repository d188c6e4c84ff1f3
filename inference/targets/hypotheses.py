"""What a click means: boxes of many sizes around it are tried, and the figure is chosen that looks most like one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from inference.targets.cut import Plane, cut_out, lab_of
from inference.targets.shapes import overlap, surrounding, touched
from jobs.targets import Box, Click

# Half the side of a box in sides of the photo, and its height to its width: people stand, few things lie longer.
_RADII = (0.05, 0.08, 0.125, 0.19, 0.28, 0.4)
_ASPECTS = (1.0, 2.2)
_PROMISING = 6  # boxes of the first look that get a second one
_FIRST_LOOK_PX, _SECOND_LOOK_PX = 64, 100
_MARGIN = 0.1  # around a figure that was found, to look whether it is found again

# Weights of what is held against a figure, found on bench.select's photos; halving or doubling any of them changes the
# mean IoU of one click by a few hundredths.
_STABILITY, _SIZE, _AT_PHOTO_BORDER = 0.75, 0.1, 0.5
_USUAL_SHARE = 0.04  # of the photo: what people remove from photos is about that large, give or take a factor of five
_WEAK_STEP = 8.0  # in Lab; a smaller step of colour is hardly seen as a border
FAINT = 0.95  # a border of which that share is weak is none


@dataclass(frozen=True)
class _Figure:
    mask: Mask
    merit: float


def most_likely(image: Image, clicks: Sequence[Click]) -> Mask | None:
    """Return the figure that the clicks mean most likely, as a mask of the image's size; None where nothing stands out.

    The image is small (about 0.15 MP): every box is a cut.
    """
    lab = lab_of(image)
    first = []
    for box in _boxes(image.shape[:2], clicks):
        mask = touched(cut_out(image, box, clicks, side_px=_FIRST_LOOK_PX), clicks)
        if mask.any():
            first.append(_Figure(mask, _merit(lab, mask)))
    first.sort(key=lambda figure: -figure.merit)
    second = []
    for figure in first[:_PROMISING]:
        box = surrounding(figure.mask, _MARGIN)
        mask = touched(cut_out(image, box, clicks, side_px=_SECOND_LOOK_PX), clicks)
        if mask.any():
            second.append(_Figure(mask, _merit(lab, mask) + _STABILITY * overlap(mask, figure.mask)))
    if not second:
        return None
    best = max(second, key=lambda figure: figure.merit).mask
    return best if faintness(lab, best) < FAINT else None


def faintness(lab: Plane, mask: Mask) -> float:
    """The share of a mask's border at which colours hardly change; 1 for a mask without any border in the picture."""
    box = surrounding(mask, 0.2)
    window = (slice(box.y, box.y + box.height), slice(box.x, box.x + box.width))
    lab, mask = lab[window], mask[window]
    reach = max(2.0, 0.04 * math.sqrt(mask.sum()))
    inner = mask & (_depth(mask) <= reach)
    outer = ~mask & (_depth(~mask) <= reach)
    side = int(2 * reach) | 1
    (of_inner, _), (of_outer, near_outer) = _local_mean(lab, inner, side), _local_mean(lab, outer, side)
    border = mask & (_depth(mask) <= 1.5) & (near_outer > 0.05)
    if not border.any():
        return 1.0
    steps = np.sqrt(((of_inner - of_outer) ** 2).sum(axis=2))[border]
    return float((steps < _WEAK_STEP).mean())


def _boxes(shape: tuple[int, ...], clicks: Sequence[Click]) -> Iterator[Box]:
    """Boxes around the first click on the object, made large enough to hold the others."""
    height, width = shape[:2]
    on = [click for click in clicks if click.is_object]
    seen: set[Box] = set()
    for radius in _RADII:
        for aspect in _ASPECTS:
            half = radius * math.sqrt(height * width)
            across, down = half / math.sqrt(aspect), half * math.sqrt(aspect)
            left = max(int(min(on[0].x - across, *(click.x - across / 3 for click in on))), 0)
            top = max(int(min(on[0].y - down, *(click.y - down / 3 for click in on))), 0)
            right = min(int(max(on[0].x + across, *(click.x + across / 3 for click in on))) + 1, width)
            bottom = min(int(max(on[0].y + down, *(click.y + down / 3 for click in on))) + 1, height)
            box = Box(left, top, right - left, bottom - top)
            if box not in seen:
                seen.add(box)
                yield box


def _merit(lab: Plane, mask: Mask) -> float:
    height, width = mask.shape
    length = max(float((mask & (_depth(mask) <= 1.5)).sum()), 1.0)
    at_border = (mask[0].sum() + mask[-1].sum() + mask[:, 0].sum() + mask[:, -1].sum()) / length
    octaves = math.log(mask.sum() / (height * width) / _USUAL_SHARE)
    return -faintness(lab, mask) - _SIZE * octaves**2 - _AT_PHOTO_BORDER * float(at_border)


def _depth(mask: Mask) -> Plane:
    """How far each marked pixel is from the nearest one that is not; the picture's edge is no border."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _local_mean(lab: Plane, where: Mask, side: int) -> tuple[Plane, Plane]:
    """The mean colour of the nearby pixels that are marked, and what share of those nearby they are."""
    weight = where.astype(np.float32)
    share = cv2.blur(weight, (side, side))
    mean = cv2.blur(lab * weight[..., None], (side, side)) / np.maximum(share, 1e-6)[..., None]
    return np.asarray(mean, np.float32), np.asarray(share, np.float32)
