"""Prompts: a sentence that says what to remove."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.targets.errors import InvalidCharacters, PromptEmpty, PromptTooLong

PROMPT_LENGTH_MAX = 2000  # the API's documented limit

_LINE_BREAKS = str.maketrans(dict.fromkeys("\t\n\r", " "))
# Control characters of ASCII and Latin-1 (PostgreSQL's text cannot hold NUL), and halves of surrogate pairs.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Prompt:
    """One line of text, not empty, without control characters."""

    text: str

    @classmethod
    def parse(cls, text: str, *, param: str = "prompt") -> Prompt:
        """Read a sentence: line breaks and tabs become spaces, spaces around it go.

        Raises `PromptEmpty`, `PromptTooLong` or `InvalidCharacters`.
        """
        line = text.translate(_LINE_BREAKS).strip(" ")
        if len(line) > PROMPT_LENGTH_MAX:
            raise PromptTooLong(param=param)
        if _FORBIDDEN.search(line):
            raise InvalidCharacters(param=param)
        if not any(character.isprintable() and not character.isspace() for character in line):
            raise PromptEmpty(param=param)
        return cls(line.strip())

    def __str__(self) -> str:
        return self.text
