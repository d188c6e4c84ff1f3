"""The weight-free engine: it continues what is there, touches nothing else, and never peeks under the mask."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.engines import exemplar
from inference.engines.base import Crop
from inference.engines.exemplar import ExemplarEngine, NothingKnown, fill_hole
from tests import photos

Picture = NDArray[np.uint8]
Hole = NDArray[np.bool_]


def _grey(values: NDArray[Any]) -> Picture:
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def stripes(size: int = 128) -> Picture:
    """Slanted stripes, twelve pixels apart."""
    rows, columns = np.mgrid[0:size, 0:size]
    return _grey(128 + 80 * np.sign(np.sin((columns + 0.5 * rows) * 2 * np.pi / 12)))


def checks(size: int = 128) -> Picture:
    rows, columns = np.mgrid[0:size, 0:size]
    return _grey(np.where((rows // 8 + columns // 8) % 2, 200.0, 60.0))


def grass(size: int = 128) -> Picture:
    """Noise with a grain, as grass has."""
    noise = np.random.default_rng(5).normal(0, 60, (size, size)).astype(np.float32)
    return _grey(120 + cv2.GaussianBlur(noise, (0, 0), sigmaX=0.8, sigmaY=2.5))


def gradient(size: int = 128) -> Picture:
    """A sky: dark to bright, with a little grain."""
    rows = np.linspace(60, 200, size)[:, None] + np.random.default_rng(3).normal(0, 2, (size, size))
    return _grey(rows)


def hole_in(picture: Picture, rows: slice = slice(48, 84), columns: slice = slice(44, 80)) -> Hole:
    mask = np.zeros(picture.shape[:2], bool)
    mask[rows, columns] = True
    return mask


def _error(filled: Picture, truth: Picture, mask: Hole) -> float:
    return float(np.abs(filled[mask].astype(float) - truth[mask].astype(float)).mean())


def _telea(picture: Picture, mask: Hole) -> Picture:
    blanked = np.where(mask[..., None], 0, picture).astype(np.uint8)
    return np.asarray(cv2.inpaint(blanked, mask.astype(np.uint8), 5, cv2.INPAINT_TELEA))


@pytest.mark.parametrize("draw", [stripes, checks])
def test_a_pattern_is_continued_through_the_hole(draw) -> None:
    picture = draw()
    mask = hole_in(picture)

    filled = fill_hole(picture, mask)

    assert _error(filled, picture, mask) < 0.25 * _error(_telea(picture, mask), picture, mask)


def test_texture_stays_texture() -> None:
    picture = grass()
    mask = hole_in(picture)

    inside, around = fill_hole(picture, mask)[mask].std(), picture[~mask].std()

    assert 0.7 < inside / around < 1.25
    assert _telea(picture, mask)[mask].std() / around < 0.6  # what a blur does


def test_no_seam_shows_in_a_gradient() -> None:
    picture = gradient()
    mask = hole_in(picture)

    filled = fill_hole(picture, mask).astype(float)

    ring = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3))) > 0
    border = np.abs(np.diff(filled[..., 0], axis=0))[(ring[1:] & ~mask[1:]) | (ring[:-1] & ~mask[:-1])]
    usual = np.abs(np.diff(picture[..., 0].astype(float), axis=0))
    assert border.mean() < 2 * usual.mean()


@pytest.mark.parametrize("draw", [stripes, grass, gradient])
def test_pixels_outside_the_mask_are_identical(draw) -> None:
    picture = draw()
    mask = hole_in(picture)

    assert np.array_equal(fill_hole(picture, mask)[~mask], picture[~mask])


def test_what_lies_under_the_mask_is_never_looked_at() -> None:
    picture = grass()
    mask = hole_in(picture)
    other = picture.copy()
    other[mask] = np.random.default_rng(9).integers(0, 256, other[mask].shape)

    assert np.array_equal(fill_hole(picture, mask), fill_hole(other, mask))


def test_the_same_input_gives_the_same_output() -> None:
    picture = grass()
    mask = hole_in(picture)

    assert np.array_equal(fill_hole(picture, mask), fill_hole(picture, mask))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(0, 40), slice(0, 40)),
        (slice(100, 128), slice(30, 128)),
        (slice(60, 61), slice(60, 61)),
        (slice(0, 128), slice(60, 63)),
        (slice(0, 120), slice(0, 128)),
        (slice(2, 128), slice(1, 128)),
    ],
    ids=["corner", "edges", "one pixel", "wire", "nearly all", "all but an L"],
)
def test_odd_holes_are_filled(rows: slice, columns: slice) -> None:
    picture = grass()
    mask = hole_in(picture, rows, columns)
    picture[mask] = (255, 0, 0)

    filled = fill_hole(picture, mask)

    assert (filled[mask].max(axis=1).astype(int) - filled[mask].min(axis=1)).max() < 30  # grey, as all around


def test_a_mask_without_a_known_pixel_is_refused() -> None:
    with pytest.raises(NothingKnown):
        fill_hole(grass(32), np.ones((32, 32), bool))


def test_an_empty_mask_changes_nothing() -> None:
    picture = grass(32)

    assert np.array_equal(fill_hole(picture, np.zeros((32, 32), bool)), picture)


def test_an_engine_fills_crops_in_their_order_and_size() -> None:
    crops = [
        Crop(draw(size), hole_in(draw(size), slice(8, 16), slice(8, 16))) for draw, size in ((grass, 40), (stripes, 64))
    ]

    filled = ExemplarEngine().fill(crops)

    assert [image.shape for image in filled] == [(40, 40, 3), (64, 64, 3)]


@pytest.mark.parametrize("size", [(2, 21), (1, 30), (3, 3), (30, 2)])
def test_a_picture_hardly_higher_than_a_stencil_is_filled_from_what_it_shows(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 100, np.uint8)
    mask = np.random.default_rng(2).random(size) < 0.9
    mask[0, 0] = False

    assert np.array_equal(fill_hole(picture, mask), picture)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_small_picture_with_any_mask_is_filled(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(2, 40)), data.draw(st.integers(2, 40))
    seed = data.draw(st.integers(0, 2**16))
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    mask = random.random((height, width)) < data.draw(st.sampled_from([0.02, 0.3, 0.9]))
    if mask.all():
        mask[0, 0] = False

    filled = fill_hole(picture, mask)

    assert (filled.shape, filled.dtype) == (picture.shape, picture.dtype)
    assert np.array_equal(filled[~mask], picture[~mask])


def test_a_hole_too_large_for_full_size_is_filled_as_sharply_as_its_surround(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, mask = photos.textured(480, 360), photos.object_mask(480, 360)
    monkeypatch.setattr(exemplar, "_PX_MAX", 40_000)

    filled = fill_hole(np.where(mask[..., None], 0, picture).astype(np.uint8), mask)

    def sharpness(image: np.ndarray, where: np.ndarray) -> float:
        return float(np.abs(cv2.Laplacian(image.mean(axis=2).astype(np.float32), cv2.CV_32F))[where].mean())

    inner = cv2.erode(mask.astype(np.uint8), np.ones((9, 9))) > 0
    assert np.array_equal(filled[~mask], picture[~mask])
    assert sharpness(filled, inner) > 0.7 * sharpness(picture, inner)


def test_thin_holes_are_bent_over_and_continue_a_slope() -> None:
    ramp = np.repeat(np.tile(np.arange(100, 220, dtype=np.uint8), (80, 1))[..., None], 3, axis=2)
    mask = np.zeros((80, 120), bool)
    mask[:, 58:64] = True

    filled = fill_hole(np.where(mask[..., None], 0, ramp).astype(np.uint8), mask)

    assert np.abs(filled.astype(int) - ramp).max() <= 2
