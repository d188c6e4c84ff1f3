"""Which of a classifier's labels matter, and from which score on a picture is looked at by a person, or blocked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inference.errors import EngineError
from inference.safety import FilterNotReady, Verdict

EXAMPLE = '{"explicit": {"labels": ["Porn", "Hentai"], "review": 0.7, "block": 0.95}}'
_PARTS = {"labels", "review", "block"}


class BadPolicy(FilterNotReady):
    """The content policy cannot be used. The message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Category:
    """Labels that mean one thing to the owner, and the scores from which it has consequences; None is never."""

    labels: tuple[str, ...]
    review: float | None = None
    block: float | None = None


@dataclass(frozen=True)
class Policy:
    """Categories by name."""

    categories: Mapping[str, Category]

    def check_labels(self, known: Sequence[str]) -> None:
        """Raises `BadPolicy` if it names a label that the model does not have."""
        for name, category in self.categories.items():
            unknown = [label for label in category.labels if label not in known]
            if unknown:
                raise BadPolicy(
                    f"The content policy's category {name!r} names the label {unknown[0]!r}, which the model does not "
                    f"have. Its labels are {', '.join(known)}."
                )

    def score(self, probabilities: Mapping[str, float]) -> dict[str, float]:
        """The score of every category: the sum of its labels' probabilities, at most 1.

        A classifier shares one picture's probability out among labels that exclude each other. What a category means is
        that one of its labels is right, which is their sum: a picture that is half `Porn` and half `Hentai` is surely
        one of them, though neither alone says so. Raises `EngineError` for what is no probability, so that nothing
        passes because a comparison with it is false.
        """
        if not all(math.isfinite(value) for value in probabilities.values()):
            raise EngineError("The content filter gave no numbers.")
        return {
            name: round(min(1.0, sum(probabilities[label] for label in category.labels)), 4)
            for name, category in self.categories.items()
        }

    def judge(self, scores: Mapping[str, float]) -> Verdict:
        """The gravest consequence that the scores have; among equals, that of the highest score."""
        blocked = {name: scores[name] for name, found in self.categories.items() if _reaches(scores[name], found.block)}
        if blocked:
            return Verdict("block", max(blocked, key=lambda name: blocked[name]), dict(scores))
        noted = {name: scores[name] for name, found in self.categories.items() if _reaches(scores[name], found.review)}
        if noted:
            return Verdict("review", max(noted, key=lambda name: noted[name]), dict(scores))
        return Verdict("allow", None, dict(scores))


def parse_policy(text: str) -> Policy:
    """Read a policy from JSON, as `EXAMPLE` shows. Raises `BadPolicy` that names the place and the fault."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPolicy(f"The content policy is not valid JSON: {error}. An example: {EXAMPLE}") from error
    if not isinstance(content, dict) or not content:
        raise BadPolicy(f"The content policy has to be a JSON object of categories. An example: {EXAMPLE}")
    return Policy({name: _parse_category(name, entry) for name, entry in content.items()})


def _parse_category(name: str, entry: Any) -> Category:
    where = f"The content policy's category {name!r}"
    if not name.strip():
        raise BadPolicy("The content policy has a category without a name.")
    if not isinstance(entry, dict):
        raise BadPolicy(f"{where} has to be a JSON object. An example: {EXAMPLE}")
    unknown = sorted(set(entry) - _PARTS)
    if unknown:
        raise BadPolicy(f"{where} has an entry {unknown[0]!r}; known are labels, review and block.")
    labels = entry.get("labels")
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) and label for label in labels):
        raise BadPolicy(f"{where} needs `labels`, a list of the model's labels.")
    if len(set(labels)) != len(labels):
        raise BadPolicy(f"{where} names a label twice.")
    category = Category(
        labels=tuple(labels),
        review=_parse_threshold(where, "review", entry.get("review")),
        block=_parse_threshold(where, "block", entry.get("block")),
    )
    if category.review is None and category.block is None:
        raise BadPolicy(f"{where} has no consequence: set `review`, `block` or both to a score from which it counts.")
    if category.review is not None and category.block is not None and category.review > category.block:
        raise BadPolicy(f"{where} would block from {category.block} on; `review` has to be lower than that.")
    return category


def _parse_threshold(where: str, part: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise BadPolicy(f"{where}: `{part}` has to be a number above 0 and up to 1, or null for never, not {value!r}.")
    return float(value)


def _reaches(score: float, threshold: float | None) -> bool:
    return threshold is not None and score >= threshold
