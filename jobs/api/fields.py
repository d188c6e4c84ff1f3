"""Fields that are more than a string or a number: each reads what a form or a JSON body may hold."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.targets import (
    PROMPT_LENGTH_MAX,
    Box,
    Grow,
    Prompt,
    Segmentation,
    TargetError,
    parse_corners,
    parse_rectangles,
)
from jobs.uploads import InputRefused

_METADATA_BYTES_MAX = 4096
JSON_AS_TEXT = {"type": "string", "contentMediaType": "application/json"}


@extend_schema_field(OpenApiTypes.BOOL)
class FlagField(serializers.Field[Any, Any, Any, Any]):
    """Yes or no, and nothing that a program may have meant otherwise."""

    default_error_messages = {"invalid": "Send true or false."}
    allow_blank = True  # else DRF takes an empty text in a form for nothing sent

    def to_internal_value(self, data: Any) -> bool:
        word = data.lower() if isinstance(data, str) else data
        if word is True or word == "true":
            return True
        if word is False or word == "false":
            return False
        self.fail("invalid")

    def to_representation(self, value: Any) -> Any:
        return value


class TargetField(serializers.Field[Any, Any, Any, Any]):
    """A target, refused in its own words and with its own code."""

    def parse(self, data: Any) -> Any:
        """Raises a `TargetError`."""
        raise NotImplementedError

    def to_internal_value(self, data: Any) -> Any:
        try:
            return self.parse(data)
        except TargetError as refusal:
            raise InputRefused(refusal) from None

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(OpenApiTypes.STR)
class BoxField(TargetField):
    """`x,y,w,h`, or JSON `[x,y,w,h]` or `{"x":…,"y":…,"w":…,"h":…}`."""

    def parse(self, data: Any) -> tuple[tuple[str, Box], ...]:
        return (("bbox", Box.parse(data)),)


@extend_schema_field(JSON_AS_TEXT)
class RectanglesField(TargetField):
    """A JSON list of up to 50 `{"x":…,"y":…,"width":…,"height":…}`."""

    def parse(self, data: Any) -> tuple[tuple[str, Box], ...]:
        return tuple(("rectangles", box) for box in parse_rectangles(data))


@extend_schema_field(JSON_AS_TEXT)
class PointsField(TargetField):
    """A JSON list of `[x,y]`, or of 1 and 0: they are read together."""

    def parse(self, data: Any) -> Any:
        return data


@extend_schema_field(OpenApiTypes.STR)
class CornersField(TargetField):
    """`x1,y1,x2,y2`, or JSON `[x1,y1,x2,y2]`."""

    def parse(self, data: Any) -> Box:
        return parse_corners(data)


@extend_schema_field(JSON_AS_TEXT)
class SegmentationField(TargetField):
    """COCO's run lengths `{"size":[h,w],"counts":…}` or polygons `[[x,y,…],…]`."""

    def parse(self, data: Any) -> Segmentation:
        return Segmentation.parse(data)


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": PROMPT_LENGTH_MAX})
class PromptField(TargetField):
    """A sentence."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Must be a string."}

    def get_value(self, dictionary: Any) -> Any:
        sent = super().get_value(dictionary)
        # DRF takes an empty field of a form for none at all: nobody who sends an empty sentence means that.
        return "" if sent is serializers.empty and self.field_name in dictionary else sent

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)

    def parse(self, data: Any) -> Prompt:
        return Prompt.parse(data)


GROW_AS_TEXT = {"type": "string", "pattern": r"^([0-9]{1,5}(\.[0-9]{1,3})? *(%|px)?|auto)$"}


@extend_schema_field(GROW_AS_TEXT)
class GrowField(TargetField):
    """`12` or `12px`, `15%`, or `auto`."""

    def parse(self, data: Any) -> Grow:
        return Grow.parse(data)

    def to_representation(self, value: Any) -> Any:
        return str(value)


@extend_schema_field(JSON_AS_TEXT)
class MetadataField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, or its text in a form."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Must be a JSON object.",
        "too_long": "Must not be longer than 4096 bytes.",
        "characters": "Must not contain NUL characters, lone surrogates, NaN or infinite numbers.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not isinstance(data, dict):
            self.fail("invalid")
        try:
            written = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):  # UnicodeEncodeError is one
            self.fail("characters")
        if len(written) > _METADATA_BYTES_MAX:
            self.fail("too_long")
        if b"\\u0000" in written:  # PostgreSQL cannot hold it
            self.fail("characters")
        found: dict[str, Any] = data
        return found

    def to_representation(self, value: Any) -> Any:
        return value
