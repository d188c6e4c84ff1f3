"""Maskr's removal: `POST /v1/services/object-removal`. Masks in the form, clicks and boxes in the query, JSON out."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from jobs.facades.authentication import MaskrKey
from jobs.facades.ending import Answer
from jobs.facades.maskr_examples import ONE
from jobs.facades.refusals import Refusal, end_of
from jobs.facades.views import FacadeView, PictureLimits, Upload, refuse_unless_png, source_of, waited_for
from jobs.models import Job
from jobs.representation import file_url
from jobs.submission import OutputOptions
from jobs.targets import NO_GROWTH, Grow, TargetError, parse_corners, parse_points
from jobs.uploads import NOTHING_POINTED, CheckedInput, Pointed, check_input
from pixelsite.lib.schema import REQUEST_ID, TITLES

LIMITS = PictureLimits(bytes_max=25_000_000, formats=("jpeg", "png", "webp"), formats_text="JPEG, PNG or WebP")

STATUSES = ["pending", "processing", "completed", "failed"]
_QUERY = ("points", "labels", "box")
_WORDS = {"insufficient_credits": "Insufficient credits"}


class FieldsWrong(Exception):
    """What FastAPI calls a validation error: where, why, and of which kind."""

    def __init__(self, *problems: dict[str, Any]) -> None:
        super().__init__(problems)
        self.problems = list(problems)


def problem(where: str, name: str, message: str, kind: str = "value_error") -> dict[str, Any]:
    return {"loc": [where, name], "msg": message, "type": kind}


def missing(name: str) -> dict[str, Any]:
    return problem("body", name, "field required", "value_error.missing")


def spelt(refusal: Refusal) -> Answer:
    """A refusal in Maskr's words."""
    status = refusal.status
    if status == 422:
        if refusal.param in _QUERY:
            return spelt_problems([problem("query", refusal.param, refusal.message)])
        status = 400
    if status in (409, 415):
        status = 400
    return Answer.of_json({"detail": words_for(refusal)}, status=status, headers=refusal.headers)


def words_for(refusal: Refusal) -> str:
    return _WORDS.get(refusal.code, refusal.message)


def spelt_problems(problems: list[dict[str, Any]]) -> Answer:
    return Answer.of_json({"detail": problems}, status=422)


class ObjectRemovalSerializer(serializers.Serializer[Any]):
    """For the document only: what Maskr's programs send in the form."""

    image = serializers.FileField(help_text="JPEG, PNG or WebP, up to 25 MB.")
    mask = serializers.FileField(
        required=False, help_text="PNG of the same size; white is removed, grey is thresholded. Not with points or box."
    )


class RemovalSerializer(serializers.Serializer[Any]):
    """One removal, as it ended."""

    job_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    input_filename = serializers.CharField(allow_blank=True)
    output_url = serializers.CharField(allow_null=True)
    processing_time_ms = serializers.FloatField()
    error = serializers.CharField(allow_null=True)
    original_width = serializers.IntegerField(allow_null=True)
    original_height = serializers.IntegerField(allow_null=True)
    output_width = serializers.IntegerField(allow_null=True)
    output_height = serializers.IntegerField(allow_null=True)
    credits_used = serializers.IntegerField()


class RemovalAnswerSerializer(serializers.Serializer[Any]):
    """A removal and its result."""

    job_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=STATUSES)
    result = RemovalSerializer()
    error = serializers.CharField(allow_null=True)


class MaskrErrorSerializer(serializers.Serializer[Any]):
    """A sentence; of status 422 a list of `{"loc", "msg", "type"}`."""

    detail = serializers.JSONField()


_REFUSED: dict[int, Any] = {
    400: "The mask is 64×64 pixels but the image is 640×480. Send a mask of the image's size.",
    401: "This API key is not valid. Copy it again from your dashboard, or create a new one.",
    402: "Insufficient credits",
    403: "This key lacks the scope `submit`.",
    413: "The file is too large: 25 MB are allowed. Send a smaller one.",
    422: [missing("mask")],
    429: "Too many requests: 60 per minute are allowed. Try again in 12 seconds.",
    503: "The site has more work than it can do. Nothing was charged; submit again in a moment.",
    504: "The job did not end in the time its caller waits. Your credits are back; please try again.",
}
REFUSALS = {
    status: OpenApiResponse(
        MaskrErrorSerializer, TITLES[status], examples=[OpenApiExample(str(status), value={"detail": detail})]
    )
    for status, detail in _REFUSED.items()
}


class MaskrView(FacadeView):
    """What Maskr's operations share."""

    authentication_classes = [MaskrKey]

    def spell(self, refusal: Refusal) -> Answer:
        return spelt(refusal)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, FieldsWrong):
            return spelt_problems(exc.problems).as_response()
        return super().handle_exception(exc)


_JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}


class ObjectRemovalView(MaskrView):
    """Removes what is marked while its caller waits."""

    vendor = "maskr"

    def requests_per_minute(self) -> int:
        return settings.MASKR_PER_MINUTE

    @extend_schema(
        operation_id="maskr_object_removal",
        examples=ONE,
        tags=["Maskr"],
        parameters=[
            OpenApiParameter("points", _JSON_TEXT, description="Clicks, JSON `[[x,y],…]`."),
            OpenApiParameter("labels", _JSON_TEXT, description="1 (on the object) or 0 for each, JSON `[1,0]`."),
            OpenApiParameter("box", _JSON_TEXT, description="Around the object, JSON `[x1,y1,x2,y2]`."),
            REQUEST_ID,
        ],
        request={"multipart/form-data": ObjectRemovalSerializer},
        responses={200: RemovalAnswerSerializer, **REFUSALS},
    )
    def post(self, request: Request) -> HttpResponse:
        """Remove what the mask, the clicks or the box mark, and answer once it is done."""
        image, mask = _files(request)
        pointed = _pointed(request)
        checked = checked_pair(image, mask, pointed)
        seconds = settings.MASKR_WAIT_S
        has_prompts = pointed is not NOTHING_POINTED
        output = OutputOptions(grow=Grow(is_automatic=True) if has_prompts else NO_GROWTH)
        job = self.submit(request, checked, output=output, call=waited_for(seconds))
        name, site = image.name or "", self.base_url(request)
        return self.answer_once_ended(
            request, [job], seconds=seconds, answer=lambda: _answer(Job.objects.get(pk=job.pk), name=name, site=site)
        )


def removal_json(job: Job, *, name: str, site: str) -> dict[str, Any]:
    """One removal, as Maskr tells of it."""
    refusal = end_of(job)
    is_done = refusal is None
    return {
        "job_id": str(job.pk),
        "status": "completed" if is_done else "failed",
        "input_filename": name,
        "output_url": file_url(job, "output", base_url=site),
        "processing_time_ms": milliseconds_of(job),
        "error": None if refusal is None else refusal.message,
        "original_width": job.width,
        "original_height": job.height,
        "output_width": job.width if is_done else None,
        "output_height": job.height if is_done else None,
        "credits_used": job.credits_used,
    }


def milliseconds_of(job: Job) -> float:
    if job.started_at is None or job.ended_at is None:
        return 0.0
    return round((job.ended_at - job.started_at).total_seconds() * 1000, 1)


def checked_pair(image: Upload, mask: Upload | None, pointed: Pointed = NOTHING_POINTED) -> CheckedInput:
    """Raises `InputRefused`, `FileTooLarge` and what `check_input` raises."""
    LIMITS.check_file(image, param="image")
    LIMITS.check_file(mask, param="mask")
    if mask is not None:
        refuse_unless_png(mask, param="mask")
    return check_input(
        image=source_of(image),
        mask=None if mask is None else source_of(mask),
        boxes=(),
        pointed=pointed,
        allow=LIMITS.check_image,
    )


def _answer(job: Job, *, name: str, site: str) -> Answer:
    if job.error_code == "timed_out":
        return spelt(Refusal(code=job.error_code, status=504, message=job.error_message))
    told = removal_json(job, name=name, site=site)
    envelope = {"job_id": told["job_id"], "status": told["status"], "result": told, "error": told["error"]}
    return Answer.of_json(envelope)


def _files(request: Request) -> tuple[Upload, Upload | None]:
    """Raises `FieldsWrong`."""
    files: dict[str, Upload] = request.FILES.dict()
    texts = [
        problem("body", name, "Expected a file.", "type_error")
        for name in ("image", "mask")
        if name in request.data and name not in files
    ]
    absent = [] if "image" in request.data else [missing("image")]
    if "mask" not in request.data and not any(name in request.query_params for name in _QUERY):
        absent.append(missing("mask"))
    if absent or texts:
        raise FieldsWrong(*absent, *texts)
    return files["image"], files.get("mask")


def _pointed(request: Request) -> Pointed:
    """Raises `FieldsWrong`."""
    query = request.query_params
    if not any(name in query for name in _QUERY):
        return NOTHING_POINTED
    if "labels" in query and "points" not in query:
        raise FieldsWrong(problem("query", "points", "field required", "value_error.missing"))
    try:
        box = parse_corners(query["box"]) if "box" in query else None
        clicks = parse_points(query["points"], _labels(query), needs_object=box is None) if "points" in query else ()
    except TargetError as refusal:
        name = refusal.param if refusal.param in _QUERY else "points"
        raise FieldsWrong(problem("query", name, refusal.message, _kind_of(refusal))) from None
    return Pointed(clicks=clicks, object_box=box)


def _labels(query: Any) -> str | None:
    """Of each point; points without any are all on the object."""
    if "labels" in query:
        return str(query["labels"])
    try:
        points = json.loads(query["points"])
    except (ValueError, RecursionError):
        return "[]"  # refused for what the points are
    return json.dumps([1] * len(points)) if isinstance(points, list) else "[]"


def _kind_of(refusal: TargetError) -> str:
    return "value_error.jsondecode" if refusal.code == "json_invalid" else "value_error"
