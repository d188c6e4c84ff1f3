"""What the OpenAPI document says of a submission and no serializer can say by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field

from jobs.api.serializers import (
    GROW_AS_TEXT,
    BoxField,
    GrowField,
    MetadataField,
    RectanglesField,
    RemoveObjectSerializer,
)
from jobs.targets import COORDINATE_MAX, GROW_PX_MAX, RECTANGLES_MAX

_EDGE = {"type": "integer", "minimum": 0, "maximum": COORDINATE_MAX}
_LENGTH = {"type": "integer", "minimum": 1, "maximum": COORDINATE_MAX}


def _box(width: str, height: str) -> dict[str, Any]:
    sides = {"x": _EDGE, "y": _EDGE, width: _LENGTH, height: _LENGTH}
    return {"type": "object", "properties": sides, "required": list(sides), "additionalProperties": False}


_ARRAY = {"type": "array", "prefixItems": [_EDGE, _EDGE, _LENGTH, _LENGTH], "minItems": 4, "maxItems": 4}
_BOXES = [_box("width", "height"), _box("w", "h"), _ARRAY]
_TEXT = {"type": "string", "pattern": "^-?[0-9]{1,10}(,-?[0-9]{1,10}){3}$"}


@extend_schema_field({"oneOf": [_TEXT, *_BOXES]})
class JsonBoxField(BoxField):
    """One box in a JSON body."""


@extend_schema_field({"type": "array", "items": {"oneOf": _BOXES}, "minItems": 1, "maxItems": RECTANGLES_MAX})
class JsonRectanglesField(RectanglesField):
    """Boxes in a JSON body."""


@extend_schema_field({"type": "object", "additionalProperties": True})
class JsonMetadataField(MetadataField):
    """An object in a JSON body."""


@extend_schema_field({"oneOf": [GROW_AS_TEXT, {"type": "integer", "minimum": 0, "maximum": GROW_PX_MAX}]})
class JsonGrowField(GrowField):
    """Growth in a JSON body."""


class RemoveObjectJsonSerializer(RemoveObjectSerializer):
    """A submission as JSON, which has no files: pictures come by their addresses."""

    image = None  # type: ignore[assignment]  # DRF's way of leaving out a field of the base
    mask = None  # type: ignore[assignment]
    bbox = JsonBoxField(required=False, help_text="One box, in pixels of the picture as displayed.")
    rectangles = JsonRectanglesField(required=False, help_text="Up to 50 boxes.")
    grow = JsonGrowField(required=False, help_text=RemoveObjectSerializer().fields["grow"].help_text)
    metadata = JsonMetadataField(
        required=False, help_text="Your own JSON object of up to 4 KB; comes back with the job, untouched."
    )


class _Submission(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself in OpenAPI
    """Unknown parameters are refused, and so is JSON without a picture or without anything to remove."""

    target_class = "jobs.api.serializers.RemoveObjectSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        described: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        described["additionalProperties"] = False
        if isinstance(self.target, RemoveObjectJsonSerializer):
            described["required"] = ["image_url"]
            described["anyOf"] = [{"required": [name]} for name in ("mask_url", "bbox", "rectangles")]
        return described
