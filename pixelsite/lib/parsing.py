"""How request bodies are read and answers are negotiated; apart from `api.py`, which needs the views that need these."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser

from pixelsite.lib.errors import PixelsiteError


class JsonInvalid(PixelsiteError):
    """The body is not valid JSON."""

    code = "json_invalid"


class StrictJsonParser(JSONParser):
    """JSON objects only; no NaN, no key twice, no depth that exhausts the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            text = stream.read().decode("utf-8")
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise JsonInvalid(f"The body is not valid JSON: {reason}") from None
        if not isinstance(value, dict):
            raise JsonInvalid("The body must be a JSON object.")
        return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name appears twice in one object")
    return dict(pairs)


class AlwaysJson(DefaultContentNegotiation):
    """Every answer is JSON, whatever Accept asks for: an error nobody can read helps nobody."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
