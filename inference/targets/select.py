"""Clicks and a loose box become the mask of the object they mean, without any weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from inference.errors import NothingFound
from inference.targets import hypotheses
from inference.targets.cut import SURROUND, cut_out, lab_of
from inference.targets.frames import Frame
from inference.targets.shapes import denied, main_pieces, overlap, surrounding, touched, without_small_holes
from jobs.targets import Box, Click

_OVERVIEW_PX = 160_000  # 400 pixels each way: the twelve boxes that are tried around a click take half a second
_CLOSE_PX = 1_000_000  # for the border; beyond, a border is drawn more coarsely than the growth that follows it
_CUT_SIDE_PX = 100  # finer cuts are no better on bench.select's photos: they follow texture
_BORDER_SHARPNESS = 1e-4  # of the guided filter, for colours from 0 to 1
# Who clicks on something that is not the object gets at least so much of it out, of the object's side, whatever the
# colours say.
_DENIED_SHARE = 0.06
_SAME = 0.75  # overlap from which a closer look saw the same object


class Selector(Protocol):
    """Finds the object that is meant."""

    @property
    def name(self) -> str: ...

    def select(self, image: Image, clicks: Sequence[Click], box: Box | None) -> Mask:
        """Return the object's mask, H×W bool. Clicks, at least one of them on the object, or a box around it, or both.

        Clicks and box lie inside the image. Raises `NothingFound`.
        """
        ...


class GrabCutSelector:
    """Finds what stands out from its surround by colour and border."""

    name = "grabcut"

    def select(self, image: Image, clicks: Sequence[Click], box: Box | None) -> Mask:
        """As `Selector`: the same image, clicks and box give the same mask."""
        if box is None:
            return _clicked(image, clicks)
        frame, mask = _cut_closely(image, box, clicks)
        lab = lab_of(frame.of(image))
        if not mask.any() or hypotheses.faintness(lab, mask) >= hypotheses.FAINT:
            raise NothingFound("Nothing in the box stands out from what is around it. Mark the object with a mask.")
        return frame.mask_of_photo(mask, image.shape)


def _clicked(image: Image, clicks: Sequence[Click]) -> Mask:
    height, width = image.shape[:2]
    overview = Frame.around(Box(0, 0, width, height), image, margin=0, px_max=_OVERVIEW_PX)
    likely = hypotheses.most_likely(overview.of(image), overview.clicks(clicks))
    if likely is None:
        raise NothingFound("Nothing stands out where you clicked. Mark the object with a box or a mask.")
    box = overview.box_of_photo(surrounding(likely, 0.1))
    frame, mask = _cut_closely(image, box, clicks, expected=overview.mask_of_photo(likely, image.shape))
    return frame.mask_of_photo(mask, image.shape)


def _cut_closely(
    image: Image, box: Box, clicks: Sequence[Click], *, expected: Mask | None = None
) -> tuple[Frame, Mask]:
    """Cut the object out of the box with a border that follows the picture's; the mask is the frame's.

    Where a mask of the photo is expected, it is kept if what is seen from close by is something else.
    """
    frame = Frame.around(box, image, margin=SURROUND, px_max=_CLOSE_PX)
    picture, near = frame.of(image), frame.clicks(clicks)
    mask = _meant(cut_out(picture, frame.box(box), near, side_px=_CUT_SIDE_PX), near)
    if expected is not None:
        coarse = frame.mask(expected)
        mask = mask if overlap(mask, coarse) >= _SAME else coarse
    mask = _along_edges(picture, mask, frame.box(box))
    whole = without_small_holes(_meant(mask, near), near)
    return frame, denied(whole, near, _DENIED_SHARE * (whole.sum() ** 0.5))


def _meant(mask: Mask, clicks: Sequence[Click]) -> Mask:
    pieces = touched(mask, clicks)
    return pieces if pieces.any() else main_pieces(mask)


def _along_edges(picture: Image, mask: Mask, box: Box) -> Mask:
    """Move a mask's border, drawn at a coarser scale, to the edges of the picture nearby (He et al., ECCV 2010)."""
    cell = (box.width * box.height) ** 0.5 / _CUT_SIDE_PX
    if cell <= 1 or not mask.any():
        return mask
    guide = picture.astype(np.float32) / 255
    soft = cv2.ximgproc.guidedFilter(guide, mask.astype(np.float32), round(2 * cell), _BORDER_SHARPNESS)
    return np.asarray(soft > 0.5)
