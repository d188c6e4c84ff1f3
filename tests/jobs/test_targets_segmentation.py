"""Segmentations in COCO's two forms: what is read, what is refused, and how it is stored."""

from __future__ import annotations

import json
import tracemalloc
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.targets import (
    InvalidJson,
    InvalidSegmentation,
    Polygon,
    Rle,
    Segmentation,
    SegmentationSizeMismatch,
    TargetError,
    runs,
)
from tests.fuzz import outcome

TRIANGLE = [1, 1, 5, 1, 1, 5]


def test_uncompressed_run_lengths_are_read() -> None:
    assert Segmentation.parse('{"size": [2, 3], "counts": [1, 2, 3]}').rle == Rle(2, 3, (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "size", "counts"),
    [
        # What `pycocotools.mask.encode` makes of a full mask, of a block with a pixel beside it, and of a disc.
        ("0Pb1", [40, 40], (0, 1600)),
        ("5220002O", [4, 5], (5, 2, 2, 2, 2, 2, 4, 1)),
        ("Tl01U14N0O20N102Lfi0", [40, 50], (900, 1, 37, 5, 35, 5, 34, 7, 34, 5, 35, 5, 37, 1, 859)),
    ],
)
def test_compressed_run_lengths_are_read_and_written_as_by_cocos_tools(
    text: str, size: list[int], counts: tuple[int, ...]
) -> None:
    segmentation = Segmentation.parse({"size": size, "counts": text})

    assert segmentation.rle == Rle(size[0], size[1], counts)
    assert segmentation.to_json() == {"size": size, "counts": text}


@given(st.lists(st.integers(1, 2**33), min_size=2, max_size=40))
def test_compressed_run_lengths_come_back(counts: list[int]) -> None:
    assert runs.decompress(runs.compress(counts), total=sum(counts), param="segmentation") == tuple(counts)


@pytest.mark.parametrize(
    "value",
    [
        {"size": [2, 3]},
        {"counts": [1, 2, 3]},
        {"size": [2, 3], "counts": [1, 2, 3], "more": 1},
        {"size": [2, 3, 1], "counts": [1, 2, 3]},
        {"size": [0, 3], "counts": [0]},
        {"size": [-2, -3], "counts": [1, 5]},
        {"size": ["2", 3], "counts": [1, 2, 3]},
        {"size": [2.5, 3], "counts": [1, 2, 3]},
        {"size": [2, 3], "counts": [1, 2]},
        {"size": [2, 3], "counts": [1, 2, 4]},
        {"size": [2, 3], "counts": [1, -2, 7]},
        {"size": [2, 3], "counts": [1, 2.5, 2.5]},
        {"size": [2, 3], "counts": [1, True, 4]},
        {"size": [2, 3], "counts": [1, "2", 3]},
        {"size": [2, 3], "counts": [1, float("nan"), 3]},
        {"size": [2, 3], "counts": [10**5000]},
        {"size": [2, 3], "counts": [6]},
        {"size": [2, 3], "counts": []},
        {"size": [2, 3], "counts": {}},
        {"size": [2, 3], "counts": None},
        {"size": [2, 3], "counts": ""},
        {"size": [2, 3], "counts": "6"},
        {"size": [2, 3], "counts": "12"},
        {"size": [2, 3], "counts": "1 3"},
        {"size": [2, 3], "counts": "é"},
        {"size": [2, 3], "counts": "12P"},
        {"size": [2, 3], "counts": "o" * 100},
    ],
)
def test_run_lengths_that_do_not_make_a_mask_are_refused(value: Any) -> None:
    with pytest.raises(InvalidSegmentation):
        Segmentation.parse(value)


@pytest.mark.parametrize("counts", [[1] * 500_002, "1" * 500_002])
def test_too_many_runs_are_refused(counts: Any) -> None:
    with pytest.raises(InvalidSegmentation):
        Segmentation.parse({"size": [1, 500_002], "counts": counts})


def test_run_lengths_of_a_hostile_size_take_no_memory() -> None:
    side = 2**31 - 1
    tracemalloc.start()

    Segmentation.parse({"size": [side, side], "counts": [0, side * side]})

    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_polygons_are_read() -> None:
    polygons = Segmentation.parse("[[1, 1, 5, 1, 1, 5], [0.5, 0, 2, 0, 2, 2, 0.5, 2]]").polygons

    assert polygons == (Polygon(((1, 1), (5, 1), (1, 5))), Polygon(((0.5, 0), (2, 0), (2, 2), (0.5, 2))))


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        7,
        True,
        TRIANGLE,
        [[]],
        [[1, 1, 5, 5]],
        [[1, 1, 5, 1, 1]],
        [[1, 1, 5, 1, 1, "5"]],
        [[1, 1, 5, 1, 1, None]],
        [[1, 1, 5, 1, 1, True]],
        [[1, 1, 5, 1, 1, float("nan")]],
        [[1, 1, 5, 1, 1, float("inf")]],
        [[1, 1, 5, 1, 1, 10**5000]],
        [[[1, 1], [5, 1], [1, 5]]],
        [TRIANGLE, {"size": [2, 3], "counts": [1, 2, 3]}],
        [{"size": [2, 3], "counts": [1, 2, 3]}],
        [TRIANGLE] * 101,
        [[0, 0] * 10_001],
        [[0, 0] * 5_000, [0, 0] * 5_001],
    ],
)
def test_what_is_no_list_of_polygons_is_refused(value: Any) -> None:
    with pytest.raises(InvalidSegmentation):
        Segmentation.parse(value)


@pytest.mark.parametrize("text", ["", "[[1,1", "{", "[" * 100_000, " " * 2_000_001, '{"size":[1,1],"size":[1,1]}'])
def test_text_that_is_no_json_is_refused_as_such(text: str) -> None:
    with pytest.raises(InvalidJson):
        Segmentation.parse(text)


def test_run_lengths_must_have_the_size_of_the_photo_and_the_refusal_names_both() -> None:
    with pytest.raises(SegmentationSizeMismatch, match=r"3×2 pixels, the image 2×3") as refused:
        Segmentation.parse({"size": [2, 3], "counts": [1, 5]}).check_inside((2, 3))
    assert (refused.value.code, refused.value.status) == ("segmentation_size_mismatch", 422)


@pytest.mark.parametrize(
    "value",
    [
        [TRIANGLE],
        [[-5, -5, 90, -5, 90, 90, -5, 90]],
        [[60, 40, 90, 40, 90, 90]],
        [[-10, 24, 80, 23, 80, 25]],
        {"size": [48, 64], "counts": [64, 48 * 64 - 64]},
    ],
)
def test_what_lies_in_the_photo_at_least_in_part_fits(value: Any) -> None:
    Segmentation.parse(value).check_inside((64, 48))


@pytest.mark.parametrize(
    "polygon",
    [
        [-9, 1, -1, 1, -1, 9],
        [64, 1, 90, 1, 90, 9],
        [1, 48, 9, 48, 9, 90],
        [1, -9, 9, -9, 9, -1],
        [-10, -10, 4, -10, -10, 4],
        [70, 60, 64, 49, 65, 48],
    ],
)
def test_a_polygon_wholly_outside_is_refused(polygon: list[float]) -> None:
    with pytest.raises(InvalidSegmentation, match=r"Polygon 2 .* 64×48"):
        Segmentation.parse([TRIANGLE, polygon]).check_inside((64, 48))


def test_every_refusal_says_what_is_wrong() -> None:
    with pytest.raises(InvalidSegmentation, match=r"sum to 7, but the size has 6 pixels") as refused:
        Segmentation.parse({"size": [2, 3], "counts": [3, 4]}, param="segmentation")
    assert (refused.value.code, refused.value.status, refused.value.param) == (
        "segmentation_invalid",
        422,
        "segmentation",
    )


_places = st.floats(-1e6, 1e6, allow_nan=False)
_polygons = st.builds(Polygon, st.lists(st.tuples(_places, _places), min_size=3, max_size=9).map(tuple))


@given(st.lists(_polygons, min_size=1, max_size=5))
def test_polygons_survive_being_stored(polygons: list[Polygon]) -> None:
    segmentation = Segmentation(polygons=tuple(polygons))

    assert Segmentation.from_json(json.loads(json.dumps(segmentation.to_json()))) == segmentation


@given(st.lists(st.integers(1, 50), min_size=2, max_size=30))
def test_run_lengths_survive_being_stored(counts: list[int]) -> None:
    *_, total = accumulate(counts)
    segmentation = Segmentation(rle=Rle(1, total, tuple(counts)))

    assert Segmentation.from_json(json.loads(json.dumps(segmentation.to_json()))) == segmentation


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["size", "counts", "a"]), inner),
    max_leaves=20,
)


@given(_anything | st.fixed_dictionaries({"size": _anything | st.just([2, 3]), "counts": _anything}))
def test_any_value_is_read_or_refused(value: Any) -> None:
    found = outcome(lambda: Segmentation.parse(value).check_inside((3, 2)), TargetError)

    assert found is None or found.status in (400, 422)
