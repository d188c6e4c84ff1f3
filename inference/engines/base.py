"""The small interface every engine answers to.

Shapes, everywhere below `inference`: `image` is H×W×3 uint8 RGB, `mask` is H×W bool with True = fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How crops are framed for an engine."""

    best_side_px: int
    """Up to this crop side the engine gives its best picture; larger holes are worked coarse to fine."""
    context_share: float = 1.0
    """How much surround is shown on each side of a hole, in thicknesses of the hole."""
    context_px_min: int = 64
    context_px_max: int = 1024
    px_max: int | None = None
    """Larger crops are worked scaled down to this many pixels, and their fill enlarged; None if the engine never is."""
    step_px: int = 1
    """Crop sides are multiples of this, where the photo is large enough."""


@dataclass(frozen=True, kw_only=True)
class EngineSpec:
    """What an engine is, for the catalogue, the receipt and the crop planner."""

    name: str
    device: str
    framing: Framing
    precision: str = "fp32"
    """The numbers it calculates with."""
    weights_sha256: str | None = None
    """Hash of the weights in use; None for an engine that needs none."""


@dataclass(frozen=True)
class Crop:
    """One piece of work: a region of the photo and the pixels to fill in it."""

    image: Image
    mask: Mask


class Engine(Protocol):
    """Fills holes. Never looks at the pixels under the mask, never changes pixels outside it."""

    @property
    def spec(self) -> EngineSpec: ...

    def fill(self, crops: Sequence[Crop]) -> list[Image]:
        """Return one filled H×W×3 uint8 image per crop, in order and of the crop's size.

        Pixels outside each mask are returned as they came. Raises `inference.errors.EngineError`.
        """
        ...
