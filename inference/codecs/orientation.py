"""EXIF's orientations 1 to 8, applied to arrays."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

_SWAPPED, _ROWS_FLIPPED, _COLUMNS_FLIPPED = (5, 6, 7, 8), (3, 4, 7, 8), (2, 3, 6, 7)


def displayed(stored: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Bring stored rows and columns into the frame in which they are displayed. Returns a view."""
    return _flipped(stored.swapaxes(0, 1) if orientation in _SWAPPED else stored, orientation)


def stored(displayed: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The reverse of `displayed`."""
    flipped = _flipped(displayed, orientation)
    return flipped.swapaxes(0, 1) if orientation in _SWAPPED else flipped


def _flipped(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation in _ROWS_FLIPPED:
        array = array[::-1]
    return array[:, ::-1] if orientation in _COLUMNS_FLIPPED else array
