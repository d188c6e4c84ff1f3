"""The quality check: it lets good fills pass on any picture, and stops broken ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from inference.crops import plan_crops
from inference.engines.base import Framing, Image, Mask
from inference.engines.exemplar import fill_hole
from inference.errors import BadOutput
from inference.quality import judge
from tests import photos


def _judge(before: Image, after: Image, mask: Mask) -> None:
    judge(before, after, mask, plan_crops(mask, Framing(best_side_px=512)))


def _flat(value: int) -> Image:
    return np.full((64, 96, 3), value, np.uint8)


GOOD: dict[str, Callable[[], Image]] = {
    "a wall": photos.textured,
    "a gradient": photos.gradient,
    "white paper": lambda: _flat(255),
    "a black night": lambda: _flat(0),
    "noise": lambda: np.random.default_rng(1).integers(0, 256, (64, 96, 3), dtype=np.uint8),
}


@pytest.mark.parametrize("draw", GOOD.values(), ids=GOOD.keys())
@pytest.mark.parametrize("size", ["ellipse", "pixel"])
def test_a_good_fill_passes(draw: Callable[[], Image], size: str) -> None:
    before, mask = draw(), photos.object_mask()
    if size == "pixel":
        mask = np.zeros_like(mask)
        mask[30, 40] = True
    with_object = before.copy()
    with_object[mask] = (200, 20, 30)

    _judge(with_object, fill_hole(with_object, mask), mask)


BROKEN: dict[str, Callable[[Image, Mask], Any]] = {
    "black": lambda image, mask: (0, 0, 0),
    "white": lambda image, mask: (255, 255, 255),
    "magenta": lambda image, mask: (255, 0, 255),
    "the object itself": lambda image, mask: photos.with_object()[mask],
}


@pytest.mark.parametrize("colour", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_fill_is_stopped(colour: Callable[[Image, Mask], Any]) -> None:
    before, mask = photos.with_object(), photos.object_mask()
    after = before.copy()
    after[mask] = colour(before, mask)

    with pytest.raises(BadOutput):
        _judge(before, after, mask)
