"""Boxes as callers spell them: what is read, what is refused and with which code."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.targets import (
    Box,
    BoxOutOfBounds,
    InvalidBox,
    InvalidJson,
    TargetError,
    TooManyRectangles,
    boxes_from_json,
    boxes_to_json,
    parse_rectangles,
)


@pytest.mark.parametrize(
    "spelling",
    [
        "10,20,30,40",
        " 10 , 20,30, 40 ",
        "[10, 20, 30, 40]",
        "[10.0, 20, 3e1, 40]",
        '{"x": 10, "y": 20, "w": 30, "h": 40}',
        '{"x": 10, "y": 20, "width": 30, "height": 40}',
        [10, 20, 30, 40],
        {"x": 10, "y": 20, "w": 30, "h": 40},
    ],
)
def test_every_documented_spelling_is_the_same_box(spelling):
    assert Box.parse(spelling) == Box(10, 20, 30, 40)


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "10,20,30",
        "10,20,30,40,50",
        "10,20,0,40",
        "10,20,30,-4",
        "1_0,20,30,40",
        "+10,20,30,40",
        "١٠,20,30,40",
        "1.5,20,30,40",
        "NaN,20,30,40",
        "1" * 5000 + ",0,1,1",
        "[NaN, 0, 1, 1]",
        "[Infinity, 0, 1, 1]",
        "[1e999, 0, 1, 1]",
        "[" + "1" * 5000 + ", 0, 1, 1]",
        "[2147483648, 0, 1, 1]",
        "[true, 0, 1, 1]",
        "[null, 0, 1, 1]",
        '["10", 20, 30, 40]',
        "[10.5, 20, 30, 40]",
        "[[10, 20, 30, 40]]",
        "{}",
        '{"x": 1, "y": 1, "w": 1}',
        '{"x": 1, "y": 1, "w": 1, "height": 1}',
        '{"x": 1, "y": 1, "w": 1, "h": 1, "z": 1}',
        None,
        7,
        True,
    ],
)
def test_anything_that_is_no_box_is_refused_as_box_invalid(spelling):
    with pytest.raises(InvalidBox):
        Box.parse(spelling)


@pytest.mark.parametrize(
    "text",
    ["[10, 20", "{", "[1,2,3,4] x", '{"x":1,"x":2,"y":1,"w":1,"h":1}', "[" * 50_000, "[" + " " * 200_000],
)
def test_broken_json_is_refused_as_json_invalid(text):
    with pytest.raises(InvalidJson):
        Box.parse(text)


def test_an_error_knows_its_code_status_parameter_and_sentence():
    with pytest.raises(TargetError) as caught:
        parse_rectangles("[", param="rectangles")

    assert (caught.value.code, caught.value.status, caught.value.param) == ("json_invalid", 400, "rectangles")
    assert str(caught.value) == caught.value.message == "The value is not valid JSON."


def test_a_box_that_fills_the_photo_is_inside():
    Box(0, 0, 64, 48).check_inside((64, 48))


@pytest.mark.parametrize(
    "box", [Box(-1, 0, 5, 5), Box(0, -1, 5, 5), Box(60, 0, 5, 5), Box(0, 44, 5, 5), Box(64, 48, 1, 1)]
)
def test_a_box_with_any_part_outside_is_out_of_bounds(box):
    with pytest.raises(BoxOutOfBounds):
        box.check_inside((64, 48))


def test_fifty_rectangles_are_read_in_order():
    spelt = json.dumps([{"x": index, "y": 0, "width": 1, "height": 1} for index in range(50)])

    assert [box.x for box in parse_rectangles(spelt)] == list(range(50))


def test_fifty_one_rectangles_are_too_many():
    with pytest.raises(TooManyRectangles):
        parse_rectangles([[0, 0, 1, 1]] * 51)


@pytest.mark.parametrize("value", ["[]", '{"x": 1}', "5", "null", None])
def test_rectangles_that_are_no_filled_list_are_refused(value):
    with pytest.raises(InvalidBox):
        parse_rectangles(value)


def test_rectangles_that_are_no_json_are_refused_as_json():
    with pytest.raises(InvalidJson):
        parse_rectangles("0,0,1,1")


_coordinates = st.integers(min_value=-(2**31) + 1, max_value=2**31 - 1)
_lengths = st.integers(min_value=1, max_value=2**31 - 1)


@given(st.builds(Box, _coordinates, _coordinates, _lengths, _lengths))
def test_a_box_survives_being_stored(box):
    assert boxes_from_json(json.loads(json.dumps(boxes_to_json([box])))) == (box,)
