"""Where to work: a few windows around the holes, so that cost follows the hole and not the photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engines.base import Framing, Mask
from inference.holes import Area, Grid, Hole

CROPS_MAX = 64  # however speckled the mask: each crop costs an engine call
_CONTEXT_SHARE_MIN = 0.25  # of a hole so large that the engine sees it scaled down anyway
_THIN_SHARE = 1 / 16  # of the engine's best side: a hole thinner than this may be cut, since both its banks are near
_PIECE_PX = 256  # thin holes are cut at these distances; pieces that cost less together are united again
_CALL_PX = 8_000  # what a call costs besides its pixels, in pixels (lama on two CPU cores: 15 ms)


@dataclass(frozen=True, eq=False)
class CropBox:
    """A window of the photo and the pixels that this crop, and no other, fills."""

    top: int
    left: int
    bottom: int
    right: int
    own: Mask
    """Of the window's size. Masked pixels that are not its own are unknown to this crop as well."""
    turn: int = 0
    """Crops of a later turn continue what earlier ones have filled: pieces of one hole, that no cut be seen."""

    @property
    def window(self) -> tuple[slice, slice]:
        """Index of the window in any array of the photo."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def area_px(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)


@dataclass(frozen=True)
class _Part:
    """Holes that are worked on together: their labels, which of them are pieces, and the window with its context."""

    labels: tuple[int, ...]
    cut_from: frozenset[int]
    window: Area

    def united(self, other: _Part) -> _Part:
        # The window never shrinks: each hole keeps the context it had.
        return _Part(self.labels + other.labels, self.cut_from | other.cut_from, self.window.united(other.window))


def plan_crops(mask: Mask, framing: Framing) -> list[CropBox]:
    """Divide the hole (H×W bool, True = fill) among at most `CROPS_MAX` windows, in the order they are to be filled.

    Every masked pixel is the own pixel of exactly one crop. The context around a hole grows with the hole's thickness.
    Windows that cost less together are united; a long thin hole is cut.
    An empty mask needs no crops.
    """
    if not mask.any():
        return []
    grid = Grid(mask)
    photo = (mask.shape[0], mask.shape[1])
    parts = _unite([part for hole in grid.holes() for part in _parts(hole, grid, framing, photo)], framing)
    windows = [_rounded(part.window, framing.step_px, photo) for part in parts]
    crops = [
        CropBox(window.top, window.left, window.bottom, window.right, grid.own_pixels(part.labels, window), turn)
        for part, window, turn in zip(parts, windows, _turns(parts), strict=True)
    ]
    return sorted(crops, key=lambda crop: crop.turn)


def _parts(hole: Hole, grid: Grid, framing: Framing, photo: tuple[int, int]) -> list[_Part]:
    window = _with_context(hole, framing, photo)
    is_thin = hole.thickness_px <= framing.best_side_px * _THIN_SHARE
    if not is_thin or window.size_px <= 2 * _PIECE_PX**2:
        return [_Part((hole.label,), frozenset(), window)]
    pieces = grid.cut(hole, _PIECE_PX)
    return [_Part((piece.label,), frozenset({hole.label}), _with_context(piece, framing, photo)) for piece in pieces]


def _with_context(hole: Hole, framing: Framing, photo: tuple[int, int]) -> Area:
    """Add surround in proportion to the hole's thickness, as long as the engine can take it in at its best size."""
    thickness, side = hole.thickness_px, hole.span.side_px
    wanted = min(int(thickness * framing.context_share), framing.context_px_max)
    roomy = max(int(thickness * _CONTEXT_SHARE_MIN), (framing.best_side_px - side) // 2)
    context = max(framing.context_px_min, min(wanted, roomy))
    top, bottom = _stretch(hole.span.top, hole.span.bottom, context, photo[0])
    left, right = _stretch(hole.span.left, hole.span.right, context, photo[1])
    return Area(top, left, bottom, right)


def _stretch(start: int, end: int, context: int, limit: int) -> tuple[int, int]:
    """Add context on both sides; what the photo's border takes away on one side is added on the other."""
    low, high = start - context, end + context
    low, high = low - max(0, high - limit), high + max(0, -low)
    return max(low, 0), min(high, limit)


def _rounded(window: Area, step_px: int, photo: tuple[int, int]) -> Area:
    """Widen a window to sides the engine works on natively, as far as the photo reaches."""

    def widened(start: int, end: int, limit: int) -> tuple[int, int]:
        end = min(limit, start + -(-(end - start) // step_px) * step_px)
        return max(0, end - -(-(end - start) // step_px) * step_px), end

    (top, bottom), (left, right) = (
        widened(window.top, window.bottom, photo[0]),
        widened(window.left, window.right, photo[1]),
    )
    return Area(top, left, bottom, right)


def _turns(parts: list[_Part]) -> list[int]:
    """Pieces of one hole whose windows overlap get different turns, as few as will do."""
    turns: list[int] = []
    for part in parts:
        taken = {
            turn
            for other, turn in zip(parts, turns, strict=False)
            if part.cut_from & other.cut_from and part.window.overlaps(other.window)
        }
        turns.append(next(turn for turn in range(len(parts)) if turn not in taken))
    return turns


def _unite(parts: list[_Part], framing: Framing) -> list[_Part]:
    """Unite pairs as long as one window costs no more than two, then the cheapest pairs until they are few enough."""
    parts = list(parts)
    best_px = framing.best_side_px**2
    windows = np.array([_corners(part) for part in parts], np.int64)
    gains = np.stack([_gains(windows, index, best_px) for index in range(len(parts))])
    while len(parts) > 1:
        one, other = sorted(divmod(int(gains.argmax()), len(parts)))
        if gains[one, other] < 0 and len(parts) <= CROPS_MAX:
            break
        parts[one] = parts[one].united(parts.pop(other))
        windows = np.delete(windows, other, axis=0)
        windows[one] = _corners(parts[one])
        gains = np.delete(np.delete(gains, other, axis=0), other, axis=1)
        gains[one] = gains[:, one] = _gains(windows, one, best_px)
    return parts


def _corners(part: _Part) -> tuple[int, int, int, int]:
    # Negated ends turn "the union of rectangles" into one minimum.
    return part.window.top, part.window.left, -part.window.bottom, -part.window.right


def _gains(windows: NDArray[np.int64], index: int, best_px: int) -> NDArray[np.int64]:
    """Pixels saved by uniting window `index` with each of the windows; never worth it with itself."""
    united = _px(np.minimum(windows, windows[index]))
    apart = _px(windows) + _px(windows[index : index + 1])
    # Beyond the engine's best size a window is worked scaled down: better two at full size, unless they overlap.
    is_too_large = (united > best_px) & (united > np.maximum(_px(windows), _px(windows[index : index + 1])))
    gains: NDArray[np.int64] = apart + _CALL_PX - united - np.where(is_too_large, apart, 0)
    gains[index] = np.iinfo(np.int64).min
    return gains


def _px(windows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((-windows[:, 2] - windows[:, 0]) * (-windows[:, 3] - windows[:, 1]))
