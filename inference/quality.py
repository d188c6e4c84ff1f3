"""Is the hole filled, and does the fill belong there? Coarse checks that catch a broken engine, not a matter of taste.

A false alarm costs the customer the result, so every bound is generous: flat walls, skies, night pictures, line art
and single pixels pass. The measure of what belongs is the ring of known pixels around the hole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.crops import CropBox
from inference.engines.base import Image, Mask
from inference.errors import BadOutput

_HOLE_PX_MIN = 64  # statistics of fewer pixels say nothing
_RING_PX_MIN = 64
_SAMPLE_PX = 2_000_000  # more pixels tell no more
_STRIP_ROWS = 256  # a large crop is looked at piecemeal
_RING_SHARE = 8  # the ring is an eighth of the hole's side wide
_RING_WIDTH_MIN, _RING_WIDTH_MAX = 6, 48

_SAME_COLOUR = 12  # channel distance within which two colours pass for one
_FLAT_SHARE = 0.3  # of the hole in exactly one colour: a fill of natural surround never is
_UNFILLED_SHARE = 0.05  # of the hole in the exact black or white of a buffer or a mask
_ECHO_SHARE = 0.005  # the ring must show a flat colour at least this often to explain it
_TEXTURE_STD = 4.0  # below this a ring is flat, and a flat fill is right

_OBJECT_SHARE = 0.25  # of the hole in colours that the ring does not have: there was an object
_UNCHANGED_MEAN = 0.5  # mean channel difference below which nothing was removed

_COLOUR_SLACK = 40  # how far the mean colour of a fill may leave the range of the crop's known colours
_SEAM_STEP = 24  # a step across the border, in the median, that no feathered or textured border explains
_SEAM_TEXTURE = 3.0  # … unless the surround itself steps this much: times its mean step


@dataclass(frozen=True, eq=False)
class _Evidence:
    """One crop's hole before and after, and its surround."""

    before: NDArray[np.uint8]
    """N×3: what was under the mask."""
    after: NDArray[np.uint8]
    """N×3: what is there now."""
    ring: NDArray[np.uint8]
    """M×3: known pixels close to the hole."""
    known: NDArray[np.uint8]
    """K×3: known pixels of the whole crop."""


def judge(before: Image, after: Image, mask: Mask, crops: Iterable[CropBox]) -> None:
    """Look at every crop's fill. All arrays are the whole photo's; `mask` is the whole hole.

    Raises `BadOutput` with the reason for a fill that is missing, flat, the old object, or foreign to its surround.
    """
    for crop in crops:
        window = crop.window
        known = ~mask[window]
        if int(crop.own.sum()) < _HOLE_PX_MIN or int(known.sum()) < _RING_PX_MIN:
            continue
        ring = _ring(crop.own) & known
        evidence = _Evidence(
            _sample(before[window], crop.own),
            _sample(after[window], crop.own),
            _sample(after[window], ring),
            _sample(after[window], known),
        )
        _check_filled(evidence)
        _check_removed(evidence)
        _check_colours(evidence)
        _check_seam(after[window], crop.own, known)


def _sample(picture: Image, where: Mask) -> NDArray[np.uint8]:
    """The pixels at these places, or an even choice of their rows where they are very many. N×3."""
    step = 1 + int(np.count_nonzero(where)) // _SAMPLE_PX
    return picture[::step][where[::step]]


def _ring(own: Mask) -> Mask:
    side = max(own.any(axis=1).sum(), own.any(axis=0).sum())
    width = int(np.clip(side // _RING_SHARE, _RING_WIDTH_MIN, _RING_WIDTH_MAX))
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * width + 1, 2 * width + 1))
    return np.asarray(cv2.dilate(own.astype(np.uint8), kernel).astype(bool) & ~own)


def _check_filled(evidence: _Evidence) -> None:
    """A colour that fills much of the hole exactly must occur around it."""
    ring = evidence.ring
    if len(ring) < _RING_PX_MIN or ring.std(axis=0).max() < _TEXTURE_STD:
        if len(ring) and _is_foreign_flat(evidence.after, ring):
            raise BadOutput("The hole was filled with one foreign colour. Try a larger mask around the object.")
        return
    colour, share = _commonest(evidence.after)
    is_buffer = bool((colour == 0).all() or (colour == 255).all())
    limit = _UNFILLED_SHARE if is_buffer else _FLAT_SHARE
    if share > limit and _share_near(evidence.known, colour) < _ECHO_SHARE:
        raise BadOutput("Part of the hole was not filled. Try a larger mask around the object.")
    if evidence.after.std(axis=0).max() == 0 and _share_near(ring, colour) < _FLAT_SHARE:
        raise BadOutput("The fill is flat, its surround is not. Try a larger mask around the object.")


def _is_foreign_flat(after: NDArray[np.uint8], ring: NDArray[np.uint8]) -> bool:
    """Around a flat surround a flat fill is right, in the surround's colour."""
    colour, share = _commonest(after)
    distance = np.abs(colour.astype(np.int16) - np.median(ring, axis=0)).max()
    return share > _FLAT_SHARE and bool(distance > _COLOUR_SLACK)


def _commonest(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """The most frequent exact colour, and its share."""
    wide = pixels.astype(np.uint32)
    codes, counts = np.unique(wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], return_counts=True)
    code = int(codes[counts.argmax()])
    return np.array([code >> 16, code >> 8 & 255, code & 255], np.uint8), float(counts.max() / len(pixels))


def _share_near(pixels: NDArray[np.uint8], colour: NDArray[np.uint8]) -> float:
    if len(pixels) == 0:
        return 0.0
    return float((np.abs(pixels.astype(np.int16) - colour).max(axis=1) <= _SAME_COLOUR).mean())


def _check_removed(evidence: _Evidence) -> None:
    """If colours under the mask stood out from the surround and are all still there, nothing was removed."""
    change = np.abs(evidence.after.astype(np.int16) - evidence.before).mean()
    if change > _UNCHANGED_MEAN or len(evidence.ring) < _RING_PX_MIN:
        return
    low, high = np.percentile(evidence.ring, (1, 99), axis=0)
    stood_out = ((evidence.before < low - _SAME_COLOUR) | (evidence.before > high + _SAME_COLOUR)).any(axis=1)
    if stood_out.mean() > _OBJECT_SHARE:
        raise BadOutput("The object is still there. Try a larger mask around the object.")


def _check_colours(evidence: _Evidence) -> None:
    """The fill's mean colour lies within the range of the known colours, widely taken."""
    low, high = np.percentile(evidence.known, (0.5, 99.5), axis=0)
    mean = evidence.after.mean(axis=0)
    if ((mean < low - _COLOUR_SLACK) | (mean > high + _COLOUR_SLACK)).any():
        raise BadOutput("The fill's colours are foreign to its surround. Try a larger mask around the object.")


def _check_seam(after: Image, own: Mask, known: Mask) -> None:
    """Along most of the border no step may stand out from the steps the surround has itself."""
    across: list[NDArray[np.float32]] = []
    total, count = 0.0, 0
    for top in range(0, own.shape[0], _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS + 1)  # with the first row of the next strip: the step between is seen once
        for axis in (0, 1):
            near, far = _neighbours(axis)
            strip, inside, outside = after[rows], own[rows], known[rows]
            step = cv2.absdiff(strip[near], strip[far]).mean(axis=2, dtype=np.float32)
            across.append(step[(inside[near] & outside[far]) | (outside[near] & inside[far])])
            usual = step[outside[near] & outside[far]]
            total, count = total + float(usual.sum()), count + usual.size
    steps = np.concatenate(across)
    if steps.size == 0 or count == 0:
        return
    if float(np.median(steps)) > max(_SEAM_STEP, _SEAM_TEXTURE * total / count):
        raise BadOutput("The fill shows a hard edge. Try a larger mask around the object.")


def _neighbours(axis: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Index pairs of each pixel and the next one along an axis."""
    first, second, whole = slice(None, -1), slice(1, None), slice(None)
    return ((first, whole), (second, whole)) if axis == 0 else ((whole, first), (whole, second))
