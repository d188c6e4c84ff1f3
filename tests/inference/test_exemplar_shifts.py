"""The collage of shifted copies with which the exemplar engine begins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inference.engines.exemplar import collage, fill_hole
from inference.engines.exemplar.shifts import find_shifts, label_hole

RADIUS = 3


def _noise(height: int, width: int, *, mean: float, spread: float = 8, seed: int = 0) -> NDArray[np.float32]:
    grey = np.random.default_rng(seed).normal(mean, spread, (height, width, 1))
    return np.repeat(grey, 3, axis=2).astype(np.float32)


def _checks(side: int, period: int) -> NDArray[np.float32]:
    rows, columns = np.indices((side, side))
    plane = np.where((2 * rows // period + 2 * columns // period) % 2, 200.0, 60.0)
    return np.repeat(plane[..., None], 3, axis=2).astype(np.float32)


def _hole(shape: tuple[int, int], rows: slice, columns: slice) -> NDArray[np.bool_]:
    hole = np.zeros(shape, bool)
    hole[rows, columns] = True
    return hole


def _found(pixels: NDArray[np.float32], hole: NDArray[np.bool_]) -> NDArray[np.int32]:
    known = np.where(hole[..., None], 0, pixels).astype(np.float32)
    size = 2 * RADIUS + 1
    sources = cv2.dilate(hole.astype(np.uint8), np.ones((size, size), np.uint8)) == 0
    sources[:RADIUS] = sources[-RADIUS:] = sources[:, :RADIUS] = sources[:, -RADIUS:] = False
    return find_shifts(known, sources, hole, RADIUS)


@pytest.mark.parametrize("period", [12, 16])
def test_a_pattern_is_found_to_repeat_at_its_period(period: int) -> None:
    shifts = _found(_checks(96, period), _hole((96, 96), slice(40, 56), slice(36, 60)))

    halves = shifts / (period / 2)
    assert len(shifts) > 4
    assert np.mean((halves == np.rint(halves)).all(axis=1) & (halves.sum(axis=1) % 2 == 0)) > 0.9


def test_nothing_repeats_where_no_patch_is_known() -> None:
    hole = np.ones((12, 12), bool)
    hole[0] = False

    assert len(_found(_noise(12, 12, mean=90), hole)) == 0


def test_each_pixel_takes_a_shift_that_leads_to_known_ground() -> None:
    pixels, hole = _checks(96, 12), _hole((96, 96), slice(40, 56), slice(36, 60))
    shifts = _found(pixels, hole)

    known = np.where(hole[..., None], 0, pixels).astype(np.float32)
    labels = label_hole(known, pixels, hole, shifts, far=0)

    places = np.argwhere(hole) + shifts[labels[hole]]
    assert (labels[~hole] == -1).all()
    assert not hole[tuple(places.T)].any()
    assert np.array_equal(pixels[tuple(places.T)], pixels[hole])


def test_a_horizon_goes_on_straight_across_a_wide_hole() -> None:
    horizon = 70
    pixels = np.concatenate([_noise(horizon, 240, mean=190), _noise(90, 240, mean=80, spread=20, seed=1)])
    image = pixels.clip(0, 255).astype(np.uint8)
    hole = _hole(image.shape[:2], slice(35, 115), slice(80, 160))

    filled = fill_hole(np.where(hole[..., None], 0, image).astype(np.uint8), hole)

    smooth = cv2.GaussianBlur(filled[..., 0], (0, 0), 2)
    first_dark = (smooth[35:115, 80:160] < 135).argmax(axis=0) + 35
    assert np.abs(first_dark - horizon).max() <= 4


def test_a_wide_hole_is_not_filled_with_the_same_few_pieces_from_its_border() -> None:
    grain = np.random.default_rng(0).normal(0, 60, (240, 240)).astype(np.float32)
    ground = cv2.GaussianBlur(grain, (0, 0), sigmaX=2, sigmaY=0.6) + np.linspace(90, 180, 240)[:, None]
    image = np.repeat(ground.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    hole = _hole((240, 240), slice(50, 190), slice(80, 160))

    _, places = collage(np.where(hole[..., None], 0, image).astype(np.uint8), hole)

    assert len(np.unique(places[hole], axis=0)) > 0.42 * hole.sum()  # a third, where the nearest is the cheapest
