"""Prompts that are not worked on, and prompts that speak of a mark of ownership. The list is data: `words.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from inference.safety import ALLOWED, FilterNotReady, Verdict
from inference.safety.phrases import Classes, as_line, compile_phrases, vocabulary_of
from inference.safety.spelling import Speller

DEFAULT_LIST = Path(__file__).with_name("words.toml")
_MARKS = "marks_of_ownership"
_RULE_PARTS = {"category", "decision", "phrases", "unless_before"}
_DECISIONS: tuple[Literal["block", "review"], ...] = ("block", "review")


class BadWordList(FilterNotReady):
    """The word list cannot be used. The message says what is wrong with it."""


@dataclass(frozen=True)
class _Rule:
    category: str
    decision: Literal["block", "review"]
    pattern: re.Pattern[str]


class WordPolicy:
    """Judges prompts by a word list."""

    def __init__(self, text: str, *, name: str = "the word list") -> None:
        """`text` is TOML as in `words.toml`. Raises `BadWordList`."""
        try:
            content = tomllib.loads(text)
            classes = _read_classes(content)
            self._rules = [_read_rule(entry, classes) for entry in content.get("rule", ())]
            marks = content.get(_MARKS, {}).get("phrases", [])
            self._marks = compile_phrases(_strings(marks, _MARKS), classes) if marks else None
            known = vocabulary_of(_all_phrases(content))
        except (ValueError, TypeError, AttributeError, re.error) as error:
            raise BadWordList(f"{name} cannot be used: {error}.") from error
        if not self._rules and self._marks is None:
            raise BadWordList(f"{name} cannot be used: it has neither a [[rule]] nor [{_MARKS}].")
        self._speller = Speller(known.words, known.stems)

    def check(self, text: str) -> Verdict:
        """Judge a prompt: the gravest rule that it meets counts, among equals the first in the list. Never raises."""
        line = as_line(self._speller.words_of(text))
        for decision in _DECISIONS:
            for rule in self._rules:
                if rule.decision == decision and rule.pattern.search(line):
                    return Verdict(decision, rule.category, {rule.category: 1.0})
        return ALLOWED

    def mentions_mark_of_ownership(self, text: str) -> bool:
        """Whether it speaks of a watermark, a logo, a signature or the like. Never raises."""
        return self._marks is not None and bool(self._marks.search(as_line(self._speller.words_of(text))))


def load_word_policy(path: Path | None = None) -> WordPolicy:
    """Read a word list; without a path, the project's own. Raises `BadWordList`."""
    path = path or DEFAULT_LIST
    try:
        return WordPolicy(path.read_text(encoding="utf-8"), name=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadWordList(f"The word list {path} cannot be read: {error}.") from error


@cache
def _default() -> WordPolicy:
    return load_word_policy()


def check_prompt(text: str, *, policy: WordPolicy | None = None) -> Verdict:
    """Judge a prompt by a word policy, or by the project's own. Never raises."""
    return (policy or _default()).check(text)


def mentions_mark_of_ownership(text: str, *, policy: WordPolicy | None = None) -> bool:
    """Whether a prompt speaks of a mark of ownership, for which rights are asked once. Never raises."""
    return (policy or _default()).mentions_mark_of_ownership(text)


def _read_classes(content: Mapping[str, Any]) -> Classes:
    return {name: _strings(items, f"class {name!r}") for name, items in content.get("classes", {}).items()}


def _read_rule(entry: Mapping[str, Any], classes: Classes) -> _Rule:
    unknown = sorted(set(entry) - _RULE_PARTS)
    if unknown:
        raise ValueError(f"a rule has an entry {unknown[0]!r}; known are {', '.join(sorted(_RULE_PARTS))}")
    category, decision = entry.get("category"), entry.get("decision")
    if not isinstance(category, str) or not category:
        raise ValueError("a rule has no category")
    if decision not in _DECISIONS:
        raise ValueError(f"a rule of {category!r} has the decision {decision!r}; known are block and review")
    phrases = _strings(entry.get("phrases"), f"a rule of {category!r}")
    exceptions = entry.get("unless_before", [])
    if exceptions:
        _strings(exceptions, f"unless_before of {category!r}")
    return _Rule(category, decision, compile_phrases(phrases, classes, unless_before=exceptions))


def _strings(items: Any, where: str) -> Sequence[str]:
    if not isinstance(items, list) or not items or not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError(f"{where} needs a list of phrases")
    return items


def _all_phrases(content: Mapping[str, Any]) -> Iterator[str]:
    for items in content.get("classes", {}).values():
        yield from items
    for rule in content.get("rule", ()):
        yield from rule.get("phrases", ())
        yield from rule.get("unless_before", ())
    yield from content.get(_MARKS, {}).get("phrases", ())
