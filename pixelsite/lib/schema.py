"""What the OpenAPI document says of every operation: the shape of a refusal, and who may get one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers


class ErrorSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    detail = serializers.CharField(help_text="A sentence that says what to do.")
    code = serializers.CharField(help_text="For programs; stable.")
    param = serializers.CharField(allow_null=True, help_text="The parameter at fault.")
    request_id = serializers.CharField(help_text="Also in X-Request-Id; name it when you ask for help.")


# No key, a key without the scope, too many requests, the database away: any operation may answer these.
_EVERYWHERE = (401, 403, 429, 503)


def refusals(*statuses: int) -> dict[int, type[ErrorSerializer]]:
    """Answers of an operation that refuses with these statuses, and with those that every operation has."""
    return dict.fromkeys(sorted({*statuses, *_EVERYWHERE}), ErrorSerializer)


# Header of every answer, whatever its status.
REQUEST_ID = OpenApiParameter(
    "X-Request-Id",
    str,
    OpenApiParameter.HEADER,
    response=True,
    required=True,
    description="Names this request in our log.",
)
