"""What the OpenAPI document says of a submission and no serializer can say by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.utils import extend_schema_field

from jobs.api.batch_requests import BatchFormSerializer
from jobs.api.fields import (
    GROW_AS_TEXT,
    BoxField,
    CornersField,
    GrowField,
    MetadataField,
    PointsField,
    RectanglesField,
    SegmentationField,
)
from jobs.api.requests import RemoveObjectSerializer, SegmentSerializer, TargetSerializer
from jobs.targets import CLICKS_MAX, COORDINATE_MAX, GROW_PX_MAX, RECTANGLES_MAX

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


_POINT = {"type": "array", "prefixItems": [_EDGE, _EDGE], "minItems": 2, "maxItems": 2}


@extend_schema_field({"type": "array", "items": _POINT, "minItems": 1, "maxItems": CLICKS_MAX})
class JsonPointsField(PointsField):
    """Clicks in a JSON body."""


@extend_schema_field(
    {"type": "array", "items": {"type": "integer", "enum": [0, 1]}, "minItems": 1, "maxItems": CLICKS_MAX}
)
class JsonLabelsField(PointsField):
    """What the clicks are on, in a JSON body."""


@extend_schema_field({"oneOf": [_TEXT, {"type": "array", "prefixItems": [_EDGE] * 4, "minItems": 4, "maxItems": 4}]})
class JsonCornersField(CornersField):
    """A box around an object in a JSON body."""


_RUNS = {
    "type": "object",
    "properties": {
        "size": {"type": "array", "prefixItems": [_LENGTH, _LENGTH], "minItems": 2, "maxItems": 2},
        "counts": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "integer", "minimum": 0}}]},
    },
    "required": ["size", "counts"],
    "additionalProperties": False,
}
_POLYGONS = {
    "type": "array",
    "items": {"type": "array", "items": {"type": "number"}, "minItems": 6},
    "minItems": 1,
}


@extend_schema_field({"oneOf": [_RUNS, _POLYGONS]})
class JsonSegmentationField(SegmentationField):
    """Run lengths or polygons in a JSON body."""


def _as_json(name: str) -> dict[str, Any]:
    """The options of a field that both forms share."""
    return {"required": False, "help_text": TargetSerializer().fields[name].help_text}


class _TargetJson(TargetSerializer):
    """What a JSON body can hold better than a form is described so."""

    bbox = JsonBoxField(required=False, help_text="One box, in pixels of the picture as displayed.")
    rectangles = JsonRectanglesField(required=False, help_text="Up to 50 boxes.")
    points = JsonPointsField(**_as_json("points"))
    labels = JsonLabelsField(**_as_json("labels"))
    box = JsonCornersField(**_as_json("box"))
    segmentation = JsonSegmentationField(**_as_json("segmentation"))
    grow = JsonGrowField(**_as_json("grow"))
    expand = JsonGrowField(**_as_json("expand"))
    metadata = JsonMetadataField(**_as_json("metadata"))


class RemoveObjectJsonSerializer(_TargetJson, RemoveObjectSerializer):
    """A submission as JSON, which has no files: pictures come by their addresses."""

    image = None  # type: ignore[assignment]  # DRF's way of leaving out a field of the base
    mask = None  # type: ignore[assignment]


class SegmentJsonSerializer(_TargetJson, SegmentSerializer):
    """A picture by its address, and what to find in it."""

    image = None  # type: ignore[assignment]
    mask = None  # type: ignore[assignment]


_JSON_TARGETS = ("mask_url", "bbox", "rectangles", "segmentation", "points", "box", "prompt")


class _Submission(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # registers itself in OpenAPI
    """Unknown parameters are refused, and so is JSON without a picture or without anything to remove."""

    target_class = "jobs.api.requests.TargetSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        described: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        described["additionalProperties"] = False
        if isinstance(self.target, BatchFormSerializer):
            described["required"] = ["images"]
        if isinstance(self.target, _TargetJson):
            described["required"] = ["image_url"]
            described["anyOf"] = [{"required": [name]} for name in _JSON_TARGETS]
        return described
