"""Things found in a photo, before a sentence chooses among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from inference.engines.base import Mask


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """One thing, or one line of writing."""

    label: str
    window: tuple[slice, slice]
    """Where `mask` lies in the photo."""
    mask: Mask
    score: float
    """0..1; what it means is the finder's own."""
    text: str = ""
    """What is written there, as far as it can be read."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels, of the window."""
        rows, columns = self.window
        return columns.start, rows.start, columns.stop, rows.stop

    @property
    def centre(self) -> tuple[float, float]:
        """x and y."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def area_px(self) -> int:
        return int(self.mask.sum())


def candidate(
    label: str, mask: Mask, score: float, *, text: str = "", at: tuple[int, int] = (0, 0)
) -> Candidate | None:
    """Cut a mask to what it marks; None where it marks nothing. `at` is the (row, column) where the mask lies."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    if not width or not height:
        return None
    window = (slice(at[0] + top, at[0] + top + height), slice(at[1] + left, at[1] + left + width))
    inner = np.ascontiguousarray(mask[top : top + height, left : left + width])
    return Candidate(label=label, window=window, mask=inner, score=score, text=text)


def united(candidates: Iterable[Candidate], shape: tuple[int, ...]) -> Mask:
    """H×W bool: everything that a candidate marks."""
    mask = np.zeros(shape[:2], bool)
    for each in candidates:
        mask[each.window] |= each.mask
    return mask
