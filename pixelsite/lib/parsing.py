"""How request bodies are read and answers are negotiated; apart from `api.py`, which needs the views that need these."""

from __future__ import annotations

import json
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import DataAndFiles, JSONParser, MultiPartParser

from pixelsite.lib.errors import PixelsiteError


class JsonInvalid(PixelsiteError):
    """The body is not valid JSON."""

    code = "json_invalid"


class StrictJsonParser(JSONParser):
    """JSON objects only; nothing that JSON or UTF-8 cannot hold, no key twice, no depth that exhausts the stack."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        written = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(written) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig
        try:
            value = json.loads(written.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
            # Writing it back finds what reading lets through: 1e400, which is read as infinity, and lone surrogates.
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise JsonInvalid(f"The body is not valid JSON: {reason}") from None
        if not isinstance(value, dict):
            raise JsonInvalid("The body must be a JSON object.")
        return value


class WholeMultiPartParser(MultiPartParser):
    """A form that arrived whole. Django takes a body cut anywhere as if what is missing had never been meant."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> DataAndFiles[Any, Any]:
        watched = _Watched(stream)
        parsed: DataAndFiles[Any, Any] = super().parse(cast(IO[bytes], watched), media_type, parser_context)
        boundary = parse_header_parameters(media_type or "")[1]["boundary"]
        if f"--{boundary}--".encode() not in watched.end:
            for file in parsed.files.values():
                file.close()
            raise ParseError("The form is cut short: its closing boundary is missing. Send it again in full.")
        return parsed


class _Watched:
    """A stream that remembers the last bytes that were read from it."""

    _REMEMBERED_BYTES = 1024  # a boundary has at most 201; a line end or a note may follow it

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.end = b""

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.end = (self.end + data)[-self._REMEMBERED_BYTES :]
        return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name appears twice in one object")
    return dict(pairs)


class AlwaysJson(DefaultContentNegotiation):
    """Every answer is JSON, whatever Accept asks for: an error nobody can read helps nobody."""

    # Long enough for a form whose boundary is too long to reach the form's parser, which says so.
    max_media_type_length = 1024

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
