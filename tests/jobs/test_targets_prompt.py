"""Prompts: which sentences are read, and why others are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.targets import InvalidCharacters, Prompt, PromptEmpty, PromptTooLong, TargetError


def test_a_sentence_is_read_without_the_spaces_around_it() -> None:
    assert Prompt.parse("  the red car \n").text == "the red car"


@pytest.mark.parametrize("text", ["the\ncar", "the\tcar", "the\rcar"])
def test_line_breaks_and_tabs_become_spaces(text: str) -> None:
    assert Prompt.parse(text).text == "the car"


@pytest.mark.parametrize("text", ["l'éléphant", "左边的人", "🚗", "👨‍👩‍👧", "сзади", "السيارة الحمراء"])
def test_every_script_is_read_as_it_is(text: str) -> None:
    assert str(Prompt.parse(text)) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000\u00a0", "\u200b", " " * 1_000_000])
def test_a_text_without_a_visible_character_is_empty(text: str) -> None:
    with pytest.raises(PromptEmpty):
        Prompt.parse(text)


def test_two_thousand_characters_are_read_and_spaces_around_them_do_not_count() -> None:
    assert len(Prompt.parse(" " + "x" * 2000 + " ").text) == 2000


@pytest.mark.parametrize("text", ["x" * 2001, "x" * 1_000_000, "x" + " " * 2000 + "x"])
def test_a_longer_text_is_too_long(text: str) -> None:
    with pytest.raises(PromptTooLong):
        Prompt.parse(text)


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "a\x1bb", "a\x7f", "\x85a", "a\x9f", "\ud800", "a\udfffb"])
def test_control_characters_and_halves_of_surrogate_pairs_are_refused(text: str) -> None:
    with pytest.raises(InvalidCharacters):
        Prompt.parse(text)


@pytest.mark.parametrize(
    ("text", "code"), [("", "prompt_empty"), ("x" * 2001, "prompt_too_long"), ("\0", "invalid_characters")]
)
def test_a_refusal_has_the_documented_code(text: str, code: str) -> None:
    with pytest.raises(TargetError) as refused:
        Prompt.parse(text)
    assert (refused.value.code, refused.value.status, refused.value.param) == (code, 422, "prompt")


@given(st.text())
def test_any_text_is_a_line_that_can_be_stored_or_refused(text: str) -> None:
    try:
        line = Prompt.parse(text).text
    except TargetError:
        return
    assert line == line.strip()
    assert "\x00" not in line
    assert Prompt.parse(line) == Prompt(line)
    line.encode()
