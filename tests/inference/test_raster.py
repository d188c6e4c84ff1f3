"""Masks, boxes, polygons and run lengths become one mask."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.errors import NothingFound, UnreadableImage
from inference.targets.raster import marked, rasterise
from jobs.targets import Box, Polygon, Rle, Segmentation, runs
from tests import photos

SIZE = WIDTH, HEIGHT = 40, 30
Outline = tuple[tuple[float, float], ...]


def _box(box: Box) -> NDArray[np.bool_]:
    return rasterise(size=SIZE, boxes=[box])


def _polygon(*outlines: Outline) -> NDArray[np.bool_]:
    return marked(size=SIZE, segmentation=Segmentation(polygons=tuple(Polygon(points) for points in outlines)))


def _corners(box: Box) -> Outline:
    right, bottom = box.x + box.width, box.y + box.height
    return ((box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom))


_boxes = st.builds(Box, st.integers(0, 30), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10))
_places = st.tuples(st.floats(-60, 100), st.floats(-60, 90))
_outlines = st.lists(_places, min_size=3, max_size=8).map(tuple)


@given(_boxes)
def test_a_polygon_of_a_boxs_corners_marks_the_boxs_pixels(box: Box) -> None:
    assert np.array_equal(_polygon(_corners(box)), _box(box))


@given(_outlines)
def test_a_polygon_marks_the_pixels_whose_middle_it_encloses_an_odd_number_of_times(outline: Outline) -> None:
    found = _polygon(outline)

    # Middles that nearly lie on the border may fall either way.
    for row, column in np.ndindex(HEIGHT, WIDTH):
        inside = [_encloses(outline, column + 0.5 + off, row + 0.5) for off in (-1e-6, 1e-6)]
        assert inside[0] != inside[1] or found[row, column] == inside[0]


def _encloses(outline: Outline, x: float, y: float) -> bool:
    crossed = 0
    for (x1, y1), (x2, y2) in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (y1 > y) != (y2 > y) and x1 + (y - y1) * (x2 - x1) / (y2 - y1) > x:
            crossed += 1
    return crossed % 2 == 1


@given(st.floats(-10, 50), st.floats(-10, 50))
def test_polygons_that_share_an_edge_share_no_pixel_and_leave_none_out(top: float, bottom: float) -> None:
    left = ((0, 0), (top, 0), (bottom, HEIGHT), (0, HEIGHT))
    right = ((WIDTH, 0), (top, 0), (bottom, HEIGHT), (WIDTH, HEIGHT))
    if not (0 <= top <= WIDTH and 0 <= bottom <= WIDTH):
        return

    assert np.array_equal(_polygon(left), ~_polygon(right))


@given(_outlines, st.integers(-20, 20), st.integers(-20, 20))
def test_what_reaches_outside_the_photo_is_cut_off(outline: Outline, x: int, y: int) -> None:
    polygon = Segmentation(polygons=(Polygon(tuple((100 + px, 100 + py) for px, py in outline)),))
    whole = marked(size=(300, 300), segmentation=polygon)

    moved = _polygon(tuple((px - x, py - y) for px, py in outline))

    shifted = whole[100 + y : 100 + y + HEIGHT, 100 + x : 100 + x + WIDTH]
    # Rounding may move a border that runs through the middle of pixels.
    assert (moved != shifted).mean() < 0.01


def test_a_polygon_that_turns_round_itself_leaves_its_core_out() -> None:
    ring = (*_corners(Box(2, 2, 20, 20)), (2, 2), *_corners(Box(6, 6, 5, 5)), (6, 6))

    assert np.array_equal(_polygon(ring), _box(Box(2, 2, 20, 20)) & ~_box(Box(6, 6, 5, 5)))


def test_several_polygons_are_united() -> None:
    boxes = Box(2, 2, 10, 10), Box(8, 8, 10, 10)

    assert np.array_equal(_polygon(*map(_corners, boxes)), _box(boxes[0]) | _box(boxes[1]))


@given(st.integers(0, 2**32))
def test_run_lengths_go_down_the_columns(seed: int) -> None:
    mask = np.random.default_rng(seed).random((HEIGHT, WIDTH)) < 0.5
    flat = mask.T.ravel()
    changes = np.flatnonzero(np.diff(np.concatenate([[False], flat, [not flat[-1]]])))
    counts = runs.check(np.diff(np.concatenate([[0], changes])).tolist(), total=mask.size, param="segmentation")

    found = rasterise(size=SIZE, segmentation=Segmentation(rle=Rle(HEIGHT, WIDTH, counts)))

    assert np.array_equal(found, mask)


def test_everything_that_is_given_is_united() -> None:
    size = (photos.WIDTH, photos.HEIGHT)
    rle = Rle(photos.HEIGHT, photos.WIDTH, (0, 5, photos.WIDTH * photos.HEIGHT - 5))

    found = rasterise(
        size=size, mask_png=photos.sample_mask(), boxes=[Box(0, 60, 3, 3)], segmentation=Segmentation(rle=rle)
    )

    expected = photos.object_mask().copy()
    expected[60:63, :3] = True
    expected[:5, 0] = True
    assert np.array_equal(found, expected)


def test_run_lengths_of_another_size_are_refused_before_anything_is_allocated() -> None:
    side = 2**31 - 1
    hostile = Segmentation(rle=Rle(side, side, (0, side * side)))

    with pytest.raises(UnreadableImage, match=r"40×30"):
        rasterise(size=SIZE, segmentation=hostile)


@pytest.mark.parametrize("boxes", [[], [Box(-9, -9, 5, 5)], [Box(90, 90, 5, 5)]])
def test_nothing_marked_is_an_error(boxes: list[Box]) -> None:
    with pytest.raises(NothingFound):
        rasterise(size=SIZE, boxes=boxes)


def test_nothing_marked_is_an_empty_mask_where_clicks_will_follow() -> None:
    empty = marked(size=SIZE)

    assert empty.shape == (HEIGHT, WIDTH)
    assert not empty.any()


@pytest.mark.parametrize(
    "segmentation",
    [
        Segmentation(polygons=(Polygon(((0, 0), (8000, 10), (4000, 6000))),)),
        Segmentation(rle=Rle(6000, 8000, (10, 6000 * 8000 - 10))),
    ],
    ids=["polygon", "run lengths"],
)
def test_a_mask_of_48_megapixels_takes_few_bytes_for_each_pixel(segmentation: Segmentation) -> None:
    tracemalloc.start()

    marked(size=(8000, 6000), segmentation=segmentation)

    assert tracemalloc.get_traced_memory()[1] < 3 * 6000 * 8000
    tracemalloc.stop()
