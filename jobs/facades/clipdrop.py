"""Clipdrop's cleanup: `POST /cleanup/v1` (and `/inpainting/v1`). A picture and a mask in, a PNG of the same size out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from billing import selectors
from jobs import storage
from jobs.catalogue import REMOVE_OBJECT
from jobs.facades.authentication import ClipdropKey
from jobs.facades.ending import Answer
from jobs.facades.refusals import Refusal, end_of
from jobs.facades.views import FacadeView, PictureLimits, Upload, refuse_unless_png, source_of, waited_for
from jobs.images import ImageError
from jobs.models import Job
from jobs.submission import OutputOptions
from jobs.uploads import CheckedInput, InputRefused, check_input
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.schema import REQUEST_ID

_LIMITS = PictureLimits(bytes_max=30_000_000, formats=("jpeg", "png"), formats_text="JPG or PNG", pixels_max=16_000_000)

# Our codes that are not answered with their own status.
_STATUSES = {"api_key_revoked": 403, "api_key_expired": 403}
_KNOWN_STATUSES = {400, 401, 402, 403, 404, 405, 406, 413, 429, 500}
_WORDS = {
    "api_key_missing": "No api key provided",
    "api_key_invalid": "Invalid api key",
    "api_key_revoked": "Revoked api key",
}


class PictureTypeNotOffered(PixelsiteError):
    """Results are PNG files: let Accept take image/png, or leave it out."""

    code = "not_acceptable"
    status = 406


class CleanupSerializer(serializers.Serializer[Any]):
    """What Clipdrop's programs send. What else they send is passed over, as there."""

    image_file = serializers.FileField(allow_empty_file=True, help_text="JPG or PNG, up to 16 megapixels and 30 MB.")
    mask_file = serializers.FileField(
        allow_empty_file=True, help_text="PNG of the same size, of 0 and 255 only: 255 is cleaned up."
    )
    mode = serializers.ChoiceField(choices=["fast", "quality"], default="fast")


class ClipdropErrorSerializer(serializers.Serializer[Any]):
    """Every refusal has this shape."""

    error = serializers.CharField()


def spelt(refusal: Refusal) -> Answer:
    """A refusal in Clipdrop's words."""
    status = _STATUSES.get(refusal.code, refusal.status)
    if status not in _KNOWN_STATUSES:
        status = 400 if status < 500 else 500
    message = _WORDS.get(refusal.code, refusal.message)
    return Answer.of_json({"error": message}, status=status, headers=refusal.headers)


_REFUSED = [
    (400, "Bad request", "The mask is 64×64 pixels but the image is 640×480. Send a mask of the image's size."),
    (401, "No key, or an unknown one", "No api key provided"),
    (402, "No credits left", "Insufficient credits. Required: 5, available: 0."),
    (403, "A revoked key", "Revoked api key"),
    (406, "The wanted type is not offered", PictureTypeNotOffered.__doc__),
    (413, "Too large", "The file is too large: 30 MB are allowed. Send a smaller one."),
    (429, "Too many requests", "Too many requests: 60 per minute are allowed. Try again in 12 seconds."),
    (500, "Something went wrong, or took too long; nothing is charged", "The job did not end in time."),
]
_HEADERS = [
    OpenApiParameter(
        "x-remaining-credits",
        int,
        OpenApiParameter.HEADER,
        response=[200],
        description="Calls left.",
        examples=[OpenApiExample("96 calls", value=96)],
    ),
    OpenApiParameter(
        "x-credits-consumed",
        int,
        OpenApiParameter.HEADER,
        response=[200],
        description="By this call.",
        examples=[OpenApiExample("One call", value=1)],
    ),
]


_SENT = OpenApiExample(
    "A mask",
    value={"image_file": "photo.jpg", "mask_file": "mask.png"},
    request_only=True,
    media_type="multipart/form-data",
)
_CLEANED = OpenApiExample(
    "The picture",
    summary="A PNG file, in binary",
    value="\ufffdPNG…",
    response_only=True,
    status_codes=["200"],
    media_type="image/png",
)


class CleanupView(FacadeView):
    """Cleans up a picture while its caller waits."""

    vendor = "clipdrop"
    authentication_classes = [ClipdropKey]

    def requests_per_minute(self) -> int:
        return settings.CLIPDROP_PER_MINUTE

    def spell(self, refusal: Refusal) -> Answer:
        return spelt(refusal)

    @extend_schema(
        operation_id="clipdrop_cleanup",
        tags=["Clipdrop"],
        examples=[_SENT, _CLEANED],
        parameters=[*_HEADERS, REQUEST_ID],
        request={"multipart/form-data": CleanupSerializer},
        responses={
            (200, "image/png"): OpenApiResponse(bytes, "The cleaned picture, of the same size."),
            **{
                status: OpenApiResponse(
                    ClipdropErrorSerializer, title, examples=[OpenApiExample(title, value={"error": error})]
                )
                for status, title, error in _REFUSED
            },
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Remove what is white in the mask, and answer with the picture: as Clipdrop's cleanup does."""
        _refuse_unless_png_is_wanted(request)
        form = CleanupSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = form.validated_data
        checked = _checked(sent["image_file"], sent["mask_file"])
        seconds = settings.CLIPDROP_WAIT_S
        output = OutputOptions(format="png", mode=sent["mode"])
        job = self.submit(request, checked, output=output, call=waited_for(seconds))
        return self.answer_once_ended(
            request, [job], seconds=seconds, answer=lambda: _answer(Job.objects.get(pk=job.pk))
        )


@extend_schema_view(post=extend_schema(operation_id="clipdrop_inpainting"))
class InpaintingView(CleanupView):
    """The same under its other name."""


def _answer(job: Job) -> Answer:
    refusal = end_of(job)
    if refusal is not None:
        return spelt(refusal)
    calls_left = selectors.balance_of(job.user).available // max(1, REMOVE_OBJECT.price_credits)
    headers = {"x-remaining-credits": str(calls_left), "x-credits-consumed": "1" if job.price_credits else "0"}
    return Answer(status=200, body=storage.read(job.output_name), content_type=job.output_type, headers=headers)


def _checked(image: Upload, mask: Upload) -> CheckedInput:
    _LIMITS.check_file(image, param="image_file")
    _LIMITS.check_file(mask, param="mask_file")
    refuse_unless_png(mask, param="mask_file")
    checked = check_input(image=source_of(image), mask=source_of(mask), boxes=(), allow=_LIMITS.check_image)
    if checked.mask_has_grey and settings.CLIPDROP_STRICT_MASKS:
        raise InputRefused(
            ImageError("The mask has grey in it: only 0 and 255 are allowed. 255 is cleaned up.", param="mask_file")
        )
    return checked


def _refuse_unless_png_is_wanted(request: Request) -> None:
    wanted = [kind.partition(";")[0].strip() for kind in (request.headers.get("Accept") or "*/*").split(",")]
    if not any(media_type_matches(kind, "image/png") for kind in wanted if "/" in kind):
        raise PictureTypeNotOffered
