"""Of several things, the one that is meant; where the sentence does not tell, none."""

from __future__ import annotations

import numpy as np
import pytest

from inference.targets.prompt.candidates import Candidate
from inference.targets.prompt.colours import has_colour
from inference.targets.prompt.phrase import parse
from inference.targets.prompt.places import Ambiguous, Scene, choose

SCENE = Scene((100, 200))


def thing(x: int, y: int, width: int, height: int, label: str = "person") -> Candidate:
    return Candidate(
        label=label,
        window=(slice(y, y + height), slice(x, x + width)),
        mask=np.ones((height, width), bool),
        score=1.0,
    )


LEFT, MIDDLE, RIGHT = thing(10, 40, 20, 50), thing(90, 30, 24, 60), thing(160, 45, 18, 45)
EVERYONE = [LEFT, MIDDLE, RIGHT]


def meant(sentence: str, candidates: list[Candidate], others: list[Candidate] | None = None) -> list[Candidate]:
    (wish,) = parse(sentence).removed
    return choose(candidates, wish, SCENE, others or [])


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("the person on the left", [LEFT]),
        ("the person on the right", [RIGHT]),
        ("the people on the left", [LEFT]),
        ("the two people on the right", [RIGHT, MIDDLE]),
        ("all people", [MIDDLE, LEFT, RIGHT]),
        ("the largest person", [MIDDLE]),
        ("the smallest person", [RIGHT]),
        ("the person in the middle", [MIDDLE]),
        ("the second person from the left", [MIDDLE]),
        ("the person", [MIDDLE]),
    ],
)
def test_place_size_and_number_choose(sentence: str, expected: list[Candidate]) -> None:
    assert meant(sentence, EVERYONE) == expected


def test_a_single_thing_elsewhere_is_not_the_one_on_the_left() -> None:
    assert meant("the person on the left", [RIGHT]) == []


def test_a_neighbour_tells_which_one() -> None:
    car = thing(128, 60, 30, 20, "car")

    assert meant("the person beside the car", EVERYONE, [car]) == [RIGHT]
    assert meant("the people left of the car", EVERYONE, [car]) == [MIDDLE, LEFT]


def test_the_background_holds_what_is_small_beside_the_largest() -> None:
    near, far = thing(60, 0, 60, 100), thing(150, 30, 8, 20)

    assert meant("the person in the background", [near, far]) == [far]
    assert meant("the person in the foreground", [near, far]) == [near]


@pytest.mark.parametrize("sentence", ["the woman", "the men", "the bearded person", "people with hats", "the tourist"])
def test_words_that_tell_nobody_apart_choose_nobody(sentence: str) -> None:
    with pytest.raises(Ambiguous):
        meant(sentence, EVERYONE)


def test_a_single_candidate_needs_no_telling_apart() -> None:
    assert meant("the old woman", [LEFT]) == [LEFT]


def test_a_place_tells_apart_what_words_cannot() -> None:
    assert meant("the woman on the left", EVERYONE) == [LEFT]


@pytest.mark.parametrize(
    ("sentence", "index"),
    [
        ("the text in the bottom right corner", 3),
        ("the text in the top left corner", 0),
        ("the text at the top right", 1),
    ],
)
def test_corners_are_where_writing_stands_close_to_two_borders(sentence: str, index: int) -> None:
    corners = [
        thing(5, 3, 50, 8),
        thing(140, 3, 50, 8),
        thing(5, 88, 50, 8),
        thing(110, 88, 80, 8),
        thing(70, 48, 50, 8),
    ]

    assert meant(sentence, corners) == [corners[index]]


def test_colours_are_seen() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[LEFT.window] = (200, 30, 40)
    image[RIGHT.window] = (240, 240, 235)

    assert [has_colour(image, each, "red") for each in EVERYONE] == [True, False, False]
    assert [has_colour(image, each, "white") for each in EVERYONE] == [False, False, True]
