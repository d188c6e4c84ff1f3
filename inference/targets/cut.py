"""One figure is cut out of its ground: colour models and border are improved in turn, as GrabCut does.

Rother, Kolmogorov, Blake, "GrabCut", SIGGRAPH 2004. Here the colours of figure and ground are smoothed histograms over a
palette of the window, and the border is found by the convex relaxation of the cut (Pock et al., CVPR 2009) in a few
dozen passes over small arrays: twenty times faster than OpenCV's `grabCut`, which leaves time to try many windows.
Colours that can be reached from outside the box without crossing an edge (minimum barrier distance: Zhang et al., ICCV
2015) count as ground.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from jobs.targets import Box, Click

Plane = NDArray[np.float32]

# Found on bench.select's photos: each may be doubled or halved for a few hundredths of IoU.
SURROUND = 0.8  # of the box's mean side, on each side: the colours of the ground are learnt there
_SMOOTHNESS = 6.0
_ROUNDS, _PASSES = 4, 50
_PALETTE = 40
_CALIBRATION = (0.7, 1.2, 1.2, 0.6)  # lightness counts less than hue: shadows; a little for how busy the place is
_PALETTE_BLUR = 6.0  # colours that close to each other lend each other their frequency
_RARE = 0.003  # a colour's frequency below which nothing is concluded
_EVIDENCE_MAX = 3.0
_BARRIER_WEIGHT = 1.5
_BARRIER_MIN = 4.0  # steps of colour below it are noise
_CERTAIN = 20.0  # more than all evidence together
_CLICK_RADIUS = 0.03  # of the box's side: a finger means about that much
_CLICK_ALIKE = 15.0  # in Lab: a click at the edge of the figure does not speak for what is beyond
_CLICK_WEIGHT = 2.0


@dataclass(frozen=True)
class _View:
    """A box and its surround, scaled down."""

    pixels: Image
    inside: Mask
    scale: float
    rows: slice
    columns: slice

    def place(self, click: Click) -> tuple[int, int]:
        """Where a click lies in it, as column and row."""
        return round((click.x - self.columns.start) * self.scale), round((click.y - self.rows.start) * self.scale)


def cut_out(image: Image, box: Box, clicks: Sequence[Click] = (), *, side_px: int) -> Mask:
    """Return what stands out inside the box, as a mask of the image's size; nothing outside it.

    The box (and its surround) is worked scaled down to `side_px`. Clicks are on the figure or on the ground for sure.
    """
    view = _view(image, box, side_px)
    window = _Window(view, clicks, side_px)
    found = window.cut()
    height, width = view.rows.stop - view.rows.start, view.columns.stop - view.columns.start
    mask = np.zeros(image.shape[:2], bool)
    enlarged = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    mask[view.rows, view.columns] = enlarged > 0.5
    return mask


def lab_of(image: Image) -> Plane:
    """CIE Lab, H×W×3: equal steps look about equally large; 2 is hardly seen, 100 lies between black and white."""
    return np.asarray(cv2.cvtColor(np.asarray(image, np.float32) / 255, cv2.COLOR_RGB2Lab), np.float32)


class _Window:
    """All that does not change while the figure is cut out of one view."""

    def __init__(self, view: _View, clicks: Sequence[Click], side_px: int) -> None:
        lab = lab_of(view.pixels)
        self._whole = view.inside.shape
        # Only the box is cut; of the ground beyond its first pixels every fourth one is enough to know the colours.
        self._near = _one_pixel_more(view.inside)
        self._inside = view.inside[self._near]
        features = _features(lab)
        outer = features[::2, ::2][~view.inside[::2, ::2]]
        inner = features[self._near].reshape(-1, features.shape[2])
        palette = _palette(np.concatenate([outer, inner]))
        self._labels = _nearest(inner, palette).reshape(self._inside.shape)
        self._similar = _similarity(palette)
        self._ground = np.bincount(_nearest(outer, palette), minlength=len(palette)) * 4.0
        near = lab[self._near]
        self._across, self._down = _stiffness(near)
        self._on, self._off, self._leaning = self._clicked(view, near, clicks, side_px)
        barrier = _barrier(np.asarray(cv2.bilateralFilter(near, 5, 12, 3), np.float32), ~self._inside)
        step = max(_otsu(barrier[self._inside]), _BARRIER_MIN)
        self._leaning += _BARRIER_WEIGHT * np.clip(barrier / step - 1, -1, 1)

    def cut(self) -> Mask:
        """Return the figure, as a mask of the view."""
        figure = self._inside.astype(np.float32)
        for _ in range(_ROUNDS):
            evidence = self._evidence(figure)
            figure = (_relaxed(figure, evidence, self._across, self._down) > 0.5).astype(np.float32)
        whole = np.zeros(self._whole, bool)
        whole[self._near] = (figure > 0.5) & self._inside
        return whole

    def _evidence(self, figure: Plane) -> Plane:
        """How much speaks for figure (positive) or ground at each pixel, given what was taken for it last."""
        count = len(self._similar)
        of_figure = np.bincount(self._labels.ravel(), (figure * ~self._off + 4 * self._on).ravel(), count)
        of_ground = np.bincount(self._labels.ravel(), ((1 - figure) * self._inside).ravel(), count) + self._ground
        ratio = np.log((self._frequency(of_figure) + _RARE) / (self._frequency(of_ground) + _RARE))
        evidence = np.clip(ratio, -_EVIDENCE_MAX, _EVIDENCE_MAX)[self._labels] + self._leaning
        evidence[self._on] = _CERTAIN
        evidence[self._off | ~self._inside] = -_CERTAIN
        return np.asarray(evidence, np.float32)

    def _frequency(self, counts: NDArray[np.number]) -> NDArray[np.float64]:
        smoothed = self._similar @ counts
        return np.asarray(smoothed / max(smoothed.sum(), 1e-6))

    def _clicked(self, view: _View, lab: Plane, clicks: Sequence[Click], side_px: int) -> tuple[Mask, Mask, Plane]:
        """Pixels that are figure for sure, that are ground for sure, and how the others lean to them by nearness."""
        height, width = self._inside.shape
        top, left = self._near[0].start, self._near[1].start
        rows, columns = np.ogrid[:height, :width]
        on, off = np.zeros((2, height, width), bool)
        leaning = np.zeros((height, width), np.float32)
        radius = max(2.0, _CLICK_RADIUS * side_px)
        for click in clicks:
            column, row = view.place(click)
            column, row = column - left, row - top
            if not (0 <= row < height and 0 <= column < width):
                continue
            squared = (columns - column) ** 2 + (rows - row) ** 2
            is_alike = ((lab - lab[row, column]) ** 2).sum(axis=2) < _CLICK_ALIKE**2
            (on if click.is_object else off)[(squared <= radius**2) & is_alike] = True
            reach = max(_apart(click, clicks) * view.scale / 3, radius)
            if math.isfinite(reach):
                sign = 1 if click.is_object else -1
                leaning += sign * _CLICK_WEIGHT * np.exp(-squared / (2 * reach**2)).astype(np.float32)
        return on & ~off & self._inside, off, leaning


def _apart(click: Click, clicks: Sequence[Click]) -> float:
    """How far the nearest click of the other kind is, in pixels of the photo."""
    others = [
        math.hypot(click.x - other.x, click.y - other.y) for other in clicks if other.is_object != click.is_object
    ]
    return min(others, default=math.inf)


def _view(image: Image, box: Box, side_px: int) -> _View:
    height, width = image.shape[:2]
    margin = int(SURROUND * (box.width + box.height) / 2) + 2
    rows = slice(max(box.y - margin, 0), min(box.y + box.height + margin, height))
    columns = slice(max(box.x - margin, 0), min(box.x + box.width + margin, width))
    scale = min(1.0, side_px / math.sqrt(box.width * box.height))
    crop = image[rows, columns]
    if scale < 1:
        size = (max(round(crop.shape[1] * scale), 1), max(round(crop.shape[0] * scale), 1))
        crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = np.zeros(crop.shape[:2], bool)
    first_row, first_column = round((box.y - rows.start) * scale), round((box.x - columns.start) * scale)
    last_row = max(round((box.y + box.height - rows.start) * scale), first_row + 1)
    last_column = max(round((box.x + box.width - columns.start) * scale), first_column + 1)
    inside[first_row:last_row, first_column:last_column] = True
    if inside.all() and min(inside.shape) > 2:
        # A box around the whole photo: its outermost pixels are the ground that is known.
        inside[[0, -1]] = inside[:, [0, -1]] = False
    return _View(crop, inside, scale, rows, columns)


def _one_pixel_more(inside: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    return (
        slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2),
        slice(max(int(columns[0]) - 1, 0), int(columns[-1]) + 2),
    )


def _features(lab: Plane) -> Plane:
    lightness = lab[..., 0]
    mean = cv2.blur(lightness, (5, 5))
    busy = np.sqrt(np.maximum(cv2.blur(lightness * lightness, (5, 5)) - mean * mean, 0))
    return np.dstack([lab, busy]).astype(np.float32) * np.asarray(_CALIBRATION, np.float32)


def _palette(features: Plane) -> Plane:
    sample = np.ascontiguousarray(features[:: max(1, len(features) // 4000)])
    if len(sample) <= _PALETTE:
        return sample
    cv2.setRNGSeed(1)  # the same picture and clicks give the same mask
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 0.5)
    _, _, centres = cv2.kmeans(
        sample, _PALETTE, np.zeros((len(sample), 1), np.int32), criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    return np.asarray(centres, np.float32)


def _nearest(features: Plane, palette: Plane) -> NDArray[np.intp]:
    return np.asarray(((palette**2).sum(axis=1) - 2 * features @ palette.T).argmin(axis=1))


def _similarity(palette: Plane) -> NDArray[np.float64]:
    squared = ((palette[:, None] - palette[None]) ** 2).sum(axis=2).astype(np.float64)
    similar = np.exp(-squared / (2 * _PALETTE_BLUR**2))
    return np.asarray(similar / similar.sum(axis=0))


def _stiffness(lab: Plane) -> tuple[Plane, Plane]:
    """How much it costs to cut between each pixel and its right neighbour, and its lower one."""
    right = ((lab[:, 1:] - lab[:, :-1]) ** 2).sum(axis=2)
    below = ((lab[1:] - lab[:-1]) ** 2).sum(axis=2)
    usual = (right.sum() + below.sum()) / max(right.size + below.size, 1) + 1e-3
    across, down = np.zeros((2, *lab.shape[:2]), np.float32)
    across[:, :-1] = _SMOOTHNESS * (0.05 + 0.95 * np.exp(-right / (2 * usual)))
    down[:-1] = _SMOOTHNESS * (0.05 + 0.95 * np.exp(-below / (2 * usual)))
    return across, down


def _relaxed(start: Plane, evidence: Plane, across: Plane, down: Plane) -> Plane:
    """Minimise the length of the border, weighted, less the evidence inside, over values from 0 to 1.

    The primal-dual steps of Chambolle and Pock (2011).
    """
    step = np.float32(0.35)  # the square times 8, the norm of the differences, stays below 1
    figure, ahead = start.copy(), start.copy()
    right, below = np.zeros_like(start), np.zeros_like(start)
    for _ in range(_PASSES):
        right[:, :-1] += step * (ahead[:, 1:] - ahead[:, :-1])
        below[:-1] += step * (ahead[1:] - ahead[:-1])
        np.clip(right, -across, across, out=right)
        np.clip(below, -down, down, out=below)
        flow = right + below
        flow[:, 1:] -= right[:, :-1]
        flow[1:] -= below[:-1]
        improved = np.clip(figure + step * (flow + evidence), 0, 1)
        ahead = 2 * improved - figure
        figure = improved
    return figure


def _barrier(lab: Plane, seeds: Mask) -> Plane:
    """The least range of values that a way from a seed to each pixel passes through, summed over the channels."""
    distance = np.where(seeds[..., None], 0, 1e4).astype(np.float32).repeat(3, axis=2)
    highest, lowest = lab.copy(), lab.copy()
    planes = (distance, highest, lowest, lab)
    turned = tuple(plane.transpose(1, 0, 2) for plane in planes)
    for _ in range(2):  # a third round of sweeps changes next to nothing
        for each in (planes, turned):
            _sweep(*each)
            _sweep(*(plane[::-1] for plane in each))
    return np.asarray(distance.sum(axis=2))


def _sweep(distance: Plane, highest: Plane, lowest: Plane, values: Plane) -> None:
    for row in range(1, len(values)):
        above = np.maximum(highest[row - 1], values[row])
        beneath = np.minimum(lowest[row - 1], values[row])
        reached = above - beneath
        is_nearer = reached < distance[row]
        np.copyto(distance[row], reached, where=is_nearer)
        np.copyto(highest[row], above, where=is_nearer)
        np.copyto(lowest[row], beneath, where=is_nearer)


def _otsu(values: Plane) -> float:
    """The value that parts them best into low and high (Otsu, 1979)."""
    largest = max(float(np.percentile(values, 99)), 1e-3)
    quantised = np.clip(values / largest * 255, 0, 255).astype(np.uint8).reshape(-1, 1)
    threshold, _ = cv2.threshold(quantised, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(threshold) / 255 * largest
