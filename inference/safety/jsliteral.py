"""Values written in JavaScript, such as bundlers write JSON: read, never run.

Beyond JSON there may be keys without quotes, strings in single quotes, `.5` and `5.`, and `!0` and `!1` for true and
false. Anything else is refused.
"""

from __future__ import annotations

import re
from typing import Any

_DEPTH_MAX = 32  # a Keras topology nests about ten deep
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<constant>!0|!1|true\b|false\b|null\b)
      | (?P<name>[A-Za-z_$][\w$]*)
      | (?P<mark>[{}\[\]:,])""",
    re.VERBOSE | re.ASCII,
)
_CONSTANTS = {"!0": True, "!1": False, "true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def read_value(text: str, start: int = 0) -> Any:
    """Return the object, array, string, number or constant that begins at `start`. Raises `ValueError`."""
    return _Reader(text, start).value(0)


class _Reader:
    """Goes through the text, token by token."""

    def __init__(self, text: str, start: int) -> None:
        self._text, self._at = text, start

    def value(self, depth: int) -> Any:
        if depth > _DEPTH_MAX:
            raise ValueError("it is nested too deeply")
        kind, word = self._next()
        if kind == "string":
            return _unquoted(word)
        if kind == "number":
            return float(word) if set(word) & set(".eE") else int(word)
        if kind == "constant":
            return _CONSTANTS[word]
        if word == "{":
            return self._object(depth)
        if word == "[":
            return self._array(depth)
        raise ValueError(f"a value was expected, not {word!r} at {self._at}")

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._takes("}"):
            if found:
                self._must_take(",")
            kind, word = self._next()
            if kind not in ("string", "name", "number"):
                raise ValueError(f"a key was expected, not {word!r} at {self._at}")
            self._must_take(":")
            found[_unquoted(word) if kind == "string" else word] = self.value(depth + 1)
        return found

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not self._takes("]"):
            if found:
                self._must_take(",")
            found.append(self.value(depth + 1))
        return found

    def _next(self) -> tuple[str, str]:
        space = _SPACE.match(self._text, self._at)
        match = _TOKEN.match(self._text, space.end() if space else self._at)
        if match is None or match.lastgroup is None:
            raise ValueError(f"what stands at {self._at} is no value")
        self._at = match.end()
        return match.lastgroup, match.group()

    def _takes(self, mark: str) -> bool:
        before = self._at
        if self._next()[1] == mark:
            return True
        self._at = before
        return False

    def _must_take(self, mark: str) -> None:
        if not self._takes(mark):
            raise ValueError(f"{mark!r} was expected at {self._at}")


def _unquoted(token: str) -> str:
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    # Characters beyond the first 65,536 are written as pairs of halves.
    return _ESCAPE.sub(_escaped, inner).encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _escaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2)
    return chr(int(code, 16)) if code else _ESCAPES.get(match.group(3), match.group(3))
