"""What the OpenAPI document says of every operation: the shape of a refusal, and who may get one."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

_EXAMPLE_REQUEST_ID = "5f0c3b1e9a7d4c62b8e1f2a3d4c5b6a7"


class ErrorSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    detail = serializers.CharField(help_text="A sentence that says what to do.")
    code = serializers.CharField(help_text="For programs; stable.")
    param = serializers.CharField(allow_null=True, help_text="The parameter at fault.")
    request_id = serializers.CharField(help_text="Also in X-Request-Id; name it when you ask for help.")
    required = serializers.IntegerField(required=False, help_text="Of missing credits: what a job costs.")  # type: ignore[assignment]  # DRF takes fields off the class
    available = serializers.IntegerField(required=False, help_text="Of missing credits: what there is.")
    debt = serializers.IntegerField(required=False, help_text="Of an account in debt: what it owes.")


_RETRY_AFTER = {
    "Retry-After": {"schema": {"type": "string"}, "description": "Seconds to wait before the request is sent again."}
}


class DescribedSchema(AutoSchema):
    """What an operation says of itself begins with its summary."""

    def get_summary(self) -> str:
        return opening_of(self.get_description() or "")

    def _get_response_headers_for_code(self, status_code: str, direction: str = "response") -> dict[str, Any]:
        headers: dict[str, Any] = super()._get_response_headers_for_code(status_code, direction)
        return headers | (_RETRY_AFTER if status_code in ("429", "503") else {})


def opening_of(text: str) -> str:
    """The first sentence, up to what it adds behind a colon or semicolon."""
    words = " ".join(text.split())
    return re.split(r"[.:;](?: |$)", words, maxsplit=1)[0]


class Told(NamedTuple):
    """An example of a refusal, in the words of the native API."""

    code: str
    detail: str
    param: str | None = None


# What a refusal means, whoever's words it is put in.
TITLES = {
    400: "The request cannot be read",
    401: "No key, or one that is not valid",
    402: "Not enough credits, or the key has spent what it may",
    403: "The key may not do that",
    404: "There is no such thing, or it is not yours",
    409: "Not now, as things stand",
    410: "It is gone",
    413: "Too large",
    415: "Send another type",
    422: "Understood, but it cannot be done so",
    429: "Too many requests, or too many unfinished jobs: wait for Retry-After",
    500: "Something went wrong on our side",
    503: "Not now: wait for Retry-After, then send the same again",
    504: "It took too long; nothing is charged",
}
_TOLD = {
    400: Told("image_required", "Send the picture as the multipart file `image`, or its address as `image_url`.", "image"),
    401: Told("api_key_invalid", "This API key is not valid. Copy it again from your dashboard, or create a new one."),
    402: Told("insufficient_credits", "The account has 3 credits; the job costs 5."),
    403: Told("scope_missing", "This key may not do that. Give it the scope under API keys in your dashboard, or use another key."),
    404: Told("not_found", "Not found."),
    409: Told("idempotency_in_progress", "A request with this Idempotency-Key is being worked on. Repeat it in a moment to get its answer."),
    410: Told("gone", "This image has been deleted. Results are kept for a limited time: submit the photo again."),
    413: Told("file_too_large", "The file is too large: 30 MB are allowed. Send a smaller one.", "image"),
    415: Told("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    422: Told("mask_size_mismatch", "The mask is 64×64 pixels but the image is 640×480. Send a mask of the image's size.", "mask"),
    429: Told("rate_limited", "Too many requests: 60 per minute are allowed. Try again in 12 seconds."),
    503: Told("temporarily_unavailable", "The site cannot reach its database. Send the request again in a moment, with the same Idempotency-Key."),
}  # fmt: skip

# No key, a key without the scope, too many requests, the database away: any operation may answer these.
_EVERYWHERE = (401, 403, 429, 503)


def refusals(*statuses: int, told: dict[int, Told] | None = None) -> dict[int, OpenApiResponse]:
    """Answers of an operation that refuses with these statuses, and with those that every operation has.

    `told` are examples of its own, where the usual ones would not be its answer.
    """
    return {status: _refusal(status, (told or {}).get(status)) for status in sorted({*statuses, *_EVERYWHERE})}


def _refusal(status: int, told: Told | None) -> OpenApiResponse:
    told = told or _TOLD[status]
    purse = {"required": 5, "available": 3} if told.code == "insufficient_credits" else {}
    body = told._asdict() | purse | {"request_id": _EXAMPLE_REQUEST_ID}
    return OpenApiResponse(ErrorSerializer, TITLES[status], examples=[OpenApiExample(told.code, value=body)])


# Header of every answer, whatever its status.
REQUEST_ID = OpenApiParameter(
    "X-Request-Id",
    str,
    OpenApiParameter.HEADER,
    response=True,
    required=True,
    description="Names this request in our log.",
)
