"""Where to work: a few windows around the holes, so that cost follows the hole and not the photo."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Mask

CROPS_MAX = 64  # however speckled the mask: each crop costs an engine call
_PARTS_MAX = 256  # parts that are compared pairwise when close ones are united
_GRID_SIDE = 512  # holes are told apart on a grid of at most this many cells a side
_CONTEXT_PX_MIN = 64  # even a single pixel is filled from this much surround
_CONTEXT_SHARE_MIN = 0.5  # of the hole's longer side, when the whole no longer fits the engine's best side


@dataclass(frozen=True, eq=False)
class CropBox:
    """A window of the photo and the pixels that this crop, and no other, fills."""

    top: int
    left: int
    bottom: int
    right: int
    own: Mask
    """Of the window's size. Masked pixels that are not its own are unknown to this crop as well."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of the window in any array of the photo."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def area_px(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)


@dataclass(frozen=True)
class _Area:
    """A rectangle: rows top to bottom, columns left to right, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    def united(self, other: _Area) -> _Area:
        return _Area(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True)
class _Part:
    """Holes that are worked on together: their grid labels, what they span, and that with context around it."""

    labels: tuple[int, ...]
    hole: _Area
    window: _Area

    def united(self, other: _Part) -> _Part:
        # The window never shrinks: each hole keeps the context it had.
        return _Part(self.labels + other.labels, self.hole.united(other.hole), self.window.united(other.window))


def plan_crops(mask: Mask, *, best_side_px: int) -> list[CropBox]:
    """Divide the hole (H×W bool, True = fill) among at most `CROPS_MAX` windows.

    Every masked pixel is the own pixel of exactly one crop. The context around a hole grows with it; up to
    `best_side_px` generously, beyond that by half the hole's side. Windows that cost less together are united.
    An empty mask needs no crops.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return []
    bounds = _Area(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    labels, cell, holes = _separate(mask, bounds)
    parts = [
        _Part((index + 1,), hole, _with_context(hole, photo=(mask.shape[0], mask.shape[1]), best_side_px=best_side_px))
        for index, hole in enumerate(holes)
    ]
    parts = _unite(parts)
    return [_crop(mask, bounds, labels, cell, part) for part in parts]


def _separate(mask: Mask, bounds: _Area) -> tuple[NDArray[np.int32], int, list[_Area]]:
    """Tell holes apart on a grid: labels per cell (0 = none), the cell's side in pixels, the exact span of each hole.

    The grid gets coarser until the holes are few enough; holes that share a cell, or touch, are one.
    """
    hole = mask[bounds.top : bounds.bottom, bounds.left : bounds.right]
    cell = max(1, -(-max(hole.shape) // _GRID_SIDE))
    while True:
        grid = _any_in_cells(hole, cell)
        count, found, stats, _ = cv2.connectedComponentsWithStats(grid.astype(np.uint8), connectivity=8)
        if count - 1 <= _PARTS_MAX:
            break
        cell *= 2
    labels, spans = np.asarray(found, np.int32), np.asarray(stats, np.int32)[1:, :4]
    return labels, cell, [_exact_span(hole, bounds, labels, cell, index + 1, span) for index, span in enumerate(spans)]


def _any_in_cells(hole: Mask, cell: int) -> Mask:
    if cell == 1:
        return hole
    height, width = (-(-side // cell) for side in hole.shape)
    padded = np.zeros((height * cell, width * cell), bool)
    padded[: hole.shape[0], : hole.shape[1]] = hole
    by_rows = padded.reshape(height, cell, width * cell).any(axis=1)
    return np.asarray(by_rows.reshape(height, width, cell).any(axis=2))


def _exact_span(
    hole: Mask, bounds: _Area, labels: NDArray[np.int32], cell: int, label: int, span: NDArray[np.int32]
) -> _Area:
    """From cells to pixels: the smallest rectangle of the photo around one label's masked pixels."""
    left, top, width, height = (int(value) for value in span)
    window = _Area(top * cell, left * cell, (top + height) * cell, (left + width) * cell)
    own = _own_pixels(hole, labels, cell, (label,), window)
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    return _Area(
        bounds.top + window.top + int(rows[0]),
        bounds.left + window.left + int(columns[0]),
        bounds.top + window.top + int(rows[-1]) + 1,
        bounds.left + window.left + int(columns[-1]) + 1,
    )


def _own_pixels(hole: Mask, labels: NDArray[np.int32], cell: int, wanted: tuple[int, ...], window: _Area) -> Mask:
    """Masked pixels within `window` (in coordinates of `hole`) that lie in cells with one of the wanted labels."""
    piece = hole[window.top : window.bottom, window.left : window.right]
    first_row, first_column = window.top // cell, window.left // cell
    cells = labels[first_row : -(-window.bottom // cell), first_column : -(-window.right // cell)]
    chosen = np.isin(cells, wanted)
    if cell > 1:
        chosen = chosen.repeat(cell, axis=0).repeat(cell, axis=1)
    top, left = window.top - first_row * cell, window.left - first_column * cell
    return np.asarray(piece & chosen[top : top + piece.shape[0], left : left + piece.shape[1]])


def _crop(mask: Mask, bounds: _Area, labels: NDArray[np.int32], cell: int, part: _Part) -> CropBox:
    window, span = part.window, part.hole
    hole = mask[bounds.top : bounds.bottom, bounds.left : bounds.right]
    inner = _Area(span.top - bounds.top, span.left - bounds.left, span.bottom - bounds.top, span.right - bounds.left)
    own = np.zeros((window.bottom - window.top, window.right - window.left), bool)
    top, left = span.top - window.top, span.left - window.left
    own[top : top + span.bottom - span.top, left : left + span.right - span.left] = _own_pixels(
        hole, labels, cell, part.labels, inner
    )
    return CropBox(window.top, window.left, window.bottom, window.right, own)


def _with_context(hole: _Area, *, photo: tuple[int, int], best_side_px: int) -> _Area:
    side = max(hole.bottom - hole.top, hole.right - hole.left)
    roomy = min(side, (best_side_px - side) // 2)
    context = max(_CONTEXT_PX_MIN, roomy, int(side * _CONTEXT_SHARE_MIN))
    top, bottom = _stretch(hole.top, hole.bottom, context, photo[0])
    left, right = _stretch(hole.left, hole.right, context, photo[1])
    return _Area(top, left, bottom, right)


def _stretch(start: int, end: int, context: int, limit: int) -> tuple[int, int]:
    """Add context on both sides; what the photo's border takes away on one side is added on the other."""
    low, high = start - context, end + context
    low, high = low - max(0, high - limit), high + max(0, -low)
    return max(low, 0), min(high, limit)


def _unite(parts: list[_Part]) -> list[_Part]:
    """Unite pairs as long as one window costs no more than two, then the cheapest pairs until they are few enough."""
    parts = list(parts)
    windows = np.array([_corners(part) for part in parts], np.int64)
    gains = np.stack([_gains(windows, index) for index in range(len(parts))])
    while len(parts) > 1:
        one, other = sorted(divmod(int(gains.argmax()), len(parts)))
        if gains[one, other] < 0 and len(parts) <= CROPS_MAX:
            break
        parts[one] = parts[one].united(parts.pop(other))
        windows = np.delete(windows, other, axis=0)
        windows[one] = _corners(parts[one])
        gains = np.delete(np.delete(gains, other, axis=0), other, axis=1)
        gains[one] = gains[:, one] = _gains(windows, one)
    return parts


def _corners(part: _Part) -> tuple[int, int, int, int]:
    # Negated ends turn "the union of rectangles" into one minimum.
    return part.window.top, part.window.left, -part.window.bottom, -part.window.right


def _gains(windows: NDArray[np.int64], index: int) -> NDArray[np.int64]:
    """Pixels saved by uniting window `index` with each of the windows; never worth it with itself."""
    united = np.minimum(windows, windows[index])
    gains: NDArray[np.int64] = _px(windows) + _px(windows[index : index + 1]) - _px(united)
    gains[index] = np.iinfo(np.int64).min
    return gains


def _px(windows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((-windows[:, 2] - windows[:, 0]) * (-windows[:, 3] - windows[:, 1]))
