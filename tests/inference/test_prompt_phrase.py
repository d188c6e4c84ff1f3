"""A sentence says what is to go, which of it, and what has to stay; what it only mentions is not wished for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.targets.prompt.phrase import parse
from inference.targets.prompt.wishes import Place, Relation, Wish
from inference.targets.prompt.words import word_set


def only(sentence: str) -> Wish:
    (wish,) = parse(sentence).removed
    return wish


@pytest.mark.parametrize(
    ("sentence", "thing"),
    [
        ("Remove the man", "person"),
        ("Please can you get rid of the tourists?", "person"),
        ("the puppy", "dog"),
        ("I don't want the motorcycle", "motorbike"),
        ("erase the couch, please, and make it look natural", "sofa"),
        ("hide the plane", "aeroplane"),
        ("Photo without people", "person"),
        ("there is a dog, remove it", "dog"),
        ("make the man disappear", "person"),
        ("take the caption out", "text"),
        ("the logo in the corner", "watermark"),
        ("the orange timestamp", "date stamp"),
        ("ＲＥＭＯＶＥ　ＴＨＥ　ＤＯＧ", "dog"),
        ("rémove the dög", "dog"),
    ],
)
def test_a_thing_is_known_by_its_many_names(sentence: str, thing: str) -> None:
    assert only(sentence).thing == thing


@pytest.mark.parametrize(
    ("sentence", "amount"),
    [
        ("remove the person", 1),
        ("remove the people", None),
        ("remove everyone", None),
        ("remove the two people", 2),
        ("remove both cars", 2),
        ("remove the 3 dogs", 3),
        ("one of the dogs", 1),
        ("all of the birds", None),
        ("the group of people", None),
        ("remove the watermark", None),
    ],
)
def test_number_words_and_plurals_say_how_many(sentence: str, amount: int | None) -> None:
    assert only(sentence).amount == amount


@pytest.mark.parametrize(
    ("sentence", "place"),
    [
        ("the man on the left", Place(horizontal="left")),
        ("the leftmost man", Place(horizontal="left")),
        ("On the right-hand side, remove the man", Place(horizontal="right")),
        ("the watermark in the bottom-right corner", Place(horizontal="right", vertical="bottom", is_corner=True)),
        ("the logo in the upper left of the photo", Place(horizontal="left", vertical="top")),
        ("the caption at the bottom", Place(vertical="bottom")),
        ("the text in the corner on the left", Place(horizontal="left", is_corner=True)),
        ("the bird in the middle of the picture", Place(is_centre=True)),
        ("the people in the background", Place(ground="background")),
        ("the background people", Place(ground="background")),
    ],
)
def test_place_words_say_where(sentence: str, place: Place) -> None:
    assert only(sentence).places == (place,)


def test_several_places_are_alternatives() -> None:
    assert [str(place) for place in only("text in the top left, bottom right and centre").places] == [
        "on the top left",
        "on the bottom right",
        "in the centre",
    ]


@pytest.mark.parametrize(
    ("sentence", "relation"),
    [
        ("the man behind the car", Relation(to="car")),
        ("the person to the left of the bus", Relation(to="bus", side="left")),
        ("the dog under the table", Relation(to="dining table", side="bottom")),
        ("the woman holding a bottle", Relation(to="bottle")),
    ],
)
def test_a_thing_behind_a_preposition_is_not_the_one_to_remove(sentence: str, relation: Relation) -> None:
    assert only(sentence).relation == relation


@pytest.mark.parametrize(
    "sentence", ["the dog house", "the dog's bowl", "the man's hat", "car park", "the shadow of the man"]
)
def test_what_only_bears_a_things_name_is_not_that_thing(sentence: str) -> None:
    assert [wish.is_known for wish in parse(sentence).removed] == [False]


@pytest.mark.parametrize(
    "sentence",
    [
        "don't remove the man",
        "do not, under any circumstances, remove the man",
        "never erase the man",
        "keep the man",
        "leave the man alone",
        "the man should not be removed",
        "the man should stay",
        "I don't want the man removed",
        "add a man",
        "replace the man with a dog",
        "I love the man",
        "",
        "...",
    ],
)
def test_nothing_is_wished_for_where_nothing_is_to_go(sentence: str) -> None:
    assert parse(sentence).removed == ()


@pytest.mark.parametrize(
    ("sentence", "removed", "kept"),
    [
        ("remove the dog but keep the cat", ["dog"], ["cat"]),
        ("remove the dog, not the cat", ["dog"], ["cat"]),
        ("keep the cat, remove the dog", ["dog"], ["cat"]),
        ("remove the car without removing the man", ["car"], ["person"]),
        ("remove all people except the one on the left", ["person"], ["person"]),
        ("My dog is nice. Remove the car.", ["car"], []),
        ("remove the two people on the left and the dog, the cat", ["person", "dog", "cat"], []),
    ],
)
def test_what_goes_and_what_stays_are_told_apart(sentence: str, removed: list[str], kept: list[str]) -> None:
    phrase = parse(sentence)

    assert [wish.thing for wish in phrase.removed] == removed
    assert [wish.thing for wish in phrase.kept] == kept


def test_everything_but_a_thing_does_not_name_what_is_to_go() -> None:
    phrase = parse("Remove everything except the dog")

    assert [wish.is_known for wish in phrase.removed] == [False]
    assert [wish.thing for wish in phrase.kept] == ["dog"]


def test_a_place_at_the_end_holds_for_all_that_are_joined() -> None:
    left = (Place(horizontal="left"),)

    assert [wish.places for wish in parse("remove the man and woman on the left").removed] == [left, left]


def test_what_is_not_understood_of_a_thing_is_remembered() -> None:
    assert only("the bearded man").unclear == ("bearded",)
    assert only("erase the text on the sign").unclear == ("sign",)
    assert only('remove the text "Sale"').unclear == ("quoted-text",)


def test_counting_from_a_side_is_understood() -> None:
    assert only("the second person from the left").rank == 2


_WORDS = st.sampled_from(
    sorted(
        word_set(
            "remove keep not don't the a two all man dogs left corner of in on and , . but except one everything behind with it "
            "watermark text should be removed without"
        )
    )
)


@given(st.one_of(st.text(max_size=2000), st.lists(_WORDS, max_size=300).map(" ".join)))
def test_no_text_is_too_strange(text: str) -> None:
    phrase = parse(text)

    assert isinstance(str(phrase), str)


@pytest.mark.parametrize(
    "text", ["a" * 2000, "a " * 1000, "-" * 2000, '"' * 2000, "\u0301" * 2000, "אבג " * 500, "the dog and " * 160]
)
def test_long_texts_end(text: str) -> None:
    parse(text)
