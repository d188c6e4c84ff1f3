"""The content policy: what a score leads to, and what a wrong setting is told."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import EngineError
from inference.safety import FilterNotReady, Verdict
from inference.safety.policy import EXAMPLE, BadPolicy, Category, Policy, parse_policy

LABELS = ("Drawing", "Hentai", "Neutral", "Porn", "Sexy")
POLICY = Policy(
    {
        "explicit": Category(labels=("Porn", "Hentai"), review=0.6, block=0.85),
        "sexy": Category(labels=("Sexy",), review=0.9),
    }
)


def _judge(**probabilities: float) -> Verdict:
    return POLICY.judge(POLICY.score(dict.fromkeys(LABELS, 0.0) | probabilities))


@pytest.mark.parametrize(
    ("probabilities", "decision", "category"),
    [
        ({"Neutral": 1.0}, "allow", None),
        ({"Porn": 0.59}, "allow", None),
        ({"Porn": 0.6}, "review", "explicit"),
        ({"Porn": 0.85}, "block", "explicit"),
        ({"Porn": 0.45, "Hentai": 0.45}, "block", "explicit"),  # one of them it is, for sure
        ({"Sexy": 1.0}, "review", "sexy"),  # never blocked: it has no `block`
        ({"Porn": 0.6, "Sexy": 0.95}, "review", "sexy"),
    ],
)
def test_a_score_has_the_consequence_that_the_policy_says(
    probabilities: dict[str, float], decision: str, category: str | None
) -> None:
    verdict = _judge(**probabilities)

    assert (verdict.decision, verdict.category) == (decision, category)


def test_the_scores_of_all_categories_are_told() -> None:
    assert _judge(Porn=0.25, Sexy=0.5).scores == {"explicit": 0.25, "sexy": 0.5}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_probability_is_an_error_and_never_allowed(value: float) -> None:
    with pytest.raises(EngineError, match="no numbers"):
        _judge(Neutral=value)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_a_higher_probability_never_has_a_milder_consequence(values: list[float]) -> None:
    grave = ["allow", "review", "block"]
    probabilities = dict(zip(LABELS, values, strict=True))

    before = _judge(**probabilities)
    after = _judge(**probabilities | {"Porn": 1.0})

    assert grave.index(after.decision) >= grave.index(before.decision)


def test_the_example_is_a_policy() -> None:
    policy = parse_policy(EXAMPLE)

    policy.check_labels(LABELS)
    assert policy.categories == {"explicit": Category(labels=("Porn", "Hentai"), review=0.7, block=0.95)}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "has to be a JSON object of categories"),
        ({}, "has to be a JSON object of categories"),
        ({"": {}}, "category without a name"),
        ({"x": 3}, "'x' has to be a JSON object"),
        ({"x": {"labels": ["Porn"], "blok": 0.5}}, "an entry 'blok'; known are labels, review and block"),
        ({"x": {"block": 0.5}}, "needs `labels`"),
        ({"x": {"labels": [], "block": 0.5}}, "needs `labels`"),
        ({"x": {"labels": ["a", "a"], "block": 0.5}}, "a label twice"),
        ({"x": {"labels": ["Porn"]}}, "no consequence"),
        ({"x": {"labels": ["Porn"], "block": 0}}, "`block` has to be a number above 0"),
        ({"x": {"labels": ["Porn"], "block": 85}}, "`block` has to be a number above 0"),
        ({"x": {"labels": ["Porn"], "review": True}}, "`review` has to be a number"),
        ({"x": {"labels": ["Porn"], "review": "0.5"}}, "`review` has to be a number"),
        ({"x": {"labels": ["Porn"], "review": 0.9, "block": 0.5}}, "`review` has to be lower"),
    ],
)
def test_a_wrong_policy_is_told_what_is_wrong(content: Any, sentence: str) -> None:
    with pytest.raises(BadPolicy) as refusal:
        parse_policy(json.dumps(content))

    assert sentence in str(refusal.value)


def test_a_label_that_the_model_lacks_is_named_with_those_it_has() -> None:
    policy = parse_policy('{"explicit": {"labels": ["porn"], "block": 0.8}}')

    with pytest.raises(BadPolicy, match=r"'porn', which the model does not have. Its labels are Drawing, Hentai"):
        policy.check_labels(LABELS)


@given(st.text())
def test_any_text_is_a_policy_or_is_refused(text: str) -> None:
    try:
        parse_policy(text)
    except FilterNotReady:
        pass
