"""Which pixels of a line of text are its letters."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.targets.prompt.lettering import Line

_WORKING_HEIGHT_PX = 64.0  # lines are looked at no taller: a letter's shape needs no more
_COVERAGE = (0.03, 0.62)  # letters cover so much of their line; anything else is no letters
_ENDS_SHARE = 1.4  # of its height: how far beyond a line's ends signs are looked for
_ALIKE_SHARE = 0.45  # of the letters' own difference from the ground: a sign's differs no more from that
_STROKE_SHARE = 0.4  # of a line's height, at most: what is wider is no stroke
_NOISE_FLOOR = 4.0  # grey levels: quantisation and JPEG
_SECOND_SHARE = 0.45  # an outline or a shadow differs from the ground at least so much as the letters, relatively


@dataclass(frozen=True, eq=False)
class Glyphs:
    """A line's letters in a window of the photo."""

    window: tuple[slice, slice]
    mask: Mask
    is_clear: bool
    """Whether letters and ground could be told apart; else the mask is the whole line."""


def glyphs(image: Image, line: Line) -> Glyphs:
    """Separate a line's letters (and their outline and shadow) from the ground. `image` is H×W×3 uint8 RGB.

    Signs at the line's ends that the detector left out, such as © or a logo, belong to it where they look as its letters.
    """
    window = _window(image.shape, line)
    crop = image[window]
    local = Line(corners=line.corners - np.asarray([window[1].start, window[0].start], np.float32), score=line.score)
    inside = local.polygon(crop.shape[:2], grown_px=0.12 * line.height_px)
    beyond = local.polygon(crop.shape[:2], grown_px=0.12 * line.height_px, longer_px=_ENDS_SHARE * line.height_px)
    scale = min(1.0, _WORKING_HEIGHT_PX / line.height_px)
    small = _shrunk(crop, scale)
    small_inside, small_beyond = _like(inside, small.shape[:2]), _like(beyond, small.shape[:2])
    difference = _from_ground(small, line.height_px * scale)
    letters = _letters(small, difference, (small_inside, small_beyond), line.height_px * scale)
    coverage = letters[small_inside].mean() if small_inside.any() else 0.0
    if not _COVERAGE[0] <= coverage <= _COVERAGE[1]:
        return Glyphs(window, inside, is_clear=False)
    letters = _without_strangers(letters, difference, (small_inside, small_beyond), line.height_px * scale)
    reach = max(1, round(0.03 * line.height_px))
    mask = _like(letters, crop.shape[:2])
    grown = cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))
    return Glyphs(window, (grown > 0) & beyond, is_clear=True)


def _without_strangers(
    letters: Mask, difference: NDArray[np.float32], areas: tuple[Mask, Mask], height_px: float
) -> Mask:
    """Without what lies beyond the line's ends and is no sign: cut off there, too small, or of another colour."""
    inside, beyond = areas
    count, labels, stats, _ = cv2.connectedComponentsWithStats(letters.astype(np.uint8), connectivity=8)
    is_inside = np.bincount(labels[inside], minlength=count) > 0
    rim = beyond & (cv2.erode(beyond.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0) & ~inside
    is_cut = np.bincount(labels[rim], minlength=count) > 0
    sizes = np.maximum(stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_WIDTH])
    own = difference[letters & inside].mean(axis=0)
    apart = np.stack(
        [np.bincount(labels.ravel(), difference[..., number].ravel(), count) for number in range(3)], axis=1
    )
    apart = apart / np.maximum(stats[:, cv2.CC_STAT_AREA], 1)[:, None] - own
    is_alike = np.linalg.norm(apart, axis=1) < _ALIKE_SHARE * np.linalg.norm(own)
    is_kept = is_inside | (~is_cut & is_alike & (sizes > 0.3 * height_px))
    is_kept[0] = False
    return np.asarray(is_kept[labels])


def _shrunk(image: Image, scale: float) -> Image:
    if scale == 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _window(shape: tuple[int, ...], line: Line) -> tuple[slice, slice]:
    pad = line.height_px * (_ENDS_SHARE + 0.5) + 4
    (left, top), (right, bottom) = line.corners.min(axis=0) - pad, line.corners.max(axis=0) + pad
    return (
        slice(max(int(top), 0), min(int(bottom) + 1, shape[0])),
        slice(max(int(left), 0), min(int(right) + 1, shape[1])),
    )


def _like(mask: Mask, shape: tuple[int, ...]) -> Mask:
    if mask.shape == shape:
        return mask
    resized = cv2.resize(mask.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized > 0.5)


def _from_ground(image: Image, height_px: float) -> NDArray[np.float32]:
    """How the pixels differ from the ground, which is most of what lies around each of them."""
    size = min(max(int(height_px * 0.9) | 1, 5), 255)
    return image.astype(np.float32) - cv2.medianBlur(np.ascontiguousarray(image), size)


def _letters(image: Image, difference: NDArray[np.float32], areas: tuple[Mask, Mask], height_px: float) -> Mask:
    """What sticks out from the ground in the colours in which the line differs most from its surround."""
    inside, beyond = areas
    pixels = image.astype(np.float32)
    letters = np.zeros(inside.shape, bool)
    most = 0.0
    for direction in _directions(difference, inside, ~beyond):
        for side in _sides(pixels @ direction, difference @ direction, height_px):
            strength = _strength(side[inside])
            most = max(most, strength)
            if strength < _SECOND_SHARE * most:
                continue
            noise = float(np.percentile(side[~beyond], 75)) * 1.5 if (~beyond).any() else 0.0
            spread = max(_NOISE_FLOOR, noise)
            tail = side[inside & (side > spread)]
            if len(tail) >= 8:
                letters |= beyond & (side > max(spread, 0.5 * float(np.percentile(tail, 70))))
    return _without_specks(letters, height_px)


def _sides(values: NDArray[np.float32], difference: NDArray[np.float32], height_px: float) -> list[NDArray[np.float32]]:
    """How far each pixel is above the ground, and below it, as part of something thin; the stronger side first."""
    width = max(3, int(_STROKE_SHARE * height_px) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return sorted(
        (
            np.minimum(difference, cv2.morphologyEx(values, cv2.MORPH_TOPHAT, kernel)),
            np.minimum(-difference, cv2.morphologyEx(values, cv2.MORPH_BLACKHAT, kernel)),
        ),
        key=lambda side: -_strength(side),
    )


def _strength(values: NDArray[np.float32]) -> float:
    """How far the far end of the differences reaches: strokes cover a tenth of a line or more."""
    return float(np.percentile(values, 92)) if values.size else 0.0


def _directions(difference: NDArray[np.float32], inside: Mask, outside: Mask) -> list[NDArray[np.float32]]:
    """Two directions of colour, of length 1, in which differences are largest inside compared with outside."""
    here, around = difference[inside], difference[outside]
    signal = here.T @ here / max(len(here), 1)
    noise = 0.5 * around.T @ around / max(len(around), 1) + _NOISE_FLOOR**2 * np.eye(3)
    values, vectors = np.linalg.eig(np.linalg.solve(noise, signal))
    order = np.argsort(-np.real(values))[:2]
    chosen = [np.real(vectors[:, number]) for number in order]
    return [np.asarray(vector / np.linalg.norm(vector), np.float32) for vector in chosen]


def _without_specks(mask: Mask, height_px: float) -> Mask:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    is_kept = stats[:, cv2.CC_STAT_AREA] >= max(3.0, (0.05 * height_px) ** 2)
    is_kept[0] = False
    return np.asarray(is_kept[labels]) if count else mask
