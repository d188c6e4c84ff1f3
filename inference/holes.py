"""A mask taken apart into holes, on a grid that is coarse enough to be quick however large or speckled the mask is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Mask

_HOLES_MAX = 256  # more become one by looking at a coarser grid
_GRID_SIDE = 512  # cells a side, at most


@dataclass(frozen=True)
class Area:
    """A rectangle: rows top to bottom, columns left to right, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size_px(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def side_px(self) -> int:
        """The longer side."""
        return max(self.bottom - self.top, self.right - self.left)

    def overlaps(self, other: Area) -> bool:
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def united(self, other: Area) -> Area:
        """The smallest rectangle around both."""
        return Area(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True)
class Hole:
    """Masked pixels that hang together, or a piece of them."""

    label: int
    span: Area
    thickness_px: int
    """The widest place, give or take a cell of the grid; of a piece, that of the whole."""


class Grid:
    """A mask (H×W bool, True = fill, not empty) on a grid of cells, each labelled with the hole that it belongs to."""

    def __init__(self, mask: Mask) -> None:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        self._origin = int(rows[0]), int(columns[0])
        self._mask = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self._cell = max(1, -(-max(self._mask.shape) // _GRID_SIDE))
        while True:
            self._cells = _any_in_cells(self._mask, self._cell)
            count, labels = cv2.connectedComponents(self._cells.astype(np.uint8), connectivity=8)
            if count - 1 <= _HOLES_MAX:
                break
            self._cell *= 2
        self._labels = np.asarray(labels, np.int32)

    def holes(self) -> list[Hole]:
        """Return the holes; cells that touch are one hole."""
        # A cell outside the grid is no hole: distances are measured to it as well.
        framed = np.pad(self._cells, 1).astype(np.uint8)
        depths = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_3)[1:-1, 1:-1]
        deepest = np.zeros(int(self._labels.max()) + 1)
        np.maximum.at(deepest, self._labels, depths)
        thickness = np.ceil((2 * deepest - 1) * self._cell).astype(int)
        return [Hole(label, self._span((label,)), int(thickness[label])) for label in range(1, len(deepest))]

    def cut(self, hole: Hole, side_px: int) -> list[Hole]:
        """Cut a hole along lines that are `side_px` apart. Its pieces get labels of their own."""
        step = max(1, side_px // self._cell)
        rows, columns = np.nonzero(self._labels == hole.label)
        pieces = rows // step * (self._labels.shape[1] // step + 1) + columns // step
        found, numbers = np.unique(pieces, return_inverse=True)
        first = int(self._labels.max()) + 1
        self._labels[rows, columns] = first + numbers
        return [Hole(first + number, self._span((first + number,)), hole.thickness_px) for number in range(len(found))]

    def own_pixels(self, labels: Iterable[int], area: Area) -> Mask:
        """Masked pixels of the photo in `area` whose cells have one of the labels, as an array of the area's size."""
        top, left = self._origin
        own = np.zeros((area.bottom - area.top, area.right - area.left), bool)
        first_row, last_row = max(area.top - top, 0), min(area.bottom - top, self._mask.shape[0])
        first_column, last_column = max(area.left - left, 0), min(area.right - left, self._mask.shape[1])
        if first_row >= last_row or first_column >= last_column:
            return own
        cell = self._cell
        cells = self._labels[first_row // cell : -(-last_row // cell), first_column // cell : -(-last_column // cell)]
        chosen = np.isin(cells, list(labels)).repeat(cell, axis=0).repeat(cell, axis=1)
        height, width = last_row - first_row, last_column - first_column
        rows, columns = first_row % cell, first_column % cell
        piece = self._mask[first_row:last_row, first_column:last_column]
        at_row, at_column = first_row + top - area.top, first_column + left - area.left
        own[at_row : at_row + height, at_column : at_column + width] = (
            piece & chosen[rows : rows + height, columns : columns + width]
        )
        return own

    def _span(self, labels: tuple[int, ...]) -> Area:
        """From cells to pixels: the smallest rectangle of the photo around the labels' masked pixels."""
        cells = np.isin(self._labels, labels)
        rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
        top, left = self._origin
        rough = Area(
            top + int(rows[0]) * self._cell,
            left + int(columns[0]) * self._cell,
            top + min(self._mask.shape[0], (int(rows[-1]) + 1) * self._cell),
            left + min(self._mask.shape[1], (int(columns[-1]) + 1) * self._cell),
        )
        own = self.own_pixels(labels, rough)
        rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        return Area(
            rough.top + int(rows[0]),
            rough.left + int(columns[0]),
            rough.top + int(rows[-1]) + 1,
            rough.left + int(columns[-1]) + 1,
        )


def _any_in_cells(mask: Mask, cell: int) -> NDArray[np.bool_]:
    if cell == 1:
        return mask
    height, width = (-(-side // cell) for side in mask.shape)
    padded = np.zeros((height * cell, width * cell), bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    by_rows = padded.reshape(height, cell, width * cell).any(axis=1)
    return np.asarray(by_rows.reshape(height, width, cell).any(axis=2))
