"""Clicks and boxes by their corners: what is read, what is refused and with which code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.targets import (
    COORDINATE_MAX,
    Box,
    BoxOutOfBounds,
    Click,
    InvalidBox,
    InvalidJson,
    InvalidPoints,
    PointOutOfBounds,
    TargetError,
    clicks_from_json,
    clicks_to_json,
    parse_corners,
    parse_points,
)
from tests.fuzz import outcome

TWO = (Click(10, 20), Click(30, 40, is_object=False))


@pytest.mark.parametrize(
    ("points", "labels"),
    [
        ("[[10, 20], [30, 40]]", "[1, 0]"),
        ([[10, 20], [30, 40]], [1, 0]),
        ("[[10.0, 2e1], [30, 40]]", [1.0, 0]),
        (((10, 20), (30, 40)), "[1,0]"),
    ],
)
def test_points_are_read_as_json_text_or_as_what_it_stands_for(points: Any, labels: Any) -> None:
    assert parse_points(points, labels) == TWO


@pytest.mark.parametrize(
    "points",
    [
        "[]",
        [],
        "{}",
        None,
        7,
        [10, 20],
        [[10, 20, 30]],
        [[10]],
        [["10", 20]],
        [[10.5, 20]],
        [[True, 20]],
        [[None, 20]],
        "[[NaN, 20]]",
        "[[Infinity, 20]]",
        "[[1e999, 20]]",
        "[[" + "1" * 5000 + ", 20]]",
        [[2**31, 20]],
        [{"x": 10, "y": 20}],
        [[10, 20]] * 2,
    ],
)
def test_points_that_are_no_list_of_pixels_are_refused(points: Any) -> None:
    with pytest.raises(InvalidPoints):
        parse_points(points, [1])


@pytest.mark.parametrize(
    "labels", [None, [], [1, 1], [7], [-1], ["1"], [True], [0.5], [None], "[NaN]", "{}", 1, [[1]], [0]]
)
def test_labels_other_than_a_one_or_a_zero_for_each_point_with_a_one_among_them_are_refused(labels: Any) -> None:
    with pytest.raises(InvalidPoints):
        parse_points([[10, 20]], labels)


def test_fifty_points_are_read() -> None:
    assert len(parse_points([[index, 0] for index in range(50)], [1] * 50)) == 50


def test_fifty_one_points_are_too_many() -> None:
    with pytest.raises(InvalidPoints, match="50"):
        parse_points([[0, 0]] * 51, [1] * 51)


@pytest.mark.parametrize(("points", "labels"), [("[[1,2]", "[1]"), ("[[1,2]]", "[1"), ("", "[1]"), ("[[1,2]]", "1,0")])
def test_text_that_is_no_json_is_refused_as_such(points: str, labels: str) -> None:
    with pytest.raises(InvalidJson):
        parse_points(points, labels)


@pytest.mark.parametrize(("labels", "param"), [(None, "labels"), ([7], "labels"), ([1, 0], "labels"), ([1], "points")])
def test_a_refusal_names_the_field_that_is_wrong(labels: Any, param: str) -> None:
    points = [[1.5, 2]] if labels == [1] else [[1, 2]]

    with pytest.raises(InvalidPoints) as refused:
        parse_points(points, labels)
    assert (refused.value.code, refused.value.status, refused.value.param) == ("points_invalid", 422, param)


@pytest.mark.parametrize("click", [Click(0, 0), Click(63, 47)])
def test_a_pixel_of_the_photo_is_inside(click: Click) -> None:
    click.check_inside((64, 48))


@pytest.mark.parametrize("click", [Click(-1, 0), Click(0, -1), Click(64, 0), Click(0, 48)])
def test_a_point_beyond_the_photo_is_out_of_bounds(click: Click) -> None:
    with pytest.raises(PointOutOfBounds, match="64×48"):
        click.check_inside((64, 48))


_coordinates = st.integers(min_value=-COORDINATE_MAX, max_value=COORDINATE_MAX)


@given(st.lists(st.builds(Click, _coordinates, _coordinates, st.booleans())))
def test_clicks_survive_being_stored(clicks: list[Click]) -> None:
    assert list(clicks_from_json(json.loads(json.dumps(clicks_to_json(clicks))))) == clicks


@pytest.mark.parametrize("stored", [{}, {"x": 1, "y": 1}, {"x": 1, "y": 1, "label": 2}, [1, 2, 1], None])
def test_what_is_stored_as_no_click_is_refused(stored: Any) -> None:
    with pytest.raises(InvalidPoints):
        clicks_from_json([stored])


@pytest.mark.parametrize("spelling", ["[10, 20, 40, 60]", " 10, 20,40 ,60 ", [10, 20, 40, 60], (10.0, 20, 40, 60)])
def test_two_corners_are_a_box(spelling: Any) -> None:
    assert parse_corners(spelling) == Box(10, 20, 30, 40)


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "10,20,40",
        "10,20,40,60,80",
        "10,20,10,60",
        "10,20,40,20",
        "40,60,10,20",
        "10,20,NaN,60",
        "[NaN, 0, 1, 1]",
        "[0, 0, 1e999, 1]",
        '["10", 20, 40, 60]',
        "[10.5, 20, 40, 60]",
        "[true, 0, 5, 5]",
        [[10, 20, 40, 60]],
        {"x": 1, "y": 1, "w": 1, "h": 1},
        None,
        7,
    ],
)
def test_corners_that_enclose_nothing_or_are_no_numbers_are_refused(spelling: Any) -> None:
    with pytest.raises(InvalidBox):
        parse_corners(spelling)


def test_corners_that_are_no_json_are_refused_as_such() -> None:
    with pytest.raises(InvalidJson):
        parse_corners("[10, 20")


def test_the_corners_of_the_whole_photo_are_inside_and_one_pixel_more_is_not() -> None:
    parse_corners([0, 0, 64, 48]).check_inside((64, 48), param="box")

    with pytest.raises(BoxOutOfBounds):
        parse_corners([0, 0, 65, 48]).check_inside((64, 48), param="box")


@given(st.lists(_coordinates, min_size=4, max_size=4, unique=True))
def test_the_corners_of_a_box_come_back_from_its_edges_and_sides(numbers: list[int]) -> None:
    left, right = sorted(numbers[:2])
    top, bottom = sorted(numbers[2:])

    box = parse_corners([left, top, right, bottom])

    assert (box.x, box.y, box.x + box.width, box.y + box.height) == (left, top, right, bottom)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["x", "y"]), inner),
    max_leaves=10,
)


@given(_anything, _anything)
def test_any_points_and_labels_are_read_or_refused(points: Any, labels: Any) -> None:
    found = outcome(lambda: parse_points(points, labels), TargetError)

    assert not isinstance(found, TargetError) or found.status in (400, 422)


@given(_anything)
def test_any_corners_are_read_or_refused(value: Any) -> None:
    found = outcome(lambda: parse_corners(value), TargetError)

    assert not isinstance(found, TargetError) or found.status in (400, 422)
