"""Things of the twenty classes that a small network knows, one by one, with their outlines.

The network sees 257×257 pixels: the whole photo is looked at, then overlapping squares of it, and last every thing
found, enlarged. Only what the enlarged look confirms counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inference.engines.base import Image, Mask
from inference.targets.prompt.candidates import Candidate, candidate
from inference.targets.prompt.networks import ClassNetwork, PersonNetwork, Probability

CLASSES = ClassNetwork.CLASSES[1:]
_CANVAS_PX = 768  # where what the views saw is put together
_FIRST_LOOK = 0.5  # a pixel is taken up above
# Mean probabilities from 0 to 1 that make a thing sure: in an enlarged look alone; or in that, and together with a look
# from farther away. Picked by hand on ten photos with the class and some fifteen without, and not checked on others.
_SURE_CLOSE, _LIKELY_CLOSE, _SURE_TOGETHER = 0.84, 0.65, 1.3
_SMALLEST_SHARE = 0.0006  # of the photo: smaller spots are noise more often than things
_THINGS_MAX = 10  # enlarged looks: bounds the time
_AROUND, _AROUND_FROM_AFAR = 0.3, 0.9  # of its size: what looks at a thing show around it
_LARGEST_SHARE = 0.85  # of the photo: what fills it all is a texture taken for a thing
_SQUARES, _SMALL_SQUARES = (1.0, 0.55), (0.3,)  # of the shorter side
_OUTLINE_PX = 1024  # outlines are refined no larger
_OWN_SHARE = 0.15  # of the largest part: smaller loose ones are its own hands and tails
_SPLIT_SHARE = 0.6  # of the thickest part: two thick parts side by side with a waist between them are two things


@dataclass(frozen=True)
class _View:
    rows: slice
    columns: slice


class ClassFinder:
    """Finds things by class name."""

    def __init__(self, classes: ClassNetwork, people: PersonNetwork | None = None) -> None:
        self._classes, self._people = classes, people

    def find(self, image: Image, name: str) -> list[Candidate]:
        """Things of the class (one of `CLASSES`) in an H×W×3 uint8 RGB picture, the largest first."""
        number = ClassNetwork.CLASSES.index(name)
        found: list[Candidate] = []
        for shares in (_SQUARES, _SMALL_SQUARES):
            seen = self._first_look(image, number, shares)
            spots = _spots(seen > _FIRST_LOOK)
            found = [each for spot in spots for each in self._look_closely(image, spot, name, number, seen)]
            if found:  # small squares take time, and show textures as things: only where nothing larger is there
                break
        return sorted(_distinct(found), key=lambda each: -each.area_px)

    def _first_look(self, image: Image, number: int, shares: Sequence[float]) -> Probability:
        """The class's probability over the photo, on a canvas of at most `_CANVAS_PX`."""
        height, width = image.shape[:2]
        scale = min(1.0, _CANVAS_PX / max(height, width))
        small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        seen = np.zeros(small.shape[:2], np.float32)
        for view in _views((small.shape[0], small.shape[1]), shares):
            here = self._classes.probabilities(small[view.rows, view.columns])[..., number]
            size = view.columns.stop - view.columns.start, view.rows.stop - view.rows.start
            window = seen[view.rows, view.columns]
            np.maximum(window, cv2.resize(here, size, interpolation=cv2.INTER_LINEAR), out=window)
        return seen

    def _look_closely(self, image: Image, spot: Mask, name: str, number: int, seen: Probability) -> Iterator[Candidate]:
        factor = image.shape[0] / spot.shape[0], image.shape[1] / spot.shape[1]
        window = _around(spot, factor, image.shape, _AROUND)
        view = _fitted(image[window])
        size = view.shape[1], view.shape[0]
        close = _enlarged(self._both_ways(view, number), size)
        own = _part(spot.astype(np.float32), window, factor, size)
        # Beside the spot lie other things of the class: they have looks of their own.
        reach = max(3, round(0.04 * max(size)))
        near = cv2.dilate((own > 0.3).astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
        before = _part(seen, window, factor, size)
        chance = np.where(near, 0.6 * close + 0.4 * before, 0).astype(np.float32)
        body = (close > _FIRST_LOOK) & near
        score = float(close[body].mean()) if body.sum() >= 16 else 0.0
        if score < _LIKELY_CLOSE:
            return
        if score < _SURE_CLOSE and score + self._from_afar(image, spot, factor, number) < _SURE_TOGETHER:
            return
        if self._people is not None and name == "person":
            chance = _agreed(chance, _enlarged(self._people.probabilities(view), size))
        for part in _apart(_outlined(view, chance)):
            whole = _enlarged(
                part.astype(np.float32), (window[1].stop - window[1].start, window[0].stop - window[0].start)
            )
            made = candidate(name, whole > 0.5, score, at=(window[0].start, window[1].start))
            if made is not None:
                yield made

    def _both_ways(self, view: Image, number: int) -> Probability:
        """The class's probability, as the picture and its mirror image agree on it: noise rarely does."""
        mirrored = self._classes.probabilities(np.ascontiguousarray(view[:, ::-1]))[:, ::-1, number]
        return np.asarray((self._classes.probabilities(view)[..., number] + mirrored) / 2, np.float32)

    def _from_afar(self, image: Image, spot: Mask, factor: tuple[float, float], number: int) -> float:
        """The mean probability over the surest half of the spot when more is seen of what is around it."""
        window = _around(spot, factor, image.shape, _AROUND_FROM_AFAR)
        view = _fitted(image[window])
        seen = self._both_ways(view, number)
        own = _part(spot.astype(np.float32), window, factor, (seen.shape[1], seen.shape[0])) > 0.5
        if not own.any():
            return 0.0
        values = np.sort(seen[own])
        return float(values[len(values) // 2 :].mean())


def _fitted(picture: Image) -> Image:
    """No larger than outlines are drawn."""
    scale = min(1.0, _OUTLINE_PX / max(picture.shape[:2]))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(plane: Probability, size: tuple[int, int]) -> Probability:
    """To a (width, height)."""
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _agreed(chance: Probability, finer: Probability) -> Probability:
    """Both networks together, where the second sees the same person; it is not asked whether there is one."""
    near = cv2.dilate((chance > 0.2).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    one, other = chance > 0.5, (finer > 0.5) & near
    agreement = (one & other).sum() / max((one | other).sum(), 1)
    if agreement < 0.65:  # it follows something else
        return chance
    return np.where(near, 0.5 * (chance + finer), 0).astype(np.float32)


def _views(shape: tuple[int, int], shares: Sequence[float]) -> Iterator[_View]:
    """The whole, and overlapping squares whose side is this share of the shorter side."""
    height, width = shape
    yield _View(slice(0, height), slice(0, width))
    shorter = min(height, width)
    for side in (round(shorter * share) for share in shares):
        if side < 64 or (side == height == width):
            continue
        for top in _starts(height, side):
            for left in _starts(width, side):
                yield _View(slice(top, top + side), slice(left, left + side))


def _starts(length: int, side: int) -> list[int]:
    count = 1 if length <= side else min(-(-(length - side) // round(side * 0.75)) + 1, 6)
    return [round(place * (length - side) / max(count - 1, 1)) for place in range(count)]


def _spots(mask: Mask) -> list[Mask]:
    """Connected parts of the canvas, the largest first."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    order = sorted(range(1, count), key=lambda number: -stats[number, cv2.CC_STAT_AREA])
    return [
        labels == number
        for number in order[:_THINGS_MAX]
        if _SMALLEST_SHARE * mask.size <= stats[number, cv2.CC_STAT_AREA] <= _LARGEST_SHARE * mask.size
    ]


def _around(spot: Mask, factor: tuple[float, float], shape: tuple[int, ...], share: float) -> tuple[slice, slice]:
    """The spot with its surround, about square, in the photo's pixels."""
    left, top, width, height = cv2.boundingRect(spot.astype(np.uint8))
    high, wide = height * factor[0], width * factor[1]
    side = max(high, wide) * (1 + 2 * share)
    middle_y, middle_x = (top + height / 2) * factor[0], (left + width / 2) * factor[1]
    pad_y, pad_x = max(side / 2, high / 2 + 8), max(side / 2, wide / 2 + 8)
    return (
        slice(max(int(middle_y - pad_y), 0), min(int(middle_y + pad_y) + 1, shape[0])),
        slice(max(int(middle_x - pad_x), 0), min(int(middle_x + pad_x) + 1, shape[1])),
    )


def _part(
    canvas: Probability, window: tuple[slice, slice], factor: tuple[float, float], size: tuple[int, int]
) -> Probability:
    """What the canvas holds for a window of the photo, enlarged to a (width, height)."""
    rows = slice(int(window[0].start / factor[0]), max(int(np.ceil(window[0].stop / factor[0])), 1))
    columns = slice(int(window[1].start / factor[1]), max(int(np.ceil(window[1].stop / factor[1])), 1))
    return np.asarray(cv2.resize(canvas[rows, columns], size, interpolation=cv2.INTER_LINEAR), np.float32)


def _outlined(view: Image, chance: Probability) -> Mask:
    """Let the outline follow the picture's edges (guided filter: He et al. 2010), without loose crumbs."""
    radius = max(2, round(0.012 * max(view.shape[:2])))
    # Changes of the picture below a twentieth of its range do not move the outline.
    smooth = cv2.ximgproc.guidedFilter(view.astype(np.float32) / 255, chance, radius, 0.05**2)
    mask = smooth > 0.5
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.asarray(mask)
    is_kept = stats[:, cv2.CC_STAT_AREA] >= 0.05 * stats[1:, cv2.CC_STAT_AREA].max()
    is_kept[0] = False
    return np.asarray(is_kept[labels])


def _apart(mask: Mask) -> list[Mask]:
    """Separate things: unconnected large parts, and what touches side by side where a waist shows it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count < 2:
        return []
    large = [number for number in range(1, count) if areas[number - 1] >= _OWN_SHARE * areas.max()]
    if len(large) == 1:
        return _split_at_waist(mask)
    away = [cv2.distanceTransform((labels != number).astype(np.uint8), cv2.DIST_L2, 5) for number in large]
    nearest = np.argmin(np.stack(away), axis=0)  # crumbs go with the nearest
    return [piece for place in range(len(large)) for piece in _split_at_waist(mask & (nearest == place))]


def _split_at_waist(mask: Mask) -> list[Mask]:
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    thick = (distance > _SPLIT_SHARE * distance.max()).astype(np.uint8)
    count, seeds, _, centres = cv2.connectedComponentsWithStats(thick)
    if not 3 <= count <= 5:  # the first is what is not thick
        return [mask]
    across, down = np.ptp(centres[1:], axis=0)
    if across < 1.2 * down:  # one above the other: a head and a body
        return [mask]
    away = [cv2.distanceTransform((seeds != number).astype(np.uint8), cv2.DIST_L2, 5) for number in range(1, count)]
    nearest = np.argmin(np.stack(away), axis=0)
    return [mask & (nearest == place) for place in range(count - 1)]


def _distinct(found: list[Candidate]) -> list[Candidate]:
    """Each thing once: the enlarged looks at two spots may show the same."""
    kept: list[Candidate] = []
    for each in sorted(found, key=lambda one: -one.area_px):
        if not any(_shared_px(each, other) > 0.5 * each.area_px for other in kept):
            kept.append(each)
    return kept


def _shared_px(one: Candidate, other: Candidate) -> int:
    top, left = (max(one.window[axis].start, other.window[axis].start) for axis in (0, 1))
    bottom, right = (min(one.window[axis].stop, other.window[axis].stop) for axis in (0, 1))
    if top >= bottom or left >= right:
        return 0
    mine, theirs = (
        each.mask[top - each.window[0].start : bottom - each.window[0].start,
                  left - each.window[1].start : right - each.window[1].start]
        for each in (one, other)
    )  # fmt: skip
    return int((mine & theirs).sum())
