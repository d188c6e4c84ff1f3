"""The plan of work: every hole pixel in exactly one crop, few crops however speckled the mask, cost after the hole."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.crops import plan_crops
from inference.engines.base import Framing, Mask


def _spots(size: tuple[int, int], *places: tuple[int, int, int, int]) -> Mask:
    mask = np.zeros(size, bool)
    for top, left, bottom, right in places:
        mask[top:bottom, left:right] = True
    return mask


def _times_filled(mask: Mask, best_side_px: int = 512) -> np.ndarray:
    times = np.zeros(mask.shape, int)
    for crop in plan_crops(mask, Framing(best_side_px=best_side_px)):
        times[crop.window] += crop.own
    return times


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(16, 300),
    width=st.integers(16, 300),
    seed=st.integers(0, 2**16),
    density=st.sampled_from([0.0002, 0.01, 0.2, 0.9]),
    blocky=st.booleans(),
)
def test_every_hole_pixel_is_filled_exactly_once(
    height: int, width: int, seed: int, density: float, blocky: bool
) -> None:
    random = np.random.default_rng(seed)
    mask = random.random((height, width)) < density
    if blocky:
        mask = np.kron(random.random((height // 8 + 1, width // 8 + 1)) < density, np.ones((8, 8), bool))[
            :height, :width
        ]
    mask[height // 2, width // 2] = True

    assert np.array_equal(_times_filled(mask), mask.astype(int))


def test_a_small_hole_in_a_large_photo_is_worked_on_in_a_small_crop() -> None:
    large, small = (np.zeros(size, bool) for size in ((6000, 8000), (800, 800)))
    large[3000:3040, 4000:4040] = True
    small[400:440, 400:440] = True

    (crop,), (same,) = plan_crops(large, Framing(best_side_px=512)), plan_crops(small, Framing(best_side_px=512))

    assert crop.area_px == same.area_px
    assert crop.area_px < 600**2


def test_near_holes_share_a_crop_and_far_ones_do_not() -> None:
    near = _spots((2000, 2000), (100, 100, 120, 120), (100, 140, 120, 160))
    far = _spots((2000, 2000), (100, 100, 120, 120), (1800, 1800, 1820, 1820))

    assert [len(plan_crops(mask, Framing(best_side_px=512))) for mask in (near, far)] == [1, 2]


def test_a_speckled_mask_makes_few_crops() -> None:
    mask = np.random.default_rng(1).random((1500, 1500)) < 0.001

    assert len(plan_crops(mask, Framing(best_side_px=512))) <= 64


def test_a_wire_across_a_large_photo_is_cut_into_pieces_of_full_resolution() -> None:
    mask = np.zeros((4000, 6000), np.uint8)
    cv2.line(mask, (100, 200), (5900, 3800), 1, 9)
    framing = Framing(best_side_px=512)

    crops = plan_crops(mask > 0, framing)

    assert len(crops) > 5
    assert sum(crop.area_px for crop in crops) < mask.size / 8
    assert all(crop.area_px <= framing.best_side_px**2 for crop in crops)


def test_pieces_that_overlap_are_filled_one_after_the_other() -> None:
    mask = np.zeros((2000, 2000), np.uint8)
    cv2.line(mask, (100, 100), (1900, 1900), 1, 9)

    crops = plan_crops(mask > 0, Framing(best_side_px=512))
    overlapping = [
        (one, other)
        for one, other in itertools.combinations(crops, 2)
        if one.top < other.bottom and other.top < one.bottom and one.left < other.right and other.left < one.right
    ]

    assert overlapping
    assert all(one.turn != other.turn for one, other in overlapping)
    assert [crop.turn for crop in crops] == sorted(crop.turn for crop in crops)


def test_a_blob_is_never_cut() -> None:
    mask = _spots((3000, 3000), (500, 500, 2500, 2500))

    (crop,) = plan_crops(mask, Framing(best_side_px=512))

    assert crop.turn == 0


def test_crop_sides_are_what_the_engine_works_on_natively() -> None:
    mask = _spots((1000, 1000), (480, 480, 517, 523), (10, 900, 31, 990))

    crops = plan_crops(mask, Framing(best_side_px=512, step_px=64))

    assert all(side % 64 == 0 for crop in crops for side in crop.own.shape)


def test_a_crop_has_known_surround_on_all_sides() -> None:
    (crop,) = plan_crops(_spots((1000, 1000), (480, 480, 520, 520)), Framing(best_side_px=512))

    assert crop.top <= 440
    assert crop.left <= 440
    assert crop.bottom >= 560
    assert crop.right >= 560
