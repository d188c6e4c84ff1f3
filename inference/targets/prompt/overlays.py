"""Watermarks that repeat: one pattern, laid over the whole photo on a lattice.

The photo without its large shapes (what is left of it after a blur is taken away) resembles itself where it is shifted
by a step of the lattice. Folded by the lattice's two steps, the copies add up and the photo averages out; where the sum
stands out, the overlay is. Houses and fences repeat as well: what counts has to read as writing, or mark its owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Image, Mask
from inference.targets.prompt.candidates import Candidate, candidate
from inference.targets.prompt.lettering import Lettering
from inference.targets.prompt.strokes import glyphs

_LONG_SIDE_PX = 1024  # larger photos are looked at so small: their watermarks are larger as well
_CLIP = 10.0  # grey levels: an overlay's step, beyond which the photo's own edges would speak louder
_STRONG_SHARE = 0.4  # of that clip, in the folded pattern
_STEP_PX_MIN = 28  # at the searching size: nearer copies could not be read
_PEAKS_MAX = 24
_PEAK_SIGMAS = 6.0  # above the self-resemblance that chance gives
_FINER_SHARE = 0.6  # of the lattice's strength
_FAR_COPIES = 6  # steps that are followed each way
_COPIES_MIN = 4  # below, it is no lattice
_READ_CELLS = 2.2  # of the longer step: somewhere in there every line is whole

Plane = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Lattice:
    """Two steps, (x, y) in pixels each, after which the overlay repeats."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    strength: float

    @property
    def cell_px(self) -> float:
        return abs(float(np.linalg.det(np.stack([self.first, self.second]))))


def find_overlay(image: Image, lettering: Lettering) -> Candidate | None:
    """The repeated watermark on an H×W×3 uint8 RGB picture, or None where there is none that can be read."""
    scale = min(1.0, _LONG_SIDE_PX / max(image.shape[:2]))
    grey = _grey(image, scale)
    relief = _relief(grey, _CLIP)
    lattice = find_lattice(relief)
    if lattice is None:
        return None
    folded, copies = fold(relief, lattice)
    if copies < _COPIES_MIN:
        return None
    if float(np.abs(folded).max()) > _STRONG_SHARE * _CLIP:
        # A strong overlay is clipped itself, and its letters look fatter than they are.
        folded, _ = fold(_relief(grey, 4 * _CLIP), lattice)
    pattern = unfold(folded, lattice, relief.shape)
    votes, looked, text = _read(pattern, lettering, lattice)
    if not votes.any():
        return None
    # What most copies say of a place of the cell holds for all of them.
    cells = _cells(votes.shape, lattice, folded.shape)
    yes, asked = (np.bincount(cells, weights=plane.ravel(), minlength=folded.size) for plane in (votes, looked))
    cell = (yes > 0.5 * np.maximum(asked, 1)).reshape(folded.shape)
    mask = unfold(cell.astype(np.float32), lattice, relief.shape)
    whole = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR) > 0.4
    return candidate("watermark", whole, 1.0, text=text)


def find_lattice(relief: Plane) -> Lattice | None:
    """The two shortest steps at which an H×W relief resembles itself most, or None."""
    likeness, noise = _likeness(relief)
    peaks = [(step, value) for step, value in _peaks(likeness) if value > _PEAK_SIGMAS * noise]
    best: Lattice | None = None
    for place, (first, _) in enumerate(peaks):
        for second, _ in peaks[place + 1 :]:
            area = abs(first[0] * second[1] - first[1] * second[0])
            if area < 0.35 * np.hypot(*first) * np.hypot(*second) or area < _STEP_PX_MIN**2:
                continue  # nearly one direction
            strength = _lattice_strength(likeness, first, second) / noise
            # Of lattices that explain as much, the one with the smaller cell has more copies to learn from.
            if best is None or strength * area**-0.25 > best.strength * best.cell_px**-0.25:
                best = Lattice(np.asarray(first, np.float64), np.asarray(second, np.float64), strength)
    if best is None or best.strength < _PEAK_SIGMAS:
        return None
    return _refined(likeness, _finest(likeness, best, noise), _PEAK_SIGMAS / 2 * noise)


def _finest(likeness: Plane, lattice: Lattice, noise: float) -> Lattice:
    """The lattice's own finer one, where the photo resembles itself at its points nearly as much: more copies tell more."""
    finer = True
    while finer:
        finer = False
        for first, second in _finer_steps(lattice):
            area = abs(first[0] * second[1] - first[1] * second[0])
            if area < _STEP_PX_MIN**2 or min(np.hypot(*first), np.hypot(*second)) < _STEP_PX_MIN:
                continue
            strength = _lattice_strength(likeness, (first[0], first[1]), (second[0], second[1])) / noise
            if strength >= max(_FINER_SHARE * lattice.strength, _PEAK_SIGMAS):
                lattice, finer = Lattice(first, second, strength), True
                break
    return lattice


def _finer_steps(lattice: Lattice) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Steps whose cell is a half or a third of the lattice's."""
    for parts in (2, 3):
        for i, j in ((1, 0), (0, 1), *((1, more) for more in range(1, parts))):
            step = (i * lattice.first + j * lattice.second) / parts
            yield _shortest(step, lattice.second if i else lattice.first)


def _shortest(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two shortest steps of the same lattice (Gauss's reduction)."""
    while True:
        if np.hypot(*one) > np.hypot(*other):
            one, other = other, one
        times = round(float(one @ other) / float(one @ one))
        if times == 0:
            return one, other
        other = other - times * one


def _grey(image: Image, scale: float) -> Plane:
    small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY), np.float32)


def _relief(grey: Plane, clip: float) -> Plane:
    """What is left without large shapes, clipped to what an overlay changes."""
    sigma = max(grey.shape) / 110
    detail = grey - cv2.GaussianBlur(grey, (0, 0), sigma)
    # In busy places the same step says less.
    busy = cv2.GaussianBlur(np.abs(detail), (0, 0), 2 * sigma)
    return np.asarray(np.clip(detail, -clip, clip) / (1 + busy / clip), np.float32)


def _likeness(relief: Plane) -> tuple[Plane, float]:
    """Self-resemblance by shift, shift (0, 0) in the middle, and how much of it is chance."""
    height, width = relief.shape
    centred = relief - relief.mean()
    padded = np.zeros((2 * height, 2 * width), np.float32)
    padded[:height, :width] = centred
    # The magnitude, not its square: a photo's own shapes have most of the power, and copies are alike in every detail.
    sums = np.fft.fftshift(np.fft.irfft2(np.abs(np.fft.rfft2(padded)), padded.shape))
    rows, columns = np.abs(np.arange(2 * height) - height), np.abs(np.arange(2 * width) - width)
    overlap = np.outer(np.maximum(height - rows, 1), np.maximum(width - columns, 1))
    likeness = np.asarray(sums / overlap * (height * width / max(float(sums[height, width]), 1e-6)), np.float32)
    reach_y, reach_x = int(height * 0.7), int(width * 0.7)
    likeness = likeness[height - reach_y : height + reach_y + 1, width - reach_x : width + reach_x + 1]
    # Slow changes are the photo's own.
    likeness = likeness - cv2.GaussianBlur(likeness, (0, 0), 8)
    return likeness, float(np.median(np.abs(likeness)) * 1.4826 + 1e-6)


def _peaks(likeness: Plane) -> Iterator[tuple[tuple[float, float], float]]:
    """Shifts (x, y) of the highest peaks of one half-plane (the other mirrors it), the highest first."""
    middle_y, middle_x = likeness.shape[0] // 2, likeness.shape[1] // 2
    top = cv2.dilate(likeness, np.ones((9, 9), np.uint8)) == likeness
    ys, xs = np.nonzero(top)
    dy, dx = ys - middle_y, xs - middle_x
    is_half = (dy > 0) | ((dy == 0) & (dx > 0))
    is_far = np.hypot(dx, dy) >= _STEP_PX_MIN
    ys, xs = ys[is_half & is_far], xs[is_half & is_far]
    for place in np.argsort(-likeness[ys, xs])[:_PEAKS_MAX]:
        y, x = int(ys[place]), int(xs[place])
        yield (float(x - middle_x), float(y - middle_y)), float(likeness[y, x])


def _lattice_strength(likeness: Plane, first: tuple[float, float], second: tuple[float, float]) -> float:
    """The mean resemblance at the lattice's nearer points."""
    middle_y, middle_x = likeness.shape[0] // 2, likeness.shape[1] // 2
    values = []
    for i, j in ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (1, 2)):
        x, y = middle_x + i * first[0] + j * second[0], middle_y + i * first[1] + j * second[1]
        around = likeness[max(int(y) - 2, 0) : int(y) + 3, max(int(x) - 2, 0) : int(x) + 3]
        if x > 0 and y > 0 and around.shape == (5, 5):
            values.append(float(around.max()))
    # A step that is none of the lattice's own shows at some of its points only.
    return float(np.percentile(values, 25)) if len(values) >= 4 else 0.0


def _refined(likeness: Plane, lattice: Lattice, floor: float) -> Lattice:
    """The steps that fit all peaks of the lattice best (least squares): far copies tell fractions of a pixel."""
    for _ in range(2):
        points, places = [], []
        for i in range(-_FAR_COPIES, _FAR_COPIES + 1):
            for j in range(0, _FAR_COPIES + 1):
                near = _peak_near(likeness, i * lattice.first + j * lattice.second, floor) if (i, j) != (0, 0) else None
                if near is not None:
                    points.append((i, j))
                    places.append(near)
        if len(points) < 3 or np.linalg.matrix_rank(np.asarray(points, np.float64)) < 2:
            return lattice
        steps, *_ = np.linalg.lstsq(np.asarray(points, np.float64), np.stack(places), rcond=None)
        lattice = Lattice(steps[0], steps[1], lattice.strength)
    return lattice


def _peak_near(likeness: Plane, step: NDArray[np.float64], floor: float) -> NDArray[np.float64] | None:
    """The shift (x, y) of the peak within three pixels of a shift, to a fraction of a pixel; None where there is none."""
    middle = np.array([likeness.shape[1] // 2, likeness.shape[0] // 2])
    x, y = (int(value) for value in np.rint(middle + step))
    around = likeness[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4]
    if x < 4 or y < 4 or around.shape != (7, 7):
        return None
    row, column = np.unravel_index(int(np.argmax(around)), around.shape)
    close = likeness[y - 3 + row - 1 : y - 3 + row + 2, x - 3 + column - 1 : x - 3 + column + 2]
    if around[row, column] < floor or close.shape != (3, 3):
        return None
    weights = np.maximum(close - close.min(), 0)
    total = float(weights.sum()) + 1e-9
    shift = np.array([(weights * [-1, 0, 1]).sum(), (weights.T * [-1, 0, 1]).sum()]) / total
    return np.asarray(np.array([x - 3 + column, y - 3 + row]) + shift - middle, np.float64)


def fold(relief: Plane, lattice: Lattice) -> tuple[Plane, float]:
    """The mean of all copies in one cell (in lattice coordinates), and how many copies there are."""
    shape = _cell_shape(lattice)
    index = _cells(relief.shape, lattice, shape)
    sums = np.bincount(index, weights=relief.ravel(), minlength=shape[0] * shape[1])
    counts = np.bincount(index, minlength=shape[0] * shape[1])
    mean = (sums / np.maximum(counts, 1)).reshape(shape).astype(np.float32)
    return mean, relief.size / max(lattice.cell_px, 1.0)


def unfold(folded: Plane, lattice: Lattice, shape: tuple[int, ...]) -> Plane:
    """The folded cell, repeated over an H×W plane."""
    return np.asarray(folded.ravel()[_cells(shape, lattice, folded.shape)].reshape(shape), np.float32)


def _cell_shape(lattice: Lattice) -> tuple[int, int]:
    return max(8, round(float(np.hypot(*lattice.second)))), max(8, round(float(np.hypot(*lattice.first))))


def _cells(shape: tuple[int, ...], lattice: Lattice, cell: tuple[int, ...]) -> NDArray[np.int64]:
    """For every pixel, the number of its place in the cell."""
    inverse = np.linalg.inv(np.stack([lattice.first, lattice.second], axis=1))
    ys, xs = np.arange(shape[0], dtype=np.float32)[:, None], np.arange(shape[1], dtype=np.float32)[None]
    along = (np.float32(inverse[0, 0]) * xs + np.float32(inverse[0, 1]) * ys) % 1
    across = (np.float32(inverse[1, 0]) * xs + np.float32(inverse[1, 1]) * ys) % 1
    column = np.minimum((along * cell[1]).astype(np.int64), cell[1] - 1)
    row = np.minimum((across * cell[0]).astype(np.int64), cell[0] - 1)
    return np.asarray((row * cell[1] + column).ravel())


def _read(pattern: Plane, lettering: Lettering, lattice: Lattice) -> tuple[Mask, Mask, str]:
    """The letters in a part of the pattern that holds a few copies, the lines they are in, and what they say."""
    reach = int(_READ_CELLS * max(np.hypot(*lattice.first), np.hypot(*lattice.second)))
    part = cv2.GaussianBlur(pattern[:reach, :reach], (0, 0), 0.7)
    peak = float(np.percentile(np.abs(part), 99.5)) + 1e-6
    letters, lines, text = np.zeros(part.shape, bool), np.zeros(part.shape, bool), ""
    # The stronger tone first, alone: what was taken away around light letters leaves a dark seam.
    for side in sorted((part, -part), key=lambda tone: -float(np.percentile(tone, 99))):
        plane = np.clip(60 + 180 * np.maximum(side, 0) / peak, 0, 255).astype(np.uint8)
        picture = np.repeat(plane[..., None], 3, axis=2)
        for line in lettering.lines(picture):
            found = glyphs(picture, line)
            if found.is_clear:
                letters[found.window] |= found.mask
                lines |= line.polygon(part.shape)
                text = max(text, line.text, key=len)
        if text:
            break
    return letters, lines | letters, text
