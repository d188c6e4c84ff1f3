"""The small language of the word list: phrases over words, which become one pattern.

word        that word                       <class>     one of the phrases of a class
word*       words that begin so             <class>?    the same, or nothing
*word*      words with it anywhere          ..          up to two words between, none of them in <joints>
^           where the text begins           ...         up to four words of any kind
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inference.safety.spelling import fold

Classes = Mapping[str, Sequence[str]]

JOINTS = "joints"
_DESCRIBING_MAX, _BETWEEN_MAX = 2, 4
_CLASS = re.compile(r"<(?P<name>[a-z_]+)>(?P<optional>\??)")
_WORD = re.compile(r"(?P<before>\*?)(?P<word>[^\s*<>^?.]+)(?P<after>\*?)")


@dataclass(frozen=True)
class Vocabulary:
    """What the phrases are made of."""

    words: frozenset[str]
    stems: frozenset[str]


def compile_phrases(phrases: Iterable[str], classes: Classes, *, unless_before: Iterable[str] = ()) -> re.Pattern[str]:
    """Return a pattern for texts as `as_line` writes them. Raises `ValueError` that names the phrase at fault.

    The phrase does not count where one of `unless_before` follows it.
    """
    exceptions = list(unless_before)
    ending = f"(?!{_either(exceptions, classes)})" if exceptions else ""
    return re.compile(f"(?<!\\S)(?:{_either(phrases, classes)}){ending}")


def as_line(words: Iterable[str]) -> str:
    """Every word with a space after it."""
    return "".join(f"{word} " for word in words)


def vocabulary_of(phrases: Iterable[str]) -> Vocabulary:
    """The words that phrases name, and the beginnings of words."""
    words: set[str] = set()
    stems: set[str] = set()
    for phrase in phrases:
        for part in phrase.split():
            match = _WORD.fullmatch(part)
            if match and not match["before"]:
                (stems if match["after"] else words).add(fold(match["word"]))
    return Vocabulary(frozenset(words), frozenset(stems))


def _either(phrases: Iterable[str], classes: Classes) -> str:
    return "(?:" + "|".join(_pattern(phrase, classes) for phrase in phrases) + ")"


def _pattern(phrase: str, classes: Classes) -> str:
    if not phrase.split():
        raise ValueError("there is an empty phrase")
    return "".join(_part_pattern(part, phrase, classes) for part in phrase.split())


def _part_pattern(part: str, phrase: str, classes: Classes) -> str:
    if part == "^":
        return "^"
    if part == "..":
        joints = _either(classes.get(JOINTS) or (), classes) if classes.get(JOINTS) else "(?!)"
        return rf"(?:(?!{joints})\S+ ){{0,{_DESCRIBING_MAX}}}"
    if part == "...":
        return rf"(?:\S+ ){{0,{_BETWEEN_MAX}}}"
    named = _CLASS.fullmatch(part)
    if named:
        return _class_pattern(named["name"], phrase, classes) + named["optional"]
    word = _WORD.fullmatch(part)
    if not word:
        raise ValueError(f"{part!r} in the phrase {phrase!r} is not understood")
    return (r"\S*" if word["before"] else "") + re.escape(fold(word["word"])) + (r"\S* " if word["after"] else " ")


def _class_pattern(name: str, phrase: str, classes: Classes) -> str:
    if name not in classes:
        raise ValueError(f"the phrase {phrase!r} names the class {name!r}, which is not there")
    if any("<" in item for item in classes[name]):
        raise ValueError(f"the class {name!r} names a class; classes are made of words")
    return _either(classes[name], classes)
